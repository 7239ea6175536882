"""The family of WAV: RIFF and RIFX (Microsoft, Multimedia Programming Interface 1.0), RF64 and BW64 (EBU Tech 3306,
ITU-R BS.2088), and Sony's Wave64.

All of them become a plain RIFF file of three parts: a header, a format that cannot contradict itself, and the samples.
"""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voice.audio.containers.container import (
    ChunkLayout,
    Chunks,
    Container,
    Data,
    broken_promise,
    sound_end,
)
from voice.audio.containers.mp3 import find_mpeg, read_mpeg
from voice.audio.rejections import Rejected

if TYPE_CHECKING:
    from voice.audio.upload_sandbox import AudioFormat

_MOST_FILES = 100
_PCM, _MS_ADPCM, _FLOAT, _A_LAW, _MU_LAW, _IMA_ADPCM, _GSM = 1, 2, 3, 6, 7, 0x11, 0x31
_MPEG, _MP3, _EXTENSIBLE = 0x50, 0x55, 0xFFFE
_BITS = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64), _A_LAW: (8,), _MU_LAW: (8,)}
_NAMES = {
    0x0A: "Windows Media Voice",
    0x22: "TrueSpeech",
    0x38: "NMS ADPCM",
    0x40: "G.721 ADPCM",
    0x42: "G.723.1",
    0x45: "G.726",
    0x64: "G.726",
    0x65: "G.722",
    0x83: "G.729",
    0x92: "Dolby AC-3",
    0xFF: "AAC",
    0x160: "Windows Media Audio",
    0x161: "Windows Media Audio",
    0x162: "Windows Media Audio",
    0x163: "Windows Media Audio",
    0x1610: "AAC",
    0x2000: "Dolby AC-3",
    0x2001: "DTS",
    0x566F: "Vorbis",
    0x704F: "Opus",
    0xA106: "AAC",
    0xF1AC: "FLAC",
}
_PLACEHOLDER = 1_999_000_000
"""Sizes from here on were never filled in: no upload is that large, and programs that write to a pipe say 2^31 minus
something, 2^32-1 or, as one recorder does, 2,000,000,000."""
_MS_COEFFICIENTS = (256, 0, 512, -256, 0, 0, 192, 64, 240, 0, 460, -208, 392, -232)
_RIFF, _RIFX = ChunkLayout(), ChunkLayout(order="big")
_W64 = ChunkLayout(name_bytes=16, size_bytes=8, header_in_size=True, align=8)
_W64_GUID = bytes.fromhex("726966662e91cf11a5d628db04c10000")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Codec:
    """`block_bytes` hold `block_frames` sample frames; `tail` follows the 16 bytes that every format chunk has."""

    tag: int
    channels: int
    rate_hz: int
    block_bytes: int
    block_frames: int
    bits: int
    tail: bytes = b""

    def chunk(self, order: str) -> bytes:
        """The format chunk, with sizes that follow from one another."""
        rate = self.rate_hz * self.block_bytes // self.block_frames & 0xFFFF_FFFF
        fields = (self.tag, self.channels, self.rate_hz, rate, self.block_bytes, self.bits)
        content = struct.pack(f"{order}HHIIHH", *fields) + self.tail
        return b"fmt " + struct.pack(f"{order}I", len(content)) + content


def is_wav(data: Data, start: int = 0) -> bool:
    """True where a file of this family starts."""
    head = data[start : start + 40]
    return (head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] in (b"WAVE", b"RMP3")) or (
        head[:16] == _W64_GUID and head[24:28].lower() == b"wave"
    )


def read_wav(data: Data, start: int = 0) -> Container:
    """Judge a file for which `is_wav` holds; others may be joined to it. Raises Rejected."""
    containers = []
    while is_wav(data, start):
        container, start = _read_one(data, start)
        containers.append(container)
        if len(containers) > _MOST_FILES:
            raise Rejected("corrupt_audio")
    duration_s = sum(each.duration_s or 0.0 for each in containers)
    promised_s = sum(each.promised_s or each.duration_s or 0.0 for each in containers)
    return Container(
        format=containers[0].format,
        streams=tuple(stream for each in containers for stream in each.streams),
        duration_s=duration_s,
        promised_s=broken_promise(promised_s, duration_s),
    )


def _read_one(data: Data, start: int) -> tuple[Container, int]:
    """A file, and where it ends. Raises Rejected."""
    kind = data[start : start + 4]
    layout = {b"RIFX": _RIFX, b"riff": _W64}.get(kind, _RIFF)
    chunks = Chunks(data, start + (40 if layout is _W64 else 12), layout)
    name: AudioFormat = "w64" if layout is _W64 else "wav"
    begin, size, file_end = _extent(data, start, chunks, kind)
    end = begin + size
    if not is_wav(data, end):
        end = sound_end(data, chunks, start=begin, size=size, file_end=file_end)
    order = ">" if layout is _RIFX else "<"
    codec = None if data[start + 8 : start + 12] == b"RMP3" else _codec(data, chunks, order)
    file_end = file_end if end <= file_end < len(data) else end
    if codec is None:
        sound = data[begin:end]
        return read_mpeg(sound, find_mpeg(sound), name=name), file_end
    blocks = (end - begin) // codec.block_bytes
    seconds_of_block = codec.block_frames / max(codec.rate_hz, 1)
    promised = size // codec.block_bytes * seconds_of_block if size < _PLACEHOLDER else 0.0
    container = Container(
        format=name,
        streams=(_plain(codec, data[begin : begin + blocks * codec.block_bytes], order),),
        duration_s=blocks * seconds_of_block,
        promised_s=broken_promise(promised, blocks * seconds_of_block),
    )
    return container, file_end


def _extent(data: Data, start: int, chunks: Chunks, kind: bytes) -> tuple[int, int, int]:
    """Where the samples start, how many bytes their chunk declares, and where the whole file ends by its header."""
    sound = chunks.get(b"data")
    if kind == b"riff":
        return sound.start, sound.size, start + int.from_bytes(data[start + 16 : start + 24], "little")
    order = "big" if kind == b"RIFX" else "little"
    size, riff_size = sound.size, int.from_bytes(data[start + 4 : start + 8], order)  # type: ignore[arg-type]
    long_sizes = chunks.found.get(b"ds64")
    if kind in (b"RF64", b"BW64") and size == 0xFFFF_FFFF and long_sizes:
        offset = long_sizes.start
        riff_size, size = struct.unpack("<QQ", data[offset : offset + 16].ljust(16, b"\xff"))
    return sound.start, size, start + 8 + riff_size


def _plain(codec: _Codec, samples: bytes, order: str) -> bytes:
    body = b"WAVE" + codec.chunk(order) + b"data" + struct.pack(f"{order}I", len(samples)) + samples
    return (b"RIFX" if order == ">" else b"RIFF") + struct.pack(f"{order}I", len(body)) + body


def _codec(data: Data, chunks: Chunks, order: str) -> _Codec | None:
    """What is in the format chunk, or None for MPEG, which says of itself what it is. Raises Rejected."""
    chunk = chunks.get(b"fmt ")
    content = data[chunk.start : chunk.start + min(chunk.size, 200)]
    if len(content) < 14:
        raise Rejected("corrupt_audio")
    tag, channels, rate_hz, _, block_bytes = struct.unpack(f"{order}HHIIH", content[:14])
    bits = int.from_bytes(content[14:16], "big" if order == ">" else "little")
    if tag == _EXTENSIBLE:
        tag = (struct.unpack(f"{order}H", content[24:26])[0] if len(content) >= 40 else 0) or _PCM
    if tag in (_MPEG, _MP3):
        return None
    if channels == 0:
        raise Rejected("corrupt_audio")
    if tag in _BITS:
        return _plain_codec(tag, channels=channels, rate_hz=rate_hz, block_bytes=block_bytes, bits=bits)
    if tag in (_MS_ADPCM, _IMA_ADPCM, _GSM):
        return _block_codec(tag, channels=channels, rate_hz=rate_hz, block_bytes=block_bytes, order=order)
    raise _unsupported(_NAMES.get(tag, f"a codec of the number {tag}"))


def _unsupported(codec: str) -> Rejected:
    return Rejected("unsupported_audio", found=f"a WAV file with {codec} inside")


def _plain_codec(tag: int, *, channels: int, rate_hz: int, block_bytes: int, bits: int) -> _Codec:
    """Samples of whole bytes, left-justified in them: 12 bits in 16, 20 in 24 and 24 in 32 are read as the latter."""
    if tag in (_A_LAW, _MU_LAW):
        bits = 8
    sample_bytes = -(-bits // 8)
    if block_bytes % channels == 0 and block_bytes // channels > sample_bytes and tag == _PCM:
        sample_bytes = block_bytes // channels
    if sample_bytes * 8 not in _BITS[tag]:
        raise _unsupported(f"samples of {bits} bits")
    if channels * sample_bytes > 0xFFFF:
        raise Rejected("corrupt_audio")
    return _Codec(
        tag=tag,
        channels=channels,
        rate_hz=rate_hz,
        block_bytes=channels * sample_bytes,
        block_frames=1,
        bits=sample_bytes * 8,
    )


def _block_codec(tag: int, *, channels: int, rate_hz: int, block_bytes: int, order: str) -> _Codec:
    """ADPCM and GSM 6.10, whose blocks hold as many sample frames as their size says. Raises Rejected."""
    if tag == _GSM:
        block_bytes, frames, bits, tail = 65, 320, 0, struct.pack(f"{order}HH", 2, 320)
    elif tag == _IMA_ADPCM:
        frames, bits = (block_bytes - 4 * channels) * 2 // channels + 1, 4
        tail = struct.pack(f"{order}HH", 2, max(frames, 0) & 0xFFFF)
    else:
        frames, bits = (block_bytes - 7 * channels) * 2 // channels + 2, 4
        tail = struct.pack(f"{order}HHH14h", 32, max(frames, 0) & 0xFFFF, 7, *_MS_COEFFICIENTS)
    if frames < 2 or frames > 0xFFFF:
        raise Rejected("corrupt_audio")
    return _Codec(
        tag=tag,
        channels=channels,
        rate_hz=rate_hz,
        block_bytes=block_bytes,
        block_frames=frames,
        bits=bits,
        tail=tail,
    )
