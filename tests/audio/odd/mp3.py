"""MP3 and MP2 as encoders, radio streams, taggers and editors leave them."""

import base64
from collections.abc import Iterator
from functools import cache, partial

import numpy as np

from tests.audio.odd.making import HTTP, PICTURE, SECONDS, Odd, id3, number, patched, sound
from tests.waveforms import riff, wav_format

RATE_HZ = 22_050
MP2_FRAME = base64.b64decode(
    "//VCxGRDLRJUsgAAABVFVdXEmHLvNvutwRySTzzTzU0QpBHFjayVvCTs5KhbKZVzfEoL6ycsT9jB4bDiVo0dWTzfUJEZotasM4nd"
    "LFqdiClcNgPaSpGBkzW+m8RlrkZUjkUcWaNulPagljJoikxzbCtNsFXKTXSFcfVW10cTURQtap8XK22VUEyLV6oIs/whFGkDCcb+"
    "jBdVTkSVifOa2wkhBGN8Hwek0Ga576by8htoJiWjJY1rNdG6hsVajhhK5aEHN6jiqgrVdqmOWrXUSAA="
)
"""1,152 samples of a voice at 32 kbit/s, by FFmpeg: layer II keeps nothing from frame to frame."""


@cache
def mp3(mode: str = "VARIABLE", *, rate_hz: int = 22_050, channels: int = 1) -> bytes:
    return sound("MP3", "MPEG_LAYER_III", rate_hz=rate_hz, channels=channels, bitrate_mode=mode, compression_level=0.5)


def mp3_frames(data: bytes) -> list[bytes]:
    """The frames of a file that holds nothing else, Xing or Info header included."""
    kbps = {True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
            False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)}  # fmt: skip
    offset, frames = 0, []
    while offset + 4 <= len(data):
        is_1, version = data[offset + 1] & 0x18 == 0x18, data[offset + 1] >> 3 & 3
        rate_hz = (44_100, 48_000, 32_000)[data[offset + 2] >> 2 & 3] // {3: 1, 2: 2, 0: 4}[version]
        size = (144_000 if is_1 else 72_000) * kbps[is_1][data[offset + 2] >> 4] // rate_hz + (
            data[offset + 2] >> 1 & 1
        )
        frames.append(data[offset : offset + size])
        offset += size
    return frames


def frames_s(data: bytes, rate_hz: int) -> float:
    """What players show for frames without a header: all of them, with the encoder's silence."""
    return len(mp3_frames(data)[1:]) * (1152 if rate_hz >= 32_000 else 576) / rate_hz


def bare(data: bytes) -> bytes:
    return b"".join(mp3_frames(data)[1:])


def with_count(data: bytes, count: int, *, flags: int | None = None) -> bytes:
    """Another number of frames in the Xing or Info header, or other flags."""
    place = max(data.find(b"Xing", 0, 200), data.find(b"Info", 0, 200))
    changed = patched(data, place + 8, number(count, order="big"))
    return changed if flags is None else patched(changed, place + 4, number(flags, order="big"))


def with_vbri(data: bytes, count: int) -> bytes:
    """Fraunhofer's header in the place of LAME's."""
    head = mp3_frames(data)[0]
    vbri = b"VBRI\0\1\0\0\0\x4b" + number(len(data), order="big") + number(count, order="big") + bytes(8)
    return (head[:4] + bytes(32) + vbri).ljust(len(head), b"\0")[: len(head)] + bare(data)


def with_titles(data: bytes, every: int = 8192) -> bytes:
    """A radio stream that was saved with the titles between its bytes."""
    title = b"\x02StreamTitle='A song - B';".ljust(33, b"\0")
    pieces = [data[start : start + every] for start in range(0, len(data), every)]
    return b"".join(piece + (title if index % 4 == 0 else b"\0") for index, piece in enumerate(pieces))


def ape(content: bytes = b"Artist") -> bytes:
    """An APEv2 tag of one item, without a header."""
    item = number(3) + number(0) + content + b"\0Eve"
    return item + b"APETAGEX" + number(2000) + number(len(item) + 32) + number(1) + bytes(12)


def in_wav(data: bytes, tag: int) -> bytes:
    return riff(
        (b"fmt ", wav_format(tag=tag, rate_hz=22_050, bits=0) + bytes(2)), (b"fact", bytes(4)), (b"data", data)
    )


def joined(*parts: bytes) -> bytes:
    return b"".join(parts)


def mp3_recordings() -> Iterator[tuple[str, Odd]]:
    """All by name."""
    yield from _with_untrue_counts()
    yield from _of_every_rate()
    yield from _behind_and_before_other_bytes()
    yield from _joined()
    yield from _in_other_containers()


def _with_untrue_counts() -> Iterator[tuple[str, Odd]]:
    counts = {"0": 0, "1": 1, "of an hour": 137_813, "2^32-1": 0xFFFF_FFFF}
    for mode in ("VARIABLE", "AVERAGE", "CONSTANT"):
        for channels in (1, 2):
            whole, data = f"{mode.lower()} {channels}ch", mp3(mode, channels=channels)
            yield f"{whole} without header.mp3", Odd(partial(bare, data), "mp3", frames_s(data, RATE_HZ))
            for name, count in counts.items():
                yield f"{whole} count {name}.mp3", Odd(partial(with_count, data, count), "mp3")
            unflagged = partial(with_count, data, 0, flags=0)
            yield f"{whole} no flags.mp3", Odd(unflagged, "mp3", frames_s(data, RATE_HZ))
            yield f"{whole} cut.mp3", Odd(partial(joined, data[:-70]), "mp3")
    yield "vbri.mp3", Odd(partial(with_vbri, mp3(), 407), "mp3", frames_s(mp3(), RATE_HZ))
    yield "vbri count 3.mp3", Odd(partial(with_vbri, mp3(), 3), "mp3", frames_s(mp3(), RATE_HZ))


def _of_every_rate() -> Iterator[tuple[str, Odd]]:
    for rate_hz in (8_000, 11_025, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000):
        yield f"vbr at {rate_hz}.mp3", Odd(partial(mp3, rate_hz=rate_hz), "mp3")
    for rate_hz in (24_000, 32_000, 44_100, 48_000):
        data = mp3(rate_hz=rate_hz)
        yield f"bare vbr at {rate_hz}.mp3", Odd(partial(bare, data), "mp3", frames_s(data, rate_hz))


def _behind_and_before_other_bytes() -> Iterator[tuple[str, Odd]]:
    title = b"TIT2" + bytes(2000)
    fronts = {
        "tag": id3(title),
        "picture": PICTURE,
        "tag of size 0": id3(title, size=0),
        "picture of size 0": id3(PICTURE[10:], size=0),
        "picture of half size": id3(PICTURE[10:], size=30_000),
        "tag 300 too long": id3(title, size=2304),
        "tag beyond the file": id3(title, size=90_000_000),
        "two tags": id3(title) + id3(b"TALB" + bytes(100)),
        "answer of a server": HTTP,
        "half a frame": mp3()[300:380],
        "100 zeros": bytes(100),
        "100,000 zeros": bytes(100_000),
        "noise": np.random.default_rng(1).bytes(3000),
        "a line": b"stream\r\n",
    }
    ends = {
        "ID3v1": b"TAG" + bytes(125),
        "APE": ape(),
        "APE and ID3v1": ape() + b"TAG" + bytes(125),
        "lyrics": b"LYRICSBEGININD0000200000025LYRICS200",
        "zeros": bytes(5000),
        "half a frame": mp3()[200:290],
        "a boundary": b"\r\n------WebKitFormBoundaryAbc--\r\n",
        "noise": np.random.default_rng(2).bytes(3000),
        "a tag": id3(bytes(600)),
    }
    for name, front in fronts.items():
        yield f"behind {name}.mp3", Odd(partial(joined, front, mp3()), "mp3")
        bare_s = frames_s(mp3(), RATE_HZ)
        yield f"bare, behind {name}.mp3", Odd(partial(joined, front, bare(mp3())), "mp3", bare_s)
    for name, end in ends.items():
        yield f"before {name}.mp3", Odd(partial(joined, mp3(), end), "mp3")


def _joined() -> Iterator[tuple[str, Odd]]:
    seconds = frames_s(mp3(), RATE_HZ)
    yield "joined.mp3", Odd(lambda: mp3() + mp3(), "mp3", 2 * SECONDS)
    yield "joined bare.mp3", Odd(lambda: bare(mp3()) * 2, "mp3", 2 * seconds)
    yield "joined of three.mp3", Odd(lambda: mp3() + mp3("CONSTANT") + mp3("AVERAGE"), "mp3", 3 * SECONDS)
    yield "joined with tags.mp3", Odd(lambda: (PICTURE + mp3() + b"TAG" + bytes(125)) * 2, "mp3", 2 * SECONDS)
    yield "joined of two rates.mp3", Odd(lambda: mp3() + mp3(rate_hz=44_100), "mp3", 2 * SECONDS)
    yield "joined of mono and stereo.mp3", Odd(lambda: mp3() + mp3(channels=2), "mp3", 2 * SECONDS)
    yield "joined, first cut.mp3", Odd(lambda: mp3()[:-40] + mp3(), "mp3", 2 * SECONDS)
    yield "radio with titles.mp3", Odd(lambda: with_titles(mp3()), "mp3")
    yield "begun in a frame.mp3", Odd(lambda: mp3()[len(mp3_frames(mp3())[0]) + 30 :], "mp3", seconds)


def _in_other_containers() -> Iterator[tuple[str, Odd]]:
    layer_2_s = 210 * 1152 / RATE_HZ
    yield "mp3 in wav.wav", Odd(lambda: in_wav(mp3(), 0x55), "wav")
    yield "mp3 in wav, no count.wav", Odd(lambda: in_wav(bare(mp3()), 0x55), "wav", frames_s(mp3(), RATE_HZ))
    yield "rmp3.wav", Odd(lambda: b"RIFF" + number(len(mp3()) + 12) + b"RMP3data" + number(len(mp3())) + mp3(), "wav")
    yield "layer 2.mp2", Odd(lambda: MP2_FRAME * 210, "mp2", layer_2_s)
    yield "layer 2 cut.mp2", Odd(lambda: (MP2_FRAME * 210)[50:-50], "mp2", 208 * 1152 / RATE_HZ)
    yield "layer 2 in wav.wav", Odd(lambda: in_wav(MP2_FRAME * 210, 0x50), "wav", layer_2_s)
