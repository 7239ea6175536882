"""Sound for the whole suite: speech-like audio, files of it, and files that mean harm.

Everything is made from a seed, in memory, without a recording.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray
from scipy.signal import lfilter

from voice.audio.pcm import PcmWriter
from voice.audio.waveform import Waveform

_VOWELS_HZ = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""Formants of American men (Peterson and Barney, 1952)."""

_BANDWIDTHS_HZ = (80, 100, 140, 200)


def speech_like(
    duration_s: float,
    rate_hz: int = 24_000,
    *,
    f0_hz: float = 120.0,
    formant_scale: float = 1.0,
    noise_db: float = -65.0,
    level_db: float = -20.0,
    seed: int = 0,
) -> Waveform:
    """Something that has all that our measures look for: voiced syllables, fricatives, pauses, a quiet room.

    Glottal pulses with a moving pitch around `f0_hz` go through the formants of a vowel per syllable, scaled by
    `formant_scale` (1.2 sounds like a smaller person); every sixth to tenth syllable is followed by a pause.
    Speech has an RMS of `level_db`, the noise under everything `noise_db`, both in dB of full scale.
    """
    rng = np.random.default_rng(seed)
    length = round(duration_s * rate_hz)
    speech = np.zeros(length)
    pulses = _glottal_pulses(length, rate_hz=rate_hz, f0_hz=f0_hz, rng=rng)
    position, left_in_phrase = round(0.15 * rate_hz), 8
    while position < length:
        size = min(round(rng.uniform(0.14, 0.26) * rate_hz), length - position)
        span = slice(position, position + size)
        speech[span] = _syllable(pulses[span], rate_hz=rate_hz, formant_scale=formant_scale, rng=rng)
        left_in_phrase -= 1
        position += size + round(rng.uniform(0.0, 0.03) * rate_hz)
        if left_in_phrase == 0:
            position, left_in_phrase = position + round(rng.uniform(0.3, 0.6) * rate_hz), int(rng.integers(6, 11))
    active = speech[np.abs(speech) > 0]
    speech *= 10 ** (level_db / 20) / np.sqrt(np.mean(active**2))
    speech += 10 ** (noise_db / 20) * rng.standard_normal(length)
    return Waveform(np.clip(speech, -0.99, 0.99).astype(np.float32), rate_hz)


def _glottal_pulses(length: int, *, rate_hz: int, f0_hz: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """An impulse per period, its pitch falling in every phrase and wandering a little, smoothed like a glottis."""
    seconds = np.arange(length) / rate_hz
    knots = np.arange(0, seconds[-1] + 0.5, 0.25) if length else np.zeros(1)
    wander = np.interp(seconds, knots, rng.normal(0, 0.04, len(knots)))
    f0 = f0_hz * (1 + 0.12 * np.sin(2 * np.pi * 0.4 * seconds) + wander)
    phase = np.cumsum(f0) / rate_hz
    pulses = np.diff(np.floor(phase), prepend=0.0)
    pole = np.exp(-2 * np.pi * 100 / rate_hz)
    smoothed = lfilter([1 - pole], [1, -pole], pulses)
    # A period's impulse spreads over more samples at a higher rate; breath has to stay as far below it.
    spread = max(1.0, rate_hz / 24_000)
    return np.asarray(np.diff(smoothed, prepend=0.0) * spread + 0.3 * smoothed) * spread


def _syllable(
    pulses: NDArray[np.float64], *, rate_hz: int, formant_scale: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A vowel, now and then behind a fricative, under one swell."""
    size = len(pulses)
    vowel = _VOWELS_HZ[int(rng.integers(len(_VOWELS_HZ)))]
    sound = pulses + 0.004 * rng.standard_normal(size)
    for formant_hz, bandwidth_hz in zip((*vowel, 3500), _BANDWIDTHS_HZ, strict=True):
        if formant_hz * formant_scale < 0.45 * rate_hz:
            sound = _resonate(sound, formant_hz * formant_scale, bandwidth_hz, rate_hz=rate_hz)
    sound /= np.sqrt(np.mean(sound**2)) + 1e-12
    swell = np.sin(np.pi * np.linspace(0, 1, size)) ** 0.7
    onset = min(size // 3, round(0.06 * rate_hz))
    if rng.random() < 0.4:
        hiss = np.diff(rng.standard_normal(onset), prepend=0.0) * np.hanning(onset)
        sound[:onset] = 0.35 * hiss + 0.1 * sound[:onset]
    return np.asarray(sound * swell * rng.uniform(0.6, 1.0))


def _resonate(
    sound: NDArray[np.float64], centre_hz: float, bandwidth_hz: float, *, rate_hz: int
) -> NDArray[np.float64]:
    radius = np.exp(-np.pi * bandwidth_hz / rate_hz)
    poles = [1.0, -2 * radius * np.cos(2 * np.pi * centre_hz / rate_hz), radius**2]
    return np.asarray(lfilter([sum(poles)], poles, sound))


def noise(duration_s: float, rate_hz: int = 24_000, *, level_db: float = -30.0, seed: int = 0) -> Waveform:
    """White noise of a given RMS."""
    samples = np.random.default_rng(seed).standard_normal(round(duration_s * rate_hz)) * 10 ** (level_db / 20)
    return Waveform(np.clip(samples, -1, 1).astype(np.float32), rate_hz)


def silence(duration_s: float, rate_hz: int = 24_000) -> Waveform:
    """Digital silence."""
    return Waveform(np.zeros(round(duration_s * rate_hz), np.float32), rate_hz)


def wav_bytes(waveform: Waveform, *, subtype: str = "PCM_16", container: str = "WAV", channels: int = 1) -> bytes:
    """A WAVE file; with more channels, every one has the same sound."""
    return _file_bytes(waveform, container, subtype, channels=channels)


def flac_bytes(waveform: Waveform, *, subtype: str = "PCM_16", channels: int = 1) -> bytes:
    """A FLAC file."""
    return _file_bytes(waveform, "FLAC", subtype, channels=channels)


def mp3_bytes(waveform: Waveform, *, bitrate_mode: str = "VARIABLE", channels: int = 1) -> bytes:
    """An MP3 file by LAME, which starts with a Xing header, or an Info header for `CONSTANT`."""
    return _file_bytes(
        waveform, "MP3", "MPEG_LAYER_III", channels=channels, bitrate_mode=bitrate_mode, compression_level=0.4
    )


def _file_bytes(waveform: Waveform, container: str, subtype: str, *, channels: int, **options: object) -> bytes:
    samples = np.repeat(waveform.samples[:, None], channels, axis=1)
    buffer = io.BytesIO()
    with sf.SoundFile(buffer, "w", waveform.rate_hz, channels, subtype=subtype, format=container, **options) as sound:
        for start in range(0, len(samples), 16384):
            sound.write(samples[start : start + 16384])
    return buffer.getvalue()


def write_wav(path: Path, waveform: Waveform, *, subtype: str = "PCM_16") -> Path:
    """Write a WAVE file and return its path."""
    path.write_bytes(wav_bytes(waveform, subtype=subtype))
    return path


def write_flac(path: Path, waveform: Waveform) -> Path:
    """Write a FLAC file and return its path."""
    path.write_bytes(flac_bytes(waveform))
    return path


def write_mp3(path: Path, waveform: Waveform) -> Path:
    """Write an MP3 file and return its path."""
    path.write_bytes(mp3_bytes(waveform))
    return path


@cache
def _speech() -> Waveform:
    return speech_like(12.0, 24_000, seed=7)


def mp3_with_xing_frames(waveform: Waveform, frames: int) -> bytes:
    """An MP3 whose Xing header claims so many frames, and says the truth about its bytes."""
    file = bytearray(mp3_bytes(waveform))
    position = file.index(b"Xing") + 8
    file[position : position + 4] = frames.to_bytes(4, "big")
    return bytes(file)


def mp3_without_header(waveform: Waveform) -> bytes:
    """Constant bitrate and nothing but frames of sound, as simple encoders and recorders write."""
    file = mp3_bytes(waveform, bitrate_mode="CONSTANT")
    assert b"Info" in file[:64]
    return file[file.index(file[:2], 4) :]


def flac_with_total(waveform: Waveform, total_samples: int) -> bytes:
    """A FLAC whose header declares so many samples; 0 means unknown."""
    file = bytearray(flac_bytes(waveform))
    file[21] = file[21] & 0xF0 | total_samples >> 32
    file[22:26] = (total_samples & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(file)


@cache
def flac_of_silence(hours: float, rate_hz: int = 44_100) -> bytes:
    """Hours of silence in some hundred kilobytes: valid frames of one constant subframe each, built by hand."""
    size, count = 65_535, round(hours * 3600 * rate_hz / 65_535)
    total = size * count
    info = size.to_bytes(2, "big") * 2 + bytes(6)
    info += (rate_hz << 44 | 15 << 36 | total).to_bytes(8, "big") + bytes(16)
    frames = [b"fLaC", b"\x80\x00\x00\x22", info]
    for number in range(count):
        head = b"\xff\xf8\x70\x08" + _coded_number(number) + (size - 1).to_bytes(2, "big")
        frame = head + bytes([_crc(head, 0x07, 8)]) + bytes(3)
        frames.append(frame + _crc(frame, 0x8005, 16).to_bytes(2, "big"))
    return b"".join(frames)


def _coded_number(number: int) -> bytes:
    """FLAC numbers its frames in UTF-8, surrogates included; enough for two million frames."""
    return chr(number).encode("utf-8", "surrogatepass")


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    register, top, mask = 0, 1 << (bits - 1), (1 << bits) - 1
    for byte in data:
        register ^= byte << (bits - 8)
        for _ in range(8):
            register = (register << 1 ^ polynomial if register & top else register << 1) & mask
    return register


def riff(*chunks: tuple[bytes, bytes], riff_size: int | None = None) -> bytes:
    """A RIFF/WAVE file of these chunks, padded to even lengths."""
    body = b"WAVE" + b"".join(
        name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2) for name, content in chunks
    )
    return b"RIFF" + (len(body) if riff_size is None else riff_size).to_bytes(4, "little") + body


def wav_format(*, tag: int = 1, channels: int = 1, rate_hz: int = 24_000, bits: int = 16) -> bytes:
    """The content of a fmt chunk."""
    block = channels * bits // 8
    fields = ((tag, 2), (channels, 2), (rate_hz, 4), (rate_hz * block & 0xFFFFFFFF, 4), (block & 0xFFFF, 2), (bits, 2))
    return b"".join(value.to_bytes(size, "little") for value, size in fields)


def _pcm16(waveform: Waveform) -> bytes:
    return (waveform.samples * 32767).astype("<i2").tobytes()


def wav_with_channels(channels: int) -> bytes:
    """A second-long taste of a file with too many channels."""
    return riff((b"fmt ", wav_format(channels=channels, rate_hz=8000)), (b"data", bytes(2 * channels * 1000)))


def wav_with_rate(rate_hz: int) -> bytes:
    """12 s of speech that claim another rate."""
    return riff((b"fmt ", wav_format(rate_hz=rate_hz)), (b"data", _pcm16(_speech())))


def wav_with_nan() -> bytes:
    """12 s of float samples, one of which is not a number."""
    samples = _speech().samples.copy()
    samples[100_000] = np.nan
    return riff((b"fmt ", wav_format(tag=3, bits=32)), (b"data", samples.astype("<f4").tobytes()))


def wav_beyond_full_scale() -> bytes:
    """Float samples of 16-bit size, as a careless conversion leaves them."""
    samples = _speech().samples * 32767
    return riff((b"fmt ", wav_format(tag=3, bits=32)), (b"data", samples.astype("<f4").tobytes()))


def truncated(whole: bytes) -> bytes:
    """The first half of a file: too little sound, and a header that promises enough."""
    return whole[: len(whole) // 2]


def polyglot() -> bytes:
    """A recording that is a working ZIP archive as well."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("payload.html", "<script>alert(1)</script>" * 200)
    return wav_bytes(_speech()) + archive.getvalue()


def _archive() -> bytes:
    return polyglot()[len(wav_bytes(_speech())) :]


def ogg_bytes(waveform: Waveform, *, subtype: str = "VORBIS") -> bytes:
    """An Ogg file with Vorbis or Opus."""
    return _file_bytes(waveform, "OGG", subtype, channels=1)


def aiff_bytes(waveform: Waveform, *, subtype: str = "PCM_16") -> bytes:
    """An AIFF file."""
    return _file_bytes(waveform, "AIFF", subtype, channels=1)


def _patched(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


def _with_nan() -> Waveform:
    samples = _speech().samples.copy()
    waveform = Waveform(samples, 24_000)
    samples[100_000] = np.nan  # behind the check of what a waveform may hold
    return waveform


def flac_of_silence_with_unknown_length() -> bytes:
    """20 hours, from a pipe."""
    whole = flac_of_silence(20)
    return whole[:21] + bytes([whole[21] & 0xF0]) + bytes(4) + whole[26:]


def opus_of_silence() -> bytes:
    """Hours in packets of one byte, each of which stands for 60 ms of which nothing is known."""
    head = b"OpusHead\1\1" + bytes(2) + (48_000).to_bytes(4, "little") + bytes(3)
    comments = b"OpusTags" + bytes(8)
    pages = [ogg_page(0, head, flags=2), ogg_page(1, comments)]
    return b"".join(pages) + b"".join(
        ogg_page(number, b"\x18" * 255, lacing=b"\1" * 255, position=(number - 1) * 255 * 2880)
        for number in range(2, 1502)
    )


def ogg_page(number: int, body: bytes, *, flags: int = 0, lacing: bytes | None = None, position: int = 0) -> bytes:
    """One page; by default it holds one packet."""
    lengths = b"\xff" * (len(body) // 255) + bytes([len(body) % 255]) if lacing is None else lacing
    start = b"OggS\0" + bytes([flags]) + position.to_bytes(8, "little") + (7).to_bytes(4, "little")
    start += number.to_bytes(4, "little")
    rest = bytes([len(lengths)]) + lengths + body
    return start + _crc(start + bytes(4) + rest, 0x04C11DB7, 32).to_bytes(4, "little") + rest


def text_named_wav() -> bytes:
    """A text, saved by an editor under the name of a recording."""
    return b"This is not a recording, whatever its name says.\n" * 400


def oversized(megabytes: int = 11) -> bytes:
    """A true recording that is too big."""
    speech = np.tile(_speech().samples, 2 + megabytes * 2**20 // (2 * len(_speech().samples)))
    return wav_bytes(Waveform(speech, 24_000))[: megabytes * 2**20]


def wav_of_opposed_channels() -> bytes:
    """Stereo whose channels are each other's inverse."""
    one = _speech().samples
    interleaved = np.stack([one, -one], axis=1).ravel()
    return riff((b"fmt ", wav_format(channels=2)), (b"data", _pcm16(Waveform(interleaved, 24_000))))


HOSTILE_FILES: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "20 hours of silence.flac": (lambda: flac_of_silence(20), "too_long"),
    "1024 channels.wav": (lambda: wav_with_channels(1024), "too_many_channels"),
    "60,000 channels.wav": (lambda: wav_with_channels(60_000)[:300_000], "corrupt_audio"),
    "rate of 1.wav": (lambda: wav_with_rate(1), "bad_sample_rate"),
    "rate of 2^31-1.wav": (lambda: wav_with_rate(2**31 - 1), "bad_sample_rate"),
    "not a number.wav": (wav_with_nan, "not_finite"),
    "beyond full scale.wav": (wav_beyond_full_scale, "level_out_of_range"),
    "truncated.wav": (lambda: truncated(wav_bytes(_speech())), "truncated_audio"),
    "truncated.flac": (lambda: truncated(flac_bytes(_speech())), "truncated_audio"),
    "truncated.mp3": (lambda: truncated(mp3_bytes(_speech())), "truncated_audio"),
    "polyglot.wav": (polyglot, "polyglot_file"),
    "polyglot.flac": (lambda: flac_bytes(_speech()) + b"#!/bin/sh\n" * 10, "polyglot_file"),
    "polyglot.mp3": (lambda: mp3_bytes(_speech()) + b"<?php echo 1; ?>" * 100, "polyglot_file"),
    "leading junk.mp3": (lambda: b"%PDF-1.7\n" + mp3_bytes(_speech()), "unsupported_audio"),
    "page in front.mp3": (lambda: b"<html><script>alert(1)</script>" + mp3_bytes(_speech()), "unsupported_audio"),
    "page behind a line.mp3": (lambda: b"x\n<script>alert(1)</script>" + mp3_bytes(_speech()), "polyglot_file"),
    "page inside.mp3": (lambda: mp3_bytes(_speech()) + b"<html></html>" + mp3_bytes(_speech()), "polyglot_file"),
    "archive in front.mp3": (lambda: _archive() + mp3_bytes(_speech()), "unsupported_audio"),
    "archive behind.ogg": (lambda: ogg_bytes(_speech()) + _archive(), "polyglot_file"),
    "page between.ogg": (lambda: ogg_bytes(_speech()) + b"<script></script>" + ogg_bytes(_speech()), "polyglot_file"),
    "program behind.wav": (lambda: wav_bytes(_speech()) + b"\x7fELF" + bytes(range(256)) * 20, "polyglot_file"),
    "program behind.aiff": (lambda: aiff_bytes(_speech()) + b"#!/bin/sh\nrm -rf /\n", "polyglot_file"),
    "long text behind.wav": (lambda: wav_bytes(_speech()) + b"All of this is text. " * 100, "polyglot_file"),
    "5 s of 200 promised.flac": (lambda: flac_with_total(speech_like(5), 200 * 24_000), "truncated_audio"),
    "5 s of 200 promised.mp3": (lambda: mp3_with_xing_frames(speech_like(5), 8_333), "truncated_audio"),
    "20 hours of silence, length 0.flac": (flac_of_silence_with_unknown_length, "too_long"),
    "hours of silence.opus": (opus_of_silence, "too_long"),
    "hours of nothing.mp3": (lambda: mp3_without_header(silence(2)) * 300, "too_long"),
    "stream of a million pages.ogg": (lambda: ogg_bytes(_speech())[:28] * 300_000, "corrupt_audio"),
    "flood of frame starts.mp3": (lambda: b"\xff\xfb\x90\x00" * 2_400_000, "unsupported_audio"),
    "flood of frames.mp3": (lambda: (b"\xff\xf3\x14\xc0" + bytes(20)) * 400_000, "too_long"),
    "flood of files.flac": (lambda: flac_bytes(noise(0.01, 8000))[:42] * 200_000, "corrupt_audio"),
    "flood of files.wav": (lambda: riff((b"fmt ", wav_format()), (b"data", b"")) * 230_000, "corrupt_audio"),
    "not a number.aiff": (lambda: _file_bytes(_with_nan(), "AIFF", "FLOAT", channels=1), "not_finite"),
    "1024 channels.aiff": (lambda: _file_bytes(silence(0.1), "AIFF", "PCM_16", channels=1024), "too_many_channels"),
    "rate of 2^31.caf": (
        lambda: _patched(_file_bytes(_speech(), "CAF", "PCM_16", channels=1), 20, b"\x41\xe0" + bytes(6)),
        "corrupt_audio",
    ),
    "empty.wav": (bytes, "empty_file"),
    "text.wav": (text_named_wav, "unsupported_audio"),
    "header only.wav": (lambda: wav_bytes(_speech())[:20], "corrupt_audio"),
    "flood of chunks.wav": (lambda: riff(*[(b"abcd", b"")] * 1_000_000), "corrupt_audio"),
    "flood of tags.mp3": (lambda: b"ID3\4\0\0\0\0\0\0" * 900_000, "unsupported_audio"),
    "flood of frame starts.flac": (lambda: flac_bytes(_speech()) + b"\xff\xf8\xc9\x08" * 2_000_000, "polyglot_file"),
    "silent.wav": (lambda: wav_bytes(silence(12)), "silent_audio"),
    "opposed channels.wav": (wav_of_opposed_channels, "channels_cancel"),
    "short.wav": (lambda: wav_bytes(speech_like(3, seed=1)), "too_short"),
    "11 MB.wav": (oversized, "file_too_large"),
}
"""Files that an upload must refuse: name, the builder of the bytes, and the code of the answer."""


def write_pcm(path: Path, waveform: Waveform) -> None:
    """Write one waveform as a PCM file of ours."""
    with PcmWriter(path, waveform.rate_hz) as writer:
        writer.append(waveform)
