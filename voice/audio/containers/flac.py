"""FLAC (RFC 9639): the header, and whether the last frame really ends the file.

A FLAC file does not say where it ends, so bytes that are glued to it are invisible to a decoder that stops at the
declared length. But every frame ends with a CRC-16 over itself: the last one's has to come out at the last byte.
"""

import itertools
from dataclasses import dataclass

from voice.audio.containers.container import Container, Data, possible_ends
from voice.audio.rejections import Rejected

_TAIL_BYTES = 256 * 1024
_CANDIDATES = 16
_POSITIONS = 8192
_POSSIBLE_ENDS = 4
_BLOCK_SIZES = {1: 192, **{n: 144 << n for n in range(2, 6)}, **{n: 1 << n for n in range(8, 16)}}


def _crc_table(polynomial: int, bits: int) -> tuple[int, ...]:
    table, top, mask = [], 1 << (bits - 1), (1 << bits) - 1
    for value in range(256):
        register = value << (bits - 8)
        for _ in range(8):
            register = (register << 1 ^ polynomial if register & top else register << 1) & mask
        table.append(register)
    return tuple(table)


_CRC8 = _crc_table(0x07, 8)
_CRC16 = _crc_table(0x8005, 16)


@dataclass(frozen=True, slots=True)
class _LastFrame:
    """The first sample's number, or the frame's number where all frames but the last have one size."""

    number: int
    numbers_samples: bool
    block_size: int


def read_flac(data: Data, start: int) -> Container:
    """Judge a file with `fLaC` at `start`. Raises Rejected.

    `closed` is false where the last frame does not end with the file: cut off, or something is glued to it; decoding
    shows which.
    """
    info, offset = _read_metadata(data, start)
    block_size = int.from_bytes(info[2:4], "big")
    frames = int.from_bytes(info[13:18], "big") & 0xF_FFFF_FFFF
    if frames == 0:
        raise Rejected("length_unknown")
    ends = itertools.islice(possible_ends(data, offset), _POSSIBLE_ENDS)
    last = next((frame for end in ends if (frame := _last_frame(data, start=offset, end=end))), None)
    if last is None:
        return Container("flac", frames, closed=False)
    real = last.number + last.block_size if last.numbers_samples else last.number * block_size + last.block_size
    if real != frames:
        raise Rejected("length_forged", declared_frames=frames, real_frames=real)
    return Container("flac", frames)


def _read_metadata(data: Data, start: int) -> tuple[bytes, int]:
    """STREAMINFO's 34 bytes, and where the first frame starts."""
    offset, info, is_last = start + 4, b"", False
    while not is_last:
        head = data[offset : offset + 4]
        if len(head) < 4:
            raise Rejected("truncated_audio")
        is_last, kind, size = bool(head[0] & 0x80), head[0] & 0x7F, int.from_bytes(head[1:4], "big")
        if not info:
            if kind != 0 or size != 34:
                raise Rejected("corrupt_audio")
            info = data[offset + 4 : offset + 38]
        offset += 4 + size
    if offset > len(data):
        raise Rejected("truncated_audio")
    return info, offset


def _last_frame(data: Data, *, start: int, end: int) -> _LastFrame | None:
    """The frame whose CRC-16 comes out at `end`, searched backwards over a few candidates."""
    tail_start = max(start, end - _TAIL_BYTES)
    tail = data[tail_start:end]
    position, tried = len(tail), 0
    for _ in range(_POSITIONS):
        position = tail.rfind(b"\xff", 0, position)
        if position < 0 or tried == _CANDIDATES:
            return None
        frame = _frame_at(tail, position)
        if frame is not None:
            tried += 1
            if _crc16(tail[position:]) == 0:
                return frame
    return None


def _frame_at(data: bytes, start: int) -> _LastFrame | None:
    """Read a frame header (RFC 9639, 9.1), or None where its fields or its CRC-8 do not hold."""
    head = data[start : start + 16]
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[3] & 1:
        return None
    size_code, rate_code = head[2] >> 4, head[2] & 15
    coded = _coded_number(head[4:11])
    if coded is None or size_code == 0 or rate_code == 15:
        return None
    number, offset = coded[0], 4 + coded[1]
    extra = {6: 1, 7: 2}.get(size_code, 0)
    block_size = _BLOCK_SIZES.get(size_code) or int.from_bytes(head[offset : offset + extra], "big") + 1
    offset += extra + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if offset >= len(head) or _crc8(head[:offset]) != head[offset]:
        return None
    return _LastFrame(number, bool(head[1] & 1), block_size)


def _coded_number(data: bytes) -> tuple[int, int] | None:
    """A number in UTF-8's manner, extended to 36 bits: the value and how many bytes it took."""
    first = data[0]
    if first < 0x80:
        return first, 1
    length = 8 - (first ^ 0xFF).bit_length()
    if not 2 <= length <= 7 or len(data) < length:
        return None
    value = first & (0x7F >> length)
    for byte in data[1:length]:
        if byte & 0xC0 != 0x80:
            return None
        value = value << 6 | byte & 0x3F
    return value, length


def _crc8(data: bytes) -> int:
    register = 0
    for byte in data:
        register = _CRC8[register ^ byte]
    return register


def _crc16(data: bytes) -> int:
    register = 0
    for byte in data:
        register = (register << 8 & 0xFF00) ^ _CRC16[register >> 8 ^ byte]
    return register
