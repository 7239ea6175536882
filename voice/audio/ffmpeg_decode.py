"""What phones and browsers record, decoded by FFmpeg: inside the sandboxed child alone, behind its filter of calls.

`voice.audio.upload_sandbox` is the way to call it. FFmpeg reads the file that is open already and nothing else. It
gets one demuxer, chosen by the file's first bytes, and a short list of decoders; pictures are never decoded.
"""

import io
from collections.abc import Iterator

import av
import av.error
import av.logging
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream  # PyAV imports these when it meets such a stream, which is too late in the sandbox
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from numpy.typing import NDArray

from voice.audio.containers.container import Container, Data, foreign_format
from voice.audio.rejections import Rejected
from voice.audio.upload_decode import BLOCK_FRAMES, Block, check_layout, write_pcm
from voice.audio.upload_sandbox import AudioFormat, DecodedAudio, DecodeLimits

_DEMUXERS: dict[AudioFormat, str] = {"m4a": "mov", "aac": "aac", "webm": "matroska"}
_NAMES: dict[AudioFormat, str] = {"m4a": "an MP4 or M4A file", "aac": "an AAC file", "webm": "a WebM or Matroska file"}
_DECODERS = (
    "aac,alac,opus,vorbis,mp3float,mp3,flac,amrnb,amrwb,pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,"
    "pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_mulaw,pcm_alaw"
)
_OPTIONS = {
    "codec_whitelist": _DECODERS,
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,aac,matroska,webm",
    "protocol_whitelist": "",
    "max_streams": "32",
}
_MOV_OPTIONS = {"enable_drefs": "0", "use_absolute_path": "0"}
_FULL_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "flt": 1.0, "dbl": 1.0}
_MOST_LOST_SHARE = 0.05
_FORGIVEN_PACKETS = 3
"""A recording that was cut begins and ends within packets; players pass over those, and over a few damaged ones."""


def decode_with_ffmpeg(
    data: Data, *, upload: io.FileIO, pcm_fd: int, limits: DecodeLimits, audio_format: AudioFormat
) -> DecodedAudio:
    """Decode the best stream of sound in the upload, appending mono float32 samples to `pcm_fd`.

    `data` is the upload's bytes, `upload` the same file open at its start. Its length is what was decoded; a header's
    word is not asked, only the edit list that leaves out the encoder's delay is followed. Memory stays at a few
    blocks. Raises Rejected.
    """
    if foreign := foreign_format(data):
        raise Rejected("polyglot_file", found=foreign)
    try:
        with _open(upload, audio_format) as file:
            stream = _stream(file, audio_format, limits)
            blocks = _blocks(
                _frames(file, stream), limits, sample_format=stream.codec_context.codec.canonical_name.upper()
            )
            container = Container(format=audio_format, streams=(), promised_s=_promised_s(stream, audio_format))
            return write_pcm(blocks, container, pcm_fd=pcm_fd, limits=limits)
    except av.error.MemoryError as error:
        raise MemoryError from error
    except av.error.FFmpegError as error:
        is_cut = audio_format == "m4a" and data.find(b"moov") < 0
        raise Rejected("index_missing" if is_cut else "corrupt_audio") from error


def _open(upload: io.FileIO, audio_format: AudioFormat) -> InputContainer:
    av.logging.set_level(None)
    options = _OPTIONS | (_MOV_OPTIONS if audio_format == "m4a" else {})
    return av.open(
        upload,
        mode="r",
        format=_DEMUXERS[audio_format],
        container_options=options,
        metadata_errors="replace",
        io_open=_open_nothing,
    )


def _open_nothing(*_: object) -> None:
    raise PermissionError("the file names another one")


def _stream(container: InputContainer, audio_format: AudioFormat, limits: DecodeLimits) -> AudioStream:
    """The stream that a player would choose, ready to be decoded in this thread. Raises Rejected."""
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise Rejected("unsupported_audio", found=f"{_NAMES[audio_format]} without sound")
    context = stream.codec_context
    if not isinstance(context, AudioCodecContext) or context.codec.name not in _DECODERS.split(","):
        codec = context.codec.canonical_name if isinstance(context, AudioCodecContext) else "an unknown codec"
        raise Rejected("unsupported_audio", found=f"{_NAMES[audio_format]} with {codec} inside")
    check_layout(context.channels, context.sample_rate, limits)
    context.thread_type, context.thread_count = "NONE", 1
    return stream


def _promised_s(stream: AudioStream, audio_format: AudioFormat) -> float | None:
    """The length by the index of an MP4, which stands apart from the sound; others say none, or FFmpeg guesses it."""
    if audio_format != "m4a" or not stream.duration or stream.time_base is None:
        return None
    return float(stream.duration * stream.time_base)


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """What can be decoded, in order. Raises Rejected where too many packets cannot."""
    packets = lost = 0
    for packet in _packets(container, stream):
        packets += 1
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            lost += 1
            continue
        yield from (frame for frame in frames if frame.samples)
    if lost > _FORGIVEN_PACKETS + _MOST_LOST_SHARE * packets:
        raise Rejected("corrupt_audio")


def _packets(container: InputContainer, stream: AudioStream) -> "Iterator[Packet[AudioStream]]":
    """Up to the end, or to where the container breaks off."""
    try:
        yield from container.demux(stream)
    except av.error.InvalidDataError:
        return


def _blocks(frames: Iterator[AudioFrame], limits: DecodeLimits, *, sample_format: str) -> Iterator[Block]:
    """Frames of one rate and as many channels, gathered. Raises Rejected, also where there are none."""
    gathered: list[NDArray[np.float32]] = []
    layout, size = (0, 0), 0
    for frame in frames:
        check_layout(frame.layout.nb_channels, frame.sample_rate, limits)
        changed = layout != (frame.layout.nb_channels, frame.sample_rate)
        if gathered and (changed or size >= BLOCK_FRAMES):
            yield Block(np.concatenate(gathered), layout[1], sample_format)
            gathered, size = [], 0
        layout = frame.layout.nb_channels, frame.sample_rate
        gathered.append(_floats(frame))
        size += frame.samples
    if not gathered:
        raise Rejected("corrupt_audio")
    yield Block(np.concatenate(gathered), layout[1], sample_format)


def _floats(frame: AudioFrame) -> NDArray[np.float32]:
    """Samples as float32 of shape (n, channels), full scale at 1."""
    samples = frame.to_ndarray()
    samples = samples.reshape(frame.samples, -1) if frame.format.is_packed else samples.T
    kind = frame.format.packed.name
    exact: NDArray[np.float32 | np.float64] = samples.astype(np.float64 if kind == "s32" else np.float32)
    return ((exact - (128 if kind == "u8" else 0)) / _FULL_SCALE[kind]).astype(np.float32)
