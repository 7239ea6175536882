"""AIFF, CAF and AU: what Apple's and Sun's programs write, with true sizes and untrue ones."""

from collections.abc import Iterator
from functools import partial

from tests.audio.odd.making import SECONDS, Odd, number, patched, sound

SUBTYPES = ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")
"""What all three hold."""


def aiff_with(name: bytes, offset: int, value: int) -> bytes:
    whole = sound("AIFF", "PCM_16")
    return patched(whole, whole.index(name) + offset, number(value, order="big"))


def aiff_inserted(extra: bytes) -> bytes:
    whole = sound("AIFF", "PCM_16")
    place = whole.index(b"SSND")
    return whole[:place] + extra + whole[place:]


def caf_with_size(size: int) -> bytes:
    whole = sound("CAF", "PCM_16")
    return patched(whole, whole.index(b"data") + 4, number(size, 8, "big"))


def au_with_size(size: int) -> bytes:
    return patched(sound("AU", "PCM_16"), 8, number(size, order="big"))


def aiff_recordings() -> Iterator[tuple[str, Odd]]:
    """All by name."""
    for subtype in (*SUBTYPES, "PCM_U8", "IMA_ADPCM", "GSM610"):
        yield f"{subtype}.aiff", Odd(partial(sound, "AIFF", subtype), "aiff")
    yield "sowt.aiff", Odd(partial(sound, "AIFF", "PCM_16", endian="LITTLE"), "aiff")
    yield "stereo.aiff", Odd(partial(sound, "AIFF", "PCM_24", channels=2), "aiff")
    for size in (0, 8, 44, 0x7FFF_FFFF, 0xFFFF_FFFF):
        yield f"SSND size {size}.aiff", Odd(partial(aiff_with, b"SSND", 4, size), "aiff")
    for frames in (0, 1, 0xFFFF_FFFF):
        yield f"{frames} frames.aiff", Odd(partial(aiff_with, b"COMM", 10, frames), "aiff")
    unpadded = b"NAME" + number(5, order="big") + b"Eve 2"
    yield "odd NAME without pad.aiff", Odd(partial(aiff_inserted, unpadded), "aiff")
    yield "cut.aiff", Odd(lambda: sound("AIFF", "PCM_16")[:-4001], "aiff", SECONDS - 0.09)


def caf_and_au_recordings() -> Iterator[tuple[str, Odd]]:
    """All by name."""
    for subtype in SUBTYPES:
        yield f"{subtype}.caf", Odd(partial(sound, "CAF", subtype), "caf")
        yield f"{subtype}.au", Odd(partial(sound, "AU", subtype), "au")
    for size in (0, 0xFFFF_FFFF_FFFF_FFFF, 1 << 40):
        yield f"data size {size}.caf", Odd(partial(caf_with_size, size), "caf")
    yield "little endian.au", Odd(partial(sound, "AU", "PCM_16", endian="LITTLE"), "au")
    for size in (0, 44, 0xFFFF_FFFF):
        yield f"size {size}.au", Odd(partial(au_with_size, size), "au")
