"""What an upload becomes inside the sandboxed child: blocks of sound, judged, mixed and written as our own PCM.

`voice.audio.upload_sandbox` is the way to call it. libsndfile decodes the streams of `voice.audio.containers` here;
the blocks of `voice.audio.ffmpeg_decode` take the same way from `write_pcm` on.
"""

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from voice.audio.containers import read_container
from voice.audio.containers.container import Container, Data, broken_promise
from voice.audio.pcm import forward_blocks, open_forward, pcm_header
from voice.audio.rejections import Rejected
from voice.audio.upload_sandbox import DecodedAudio, DecodeLimits
from voice.audio.waveform import Samples, resample_blocks

BLOCK_FRAMES = 65536
_SUBTYPES = {
    *("PCM_U8", "PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"),
    *("IMA_ADPCM", "MS_ADPCM", "GSM610", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III", "VORBIS", "OPUS"),
}
_FORMATS = {"WAV", "WAVEX", "MP3", "FLAC", "OGG", "AIFF", "CAF", "AU"}
_EXACT = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW", "FLAC", "ALAC")
_CODEC_DELAY_S = 0.3
"""Encoders fill up their first and last frames with silence: a recording of exactly the limit stays within it."""
_SILENCE_RMS = 10 ** (-70 / 20)
_LARGEST_PEAK = 16.0
_CANCELLED_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Block:
    """Sound of shape (n, channels), n > 0, float32, as `sample_format` held it; full scale is 1."""

    sound: NDArray[np.float32]
    rate_hz: int
    sample_format: str


def load_callbacks() -> None:
    """Have cffi make its callbacks executable now: the sandbox lets nothing become executable later."""
    sf.SoundFile(io.BytesIO(pcm_header(rate_hz=8000, frames=0))).close()


def decode_to_pcm(data: Data, *, pcm_fd: int, limits: DecodeLimits) -> DecodedAudio:
    """Judge and decode the upload, appending mono float32 samples to `pcm_fd`.

    `data` is the upload's bytes. Memory stays at the file, a copy of it and a few blocks. Raises Rejected.
    """
    container = read_container(data)
    return write_pcm(_blocks(container, limits), container, pcm_fd=pcm_fd, limits=limits)


def write_pcm(blocks: Iterator[Block], container: Container, *, pcm_fd: int, limits: DecodeLimits) -> DecodedAudio:
    """Judge the blocks of a file and append them to `pcm_fd`, as mono float32 samples.

    A file that was joined of several, or whose sound changes on its way, is one recording at the rate of its first
    block, and has as many channels as the richest. Raises Rejected.
    """
    first = next(blocks, None)
    if first is None:
        raise _too_short(0.0, container, limits)
    levels, written, rate_hz = _Levels(limits.max_channels), 0, first.rate_hz
    is_exact = first.sample_format.startswith(_EXACT)
    for mono in _mono_blocks(chain((first,), blocks), levels, target_hz=rate_hz):
        written += len(mono)
        _check_longest(written / rate_hz, container, limits, is_exact=is_exact)
        _write(pcm_fd, mono)
    duration_s = written / rate_hz
    if duration_s < limits.min_duration_s:
        raise _too_short(duration_s, container, limits)
    levels.check()
    return DecodedAudio(
        format=container.format,
        duration_s=round(duration_s, 3),
        rate_hz=rate_hz,
        channels=levels.channels,
        frames=written,
        sample_format=first.sample_format,
        promised_duration_s=_promised(container, duration_s),
    )


def _promised(container: Container, duration_s: float) -> float | None:
    """The length that the header promises, where clearly more than that was decoded is missing."""
    promised_s = container.promised_s and broken_promise(container.promised_s, duration_s)
    return None if promised_s is None else round(promised_s, 1)


def _blocks(container: Container, limits: DecodeLimits) -> Iterator[Block]:
    """The sound of all streams, one after the other. Raises Rejected."""
    for stream in container.streams:
        with _open(stream, limits) as sound:
            try:
                for block in forward_blocks(sound, frames=BLOCK_FRAMES):
                    yield Block(block, sound.samplerate, sound.subtype)
            except sf.LibsndfileError as error:
                raise Rejected("corrupt_audio") from error


def _open(stream: bytes, limits: DecodeLimits) -> Any:
    """A stream as soundfile reads it, within the limits. Raises Rejected."""
    try:
        sound = open_forward(io.BytesIO(stream))
    except sf.LibsndfileError as error:
        raise Rejected("corrupt_audio") from error
    if sound.format not in _FORMATS or sound.subtype not in _SUBTYPES:
        raise Rejected("unsupported_audio", found="a file with another codec inside")
    check_layout(sound.channels, sound.samplerate, limits)
    return sound


def check_layout(channels: int, rate_hz: int, limits: DecodeLimits) -> None:
    """Raise Rejected for more channels, or another sample rate, than recordings have."""
    if channels > limits.max_channels:
        raise Rejected("too_many_channels", channels=channels, limit=limits.max_channels)
    if not limits.min_rate_hz <= rate_hz <= limits.max_rate_hz:
        raise Rejected("bad_sample_rate", rate_hz=rate_hz, min_hz=limits.min_rate_hz, max_hz=limits.max_rate_hz)


def _mono_blocks(blocks: Iterable[Block], levels: "_Levels", *, target_hz: int) -> Iterator[Samples]:
    """The sound, mixed and measured, at one rate. Raises Rejected."""
    for rate_hz, group in groupby(blocks, key=lambda block: block.rate_hz):
        mono = (levels.mix(block.sound) for block in group)
        yield from mono if rate_hz == target_hz else resample_blocks(mono, rate_hz=rate_hz, target_hz=target_hz)


def _check_longest(duration_s: float, container: Container, limits: DecodeLimits, *, is_exact: bool) -> None:
    """Raise Rejected beyond the longest duration, with the whole length where the structure shows it."""
    if duration_s <= limits.max_duration_s + (0 if is_exact else _CODEC_DELAY_S):
        return
    limit_s, whole_s = limits.max_duration_s, container.duration_s
    if whole_s is None or whole_s < duration_s:
        raise Rejected("too_long", length=f"more than {limit_s:g} s", limit_s=limit_s)
    raise Rejected("too_long", length=_in_words(whole_s), duration_s=round(whole_s, 1), limit_s=limit_s)


def _in_words(duration_s: float) -> str:
    minutes = round(duration_s / 60)
    return f"{duration_s:.1f} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _too_short(duration_s: float, container: Container, limits: DecodeLimits) -> Rejected:
    """Why so little sound is refused: the rest of the file is missing, or there never was more."""
    promised_s, found_s = container.promised_s, round(duration_s, 1)
    if promised_s is not None and promised_s >= limits.min_duration_s:
        return Rejected("truncated_audio", duration_s=found_s, promised_s=round(promised_s, 1))
    return Rejected("too_short", duration_s=found_s, limit_s=limits.min_duration_s)


def _write(pcm_fd: int, mono: Samples) -> None:
    view = mono.data.cast("B")
    while view:
        view = view[os.write(pcm_fd, view) :]


class _Levels:
    """Mixes to mono and adds up what distinguishes a usable recording from a silent, overdriven or cancelled one."""

    def __init__(self, max_channels: int) -> None:
        self.channels = 0
        self._frames = 0
        self._energy = np.zeros(max_channels)
        self._sum = np.zeros(max_channels)
        self._mono_energy = 0.0
        self._mono_sum = 0.0

    def mix(self, block: NDArray[np.float32]) -> Samples:
        """The average of the channels of shape (n, channels), as float32 of shape (n,). Raises Rejected."""
        if not np.isfinite(block).all():
            raise Rejected("not_finite")
        if np.abs(block).max() > _LARGEST_PEAK:
            raise Rejected("level_out_of_range")
        mono = block.mean(axis=1, dtype=np.float32)
        channels = block.shape[1]
        self.channels = max(self.channels, channels)
        self._frames += len(block)
        self._energy[:channels] += np.einsum("ij,ij->j", block, block, dtype=np.float64)
        self._sum[:channels] += block.sum(axis=0, dtype=np.float64)
        self._mono_energy += float(np.einsum("i,i->", mono, mono, dtype=np.float64))
        self._mono_sum += float(mono.sum(dtype=np.float64))
        return np.ascontiguousarray(mono, dtype="<f4")

    def check(self) -> None:
        """Judge the whole, without its DC offset. Raises Rejected."""
        frames = self._frames
        loudest = float((self._energy / frames - (self._sum / frames) ** 2).max())
        mono = self._mono_energy / frames - (self._mono_sum / frames) ** 2
        if loudest < _SILENCE_RMS**2:
            raise Rejected("silent_audio")
        if mono < loudest * _CANCELLED_SHARE:
            raise Rejected("channels_cancel")
