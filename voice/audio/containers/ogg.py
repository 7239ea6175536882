"""Ogg (RFC 3533) with Vorbis, Opus (RFC 7845) or FLAC: the pages of one voice, put in order.

The length is in the last page's position. Of Opus it is counted from the packets, and the positions are written anew;
Vorbis does not show how long a packet is, so there a position that cannot be true gives way to "all that is there".
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from voice.audio.containers.container import Container, Data, refuse_foreign, skip_id3v2
from voice.audio.containers.flac import read_flac
from voice.audio.rejections import Rejected

_HEAD_BYTES = 27
_SEARCHED_BYTES = 1 << 20
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_UNKNOWN = 0xFFFF_FFFF_FFFF_FFFF
_MOST_PAGES = 50_000
_ALL = 1 << 40
"""A position beyond any sound that 10 MB can hold."""
_OPUS_HZ = 48_000
_OPUS_FRAME = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
"""Samples of a frame by the first five bits of a packet (RFC 6716, table 2)."""
_CODECS = (
    (b"\x01vorbis", "Vorbis"),
    (b"OpusHead", "Opus"),
    (b"\x7fFLAC", "FLAC"),
    (b"Speex   ", "Speex"),
    (b"\x80theora", "Theora video"),
    (b"\x01video", "video"),
    (b"PCM     ", "PCM"),
    (b"CELT    ", "CELT"),
    (b"BBCD\0", "Dirac video"),
)


@dataclass(slots=True)
class _Page:
    flags: int
    position: int
    serial: int
    lacing: bytes
    body: bytes

    def packets(self) -> Iterator[bytes]:
        """The pieces of packets that lie in it; the last one may go on in the next page."""
        offset = length = 0
        for value in self.lacing:
            length += value
            if value < 255:
                yield self.body[offset : offset + length]
                offset, length = offset + length, 0
        if length:
            yield self.body[offset:]

    @property
    def is_open(self) -> bool:
        """True where the last packet goes on in the next page."""
        return self.lacing.endswith(b"\xff")

    def written(self, number: int, flags: int) -> bytes:
        """The page as bytes, with another number, other flags, and a checksum that fits."""
        fields = flags.to_bytes(1, "little") + self.position.to_bytes(8, "little") + self.serial.to_bytes(4, "little")
        start, rest = b"OggS\0" + fields + number.to_bytes(4, "little"), bytes([len(self.lacing)]) + self.lacing
        checksum = _crc(start + bytes(4) + rest + self.body)
        return start + checksum.to_bytes(4, "little") + rest + self.body


@dataclass(slots=True)
class _Link:
    """The pages of the voice in one link of a chain, which joined files and radios with changing titles are."""

    codec: str
    serial: int
    pages: list[_Page] = field(default_factory=list)


def is_ogg(data: Data, start: int) -> bool:
    """True where an Ogg page starts."""
    return data[start : start + 5] == b"OggS\0"


def read_ogg(data: Data, start: int) -> Container:
    """Judge a file whose first page is at `start`. Raises Rejected."""
    links = _links(data, start)
    if not links:
        raise Rejected("corrupt_audio")
    codecs = {link.codec for link in links}
    if codecs == {"FLAC"}:
        return _flac(links)
    if codecs - {"Vorbis", "Opus"}:
        raise Rejected("unsupported_audio", found=f"an Ogg file with {min(codecs - {'Vorbis', 'Opus'})} inside")
    durations = [_opus_seconds(link) if link.codec == "Opus" else _vorbis_seconds(link) for link in links]
    streams = tuple(_stream(link) for link in links)
    return Container(
        format="ogg", streams=streams, duration_s=None if None in durations else sum(filter(None, durations))
    )


def _links(data: Data, start: int) -> list[_Link]:
    """The links with sound, each with the first voice in it. Raises Rejected for other codecs and foreign content."""
    links, link, names, previous = list[_Link](), None, list[str](), None
    for page in _pages(data, start):
        if page.flags & 2:
            if previous is None or not previous.flags & 2:  # a new link begins
                link, names = None, []
            codec = next((name for mark, name in _CODECS if page.body.startswith(mark)), "")
            names.append(codec)
            if "video" in codec:
                raise Rejected("unsupported_audio", found="an Ogg file with video inside")
            if codec and link is None:
                link = _Link(codec, page.serial)
                links.append(link)
        if link is not None and page.serial == link.serial:
            link.pages.append(page)
        previous = page
    return links


def _pages(data: Data, start: int) -> Iterator[_Page]:
    """The whole pages, over whatever stands between them. Raises Rejected for foreign content."""
    offset, looked_at = start, 0
    while offset < len(data):
        page, end = _page_at(data, offset)
        looked_at += 1
        if looked_at > _MOST_PAGES:
            raise Rejected("corrupt_audio")
        if page is not None:
            yield page
            offset = end
            continue
        following = data.find(b"OggS\0", offset + 1)
        end = following if following >= 0 else len(data)
        refuse_foreign(data, min(skip_id3v2(data, offset), end), end)
        if following < 0:
            return
        offset = following


def _page_at(data: Data, offset: int) -> tuple[_Page | None, int]:
    head = data[offset : offset + _HEAD_BYTES]
    if len(head) < _HEAD_BYTES or head[:5] != b"OggS\0":
        return None, offset
    lacing = data[offset + _HEAD_BYTES : offset + _HEAD_BYTES + head[26]]
    begin = offset + _HEAD_BYTES + head[26]
    end = begin + sum(lacing)
    if end > len(data) or len(lacing) < head[26]:
        return None, offset
    if _crc(data[offset : offset + 22] + bytes(4) + data[offset + 26 : end]) != int.from_bytes(head[22:26], "little"):
        return None, offset
    position, serial = int.from_bytes(head[6:14], "little"), int.from_bytes(head[14:18], "little")
    return _Page(head[5], position, serial, lacing, data[begin:end]), end


def _crc(data: bytes) -> int:
    """Ogg's CRC-32 is zlib's with all bits in the other order, from zero and not inverted."""
    value = zlib.crc32(data.translate(_REVERSED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int(f"{value:032b}"[::-1], 2)


def _stream(link: _Link) -> bytes:
    """The pages with numbers that follow one another; the first begins the stream and the last one ends it."""
    last = len(link.pages) - 1
    return b"".join(
        page.written(number, page.flags & 1 | (2 if number == 0 else 0) | (4 if number == last else 0))
        for number, page in enumerate(link.pages)
    )


def _opus_seconds(link: _Link) -> float:
    """Write the positions from the lengths of the packets, where they are not nearly those already."""
    head = link.pages[0].body
    if len(head) < 19:
        raise Rejected("corrupt_audio")
    _correct(link, _opus_positions(link))
    return max(link.pages[-1].position - int.from_bytes(head[10:12], "little"), 0) / _OPUS_HZ


def _opus_positions(link: _Link) -> list[int]:
    """The samples up to the end of the last packet that ends in each page."""
    positions, total, unfinished, headers = [], 0, 0, 2
    for page in link.pages:
        pieces = list(page.packets())
        for index, piece in enumerate(pieces):
            goes_on = index == 0 and page.flags & 1
            samples = unfinished if goes_on else 0 if headers else _opus_samples(piece)
            headers -= 1 if headers and not goes_on else 0
            unfinished = samples if page.is_open and index == len(pieces) - 1 else 0
            total += 0 if unfinished else samples
        positions.append(total)
    return positions


def _opus_samples(packet: bytes) -> int:
    """The length of a packet at 48 kHz (RFC 6716, 3.1); at most 120 ms."""
    if not packet:
        return 0
    code = packet[0] & 3
    frames = 1 if code == 0 else 2 if code < 3 else (packet[1] & 63 if len(packet) > 1 else 0)
    samples = _OPUS_FRAME[packet[0] >> 3] * frames
    return samples if samples <= 5760 else 0


def _correct(link: _Link, counted: list[int]) -> None:
    """Number all positions anew from zero; the last one may say that less than its packets hold is meant."""
    sound = [index for index, total in enumerate(counted) if total]
    if not sound:
        raise Rejected("corrupt_audio")
    last, first = sound[-1], sound[0]
    before_last = counted[last - 1] if last else 0
    begin = link.pages[first].position - counted[first]  # a recording of a running stream does not start at zero
    meant = link.pages[last].position - (begin if first != last else 0)
    for page, total in zip(link.pages, counted, strict=True):
        page.position = total
    if before_last < meant < counted[last]:
        link.pages[last].position = meant


def _vorbis_seconds(link: _Link) -> float | None:
    """Length by the last position; None, with the last page open to all that is there, where it cannot be true."""
    rate_hz = int.from_bytes(link.pages[0].body[12:16], "little")
    positions = [page.position for page in link.pages if page.position not in (0, _UNKNOWN)]
    rising = all(one <= other for one, other in pairwise(positions))
    if not positions or not rising or link.pages[-1].position == 0 or rate_hz == 0:
        link.pages[-1].position = _ALL
        return None
    return positions[-1] / rate_hz


def _flac(links: list[_Link]) -> Container:
    """Packets of Ogg FLAC are a native file's parts, behind 9 bytes of their own (xiph.org, Ogg FLAC mapping)."""
    native = b"".join(b"".join(page.body for page in link.pages)[9:] for link in links)
    if native[:4] != b"fLaC":
        raise Rejected("corrupt_audio")
    return read_flac(native, 0, name="ogg")
