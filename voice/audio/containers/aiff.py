"""AIFF and AIFF-C (Apple, 1991), Core Audio files, and the AU files of Sun and NeXT: what came from Unix and the Mac.

As with WAV, libsndfile is given a file of our own: one format, then the samples.
"""

import math
import struct

from voice.audio.containers.container import ChunkLayout, Chunks, Container, Data, broken_promise, sound_end
from voice.audio.rejections import Rejected

_IFF = ChunkLayout(order="big")
_CAF = ChunkLayout(order="big", size_bytes=8, align=1)
_AIFF_BITS = {b"NONE": 0, b"twos": 0, b"sowt": 0, b"raw ": 8, b"in24": 24, b"in32": 32, b"fl32": 32, b"FL32": 32,
              b"fl64": 64, b"FL64": 64, b"ulaw": 8, b"ULAW": 8, b"alaw": 8, b"ALAW": 8}  # fmt: skip
"""Bits of a sample by the type of compression; 0 where the header says them."""
_AIFF_PACKETS = {b"ima4": (34, 64), b"GSM ": (33, 160), b"agsm": (33, 160)}
"""Bytes and sample frames of a channel's packet."""
_CAF_PLAIN = (b"lpcm", b"ulaw", b"alaw")
_AU_BITS = {1: 8, 2: 8, 3: 16, 4: 24, 5: 32, 6: 32, 7: 64, 27: 8}
_AU_NAMES = {23: "G.721", 24: "G.722", 25: "G.723", 26: "G.723"}
_CAF_NAMES = {b"aac ": "AAC", b"ima4": "IMA ADPCM", b"opus": "Opus", b"flac": "FLAC", b".mp3": "MP3", b"alac": "ALAC"}
_PLACEHOLDER = 1_999_000_000


def read_aiff(data: Data, start: int) -> Container:
    """Judge a file with `FORM....AIFF` or `AIFC` at `start`. Raises Rejected."""
    chunks = Chunks(data, start + 12, _IFF)
    common, sound = chunks.get(b"COMM"), chunks.get(b"SSND")
    head = data[common.start : common.start + 22]
    if len(head) < 18:
        raise Rejected("corrupt_audio")
    channels, frames, bits = struct.unpack(">HIH", head[:8])
    kind = head[18:22] if data[start + 8 : start + 12] == b"AIFC" else b"NONE"
    block_bytes, block_frames = _aiff_block(kind, channels=channels, bits=bits)
    begin = sound.start + 8 + _offset_of(data, sound.start)
    file_end = start + 8 + int.from_bytes(data[start + 4 : start + 8], "big")
    end = sound_end(data, chunks, start=begin, size=max(sound.start + sound.size - begin, 0), file_end=file_end)
    blocks = (end - begin) // block_bytes
    rate_hz = _extended(head[8:18])
    unit = 1 if kind == b"ima4" else block_frames  # Apple counts the packets of its own ADPCM
    common_chunk = struct.pack(">HIH", channels, blocks * unit, bits) + head[8:18] + kind + b"\0\0"
    samples = data[begin : begin + blocks * block_bytes]
    body = b"AIFC" + _chunk(b"FVER", b"\xa2\x80\x51\x40") + _chunk(b"COMM", common_chunk)
    body += _chunk(b"SSND", bytes(8) + samples)
    promised_s = frames // unit * block_frames / rate_hz if frames // unit * block_bytes < _PLACEHOLDER else 0.0
    return Container(
        format="aiff",
        streams=(_chunk(b"FORM", body),),
        duration_s=blocks * block_frames / rate_hz,
        promised_s=broken_promise(promised_s, blocks * block_frames / rate_hz),
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">I", len(content)) + content + b"\0" * (len(content) % 2)


def _aiff_block(kind: bytes, *, channels: int, bits: int) -> tuple[int, int]:
    """Bytes of a block of all channels, and its sample frames. Raises Rejected."""
    if channels == 0:
        raise Rejected("corrupt_audio")
    if kind in _AIFF_PACKETS:
        packet_bytes, packet_frames = _AIFF_PACKETS[kind]
        return packet_bytes * channels, packet_frames
    if kind not in _AIFF_BITS:
        name = kind.decode("ascii") if kind.isalnum() else "another codec"
        raise Rejected("unsupported_audio", found=f"an AIFF file with {name} inside")
    bits = _AIFF_BITS[kind] or bits
    if not 1 <= bits <= 64:
        raise Rejected("corrupt_audio")
    return -(-bits // 8) * channels, 1


def _offset_of(data: Data, start: int) -> int:
    """The gap before the first sample: nearly always none; an untrue one is none as well."""
    offset = int.from_bytes(data[start : start + 4], "big")
    return offset if offset <= 4096 else 0


def _extended(number: bytes) -> float:
    """A rate in IEEE 754's 80 bits. Raises Rejected for none that a recording could have."""
    exponent, mantissa = struct.unpack(">HQ", number)
    value = math.ldexp(mantissa, (exponent & 0x7FFF) - 16_383 - 63) if exponent < 0x4040 else 0.0
    if not 1 <= value < 2**31:
        raise Rejected("corrupt_audio")
    return value


def read_caf(data: Data, start: int) -> Container:
    """Judge a file with `caff` at `start`. Raises Rejected."""
    chunks = Chunks(data, start + 8, _CAF)
    description, sound = chunks.get(b"desc"), chunks.get(b"data")
    desc = data[description.start : description.start + 32]
    if len(desc) < 32:
        raise Rejected("corrupt_audio")
    rate_hz, kind, flags, packet_bytes, _, channels, bits = struct.unpack(">d4sIIIII", desc)
    if kind not in _CAF_PLAIN:
        raise Rejected(
            "unsupported_audio", found=f"a Core Audio file with {_CAF_NAMES.get(kind, 'another codec')} inside"
        )
    if not 1 <= rate_hz < 2**31 or channels == 0 or channels > 0xFFFF or not 1 <= bits <= 64:
        raise Rejected("corrupt_audio")
    bits = bits if kind == b"lpcm" else 8
    packet_bytes = -(-bits // 8) * channels
    begin = sound.start + 4
    size = sound.size - 4 if 4 <= sound.size < 1 << 62 else 1 << 62
    end = sound_end(data, chunks, start=begin, size=size, file_end=-1)
    frames = (end - begin) // packet_bytes
    samples = data[begin : begin + frames * packet_bytes]
    head = struct.pack(">d4sIIIII", rate_hz, kind, flags, packet_bytes, 1, channels, bits)
    stream = b"caff\0\1\0\0" + b"desc" + struct.pack(">Q", 32) + head
    stream += b"data" + struct.pack(">Q", len(samples) + 4) + bytes(4) + samples
    promised_s = size // packet_bytes / rate_hz if size < _PLACEHOLDER else 0.0
    return Container(
        format="caf",
        streams=(stream,),
        duration_s=frames / rate_hz,
        promised_s=broken_promise(promised_s, frames / rate_hz),
    )


def read_au(data: Data, start: int) -> Container:
    """Judge a file with `.snd` at `start`, or `dns.` where all is in little endian. Raises Rejected."""
    order = ">" if data[start : start + 4] == b".snd" else "<"
    head = data[start + 4 : start + 24]
    if len(head) < 20:
        raise Rejected("corrupt_audio")
    offset, size, encoding, rate_hz, channels = struct.unpack(f"{order}IIIII", head)
    if encoding not in _AU_BITS:
        name = _AU_NAMES.get(encoding, "another codec")
        raise Rejected("unsupported_audio", found=f"an AU file with {name} inside")
    begin = start + (offset if 24 <= offset <= 1 << 20 else 24)
    block_bytes = channels * _AU_BITS[encoding] // 8
    if block_bytes == 0 or rate_hz == 0 or begin > len(data):
        raise Rejected("corrupt_audio")
    end = sound_end(data, Chunks(data, len(data), _IFF), start=begin, size=size, file_end=begin + size)
    frames = (end - begin) // block_bytes
    samples = data[begin : begin + frames * block_bytes]
    fields = struct.pack(f"{order}IIIII", 24, len(samples), encoding, rate_hz, channels)
    promised_s = size // block_bytes / rate_hz if size < _PLACEHOLDER else 0.0
    return Container(
        format="au",
        streams=(data[start : start + 4] + fields + samples,),
        duration_s=frames / rate_hz,
        promised_s=broken_promise(promised_s, frames / rate_hz),
    )
