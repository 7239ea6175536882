"""Ogg with Vorbis, Opus or FLAC as messengers, browsers and radio servers write it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

from tests.audio.odd.flac import flac_parts
from tests.audio.odd.making import HTTP, SECONDS, Odd, id3, number, sound
from tests.waveforms import _crc

RATE_HZ = 24_000


@dataclass(slots=True)
class Page:
    flags: int
    position: int
    serial: int
    number: int
    lacing: bytes
    body: bytes

    def written(self) -> bytes:
        head = b"OggS\0" + bytes([self.flags]) + number(self.position, 8) + number(self.serial) + number(self.number)
        rest = bytes([len(self.lacing)]) + self.lacing + self.body
        return head + number(_ogg_crc(head + bytes(4) + rest)) + rest


@cache
def _ogg_table() -> list[int]:
    return [_crc(bytes([value]), 0x04C11DB7, 32) for value in range(256)]


def _ogg_crc(data: bytes) -> int:
    register, table = 0, _ogg_table()
    for byte in data:
        register = (register << 8 & 0xFFFF_FFFF) ^ table[register >> 24 ^ byte]
    return register


def pages(data: bytes) -> list[Page]:
    found, offset = [], 0
    while offset < len(data):
        lacing = data[offset + 27 : offset + 27 + data[offset + 26]]
        begin = offset + 27 + len(lacing)
        fields = [int.from_bytes(data[offset + a : offset + b], "little") for a, b in ((6, 14), (14, 18), (18, 22))]
        found.append(Page(data[offset + 5], *fields, lacing, data[begin : begin + sum(lacing)]))
        offset = begin + sum(lacing)
    return found


def repaged(data: bytes, change: Callable[[list[Page]], list[Page] | None]) -> bytes:
    """The file with changed pages and right checksums."""
    changed = pages(data)
    kept = change(changed)
    return b"".join(page.written() for page in (changed if kept is None else kept))


def shifted(found: list[Page], by: int) -> None:
    for page in found:
        if page.position:
            page.position += by


def flags_of_last(found: list[Page], flags: int) -> None:
    found[-1].flags = flags


def positions(found: list[Page], value: int) -> None:
    for page in found[2:]:
        page.position = value


def last_position(found: list[Page], value: int) -> None:
    found[-1].position = value


def with_skeleton(found: list[Page]) -> list[Page]:
    """Another stream beside the voice, as some servers send it."""
    first = Page(2, 0, 77, 0, bytes([64]), b"fishead\0".ljust(64, b"\0"))
    return [found[0], first, *found[1:3], Page(4, 0, 77, 1, b"\0", b""), *found[3:]]


def ogg_flac() -> bytes:
    """FLAC in Ogg by its mapping: a frame is a packet, a packet a page."""
    info, frames = flac_parts(sound("FLAC", "PCM_16"))
    packets = [b"\x7fFLAC\1\0\0\1fLaC\0\0\0\x22" + info, b"\x84\0\0\x08" + bytes(8), *frames]
    written, position = b"", 0
    for index, packet in enumerate(packets):
        position += 4096 if index > 1 else 0
        lacing = b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
        flags = 2 if index == 0 else 4 if index == len(packets) - 1 else 0
        written += Page(flags, position, 5, index, lacing, packet).written()
    return written


def with_noise_between(data: bytes) -> bytes:
    found = [page.written() for page in pages(data)]
    return b"".join(found[:3]) + b"\1\2\3" * 50 + b"".join(found[3:])


def joined_of_two_codecs() -> bytes:
    return sound("OGG", "VORBIS", rate_hz=RATE_HZ) + sound("OGG", "OPUS", rate_hz=RATE_HZ)


def ogg_recordings() -> Iterator[tuple[str, Odd]]:
    """All by name."""
    rates = {"VORBIS": (8_000, 22_050, 44_100, 48_000), "OPUS": (8_000, 16_000, 48_000)}
    for codec, rates_hz in rates.items():
        for rate_hz in rates_hz:
            for channels in (1, 2):
                made = partial(sound, "OGG", codec, rate_hz=rate_hz, channels=channels)
                yield f"{codec} at {rate_hz}, {channels}ch.ogg", Odd(made, "ogg")
        yield from _with_other_bytes(codec)
        yield from _with_other_pages(codec)
    yield "VORBIS and OPUS joined.ogg", Odd(joined_of_two_codecs, "ogg", 2 * SECONDS)
    yield "flac.ogg", Odd(ogg_flac, "ogg")


def _with_other_bytes(codec: str) -> Iterator[tuple[str, Odd]]:
    data = sound("OGG", codec, rate_hz=RATE_HZ)
    yield f"{codec} joined.ogg", Odd(lambda: data + data, "ogg", 2 * SECONDS)
    yield f"{codec} behind a server's answer.ogg", Odd(lambda: HTTP + data, "ogg")
    yield f"{codec} behind ID3.ogg", Odd(lambda: id3(bytes(300)) + data, "ogg")
    yield f"{codec} with noise between.ogg", Odd(lambda: with_noise_between(data), "ogg")
    yield f"{codec} before ID3v1.ogg", Odd(lambda: data + b"TAG" + bytes(125), "ogg")


def _with_other_pages(codec: str) -> Iterator[tuple[str, Odd]]:
    changes: dict[str, Callable[[list[Page]], list[Page] | None]] = {
        "without an end": partial(flags_of_last, flags=0),
        "beside another stream": with_skeleton,
        "last position 0": partial(last_position, value=0),
        "positions 0": partial(positions, value=0),
        "last position 1": partial(last_position, value=1),
        "begun an hour before": partial(shifted, by=3600 * 48_000),
    }
    if codec == "OPUS":
        changes["last position 2^40"] = partial(last_position, value=1 << 40)
    data = sound("OGG", codec, rate_hz=RATE_HZ)
    for name, change in changes.items():
        yield f"{codec} {name}.ogg", Odd(partial(repaged, data, change), "ogg")
