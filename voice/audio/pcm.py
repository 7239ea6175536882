"""Audio on disk between the steps: our own PCM files, reference audio, and sound files that are read forwards.

A PCM file is a plain WAVE file, mono, float32, little-endian, with a 44-byte header and nothing after the samples
(Microsoft's `WAVE_FORMAT_IEEE_FLOAT`). Any player opens it, and it can be mapped into memory because the samples
start at a fixed place. Functions that need soundfile import it themselves: a web process, which only writes the header
of an upload, loads no codecs.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from voice.audio.waveform import Samples, Waveform
from voice.disk_full import disk_errors_raised
from voice.errors import InvalidAudio

PCM_HEADER_BYTES = 44
PCM_MAX_FRAMES = (2**32 - 1 - 36) // 4
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_IEEE_FLOAT = 3


@dataclass(frozen=True, slots=True)
class PcmInfo:
    """The header of a PCM file, checked against the file's size."""

    rate_hz: int
    frames: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate_hz


def pcm_header(*, rate_hz: int, frames: int) -> bytes:
    """The 44 bytes before the samples. Raises ValueError where the samples would not fit into 4 GiB."""
    if not 0 <= frames <= PCM_MAX_FRAMES:
        raise ValueError(f"{frames} frames do not fit into a WAVE file")
    size = frames * 4
    return _HEADER.pack(
        b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, _IEEE_FLOAT, 1, rate_hz, rate_hz * 4, 4, 32, b"data", size
    )


def pcm_info(path: Path) -> PcmInfo:
    """Rate and length of a file that this module wrote. Raises InvalidAudio `pcm_unreadable` for any other."""
    try:
        with path.open("rb") as file:
            fields = _HEADER.unpack(file.read(PCM_HEADER_BYTES))
        rate_hz, size = fields[7], fields[12]
        intact = fields == _HEADER.unpack(pcm_header(rate_hz=rate_hz, frames=size // 4))
        if not intact or rate_hz == 0 or path.stat().st_size != PCM_HEADER_BYTES + size:
            raise ValueError("not a PCM file of ours, or one that was not closed")
    except (OSError, struct.error, ValueError) as error:
        raise InvalidAudio("pcm_unreadable", "The prepared audio is missing or damaged; upload it again.") from error
    return PcmInfo(rate_hz, size // 4)


def read_pcm(path: Path) -> Waveform:
    """The whole file as a waveform, mapped into memory read-only: pages come in as they are touched.

    Raises InvalidAudio `pcm_unreadable`. The file may be deleted while the waveform lives.
    """
    info = pcm_info(path)
    if info.frames == 0:
        return Waveform(np.zeros(0, np.float32), info.rate_hz)
    samples = np.memmap(path, dtype="<f4", mode="r", offset=PCM_HEADER_BYTES, shape=(info.frames,))
    return Waveform(samples, info.rate_hz)


def pcm_blocks(path: Path, *, frames: int = 65536) -> Iterator[Samples]:
    """The samples in order, float32 of shape (n,), n == `frames` for all but the last block.

    Memory stays at one block. Raises InvalidAudio `pcm_unreadable`.
    """
    left = pcm_info(path).frames
    with path.open("rb") as file:
        file.seek(PCM_HEADER_BYTES)
        while left:
            block = np.fromfile(file, dtype="<f4", count=min(frames, left))
            if not len(block):
                raise InvalidAudio("pcm_unreadable", "The prepared audio ended early; upload it again.")
            left -= len(block)
            yield block


class PcmWriter:
    """Appends waveforms of one rate to a PCM file, holding none of them.

    Use as a context manager: only a clean exit writes the real length, so a file of a worker that died is refused by
    `pcm_info`; an exit through an exception deletes it. Not safe to share between threads.
    """

    def __init__(self, path: Path, rate_hz: int) -> None:
        self.path = path
        self.rate_hz = rate_hz
        self.frames = 0
        self._file: BinaryIO | None = None

    @property
    def duration_s(self) -> float:
        """Seconds appended so far."""
        return self.frames / self.rate_hz

    def __enter__(self) -> Self:
        self._file = self.path.open("wb")
        self._file.write(bytes(PCM_HEADER_BYTES))
        return self

    def append(self, waveform: Waveform) -> None:
        """Add samples at the end. Raises ValueError for another rate, outside `with`, or beyond 4 GiB."""
        if self._file is None:
            raise ValueError("PcmWriter is used outside of its with block")
        if waveform.rate_hz != self.rate_hz:
            raise ValueError(f"the file has {self.rate_hz} Hz, the waveform {waveform.rate_hz} Hz")
        if self.frames + len(waveform.samples) > PCM_MAX_FRAMES:
            raise ValueError("a PCM file holds at most 4 GiB")
        self._file.write(np.ascontiguousarray(waveform.samples, dtype="<f4").data)
        self.frames += len(waveform.samples)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        is_whole = False
        try:
            with file:
                if kind is None:
                    file.seek(0)
                    file.write(pcm_header(rate_hz=self.rate_hz, frames=self.frames))
            is_whole = kind is None
        finally:  # also where the last flush finds the disk full
            if not is_whole:
                self.path.unlink(missing_ok=True)


def open_forward(source: Path | int | BinaryIO, **layout: Any) -> Any:
    """A soundfile.SoundFile that is only read forwards; `layout` says what a file without a header does not.

    soundfile seeks to where it already is after every read. For MP3 that throws the decoder's bit reservoir away, and
    the first frame of the next block comes out damaged: errors of 0.04 full scale were measured at the joins. So an
    MP3 claims that it cannot seek; the others do it exactly. Raises soundfile's LibsndfileError.
    """
    import soundfile

    sound = soundfile.SoundFile(source, **layout)
    if sound.format == "MP3":
        sound.seekable = lambda: False
    return sound


def forward_blocks(sound: Any, *, frames: int) -> Iterator[NDArray[np.float32]]:
    """The sound of `open_forward` in order: float32 of shape (n, channels), n == `frames` for all but the last block.

    Stops at the first short read, never at what a header promises. Memory stays at one block. Not safe to share
    between threads. Raises soundfile's LibsndfileError where the data cannot be decoded.
    """
    while True:
        block = sound.read(frames, dtype="float32", always_2d=True)
        if len(block):
            yield block
        if len(block) < frames:
            return


def write_reference(path: Path, waveform: Waveform) -> None:
    """Write `waveform` to `path` as mono FLAC, 24 bit; values beyond full scale are clipped. Safe from threads.

    Raises OSError where the disk is full.
    """
    import soundfile

    with disk_errors_raised(path):
        soundfile.write(path, waveform.samples, waveform.rate_hz, format="FLAC", subtype="PCM_24")


def read_reference(path: Path) -> Waveform:
    """Read what `write_reference` wrote. Raises InvalidAudio `reference_unreadable`. Safe from threads."""
    import soundfile

    try:
        samples, rate_hz = soundfile.read(path, dtype="float32")
        return Waveform(samples, rate_hz)
    except (OSError, ValueError, soundfile.SoundFileError) as error:
        raise InvalidAudio(
            "reference_unreadable", "The prepared recording is missing or damaged; upload it again."
        ) from error
