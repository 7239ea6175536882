"""MPEG audio, layers I to III (ISO/IEC 11172-3, 13818-3), walked frame by frame.

The frames say how long the sound is; the Xing, Info and VBRI headers only claim it, and without them libmpg123 guesses
from the first frames and stops there. So libsndfile is given the frames alone, behind an Info header of our own. Where
files were joined, or where the rate or the channels change, another stream begins.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from voice.audio.containers.container import (
    Container,
    Data,
    broken_promise,
    possible_ends,
    refuse_foreign,
    skip_id3v2,
)
from voice.audio.rejections import Rejected

if TYPE_CHECKING:
    from voice.audio.upload_sandbox import AudioFormat

SEARCHED_BYTES = 1 << 20
"""So far the first frame is searched for: a tag of wrong size may hold a large picture."""

_KBPS = {
    (3, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By version (3 is MPEG-1; MPEG-2.5 has the bitrates of MPEG-2) and layer."""
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_HEADER = re.compile(rb"\xff[\xe2-\xe7\xf2-\xff][\x10-\x1b\x20-\x2b\x30-\x3b\x40-\x4b\x50-\x5b\x60-\x6b\x70-\x7b"
                     rb"\x80-\x8b\x90-\x9b\xa0-\xab\xb0-\xbb\xc0-\xcb\xd0-\xdb\xe0-\xeb]")  # fmt: skip
_AGREEING_FRAMES = 4
_MOST_CANDIDATES = 200_000
_INFO_BYTES = 160
_NAMES: Mapping[int, "AudioFormat"] = {1: "mp1", 2: "mp2", 3: "mp3"}


@dataclass(frozen=True, slots=True)
class _Frame:
    version: int
    layer: int
    rate_hz: int
    mono: bool
    size: int
    samples: int

    @property
    def kind(self) -> tuple[int, int, int, bool]:
        """What one decoder keeps from frame to frame."""
        return self.version, self.layer, self.rate_hz, self.mono

    @property
    def tag_offset(self) -> int:
        """Where a Xing or Info header starts: behind the side information, which is empty then."""
        return (21 if self.mono else 36) if self.version == 3 else (13 if self.mono else 21)


@dataclass(slots=True)
class _Part:
    """Frames of one kind from one encoder: where they lie, and what a header in front of them claims."""

    first: _Frame
    header: bytes
    claimed_frames: int = 0
    delays: bytes = b""
    frames: int = 0
    spans: list[list[int]] = field(default_factory=list)

    def add(self, start: int, end: int) -> None:
        """Take one frame."""
        self.frames += 1
        if self.spans and self.spans[-1][1] == start:
            self.spans[-1][1] = end
        else:
            self.spans.append([start, end])

    @property
    def duration_s(self) -> float:
        """Without the silence that the encoder added, where it says how much."""
        trimmed = (
            (self.delays[0] << 4 | self.delays[1] >> 4) + ((self.delays[1] & 15) << 8 | self.delays[2])
            if self.delays
            else 0
        )
        return (self.frames * self.first.samples - trimmed) / self.first.rate_hz


def find_mpeg(data: Data, start: int = 0) -> int | None:
    """The offset of the first of some frames that agree, at `start` or up to 1 MiB behind it; None where none is."""
    return next(_frames_that_agree(data, start, start + SEARCHED_BYTES), None)


def read_mpeg(data: Data, start: int | None, *, name: "AudioFormat | None" = None) -> Container:
    """Judge a file whose first frame is at `start`, as `find_mpeg` found it. Raises Rejected.

    `name`: the format of the file around it, where it is not the layer's own.
    """
    if start is None:
        raise Rejected("corrupt_audio")
    refuse_foreign(data, skip_id3v2(data) if skip_id3v2(data) <= start else 0, start, may_be_text=True)
    parts = [part for part in _walk(data, start) if part.frames]
    if not parts:
        raise Rejected("corrupt_audio")
    duration_s = sum(part.duration_s for part in parts)
    promised_s = sum(
        max(part.claimed_frames * part.first.samples / part.first.rate_hz, part.duration_s) for part in parts
    )
    return Container(
        format=name or _NAMES[parts[0].first.layer],
        streams=tuple(_stream(data, part) for part in parts),
        duration_s=duration_s,
        promised_s=broken_promise(promised_s, duration_s),
    )


@lru_cache(maxsize=4096)
def _frame(header: bytes) -> _Frame | None:
    """The frame that these four bytes begin, or None. Frames of a free bitrate are not read."""
    if not _HEADER.match(header) or len(header) < 4:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    if version == 1 or layer == 4:
        return None
    rate_hz = _RATES[version][header[2] >> 2 & 3]
    bits_per_s = 1000 * _KBPS[version or 2, layer][header[2] >> 4]
    samples = 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152
    slot = 4 if layer == 1 else 1
    size = (samples // 8 // slot * bits_per_s // rate_hz + (header[2] >> 1 & 1)) * slot
    return _Frame(version, layer, rate_hz, header[3] >> 6 == 3, size, samples)


def _agrees(data: Data, offset: int, frames: int) -> bool:
    """True where so many frames of one kind follow each other from `offset` on, or fewer up to the file's end."""
    kind = None
    for _ in range(frames):
        frame = _frame(data[offset : offset + 4])
        if frame is None or frame.kind != (kind or frame.kind):
            return kind is not None and offset + 4 > len(data)
        kind = frame.kind
        offset += frame.size
    return True


def _frames_that_agree(data: Data, start: int, end: int, frames: int = _AGREEING_FRAMES) -> Iterator[int]:
    for tried, match in enumerate(_HEADER.finditer(data, start, min(end, len(data)))):
        if tried > _MOST_CANDIDATES:
            return
        if _agrees(data, match.start(), frames):
            yield match.start()


def _walk(data: Data, start: int) -> list[_Part]:
    """All parts from `start` on, over whatever stands between their frames. Raises Rejected for foreign content."""
    parts, part = list[_Part](), None
    offset: int | None = start
    while offset is not None:
        header = data[offset : offset + 4]
        frame = _frame(header)
        if (
            frame is None
            or offset + frame.size > len(data)
            or (part is not None and frame.kind != part.first.kind and not _agrees(data, offset, 2))
        ):
            offset = _following(data, offset)
            continue
        tag = _tag(data, frame, offset)
        if part is None or frame.kind != part.first.kind or tag is not None:
            part = _Part(frame, header, *(tag or ()))
            parts.append(part)
        if tag is None:
            part.add(offset, offset + frame.size)
        offset += frame.size
    return parts


def _following(data: Data, offset: int) -> int | None:
    """The next frame behind a gap: a tag, half a frame, a title between the frames of a radio stream, or the end."""
    tagged = skip_id3v2(data, offset)
    following = next(_frames_that_agree(data, max(tagged, offset + 1), len(data), 2), None)
    end = min(possible_ends(data, offset)) if following is None else following
    refuse_foreign(data, min(tagged, end), end)
    return following


def _tag(data: Data, frame: _Frame, offset: int) -> tuple[int, bytes] | None:
    """Claimed frames, and the encoder's delays, by a Xing, Info or VBRI header; None where the frame holds sound."""
    if frame.layer != 3:
        return None
    for start in (offset + frame.tag_offset, offset + frame.tag_offset + 2):
        if data[start : start + 4] in (b"Xing", b"Info"):
            flags = data[start + 7] if start + 7 < len(data) else 0
            claimed = int.from_bytes(data[start + 8 : start + 12], "big") if flags & 1 else 0
            extension = start + 8 + 4 * (flags & 1) + 2 * (flags & 2) + 25 * (flags & 4) + (flags & 8) // 2
            is_lame = data[extension : extension + 4] in (b"LAME", b"Lavf", b"Lavc")
            delays = data[extension + 21 : extension + 24]
            return claimed, delays if is_lame and extension + 24 <= offset + frame.size else b""
    if data[offset + 36 : offset + 40] == b"VBRI":
        return int.from_bytes(data[offset + 50 : offset + 54], "big"), b""
    return None


def _stream(data: Data, part: _Part) -> bytes:
    frames = b"".join(data[start:end] for start, end in part.spans)
    return frames if part.first.layer != 3 else _info_frame(part) + frames


def _info_frame(part: _Part) -> bytes:
    """A silent frame with the true number of frames, and LAME's note of the silence that it added at both ends."""
    sync, version, rate, mode = part.header
    heads = (bytes((sync, version | 1, kbps << 4 | rate & 0x0C, mode)) for kbps in range(1, 15))  # without a checksum
    sizes = ((frame.size, head) for head in heads if (frame := _frame(head)))
    size, head = next((size, head) for size, head in sizes if size >= _INFO_BYTES)
    note = (b"LAME".ljust(21, b"\0") + part.delays) if part.delays else b""
    body = b"Info\0\0\0\x01" + part.frames.to_bytes(4, "big") + note
    return (head + bytes(part.first.tag_offset - 4) + body).ljust(size, b"\0")
