"""The answer of the parsers in this folder, and what they share: tags at both ends, other formats in disguise."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Data = bytes | mmap.mmap

STRAY_BYTES = 16
"""So few bytes after the last frame can hold nothing of their own; careless writers leave them."""

_ID3V1_BYTES = 128
_MOST_TAGS = 16


@dataclass(frozen=True, slots=True)
class Container:
    """A file whose structure holds together.

    `frames`: sample frames per channel that decoding must yield, within `tolerance`; None where only decoding shows
    it. `closed`: the last frame of sound ends where the file ends. `streamed_from`: the start of the samples in a WAV
    whose sizes were never filled in.
    """

    format: Literal["wav", "mp3", "flac"]
    frames: int | None = None
    tolerance: int = 0
    closed: bool = True
    streamed_from: int | None = None


def skip_id3v2(data: Data, offset: int = 0) -> int:
    """The start of the sound behind any ID3v2 tags at `offset` (id3.org, 3.1: a synchsafe size, perhaps a footer)."""
    for _ in range(_MOST_TAGS):
        if data[offset : offset + 3] != b"ID3" or len(data) < offset + 10:
            break
        flags, size = data[offset + 5], data[offset + 6 : offset + 10]
        length = size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]
        offset += 10 + length + (10 if flags & 0x10 else 0)
    return offset


def possible_ends(data: Data, start: int) -> Iterator[int]:
    """The places where sound may end: the file's end, and before each ID3v1, Lyrics3v2 or APEv2 tag or zero padding.

    Falling, never below `start`. Sound may end in zeros itself, so which end is meant only its own format knows.
    """
    end, previous = len(data), -1
    for _ in range(_MOST_TAGS):
        if end == previous:
            return
        yield end
        previous, end = end, _without_tag(data, start=start, end=end)
        if end == previous:
            end = start + len(data[start:end].rstrip(b"\0"))


def _without_tag(data: Data, *, start: int, end: int) -> int:
    if data[end - _ID3V1_BYTES : end - _ID3V1_BYTES + 3] == b"TAG":
        return max(start, end - _ID3V1_BYTES)
    if data[end - 9 : end] == b"LYRICS200" and data[end - 15 : end - 9].isdigit():
        return max(start, end - 15 - int(data[end - 15 : end - 9]))
    if data[end - 32 : end - 24] == b"APETAGEX":
        size = int.from_bytes(data[end - 20 : end - 16], "little")
        has_header = data[end - 9] & 0x80
        return max(start, end - size - (32 if has_header else 0))
    return end


def foreign_format(data: Data) -> str | None:
    """The name of another format that also claims these bytes, or None.

    ZIP readers look for an end record in the last 64 KiB, PDF readers and browsers for a mark in the first KiB.
    """
    head = data[:1024].lower()
    if b"%pdf-" in head:
        return "a PDF document"
    if b"<html" in head or b"<script" in head or b"<!doctype" in head:
        return "a web page"
    window_start = max(0, len(data) - 65_557 - 1024)
    record = data.rfind(b"PK\x05\x06", window_start)
    if record >= 0 and data[record + 4 : record + 8] == bytes(4):
        directory_size = int.from_bytes(data[record + 12 : record + 16], "little")
        if directory_size <= record:
            return "a ZIP archive"
    return None
