"""WAV, RF64 and W64 as recorders, telephones, editors and converters write them."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from tests.audio.odd.making import SECONDS, Odd, id3, number, patched, sound, speech
from tests.waveforms import riff, wav_format

LIST = b"INFOIART\4\0\0\0Eve\0"
ODD_LIST = b"INFOIART\5\0\0\0Evelyn"[:-1]


def pcm16() -> bytes:
    return (speech().samples * 32_767).astype("<i2").tobytes()


def wav(
    *before: bytes,
    size: int | None = None,
    riff_size: int | None = None,
    after: bytes = b"",
    samples: bytes | None = None,
) -> bytes:
    """A WAV of raw chunks, whose sizes can be untrue."""
    content = pcm16() if samples is None else samples
    body = b"WAVE" + b"".join(before or (fmt(),)) + b"data" + number(len(content) if size is None else size) + content
    body += after
    return b"RIFF" + number(len(body) if riff_size is None else riff_size) + body


def fmt(content: bytes | None = None) -> bytes:
    return chunk(b"fmt ", wav_format(rate_hz=22_050) if content is None else content)


def chunk(name: bytes, content: bytes, *, pad: bytes = b"\0", size: int | None = None) -> bytes:
    """A chunk; an odd one is padded with `pad`, which some writers leave out."""
    return name + number(len(content) if size is None else size) + content + (pad if len(content) % 2 else b"")


def left_justified(bits: int, container_bytes: int) -> bytes:
    """Samples of so many bits in the upper part of larger ones."""
    whole = np.round(speech().samples.astype(np.float64) * (2 ** (bits - 1) - 1)).astype("<i8")
    return (
        (whole << (8 * container_bytes - bits))
        .astype("<i8")
        .view(np.uint8)
        .reshape(-1, 8)[:, :container_bytes]
        .tobytes()
    )


def rifx(samples: np.ndarray, *, tag: int = 1, bits: int = 16) -> bytes:
    """WAV in big endian."""
    block = bits // 8
    fields = ((tag, 2), (1, 2), (22_050, 4), (22_050 * block, 4), (block, 2), (bits, 2))
    content = b"".join(number(value, size, "big") for value, size in fields)
    body = b"WAVEfmt " + number(16, order="big") + content
    body += b"data" + number(samples.nbytes, order="big") + samples.tobytes()
    return b"RIFX" + number(len(body), order="big") + body


def mu_law_with_size_of_file() -> bytes:
    whole = sound("WAV", "ULAW")
    return patched(whole, 54, number(len(whole)))


def w64_with_size(size: int) -> bytes:
    whole = sound("W64", "PCM_16")
    return patched(whole, whole.index(b"data") + 16, number(size, 8))


def eight_bit() -> bytes:
    return (speech().samples * 127 + 128).astype(np.uint8).tobytes()[:-1]


def justified_format(bits: int, container_bytes: int) -> bytes:
    return patched(wav_format(rate_hz=22_050, bits=8 * container_bytes), 14, number(bits, 2))


def wav_recordings() -> Iterator[tuple[str, Odd]]:
    """All by name."""
    yield from _codings()
    yield from _untrue_sizes()
    yield from _chunks_before_the_samples()
    yield from _bytes_behind_the_samples()
    yield from _rare_layouts()


def _codings() -> Iterator[tuple[str, Odd]]:
    kinds = {
        "WAV": ("PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610"),
        "WAVEX": ("PCM_U8", "PCM_16", "PCM_24", "FLOAT", "ULAW"),
        "RF64": ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"),
        "W64": ("PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610"),
    }
    for container, subtypes in kinds.items():
        for subtype in subtypes:
            found = "w64" if container == "W64" else "wav"
            yield f"{container} {subtype}.wav", Odd(partial(sound, container, subtype), found)
    for subtype in ("PCM_16", "ULAW", "IMA_ADPCM", "MS_ADPCM", "GSM610"):
        yield f"telephone {subtype}.wav", Odd(partial(sound, "WAV", subtype, rate_hz=8_000), "wav")
    for subtype in ("PCM_24", "IMA_ADPCM", "MS_ADPCM", "ALAW"):
        yield f"stereo {subtype}.wav", Odd(partial(sound, "WAV", subtype, channels=2), "wav")
    yield "eight channels.wav", Odd(partial(sound, "WAV", "PCM_16", channels=8), "wav")


def _untrue_sizes() -> Iterator[tuple[str, Odd]]:
    true = len(pcm16())
    sizes = (0, 1, 2, 36, true - 44, true + 44, true + 36, true // 2, true * 2, true + 1, 2_000_000_000, 0x7FFF_F000,
             0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFD8, 0xFFFF_FFFF)  # fmt: skip
    for size in sizes:
        yield f"data size {size}.wav", Odd(partial(wav, size=size), "wav")
    for size in (0, true // 2, true + 44, 2_000_000_000, 0xFFFF_FFFF):
        both = partial(wav, size=size, riff_size=min(size + 36, 0xFFFF_FFFF))
        yield f"both sizes for {size}.wav", Odd(both, "wav")
    for riff_size in (0, 36, true, 0xFFFF_FFFF):
        yield f"riff size {riff_size}.wav", Odd(partial(wav, riff_size=riff_size), "wav")
    yield "mu-law 58 too many.wav", Odd(mu_law_with_size_of_file, "wav")
    yield "RF64 without ds64.wav", Odd(lambda: b"RF64" + wav(size=0xFFFF_FFFF)[4:], "wav")
    yield "BW64.wav", Odd(lambda: b"BW64" + sound("RF64", "PCM_16")[4:], "wav")
    yield "W64 size 0.wav", Odd(partial(w64_with_size, 0), "w64")
    yield "W64 size 2^62.wav", Odd(partial(w64_with_size, 1 << 62), "w64")
    yield "ends in half a sample.wav", Odd(lambda: wav()[:-1], "wav")
    yield "cut to nine tenths.wav", Odd(lambda: wav()[: 44 + true * 96 // 100], "wav", SECONDS * 0.96)


def _chunks_before_the_samples() -> Iterator[tuple[str, Odd]]:
    chunks = {
        "odd LIST without pad": (fmt(), chunk(b"LIST", ODD_LIST, pad=b"")),
        "odd bext without pad": (chunk(b"bext", bytes(603), pad=b""), fmt()),
        "two odd without pad": (chunk(b"junk", bytes(5), pad=b""), fmt(), chunk(b"LIST", ODD_LIST, pad=b"")),
        "odd unknown without pad": (fmt(), chunk(b"xyz ", bytes(7), pad=b"")),
        "pad that is not zero": (fmt(), chunk(b"LIST", ODD_LIST, pad=b"\x20")),
        "pad that is a letter": (fmt(), chunk(b"LIST", ODD_LIST, pad=b"d")),
        "JUNK for alignment": (chunk(b"JUNK", bytes(28)), fmt(), chunk(b"FLLR", bytes(4012))),
        "long format": (fmt(wav_format(rate_hz=22_050) + b"\0\0"),),
        "format of 40 without GUID": (fmt(wav_format(tag=0xFFFE, rate_hz=22_050) + bytes(24)),),
        "extensible of 18": (fmt(wav_format(tag=0xFFFE, rate_hz=22_050) + bytes(2)),),
        "byte rate 0": (fmt(patched(wav_format(rate_hz=22_050), 8, bytes(4))),),
        "block size 0": (fmt(patched(wav_format(rate_hz=22_050), 12, bytes(2))),),
        "LIST of untrue size": (fmt(), chunk(b"LIST", ODD_LIST, pad=b"", size=40_000_000)),
        "empty data first": (fmt(), chunk(b"data", b"")),
        "id3 chunk": (chunk(b"id3 ", id3(bytes(99)), pad=b""), fmt()),
    }
    for name, before in chunks.items():
        yield f"{name}.wav", Odd(partial(wav, *before), "wav")


def _bytes_behind_the_samples() -> Iterator[tuple[str, Odd]]:
    ends = {
        "LIST": chunk(b"LIST", LIST),
        "odd LIST": chunk(b"LIST", ODD_LIST, pad=b""),
        "LIST too long": chunk(b"LIST", LIST, size=4000),
        "id3": chunk(b"id3 ", id3(bytes(60))),
        "ID3v1": b"TAG" + bytes(125),
        "zeros": bytes(9000),
        "a stray line": b"\r\n",
        "a second recording": b"",
    }
    for name, after in ends.items():
        yield f"before {name}.wav", Odd(partial(wav, after=after), "wav")
        not_counting = partial(wav, riff_size=len(pcm16()) + 36, after=after)
        yield f"not counting {name}.wav", Odd(not_counting, "wav")
    byte_format = fmt(wav_format(rate_hz=22_050, bits=8))
    odd = partial(wav, byte_format, samples=eight_bit(), after=chunk(b"LIST", LIST))
    yield "8 bit, odd, before LIST.wav", Odd(odd, "wav")
    yield "joined.wav", Odd(lambda: wav() + wav(), "wav", 2 * SECONDS)


def _rare_layouts() -> Iterator[tuple[str, Odd]]:
    behind = partial(riff, (b"data", pcm16()), (b"fmt ", wav_format(rate_hz=22_050)))
    yield "format behind the samples.wav", Odd(behind, "wav")
    yield "behind ID3.wav", Odd(lambda: id3(bytes(300)) + wav(), "wav")
    for name, bits, container_bytes in (("12 bit", 12, 2), ("20 bit", 20, 3), ("24 bit in 32", 24, 4)):
        justified = fmt(justified_format(bits, container_bytes))
        made = partial(wav, justified, samples=left_justified(bits, container_bytes))
        yield f"{name}.wav", Odd(made, "wav")
    yield "rifx.wav", Odd(lambda: rifx((speech().samples * 32_767).astype(">i2")), "wav")
    yield "rifx float.wav", Odd(lambda: rifx(speech().samples.astype(">f4"), tag=3, bits=32), "wav")
