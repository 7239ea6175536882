"""What the parsers of this folder answer, and what they share: tags at both ends, chunks, formats in disguise."""

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voice.audio.rejections import Rejected

if TYPE_CHECKING:
    from voice.audio.upload_sandbox import AudioFormat

Data = bytes | mmap.mmap

STRAY_BYTES = 16
"""So few bytes after the last chunk can hold nothing of their own; careless writers leave them."""

_ID3V1_BYTES = 128
_MOST_TAGS = 16
_LONGEST_REMARK = 512
_LONGEST_REST = 1 << 18
_JUDGED_BYTES = 4096
_TEXT = bytes(byte for byte in range(256) if 32 <= byte < 127 or byte in b"\t\r\n\f")

_FOREIGN_START = (
    (re.compile(rb"%PDF-"), "a PDF document"),
    (re.compile(rb"\x89PNG\r\n|\xff\xd8\xff[\xc0-\xfe]|GIF8[79]a|BM....\0\0\0\0|II\*\0|MM\0\*", re.S), "a picture"),
    (re.compile(rb"\x7fELF|MZ.{60}\0\0|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe|#!", re.S), "a program"),
    (re.compile(rb"\x1f\x8b\x08|BZh[1-9]1AY|\xfd7zXZ\0|\x28\xb5\x2f\xfd"), "a compressed file"),
)
_FOREIGN_ANYWHERE = (
    (re.compile(rb"PK\x03\x04|PK\x05\x06\0\0\0\0"), "a ZIP archive"),
    (re.compile(rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c"), "an archive"),
    (re.compile(rb"%PDF-"), "a PDF document"),
    (re.compile(rb"(?i)<!doctype|<html|<script|<svg|javascript:"), "a web page"),
    (re.compile(rb"(?i)<\?php|#!/(?:usr/)?bin/|\beval *\(|\bfunction *\w*\("), "a program"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """The sound of a file, in streams whose headers we wrote ourselves.

    `format`: the file's own. `streams`: what libsndfile is given,
    one after the other. `duration_s`: the length by the structure, None where only decoding shows it; nothing is
    accepted or refused by it. `promised_s`: the length that the file's header promises, where that is clearly more
    than is there.
    """

    format: "AudioFormat"
    streams: tuple[bytes, ...]
    duration_s: float | None = None
    promised_s: float | None = None


def broken_promise(promised_s: float, duration_s: float) -> float | None:
    """The promise, where so much more than the sound that is there was promised that somebody would miss it."""
    return promised_s if promised_s > duration_s * 1.02 + 0.5 else None


def skip_id3v2(data: Data, offset: int = 0) -> int:
    """The start of the sound behind any ID3v2 tags at `offset` (id3.org, 3.1: a synchsafe size, perhaps a footer)."""
    for _ in range(_MOST_TAGS):
        if data[offset : offset + 3] != b"ID3" or len(data) < offset + 10:
            break
        flags, size = data[offset + 5], data[offset + 6 : offset + 10]
        length = size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]
        offset += 10 + length + (10 if flags & 0x10 else 0)
    return offset


def possible_ends(data: Data, start: int, *, end: int | None = None) -> Iterator[int]:
    """The places where sound may end: the file's `end`, and before each ID3v1, Lyrics3v2 or APEv2 tag or zero padding.

    Falling, never below `start`. Sound may end in zeros itself, so which end is meant only its own format knows.
    """
    end, previous = len(data) if end is None else end, -1
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


def refuse_foreign(data: Data, start: int, end: int, *, may_be_text: bool = False) -> None:
    """Raise Rejected where bytes between the sound are something of their own, and not what careless writers leave.

    Halves of frames, padding, old contents of a disk and short remarks pass; before the sound (`may_be_text`) so does
    a longer text, such as the answer of a server that a stream was saved with.
    """
    rest = data[start:end].strip(b"\0\t\r\n ")
    marks = (*((mark.match(rest), name) for mark, name in _FOREIGN_START if not may_be_text),)
    marks += (*((mark.search(rest), name) for mark, name in _FOREIGN_ANYWHERE),)
    found = next((name for match, name in marks if match), None)
    if found is None and not may_be_text and len(rest) > _LONGEST_REMARK and is_text(rest[:4096]):
        found = "a text"
    if found is None and not may_be_text and len(rest) > _LONGEST_REST:
        found = "much that is no sound"
    if found:
        raise Rejected("polyglot_file", found=found)


def is_text(data: bytes) -> bool:
    """True where nearly all bytes are printable ASCII."""
    return len(data.translate(None, _TEXT)) <= len(data) // 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkLayout:
    """The way in which a format of chunks writes a chunk's head: its name, then its size.

    `header_in_size`: the size counts the head as well. `align`: where the next chunk starts.
    """

    name_bytes: int = 4
    size_bytes: int = 4
    order: str = "little"
    header_in_size: bool = False
    align: int = 2


@dataclass(frozen=True, slots=True)
class Chunk:
    """`start` and `size` of the content, as declared: the size may reach beyond the file."""

    name: bytes
    start: int
    size: int


_MOST_CHUNKS = 1000
_SEARCHED_BYTES = 1 << 20
_KNOWN = frozenset(
    (
        b"fmt |data|LIST|list|INFO|fact|bext|cart|iXML|id3 |ID3 |cue |smpl|inst|plst|labl|note|ltxt|junk|JUNK|PAD |"
        b"FLLR|minf|elm1|regn|umid|DGDA|axml|chna|_PMX|afsp|PEAK|ds64|levl|COMM|SSND|FVER|MARK|NAME|AUTH|ANNO|APPL|"
        b"CHAN|(c) |INST|MIDI|COMT|AESD|SAXL|ID3\0|desc|kuki|pakt|chan|info|free|strg|uuid|edct|ovvw|wavl|slnt|"
        b"acid|strc|bwfx|r64m"
    ).split(b"|")
)


class Chunks:
    """The chunks of a file from `offset` on, read with patience: pad bytes may lack, and any size may be untrue."""

    def __init__(self, data: Data, offset: int, layout: ChunkLayout) -> None:
        self._data, self._layout = data, layout
        self._head = layout.name_bytes + layout.size_bytes
        self.found: dict[bytes, Chunk] = {}
        self._walk(offset)

    def _walk(self, offset: int) -> None:
        """Keep the first chunk of each name, up to where the sizes stop making sense; an empty one gives way."""
        for _ in range(_MOST_CHUNKS):
            chunk = self._at(offset)
            if chunk is None:
                return
            kept = self.found.get(chunk.name)
            if kept is None or kept.size == 0:
                self.found[chunk.name] = chunk
            offset = self._after(chunk)

    def _at(self, offset: int) -> Chunk | None:
        """The chunk whose head is at `offset`, or None where no name or no room for a head is."""
        layout, head = self._layout, self._data[offset : offset + self._head]
        if len(head) < self._head or not all(32 <= byte < 127 for byte in head[:3]) or not 0 <= head[3] < 127:
            return None
        size = int.from_bytes(head[layout.name_bytes :], layout.order)  # type: ignore[arg-type]
        return Chunk(head[:4], offset + self._head, max(0, size - self._head) if layout.header_in_size else size)

    def _after(self, chunk: Chunk) -> int:
        """Where the next chunk starts: behind the padding, unless it plainly stands before it."""
        end = chunk.start + chunk.size
        padded = end + -(end - chunk.start) % self._layout.align
        if padded == end or self._fits(padded):
            return padded
        return end if self._fits(end) else padded

    def _fits(self, offset: int) -> bool:
        """True for a chunk with a name that writers use, or with any name and a size that stays in the file."""
        chunk = self._at(offset)
        return chunk is not None and (chunk.name in _KNOWN or chunk.start + chunk.size <= len(self._data))

    def get(self, name: bytes) -> Chunk:
        """The chunk of this name, searched for where a wrong size before it hid it. Raises Rejected."""
        chunk = self.found.get(name)
        if chunk is None:
            begin = max((each.start for each in self.found.values()), default=0)
            place = self._data.find(name, begin, begin + _SEARCHED_BYTES)
            chunk = self._at(place) if place >= 0 else None
        if chunk is None:
            raise Rejected("corrupt_audio")
        return chunk

    def is_followed(self, end: int) -> bool:
        """True where the file ends at `end`, or goes on there with a chunk, a tag or padding: so `end` was meant."""
        if end > len(self._data):
            return False
        for offset in {end, end + -end % 2, end + -end % self._layout.align}:
            chunk = self._at(offset)
            if chunk and (chunk.name in _KNOWN or chunk.start + chunk.size == len(self._data)):
                return True
        return min(possible_ends(self._data, end)) - end <= STRAY_BYTES


def sound_end(data: Data, chunks: Chunks, *, start: int, size: int, file_end: int) -> int:
    """Where the samples end that start at `start` and by their chunk have `size` bytes. Raises Rejected.

    That size counts where the file is in accord with it; else all that is there is sound, up to the tags at its end: a
    recorder that was switched off had no time to write the size. `file_end` is the end by the header of the whole
    file, behind which a few bytes are no sound. What follows the declared end may be no other file's content.
    """
    end = start + size
    if chunks.is_followed(end):
        return end
    if end < len(data):
        refuse_foreign(data, end, min(end + _JUDGED_BYTES, len(data)))
        if size and abs(file_end - end) <= STRAY_BYTES and len(data) - end <= _JUDGED_BYTES:
            return end
    tagged = [place for place in possible_ends(data, start) if data[place : place + 3] in (b"TAG", b"APE", b"LYR")]
    return min(tagged, default=len(data))
