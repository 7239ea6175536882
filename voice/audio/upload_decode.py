"""The decoding loop that runs inside the sandboxed child; `voice.audio.upload_sandbox` is the way to call it."""

import io
import os

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from voice.audio.containers import read_container
from voice.audio.containers.container import Container, Data
from voice.audio.pcm import forward_blocks, open_forward
from voice.audio.rejections import Rejected
from voice.audio.upload_sandbox import DecodedAudio, DecodeLimits

_BLOCK_FRAMES = 65536
_SUBTYPES = {"PCM_U8", "PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "MPEG_LAYER_III"}
_FORMATS = {"wav": {"WAV", "WAVEX"}, "mp3": {"MP3"}, "flac": {"FLAC"}}
_CODEC_DELAY_S = {"wav": 0.0, "flac": 0.0, "mp3": 0.1}
"""MP3 adds up to two frames of encoder delay and padding: a recording of exactly the limit stays within it."""
_SILENCE_RMS = 10 ** (-70 / 20)
_LARGEST_PEAK = 16.0
_CANCELLED_SHARE = 0.02


def decode_to_pcm(data: Data, *, upload_fd: int, pcm_fd: int, limits: DecodeLimits) -> DecodedAudio:
    """Judge and decode the upload, appending mono float32 samples to `pcm_fd`.

    `data` is the upload's bytes, `upload_fd` the same file open at its start. Memory stays at a few blocks.
    Raises Rejected.
    """
    container = read_container(data)
    streamed_from = container.streamed_from
    source = upload_fd if streamed_from is None else io.BytesIO(_with_sizes(data, streamed_from))
    try:
        sound = open_forward(source, closefd=False)
    except sf.LibsndfileError as error:
        raise Rejected("corrupt_audio") from error
    with sound:
        _check_header(sound, container, limits)
        levels = _Levels(sound.channels)
        frames = _copy(sound, container, levels=levels, pcm_fd=pcm_fd, limits=limits)
        levels.check(frames)
        return DecodedAudio(
            format=container.format,
            duration_s=round(frames / sound.samplerate, 3),
            rate_hz=sound.samplerate,
            channels=sound.channels,
            frames=frames,
            sample_format=sound.subtype,
        )


def _with_sizes(data: Data, samples_start: int) -> bytearray:
    """A streamed WAV with the two sizes that its writer could not know filled in."""
    whole = bytearray(data)
    whole[4:8] = (len(whole) - 8).to_bytes(4, "little")
    whole[samples_start - 4 : samples_start] = (len(whole) - samples_start).to_bytes(4, "little")
    return whole


def _check_header(sound: sf.SoundFile, container: Container, limits: DecodeLimits) -> None:
    if sound.format not in _FORMATS[container.format] or sound.subtype not in _SUBTYPES:
        raise Rejected("unsupported_audio", found="a file with another codec inside")
    if sound.channels > limits.max_channels:
        raise Rejected("too_many_channels", channels=sound.channels, limit=limits.max_channels)
    if not limits.min_rate_hz <= sound.samplerate <= limits.max_rate_hz:
        raise Rejected(
            "bad_sample_rate", rate_hz=sound.samplerate, min_hz=limits.min_rate_hz, max_hz=limits.max_rate_hz
        )


def _copy(sound: sf.SoundFile, container: Container, *, levels: "_Levels", pcm_fd: int, limits: DecodeLimits) -> int:
    """Decode to the end, or just beyond the longest duration. Returns the frames written. Raises Rejected."""
    rate_hz = sound.samplerate
    longest = int((limits.max_duration_s + _CODEC_DELAY_S[container.format]) * rate_hz)
    frames = 0
    try:
        for block in forward_blocks(sound, frames=_BLOCK_FRAMES):
            frames += len(block)
            if frames > longest:
                raise Rejected("too_long", duration_s=round(frames / rate_hz, 1), limit_s=limits.max_duration_s)
            _write(pcm_fd, levels.mix(block))
    except sf.LibsndfileError as error:
        raise Rejected("corrupt_audio" if container.closed else "truncated_audio") from error
    _check_length(frames, container)
    if frames < limits.min_duration_s * rate_hz:
        raise Rejected("too_short", duration_s=round(frames / rate_hz, 1), limit_s=limits.min_duration_s)
    return frames


def _check_length(frames: int, container: Container) -> None:
    """Two parsers have to agree on the length, or one of them was deceived."""
    if container.frames is None:
        return
    if abs(frames - container.frames) > container.tolerance:
        raise Rejected("truncated_audio" if not container.closed else "corrupt_audio")
    if not container.closed:
        raise Rejected("polyglot_file", found="foreign bytes after its end")


def _write(pcm_fd: int, mono: NDArray[np.float32]) -> None:
    view = mono.data.cast("B")
    while view:
        view = view[os.write(pcm_fd, view) :]


class _Levels:
    """Mixes to mono and adds up what distinguishes a usable recording from a silent, overdriven or cancelled one."""

    def __init__(self, channels: int) -> None:
        self._energy = np.zeros(channels)
        self._sum = np.zeros(channels)
        self._mono_energy = 0.0
        self._mono_sum = 0.0

    def mix(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The average of the channels of shape (n, channels), as float32 of shape (n,). Raises Rejected."""
        if not np.isfinite(block).all():
            raise Rejected("not_finite")
        if np.abs(block).max() > _LARGEST_PEAK:
            raise Rejected("level_out_of_range")
        mono = block.mean(axis=1, dtype=np.float32)
        self._energy += np.einsum("ij,ij->j", block, block, dtype=np.float64)
        self._sum += block.sum(axis=0, dtype=np.float64)
        self._mono_energy += float(np.einsum("i,i->", mono, mono, dtype=np.float64))
        self._mono_sum += float(mono.sum(dtype=np.float64))
        return np.ascontiguousarray(mono, dtype="<f4")

    def check(self, frames: int) -> None:
        """Judge the whole, without its DC offset. Raises Rejected."""
        loudest = float((self._energy / frames - (self._sum / frames) ** 2).max())
        mono = self._mono_energy / frames - (self._mono_sum / frames) ** 2
        if loudest < _SILENCE_RMS**2:
            raise Rejected("silent_audio")
        if mono < loudest * _CANCELLED_SHARE:
            raise Rejected("channels_cancel")
