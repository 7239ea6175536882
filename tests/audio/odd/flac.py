"""FLAC as pipes, taggers and radios leave it."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from tests.audio.odd.making import PICTURE, SECONDS, Odd, number, sound

RATE_HZ, BLOCK = 22_050, 4096


def flac_with_total(total: int, data: bytes | None = None) -> bytes:
    whole = bytearray(sound("FLAC", "PCM_16") if data is None else data)
    whole[21] = whole[21] & 0xF0 | total >> 32
    whole[22:26] = number(total & 0xFFFF_FFFF, order="big")
    return bytes(whole)


def flac_parts(data: bytes) -> tuple[bytes, list[bytes]]:
    """STREAMINFO, and the frames of a file of fixed block size and fewer than 128 frames."""
    offset, is_last = 4, False
    while not is_last:
        is_last, size = bool(data[offset] & 0x80), int.from_bytes(data[offset + 1 : offset + 4], "big")
        offset += 4 + size
    starts = [offset]
    while (start := data.find(data[offset : offset + 4] + bytes([len(starts)]), starts[-1] + 5)) > 0:
        starts.append(start)
    assert len(starts) < 128
    return data[8:42], [data[one:other] for one, other in zip(starts, [*starts[1:], len(data)], strict=True)]


def begun_later() -> bytes:
    """A stream that was joined after two frames, as `metaflac` and radios leave it."""
    info, frames = flac_parts(sound("FLAC", "PCM_16"))
    return b"fLaC\x80\0\0\x22" + info + b"".join(frames[2:])


def flac_recordings() -> Iterator[tuple[str, Odd]]:
    """All by name."""
    frames = round(SECONDS * RATE_HZ)
    for name, total in {"unknown": 0, "half": frames // 2, "double": frames * 2, "2^36-1": 2**36 - 1, "1": 1}.items():
        yield f"total {name}.flac", Odd(partial(flac_with_total, total), "flac")
    for subtype in ("PCM_S8", "PCM_24"):
        yield f"{subtype}.flac", Odd(partial(sound, "FLAC", subtype), "flac")
    yield "eight channels.flac", Odd(partial(sound, "FLAC", "PCM_16", channels=8), "flac")
    yield "behind ID3.flac", Odd(lambda: PICTURE + sound("FLAC", "PCM_16"), "flac")
    yield "from a pipe, behind ID3.flac", Odd(lambda: PICTURE + flac_with_total(0), "flac")
    yield "before ID3v1.flac", Odd(lambda: flac_with_total(0) + b"TAG" + bytes(125), "flac")
    yield "before zeros.flac", Odd(lambda: flac_with_total(0) + bytes(3000), "flac")
    yield "before noise.flac", Odd(lambda: sound("FLAC", "PCM_16") + np.random.default_rng(3).bytes(700), "flac")
    last_s = SECONDS * RATE_HZ % BLOCK / RATE_HZ
    yield "last frame cut.flac", Odd(lambda: sound("FLAC", "PCM_16")[:-9], "flac", SECONDS - last_s)
    yield "begun later.flac", Odd(begun_later, "flac", SECONDS - 2 * BLOCK / RATE_HZ)
    yield "joined.flac", Odd(lambda: sound("FLAC", "PCM_16") * 2, "flac", 2 * SECONDS)
    yield "joined from pipes.flac", Odd(lambda: flac_with_total(0) * 2, "flac", 2 * SECONDS)
    yield "joined of two rates.flac", Odd(joined_of_two_rates, "flac", 2 * SECONDS)


def joined_of_two_rates() -> bytes:
    return sound("FLAC", "PCM_16") + sound("FLAC", "PCM_24", rate_hz=48_000, channels=2)
