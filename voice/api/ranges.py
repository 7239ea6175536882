"""HTTP range requests: RFC 9110, section 14."""

import re
from dataclasses import dataclass

_SINGLE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE | re.ASCII)


class UnsatisfiableRange(Exception):
    """A range that lies beyond the end (416)."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from `start` of a content of `size` bytes."""

    start: int
    length: int
    size: int

    @property
    def content_range(self) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{self.size}"


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The part that a Range header asks for, or None for the whole.

    Several ranges at once, other units and what does not parse are ignored, as the RFC allows: the whole is sent.
    Raises UnsatisfiableRange.
    """
    found = _SINGLE.fullmatch(header.strip()) if header else None
    if found is None:
        return None
    first, last = found.groups()
    if first:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
        if last and int(last) < start and int(last) < int(first):
            return None
    elif last:
        start, end = max(0, size - int(last)), size - 1
    else:
        return None
    if start > end:
        raise UnsatisfiableRange
    return ByteRange(start, end - start + 1, size)


def etag_matches(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names this entity tag, by weak comparison."""
    if not header:
        return False
    return header.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in header.split(","))
