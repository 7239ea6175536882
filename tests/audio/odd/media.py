"""What phones, browsers and messengers leave in FFmpeg's formats, whole but odd."""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from tests.audio.odd.making import HTTP, PICTURE, SECONDS, Odd, id3, number, patched
from tests.media import media_bytes
from tests.waveforms import speech_like

FRAGMENTED = (
    ("movflags", "frag_keyframe+empty_moov+default_base_moof"),
    ("frag_duration", "1000000"),
)
"""As browsers and streaming servers write: a piece a second, and an index that knows nothing."""


@cache
def media(container: str, codec: str, *options: tuple[str, str], rate_hz: int = 48_000, channels: int = 1) -> bytes:
    speech = speech_like(SECONDS, rate_hz, seed=11)
    return media_bytes(speech, container, codec, channels=channels, options=dict(options))


def cut(data: bytes) -> bytes:
    return data[: len(data) * 19 // 20]


def with_mark(name: bytes) -> bytes:
    """An MP4 whose first atom is another one than `ftyp`, as old QuickTime and streams have it."""
    return patched(media("mov", "aac"), 4, name)


def with_duration(atom: bytes, value: int) -> bytes:
    whole = media("ipod", "aac")
    return patched(whole, whole.index(atom) + 20, number(value, order="big"))


def with_data_to_the_end() -> bytes:
    """The last atom has no size: it goes on to the end."""
    whole = media("ipod", "aac", ("movflags", "faststart"))
    return patched(whole, whole.index(b"mdat") - 4, bytes(4))


def webm_with_duration(value: bytes) -> bytes:
    whole = media("webm", "libopus")
    return patched(whole, whole.index(b"\x44\x89\x88") + 3, value)


def media_recordings() -> Iterator[tuple[str, Odd]]:
    """All by name."""
    yield from _mp4()
    yield from _webm()
    yield from _aac()
    yield from _by_other_writers()


def _mp4() -> Iterator[tuple[str, Odd]]:
    m4a = media("ipod", "aac")
    pieces = media("mp4", "aac", *FRAGMENTED)
    early = media("ipod", "aac", ("movflags", "faststart"))
    files: dict[str, Callable[[], bytes]] = {
        "as a phone writes it": lambda: m4a,
        "in stereo": lambda: media("ipod", "aac", rate_hz=44_100, channels=2),
        "with the index first": lambda: early,
        "in pieces": lambda: pieces,
        "in pieces for DASH": lambda: media("mp4", "aac", ("movflags", "dash"), ("frag_duration", "1000000")),
        "in pieces with Opus": lambda: media("mp4", "libopus", *FRAGMENTED),
        "sound to the end": with_data_to_the_end,
        "of no length by its header": lambda: with_duration(b"mvhd", 0),
        "of no length by its stream": lambda: with_duration(b"mdhd", 0),
        "of all lengths by its stream": lambda: with_duration(b"mdhd", 0xFFFF_FFFF),
        "before zeros": lambda: m4a + bytes(3000),
        "before ID3v1": lambda: m4a + b"TAG" + bytes(125),
        "before noise": lambda: m4a + np.random.default_rng(1).bytes(3000),
        "twice, of which players play one": lambda: m4a * 2,
        "3G2": lambda: media("3g2", "aac"),
        "F4V": lambda: media("f4v", "aac"),
        "MOV with ALAC": lambda: media("mov", "alac"),
        "beginning with free": lambda: with_mark(b"free"),
        "beginning with skip": lambda: with_mark(b"skip"),
        "beginning with styp": lambda: with_mark(b"styp"),
    }
    for name, make in files.items():
        yield f"{name}.m4a", Odd(make, "m4a")
    for name, data in (("pieces", pieces), ("index first", early)):
        yield f"{name}, cut.m4a", Odd(lambda data=data: cut(data), "m4a", SECONDS * 0.95)  # type: ignore[misc]


def _webm() -> Iterator[tuple[str, Odd]]:
    webm, live = media("webm", "libopus"), media("webm", "libopus", ("live", "1"))
    files: dict[str, Callable[[], bytes]] = {
        "as a browser records": lambda: live,
        "with its length": lambda: webm,
        "in stereo": lambda: media("webm", "libopus", channels=2),
        "of no length": lambda: webm_with_duration(bytes(8)),
        "of a million seconds": lambda: webm_with_duration(b"\x41\xcd\xcd\x65\0\0\0\0"),
        "Matroska with PCM": lambda: media("matroska", "pcm_s16le"),
        "Matroska with MP3": lambda: media("matroska", "libmp3lame"),
    }
    for name, make in files.items():
        yield f"{name}.webm", Odd(make, "webm")
    yield "cut.webm", Odd(lambda: cut(live), "webm", SECONDS * 0.95)
    yield "joined.webm", Odd(lambda: webm * 2, "webm", 2 * SECONDS)
    yield "joined as recorded.webm", Odd(lambda: live * 2, "webm", 2 * SECONDS)


def _aac() -> Iterator[tuple[str, Odd]]:
    aac = media("adts", "aac")
    fronts = {
        "a picture": PICTURE,
        "a picture of size 0": id3(PICTURE[10:], size=0),
        "the answer of a server": HTTP,
        "half a frame": aac[300:380],
        "zeros": bytes(100),
        "noise": np.random.default_rng(1).bytes(3000),
    }
    for name, front in fronts.items():
        yield f"behind {name}.aac", Odd(lambda front=front: front + aac, "aac")  # type: ignore[misc]
    yield "before ID3v1.aac", Odd(lambda: aac + b"TAG" + bytes(125), "aac")
    yield "cut at both ends.aac", Odd(lambda: aac[300:-100], "aac")
    yield "joined.aac", Odd(lambda: aac * 2, "aac", 2 * SECONDS)


def _by_other_writers() -> Iterator[tuple[str, Odd]]:
    """FFmpeg's own headers around what libsndfile reads."""
    kinds = {
        "ffmpeg.opus": ("ogg", "ogg", "libopus", ()),
        "ffmpeg.wav": ("wav", "wav", "pcm_s16le", ()),
        "ffmpeg RF64.wav": ("wav", "wav", "pcm_s24le", (("rf64", "always"),)),
        "ffmpeg.w64": ("w64", "w64", "pcm_s16le", ()),
        "ffmpeg.aiff": ("aiff", "aiff", "pcm_s16be", ()),
        "ffmpeg.au": ("au", "au", "pcm_s16be", ()),
        "ffmpeg.flac": ("flac", "flac", "flac", ()),
        "ffmpeg.mp2": ("mp2", "mp2", "mp2", ()),
        "ffmpeg.mp3": ("mp3", "mp3", "libmp3lame", ()),
        "ffmpeg without a header.mp3": ("mp3", "mp3", "libmp3lame", (("write_xing", "0"),)),
    }
    for name, (found, container, codec, options) in kinds.items():
        yield name, Odd(lambda c=container, d=codec, o=options: media(c, d, *o), found)  # type: ignore[misc]
