"""Recordings that every player plays, written as real programs write them: nearly all are odd in some way.

Everything is made from a seed by libsndfile's encoders and by the writers below, which know what recorders, browsers,
messengers, radio streams and editors do to their headers. `python -m tests.audio.odd_recordings FOLDER` writes them.
"""

import base64
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile as sf

from tests.waveforms import _crc, riff, speech_like, wav_format
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


def pcm16() -> bytes:
    return (speech().samples * 32_767).astype("<i2").tobytes()


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
LIST = b"INFOIART\4\0\0\0Eve\0"
ODD_LIST = b"INFOIART\5\0\0\0Evelyn"[:-1]


# MP3


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


def mp3_recordings() -> Iterator[tuple[str, Odd]]:
    for mode in ("VARIABLE", "AVERAGE", "CONSTANT"):
        for channels in (1, 2):
            whole = f"{mode.lower()} {channels}ch"

            def of(
                change: Callable[[bytes], bytes], mode: str = mode, channels: int = channels
            ) -> Callable[[], bytes]:
                return lambda: change(mp3(mode, channels=channels))

            bare_s = frames_s(mp3(mode, channels=channels), 22_050)
            yield f"{whole} without header.mp3", Odd(of(bare), "mp3", bare_s)
            yield f"{whole} count 0.mp3", Odd(of(lambda data: with_count(data, 0)), "mp3")
            yield f"{whole} count 1.mp3", Odd(of(lambda data: with_count(data, 1)), "mp3")
            yield f"{whole} count of an hour.mp3", Odd(of(lambda data: with_count(data, 137_813)), "mp3")
            yield f"{whole} count 2^32-1.mp3", Odd(of(lambda data: with_count(data, 0xFFFF_FFFF)), "mp3")
            yield f"{whole} no flags.mp3", Odd(of(lambda data: with_count(data, 0, flags=0)), "mp3", bare_s)
            yield f"{whole} cut.mp3", Odd(of(lambda data: data[:-70]), "mp3")
    for rate_hz in (24_000, 32_000, 44_100, 48_000):
        data = mp3(rate_hz=rate_hz)
        yield f"vbr at {rate_hz}.mp3", Odd(lambda data=data: data, "mp3")  # type: ignore[misc]
        yield f"bare vbr at {rate_hz}.mp3", Odd(lambda data=data: bare(data), "mp3", frames_s(data, rate_hz))  # type: ignore[misc]
    for rate_hz in (8_000, 11_025, 12_000, 16_000):
        yield f"vbr at {rate_hz}.mp3", Odd(lambda rate_hz=rate_hz: mp3(rate_hz=rate_hz), "mp3")  # type: ignore[misc]
    yield "vbri.mp3", Odd(lambda: with_vbri(mp3(), 407), "mp3", frames_s(mp3(), 22_050))
    yield "vbri count 3.mp3", Odd(lambda: with_vbri(mp3(), 3), "mp3", frames_s(mp3(), 22_050))
    fronts = {
        "tag": id3(b"TIT2" + bytes(2000)),
        "picture": PICTURE,
        "tag of size 0": id3(b"TIT2" + bytes(2000), size=0),
        "picture of size 0": id3(PICTURE[10:], size=0),
        "picture of half size": id3(PICTURE[10:], size=30_000),
        "tag 300 too long": id3(b"TIT2" + bytes(2000), size=2304),
        "tag beyond the file": id3(b"TIT2" + bytes(2000), size=90_000_000),
        "two tags": id3(b"TIT2" + bytes(2000)) + id3(b"TALB" + bytes(100)),
        "answer of a server": HTTP,
        "half a frame": mp3()[300:380],
        "100 zeros": bytes(100),
        "100,000 zeros": bytes(100_000),
        "noise": np.random.default_rng(1).bytes(3000),
        "a line": b"stream\r\n",
    }
    for name, front in fronts.items():
        yield f"behind {name}.mp3", Odd(lambda front=front: front + mp3(), "mp3")  # type: ignore[misc]
        yield (
            f"bare, behind {name}.mp3",
            Odd(  # type: ignore[misc]
                lambda front=front: front + bare(mp3()), "mp3", frames_s(mp3(), 22_050)
            ),
        )
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
    for name, end in ends.items():
        yield f"before {name}.mp3", Odd(lambda end=end: mp3() + end, "mp3")  # type: ignore[misc]
    seconds = frames_s(mp3(), 22_050)
    yield "joined.mp3", Odd(lambda: mp3() + mp3(), "mp3", 2 * SECONDS)
    yield "joined bare.mp3", Odd(lambda: bare(mp3()) * 2, "mp3", 2 * seconds)
    yield "joined of three.mp3", Odd(lambda: mp3() + mp3("CONSTANT") + mp3("AVERAGE"), "mp3", 3 * SECONDS)
    yield "joined with tags.mp3", Odd(lambda: (PICTURE + mp3() + b"TAG" + bytes(125)) * 2, "mp3", 2 * SECONDS)
    yield "joined of two rates.mp3", Odd(lambda: mp3() + mp3(rate_hz=44_100), "mp3", 2 * SECONDS)
    yield "joined of mono and stereo.mp3", Odd(lambda: mp3() + mp3(channels=2), "mp3", 2 * SECONDS)
    yield "joined, first cut.mp3", Odd(lambda: mp3()[:-40] + mp3(), "mp3", 2 * SECONDS)
    yield "radio with titles.mp3", Odd(lambda: with_titles(mp3()), "mp3")
    yield "begun in a frame.mp3", Odd(lambda: mp3()[len(mp3_frames(mp3())[0]) + 30 :], "mp3", seconds)
    yield "mp3 in wav.wav", Odd(lambda: in_wav(mp3(), 0x55), "wav")
    yield "mp3 in wav, no count.wav", Odd(lambda: in_wav(bare(mp3()), 0x55), "wav", seconds)
    yield "rmp3.wav", Odd(lambda: b"RIFF" + number(len(mp3()) + 12) + b"RMP3data" + number(len(mp3())) + mp3(), "wav")
    yield "layer 2.mp2", Odd(lambda: MP2_FRAME * 210, "mp2", 210 * 1152 / 22_050)
    yield "layer 2 cut.mp2", Odd(lambda: (MP2_FRAME * 210)[50:-50], "mp2", 208 * 1152 / 22_050)
    yield "layer 2 in wav.wav", Odd(lambda: in_wav(MP2_FRAME * 210, 0x50), "wav", 210 * 1152 / 22_050)


def in_wav(data: bytes, tag: int) -> bytes:
    return riff(
        (b"fmt ", wav_format(tag=tag, rate_hz=22_050, bits=0) + bytes(2)), (b"fact", bytes(4)), (b"data", data)
    )


MP2_FRAME = base64.b64decode(
    "//VCxGRDLRJUsgAAABVFVdXEmHLvNvutwRySTzzTzU0QpBHFjayVvCTs5KhbKZVzfEoL6ycsT9jB4bDiVo0dWTzfUJEZotasM4nd"
    "LFqdiClcNgPaSpGBkzW+m8RlrkZUjkUcWaNulPagljJoikxzbCtNsFXKTXSFcfVW10cTURQtap8XK22VUEyLV6oIs/whFGkDCcb+"
    "jBdVTkSVifOa2wkhBGN8Hwek0Ga576by8htoJiWjJY1rNdG6hsVajhhK5aEHN6jiqgrVdqmOWrXUSAA="
)
"""1,152 samples of a voice at 32 kbit/s, by FFmpeg: layer II keeps nothing from frame to frame."""


# WAV


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


def wav_recordings() -> Iterator[tuple[str, Odd]]:
    kinds = {
        "WAV": ("PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610"),
        "WAVEX": ("PCM_U8", "PCM_16", "PCM_24", "FLOAT", "ULAW"),
        "RF64": ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"),
        "W64": ("PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610"),
    }
    for container, subtypes in kinds.items():
        for subtype in subtypes:
            found = "w64" if container == "W64" else "wav"
            yield (
                f"{container} {subtype}.wav",
                Odd(lambda container=container, subtype=subtype: sound(container, subtype), found),  # type: ignore[misc]
            )
    for subtype in ("PCM_16", "ULAW", "IMA_ADPCM", "MS_ADPCM", "GSM610"):
        yield (
            f"telephone {subtype}.wav",
            Odd(lambda subtype=subtype: sound("WAV", subtype, rate_hz=8_000), "wav"),  # type: ignore[misc]
        )
    for subtype in ("PCM_24", "IMA_ADPCM", "MS_ADPCM", "ALAW"):
        yield f"stereo {subtype}.wav", Odd(lambda subtype=subtype: sound("WAV", subtype, channels=2), "wav")  # type: ignore[misc]
    true = len(pcm16())
    sizes = (0, 1, 2, 36, true - 44, true + 44, true + 36, true // 2, true * 2, true + 1, 2_000_000_000, 0x7FFF_F000,
             0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFD8, 0xFFFF_FFFF)  # fmt: skip
    for size in sizes:
        yield f"data size {size}.wav", Odd(lambda size=size: wav(size=size), "wav")  # type: ignore[misc]
    for size in (0, true // 2, true + 44, 2_000_000_000, 0xFFFF_FFFF):
        riff_size = min(size + 36, 0xFFFF_FFFF)
        yield (
            f"both sizes for {size}.wav",
            Odd(lambda size=size, riff_size=riff_size: wav(size=size, riff_size=riff_size), "wav"),  # type: ignore[misc]
        )
    for riff_size in (0, 36, true, 0xFFFF_FFFF):
        yield f"riff size {riff_size}.wav", Odd(lambda riff_size=riff_size: wav(riff_size=riff_size), "wav")  # type: ignore[misc]
    yield (
        "mu-law 58 too many.wav",
        Odd(lambda: patched(sound("WAV", "ULAW"), 54, number(len(sound("WAV", "ULAW")))), "wav"),
    )
    yield "RF64 without ds64.wav", Odd(lambda: b"RF64" + wav(size=0xFFFF_FFFF)[4:], "wav")
    yield "BW64.wav", Odd(lambda: b"BW64" + sound("RF64", "PCM_16")[4:], "wav")
    yield "W64 size 0.wav", Odd(lambda: w64_with_size(0), "w64")
    yield "W64 size 2^62.wav", Odd(lambda: w64_with_size(1 << 62), "w64")
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
        yield f"{name}.wav", Odd(lambda before=before: wav(*before), "wav")  # type: ignore[misc]
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
        yield f"before {name}.wav", Odd(lambda after=after: wav(after=after), "wav")  # type: ignore[misc]
        yield (
            f"not counting {name}.wav",
            Odd(lambda after=after: wav(riff_size=true + 36, after=after), "wav"),  # type: ignore[misc]
        )
    yield (
        "8 bit, odd, before LIST.wav",
        Odd(
            lambda: wav(fmt(wav_format(rate_hz=22_050, bits=8)), samples=eight_bit(), after=chunk(b"LIST", LIST)),
            "wav",
        ),
    )
    yield (
        "format behind the samples.wav",
        Odd(lambda: riff((b"data", pcm16()), (b"fmt ", wav_format(rate_hz=22_050))), "wav"),
    )
    yield "joined.wav", Odd(lambda: wav() + wav(), "wav", 2 * SECONDS)
    yield "behind ID3.wav", Odd(lambda: id3(bytes(300)) + wav(), "wav")
    yield "ends in half a sample.wav", Odd(lambda: wav()[:-1], "wav")
    yield "12 bit.wav", Odd(lambda: wav(fmt(justified_format(12, 2)), samples=left_justified(12, 2)), "wav")
    yield "20 bit.wav", Odd(lambda: wav(fmt(justified_format(20, 3)), samples=left_justified(20, 3)), "wav")
    yield "24 bit in 32.wav", Odd(lambda: wav(fmt(justified_format(24, 4)), samples=left_justified(24, 4)), "wav")
    yield "rifx.wav", Odd(lambda: rifx((speech().samples * 32_767).astype(">i2")), "wav")
    yield "rifx float.wav", Odd(lambda: rifx(speech().samples.astype(">f4"), tag=3, bits=32), "wav")
    yield "eight channels.wav", Odd(lambda: sound("WAV", "PCM_16", channels=8), "wav")
    yield "cut to nine tenths.wav", Odd(lambda: wav()[: 44 + true * 96 // 100], "wav", SECONDS * 0.96)


def w64_with_size(size: int) -> bytes:
    whole = sound("W64", "PCM_16")
    return patched(whole, whole.index(b"data") + 16, number(size, 8))


def eight_bit() -> bytes:
    return (speech().samples * 127 + 128).astype(np.uint8).tobytes()[:-1]


def justified_format(bits: int, container_bytes: int) -> bytes:
    return patched(wav_format(rate_hz=22_050, bits=8 * container_bytes), 14, number(bits, 2))


# AIFF, CAF, AU


def aiff_recordings() -> Iterator[tuple[str, Odd]]:
    for subtype in (
        "PCM_S8",
        "PCM_U8",
        "PCM_16",
        "PCM_24",
        "PCM_32",
        "FLOAT",
        "DOUBLE",
        "ULAW",
        "ALAW",
        "IMA_ADPCM",
        "GSM610",
    ):
        yield f"{subtype}.aiff", Odd(lambda subtype=subtype: sound("AIFF", subtype), "aiff")  # type: ignore[misc]
    yield "sowt.aiff", Odd(lambda: sound("AIFF", "PCM_16", endian="LITTLE"), "aiff")
    yield "stereo.aiff", Odd(lambda: sound("AIFF", "PCM_24", channels=2), "aiff")
    for size in (0, 8, 44, 0x7FFF_FFFF, 0xFFFF_FFFF):
        yield f"SSND size {size}.aiff", Odd(lambda size=size: aiff_with(b"SSND", 4, size), "aiff")  # type: ignore[misc]
    for frames in (0, 1, 0xFFFF_FFFF):
        yield f"{frames} frames.aiff", Odd(lambda frames=frames: aiff_with(b"COMM", 10, frames), "aiff")  # type: ignore[misc]
    yield "odd NAME without pad.aiff", Odd(lambda: aiff_inserted(b"NAME" + number(5, order="big") + b"Eve 2"), "aiff")
    yield "cut.aiff", Odd(lambda: sound("AIFF", "PCM_16")[:-4001], "aiff", SECONDS - 0.09)
    for subtype in ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"):
        yield f"{subtype}.caf", Odd(lambda subtype=subtype: sound("CAF", subtype), "caf")  # type: ignore[misc]
    for size in (0, 0xFFFF_FFFF_FFFF_FFFF, 1 << 40):
        yield f"data size {size}.caf", Odd(lambda size=size: caf_with_size(size), "caf")  # type: ignore[misc]
    for subtype in ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"):
        yield f"{subtype}.au", Odd(lambda subtype=subtype: sound("AU", subtype), "au")  # type: ignore[misc]
    yield "little endian.au", Odd(lambda: sound("AU", "PCM_16", endian="LITTLE"), "au")
    for size in (0, 44, 0xFFFF_FFFF):
        yield (
            f"size {size}.au",
            Odd(lambda size=size: patched(sound("AU", "PCM_16"), 8, number(size, order="big")), "au"),
        )  # type: ignore[misc]


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


# FLAC


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


def flac_recordings() -> Iterator[tuple[str, Odd]]:
    frames = round(SECONDS * 22_050)
    for name, total in {"unknown": 0, "half": frames // 2, "double": frames * 2, "2^36-1": 2**36 - 1, "1": 1}.items():
        yield f"total {name}.flac", Odd(lambda total=total: flac_with_total(total), "flac")  # type: ignore[misc]
    for subtype in ("PCM_S8", "PCM_24"):
        yield f"{subtype}.flac", Odd(lambda subtype=subtype: sound("FLAC", subtype), "flac")  # type: ignore[misc]
    yield "eight channels.flac", Odd(lambda: sound("FLAC", "PCM_16", channels=8), "flac")
    yield "behind ID3.flac", Odd(lambda: PICTURE + sound("FLAC", "PCM_16"), "flac")
    yield "from a pipe, behind ID3.flac", Odd(lambda: PICTURE + flac_with_total(0), "flac")
    yield "before ID3v1.flac", Odd(lambda: flac_with_total(0) + b"TAG" + bytes(125), "flac")
    yield "before zeros.flac", Odd(lambda: flac_with_total(0) + bytes(3000), "flac")
    yield "before noise.flac", Odd(lambda: sound("FLAC", "PCM_16") + np.random.default_rng(3).bytes(700), "flac")
    yield (
        "last frame cut.flac",
        Odd(lambda: sound("FLAC", "PCM_16")[:-9], "flac", SECONDS - SECONDS * 22_050 % 4096 / 22_050),
    )
    yield "joined.flac", Odd(lambda: sound("FLAC", "PCM_16") * 2, "flac", 2 * SECONDS)
    yield "joined from pipes.flac", Odd(lambda: flac_with_total(0) * 2, "flac", 2 * SECONDS)
    yield (
        "joined of two rates.flac",
        Odd(
            lambda: sound("FLAC", "PCM_16") + sound("FLAC", "PCM_24", rate_hz=48_000, channels=2), "flac", 2 * SECONDS
        ),
    )
    yield "begun later.flac", Odd(begun_later, "flac", SECONDS - 2 * 4096 / 22_050)


def begun_later() -> bytes:
    """A stream that was joined after two frames, as `metaflac` and radios leave it."""
    info, frames = flac_parts(sound("FLAC", "PCM_16"))
    return b"fLaC\x80\0\0\x22" + info + b"".join(frames[2:])


# Ogg


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


def ogg_recordings() -> Iterator[tuple[str, Odd]]:
    for codec in ("VORBIS", "OPUS"):
        rates = (8_000, 22_050, 44_100, 48_000) if codec == "VORBIS" else (8_000, 16_000, 48_000)
        for rate_hz in rates:
            for channels in (1, 2):
                yield (
                    f"{codec} at {rate_hz}, {channels}ch.ogg",
                    Odd(
                        lambda codec=codec, rate_hz=rate_hz, channels=channels: sound(
                            "OGG", codec, rate_hz=rate_hz, channels=channels
                        ),
                        "ogg",
                    ),  # type: ignore[misc]
                )
        rate_hz = 24_000

        def of(change: Callable[[bytes], bytes], codec: str = codec) -> Callable[[], bytes]:
            return lambda: change(sound("OGG", codec, rate_hz=24_000))

        def paged(change: Callable[[list[Page]], list[Page] | None], codec: str = codec) -> Callable[[], bytes]:
            return lambda: repaged(sound("OGG", codec, rate_hz=24_000), change)

        yield f"{codec} joined.ogg", Odd(of(lambda data: data + data), "ogg", 2 * SECONDS)
        yield f"{codec} behind a server's answer.ogg", Odd(of(lambda data: HTTP + data), "ogg")
        yield f"{codec} behind ID3.ogg", Odd(of(lambda data: id3(bytes(300)) + data), "ogg")
        yield f"{codec} with noise between.ogg", Odd(of(with_noise_between), "ogg")
        yield f"{codec} before ID3v1.ogg", Odd(of(lambda data: data + b"TAG" + bytes(125)), "ogg")
        yield f"{codec} without an end.ogg", Odd(paged(lambda found: flags_of_last(found, 0)), "ogg")
        yield f"{codec} beside another stream.ogg", Odd(paged(with_skeleton), "ogg")
        yield f"{codec} last position 0.ogg", Odd(paged(lambda found: last_position(found, 0)), "ogg")
        yield f"{codec} positions 0.ogg", Odd(paged(lambda found: positions(found, 0)), "ogg")
        yield f"{codec} last position 1.ogg", Odd(paged(lambda found: last_position(found, 1)), "ogg")
        yield f"{codec} begun an hour before.ogg", Odd(paged(lambda found: shifted(found, 3600 * 48_000)), "ogg")
    yield (
        "OPUS last position 2^40.ogg",
        Odd(lambda: repaged(sound("OGG", "OPUS", rate_hz=24_000), lambda found: last_position(found, 1 << 40)), "ogg"),
    )
    yield (
        "VORBIS and OPUS joined.ogg",
        Odd(lambda: sound("OGG", "VORBIS", rate_hz=24_000) + sound("OGG", "OPUS", rate_hz=24_000), "ogg", 2 * SECONDS),
    )
    yield "flac.ogg", Odd(ogg_flac, "ogg")


def with_noise_between(data: bytes) -> bytes:
    found = [page.written() for page in pages(data)]
    return b"".join(found[:3]) + b"\1\2\3" * 50 + b"".join(found[3:])


@cache
def odd_recordings() -> Mapping[str, Odd]:
    """All by name."""
    makers = (mp3_recordings, wav_recordings, aiff_recordings, flac_recordings, ogg_recordings)
    return {name: odd for maker in makers for name, odd in maker()}


def main() -> None:
    """Write all into a folder."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, odd in odd_recordings().items():
        (folder / name.replace("/", "_")).write_bytes(odd.make())


if __name__ == "__main__":
    main()
