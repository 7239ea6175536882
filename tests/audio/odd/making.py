"""What the odd recordings are made with: the speech in them, libsndfile's encoders, and pieces of headers."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import soundfile as sf

from tests.waveforms import speech_like
from voice.audio.waveform import Waveform

SECONDS = 10.6


@dataclass(frozen=True, slots=True)
class Odd:
    """A recording: how to make it, and how long and in which format it has to be found."""

    make: Callable[[], bytes]
    format: str
    duration_s: float = SECONDS


@cache
def speech(rate_hz: int = 22_050) -> Waveform:
    return speech_like(SECONDS, rate_hz, seed=11)


@cache
def sound(container: str, subtype: str, *, rate_hz: int = 22_050, channels: int = 1, **options: object) -> bytes:
    """The recording as libsndfile writes it. With two channels, they differ in level."""
    one = speech(rate_hz).samples
    samples = np.stack([one * gain for gain in (1.0, 0.7, 0.5, 0.9, 0.8, 0.6, 0.4, 0.3)[:channels]], axis=1)
    buffer = io.BytesIO()
    with sf.SoundFile(buffer, "w", rate_hz, channels, subtype=subtype, format=container, **options) as file:
        for start in range(0, len(samples), 16_384):
            file.write(samples[start : start + 16_384])
    return buffer.getvalue()


def number(value: int, size: int = 4, order: str = "little") -> bytes:
    return value.to_bytes(size, order)  # type: ignore[arg-type]


def patched(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


def id3(content: bytes, *, size: int | None = None) -> bytes:
    """An ID3v2.3 tag, whose size can be untrue."""
    length = len(content) if size is None else size
    return b"ID3\3\0\0" + bytes(length >> shift & 127 for shift in (21, 14, 7, 0)) + content


PICTURE = id3(
    b"APIC" + number(60_000, order="big") + b"\0\0\0image/jpeg\0\3\0\xff\xd8\xff\xe0" + bytes(range(256)) * 234
)
HTTP = b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-name: A Radio\r\nicy-metaint: 8192\r\n\r\n"
