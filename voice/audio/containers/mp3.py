"""MPEG audio layer III (ISO/IEC 11172-3, 13818-3), walked frame by frame.

The frames say how long the sound is; the Xing, Info and VBRI headers only claim it. A decoder that believes the
claim can be made to work for hours, so claim and count have to agree.
"""

from dataclasses import dataclass

from voice.audio.containers.container import Container, Data, possible_ends
from voice.audio.rejections import Rejected

_BITRATES_V1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BITRATES_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_RESYNC_BYTES = 1024
"""libmpg123 gives up when the next frame is farther away."""
_MOST_GAPS = 100
_SLACK_FRAMES = 3
_SMALLEST_FRAME_BYTES = 24


@dataclass(frozen=True, slots=True)
class _Frame:
    version: int
    rate_hz: int
    mono: bool
    size: int

    @property
    def samples(self) -> int:
        return 1152 if self.version == 3 else 576


def is_mp3_frame(data: Data, offset: int) -> bool:
    """True where a layer III frame header is at `offset`, with another one where it ends, or the end of the file."""
    frame = _frame_at(data, offset)
    if frame is None:
        return False
    follower = _frame_at(data, offset + frame.size)
    at_end = offset + frame.size + 4 > len(data)
    return at_end or (follower is not None and _alike(frame, follower))


def read_mp3(data: Data, start: int) -> Container:
    """Judge a file whose first frame is at `start`. Raises Rejected."""
    first = _frame_at(data, start)
    if first is None:
        raise Rejected("corrupt_audio")
    frames, end = _walk(data, first=first, start=start)
    claim = _claimed(data, first, start)
    if claim is not None:
        frames -= 1
        _compare(claim, frames=frames, present_bytes=end - start)
    if min(possible_ends(data, end)) - end > _RESYNC_BYTES:
        raise Rejected("polyglot_file", found="foreign bytes after its end")
    # The decoder drops up to two frames of encoder delay and padding, and adds one of its own.
    return Container("mp3", frames * first.samples, tolerance=4 * first.samples)


def _frame_at(data: Data, offset: int) -> _Frame | None:
    head = data[offset : offset + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, bitrate_index, rate_index = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or rate_index == 3 or bitrate_index in (0, 15):
        return None
    rate_hz = _RATES[version][rate_index]
    kbps = (_BITRATES_V1 if version == 3 else _BITRATES_V2)[bitrate_index]
    size = (144_000 if version == 3 else 72_000) * kbps // rate_hz + (head[2] >> 1 & 1)
    return _Frame(version, rate_hz, head[3] >> 6 == 3, size)


def _alike(one: _Frame, other: _Frame) -> bool:
    return one.version == other.version and one.rate_hz == other.rate_hz


def _walk(data: Data, *, first: _Frame, start: int) -> tuple[int, int]:
    """The number of whole frames from `start`, over gaps that a decoder crosses too, and where they end.

    A last one that is cut off is passed without being counted.
    """
    offset, frames, gaps, end = start, 0, 0, len(data)
    while offset + 4 <= end:
        frame = _frame_at(data, offset)
        if frame is None or not _alike(frame, first):
            following = _next_frame(data, first, offset=offset, end=end)
            gaps += 1
            if following is None or gaps > _MOST_GAPS:
                break
            offset = following
            continue
        if offset + frame.size > end:
            return frames, end
        frames += 1
        offset += frame.size
    return frames, offset


def _next_frame(data: Data, first: _Frame, *, offset: int, end: int) -> int | None:
    stop = min(end, offset + _RESYNC_BYTES)
    candidate = data.find(b"\xff", offset + 1, stop)
    while candidate >= 0:
        frame = _frame_at(data, candidate)
        if frame is not None and _alike(frame, first) and is_mp3_frame(data, candidate):
            return candidate
        candidate = data.find(b"\xff", candidate + 1, stop)
    return None


Claim = tuple[int | None, int | None]


def _claimed(data: Data, first: _Frame, start: int) -> Claim | None:
    """Frames and bytes by the Xing, Info or VBRI header in the first frame, or None where that frame is sound."""
    side_info = (21 if first.mono else 36) if first.version == 3 else (13 if first.mono else 21)
    for offset in (start + side_info, start + side_info + 2):
        if data[offset : offset + 4] in (b"Xing", b"Info"):
            flags = _number(data, offset + 4)
            frames = _number(data, offset + 8) if flags & 1 else None
            size = _number(data, offset + (12 if flags & 1 else 8)) if flags & 2 else None
            return frames, size
    if data[start + 36 : start + 40] == b"VBRI":
        return _number(data, start + 50), _number(data, start + 46)
    return None


def _number(data: Data, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "big")


def _compare(claim: Claim, *, frames: int, present_bytes: int) -> None:
    """Raise Rejected where the claimed count is not the real one.

    A cut differs from a forgery in the claimed byte count, which a file that was cut off falls short of in the same
    proportion; without it, by whether so many frames could be that small at all.
    """
    claimed, size = claim
    if not claimed or abs(claimed - frames) <= max(_SLACK_FRAMES, frames // 100):
        return
    cut_off = claimed > frames
    if size:
        cut_off = cut_off and size > present_bytes + _RESYNC_BYTES
    if cut_off and (size or present_bytes) >= claimed * _SMALLEST_FRAME_BYTES:
        raise Rejected("truncated_audio", promised_frames=claimed, present_frames=frames)
    raise Rejected("length_forged", declared_frames=claimed, real_frames=frames)
