"""A recording is known again however it is encoded, and no other one is taken for it."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr

from tests.waveforms import silence
from voice.audio.fingerprint import fingerprint, is_same_sound
from voice.audio.waveform import Samples, Waveform


@pytest.fixture(scope="module")
def speech(recording: Path) -> Waveform:
    samples, rate_hz = sf.read(recording, dtype="float32")
    return Waveform(samples, rate_hz)


def coded(speech: Waveform, layout: str, subtype: str, **options: float) -> Waveform:
    file = io.BytesIO()
    sf.write(file, speech.samples, speech.rate_hz, format=layout, subtype=subtype, **options)
    file.seek(0)
    samples, rate_hz = sf.read(file, dtype="float32")
    return Waveform(samples, rate_hz)


def changed(speech: Waveform, change: Callable[[Samples], Samples]) -> Waveform:
    return Waveform(np.ascontiguousarray(change(speech.samples), dtype=np.float32), speech.rate_hz)


COPIES: dict[str, Callable[[Waveform], Waveform]] = {
    "a good MP3": lambda s: coded(s, "MP3", "MPEG_LAYER_III", compression_level=0.0),
    "a poor MP3": lambda s: coded(s, "MP3", "MPEG_LAYER_III", compression_level=0.99),
    "Vorbis": lambda s: coded(s, "OGG", "VORBIS", compression_level=0.9),
    "a telephone's codec": lambda s: coded(s, "WAV", "ULAW"),
    "8 kHz": lambda s: Waveform(soxr.resample(s.samples, s.rate_hz, 8_000), 8_000),
    "48 kHz": lambda s: Waveform(soxr.resample(s.samples, s.rate_hz, 48_000), 48_000),
    "20 dB softer": lambda s: changed(s, lambda x: 0.1 * x),
    "clipped": lambda s: changed(s, lambda x: np.clip(4 * x, -1, 1)),
    "its start cut off": lambda s: changed(s, lambda x: x[round(3.33 * s.rate_hz) :]),
    "silence before it": lambda s: changed(s, lambda x: np.concatenate([np.zeros(round(2.02 * s.rate_hz)), x])),
    "noise in it": lambda s: changed(
        s, lambda x: x + 0.1 * x.std() * np.random.default_rng(1).standard_normal(len(x))
    ),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_known_again(speech: Waveform, how: str) -> None:
    copy, original = fingerprint(COPIES[how](speech)), fingerprint(speech)
    assert copy != b""
    assert is_same_sound(original, copy)
    assert is_same_sound(copy, original)


def test_other_words_of_the_same_speaker_are_another_recording(speech: Waveform) -> None:
    half = len(speech.samples) // 2
    first, second = (fingerprint(changed(speech, lambda x, p=part: x[p])) for part in (slice(half), slice(half, None)))
    assert not is_same_sound(first, second)
    assert is_same_sound(first, fingerprint(speech))


def test_a_jingle_in_both_does_not_make_two_recordings_one(speech: Waveform) -> None:
    rng, part = np.random.default_rng(2), 10 * speech.rate_hz
    jingle = speech.samples[:part]
    others = [0.1 * rng.standard_normal(3 * part).astype(np.float32) for _ in "12"]
    one, other = (fingerprint(Waveform(np.concatenate([jingle, rest]), speech.rate_hz)) for rest in others)
    assert not is_same_sound(one, other)


def test_silence_is_like_nothing() -> None:
    quiet = fingerprint(silence(20))
    assert not is_same_sound(quiet, quiet)
    assert fingerprint(silence(0.1)) == b""
    assert not is_same_sound(b"", quiet)


def test_a_fingerprint_is_small_and_always_the_same(speech: Waveform) -> None:
    assert fingerprint(speech) == fingerprint(speech)
    assert len(fingerprint(speech)) == pytest.approx(40 * speech.duration_s, abs=40)
