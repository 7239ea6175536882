"""FLAC (RFC 9639): its frames are found by their numbers, so that how long it is need not be believed.

A FLAC file does not say where it ends, so bytes that are glued to it are invisible to a decoder that stops at the
declared length. But every frame ends with a CRC-16 over itself: the last one's has to come out at the last byte.
"""

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voice.audio.containers.container import (
    Container,
    Data,
    broken_promise,
    possible_ends,
    refuse_foreign,
)
from voice.audio.rejections import Rejected

if TYPE_CHECKING:
    from voice.audio.upload_sandbox import AudioFormat

_LONGEST_FRAME_BYTES = 256 * 1024
_POSSIBLE_ENDS = 4
_MOST_CANDIDATES = 100_000
_MARK = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22|\xff[\xf8\xf9]")
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
class _Frame:
    """`number`: of the first sample, or of the frame where all frames but the last have one size."""

    start: int
    number: int
    numbers_samples: bool
    block_size: int

    @property
    def following(self) -> int:
        """The number of the frame behind it."""
        return self.number + (self.block_size if self.numbers_samples else 1)


@dataclass(slots=True)
class _Part:
    """One FLAC stream: its STREAMINFO, and its frames from the first to the last whole one."""

    info: bytes
    start: int
    first: _Frame | None = None
    last: _Frame | None = None
    end: int = 0

    @property
    def rate_hz(self) -> int:
        return int.from_bytes(self.info[10:13], "big") >> 4

    @property
    def promised_frames(self) -> int:
        return int.from_bytes(self.info[13:18], "big") & 0xF_FFFF_FFFF

    @property
    def frames(self) -> int:
        """Sample frames that are there, by the numbers of the first and the last frame."""
        if self.first is None or self.last is None:
            return 0
        step = 1 if self.last.numbers_samples else self.first.block_size
        return (self.last.number - self.first.number) * step + self.last.block_size

    def stream(self, data: Data) -> bytes:
        """The sound alone, behind a header with its true length."""
        assert self.first is not None
        total = (self.info[13] & 0xF0) << 32 | self.frames
        info = self.info[:13] + total.to_bytes(5, "big") + bytes(16)
        return b"fLaC\x80\0\0\x22" + info + data[self.first.start : self.end]


def read_flac(data: Data, start: int, *, name: "AudioFormat" = "flac") -> Container:
    """Judge a file with `fLaC` at `start`; others may be joined to it. Raises Rejected.

    A last frame that is cut off is left out. `name`: the format of the file around it, where there is one.
    """
    parts = [part for part in _parts(data, start) if part.frames]
    if not parts or any(part.rate_hz == 0 for part in parts):
        raise Rejected("corrupt_audio")
    duration_s = sum(part.frames / part.rate_hz for part in parts)
    promised_s = sum(max(part.promised_frames, part.frames) / part.rate_hz for part in parts)
    return Container(
        format=name,
        streams=tuple(part.stream(data) for part in parts),
        duration_s=duration_s,
        promised_s=broken_promise(promised_s, duration_s),
    )


def _parts(data: Data, start: int) -> list[_Part]:
    """The streams of a file, each with the frames whose numbers follow one another. Raises Rejected."""
    part = _Part(*_read_metadata(data, start))
    parts, previous = [part], None
    for match in itertools.islice(_MARK.finditer(data, part.start), _MOST_CANDIDATES):
        if match.start() < part.start:
            continue
        if match[0][0] != 0xFF:
            following = _joined(data, match.start())
            if following is not None:
                _close(data, part, previous, file_end=match.start())
                part, previous = following, None
                parts.append(part)
            continue
        frame = _frame_at(data, match.start())
        if frame is None or (part.last is not None and frame.number != part.last.following):
            continue
        part.first, previous, part.last = part.first or frame, part.last, frame
    _close(data, part, previous, file_end=len(data))
    return parts


def _joined(data: Data, start: int) -> _Part | None:
    """Another file from `start` on, or None where the mark only came up in the sound."""
    try:
        part = _Part(*_read_metadata(data, start))
    except Rejected:
        return None
    return part if _frame_at(data, part.start) else None


def _close(data: Data, part: _Part, previous: _Frame | None, *, file_end: int) -> None:
    """Find the end of the last frame, or leave that frame out where it is cut off. Raises Rejected.

    What follows the sound may be no other file's content.
    """
    if part.last is None:
        return
    start = part.last.start
    ends = [end for end in itertools.islice(possible_ends(data, start, end=file_end), _POSSIBLE_ENDS) if end > start]
    found = next((end for end in ends if end - start <= _LONGEST_FRAME_BYTES and not _crc16(data[start:end])), None)
    if found is None:
        found = _first_end(
            data[start : min(start + _LONGEST_FRAME_BYTES, file_end)], least=int.from_bytes(part.info[4:7], "big")
        )
        refuse_foreign(data, start if found is None else start + found, min(ends, default=file_end))
        if found is None:
            part.last, part.end = previous, start
            return
        found += start
    part.end = found


def _first_end(data: bytes, *, least: int) -> int | None:
    """The first place where the CRC-16 of a frame comes out, at least `least` bytes behind its start."""
    register = 0
    for index, byte in enumerate(data, 1):
        register = (register << 8 & 0xFF00) ^ _CRC16[register >> 8 ^ byte]
        if register == 0 and index >= max(least, 10):
            return index
    return None


def _read_metadata(data: Data, start: int) -> tuple[bytes, int]:
    """STREAMINFO's 34 bytes, and where the first frame starts. Raises Rejected."""
    offset, info, is_last = start + 4, b"", False
    while not is_last:
        head = data[offset : offset + 4]
        if len(head) < 4:
            raise Rejected("corrupt_audio")
        is_last, kind, size = bool(head[0] & 0x80), head[0] & 0x7F, int.from_bytes(head[1:4], "big")
        if not info:
            if kind != 0 or size != 34:
                raise Rejected("corrupt_audio")
            info = data[offset + 4 : offset + 38]
        offset += 4 + size
    if len(info) < 34 or offset > len(data):
        raise Rejected("corrupt_audio")
    return info, offset


def _frame_at(data: Data, start: int) -> _Frame | None:
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
    return _Frame(start, number, bool(head[1] & 1), block_size)


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
