"""Pauses sound like the speaker's room."""

import numpy as np
import pytest

from voice.audio.waveform import Waveform
from voice.engines.embedded.analysis import TARGET_LEVEL_DB, Analyser
from voice.engines.embedded.target import quietest, room_tone

RATE_HZ = 16_000


def recording(room_db: float) -> np.ndarray:
    """A tone at -14 dB for a second, then a second of the room."""
    rng = np.random.default_rng(3)
    tone = 0.2 * np.sqrt(2) * np.sin(2 * np.pi * 150 * np.arange(RATE_HZ) / RATE_HZ)
    room = rng.normal(0, 10 ** (room_db / 20), 2 * RATE_HZ)
    return (np.concatenate([tone, np.zeros(RATE_HZ)]) + room).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.square(samples.astype(np.float64)).mean())))


@pytest.mark.parametrize("room_db", [-70.0, -50.0])
def test_a_pause_has_the_room_at_its_distance_below_the_voice(room_db: float) -> None:
    samples = recording(room_db)
    frames = Analyser(samples, RATE_HZ, rng=np.random.default_rng(0)).frames()
    tone = room_tone(quietest(samples, frames), RATE_HZ, rate_hz=RATE_HZ, rng=np.random.default_rng(1))
    assert tone.shape == (RATE_HZ,)
    voice_db = level_db(samples[:RATE_HZ])
    assert level_db(tone[1000:-1000]) == pytest.approx(room_db + TARGET_LEVEL_DB - voice_db, abs=2.0)


def test_a_pause_starts_and_ends_without_a_click() -> None:
    quiet = np.random.default_rng(2).normal(0, 0.01, 3200).astype(np.float32)
    tone = room_tone(quiet, 5000, rate_hz=RATE_HZ, rng=np.random.default_rng(1))
    assert abs(tone[0]) < 0.001
    assert abs(tone[-1]) < 0.001
    Waveform(tone, RATE_HZ)


@pytest.mark.parametrize("length", [0, 1, 639, 640, 641, 10_000])
def test_a_pause_is_as_long_as_it_should_be(length: int) -> None:
    quiet = np.ones(3200, dtype=np.float32)
    assert len(room_tone(quiet, length, rate_hz=RATE_HZ, rng=np.random.default_rng(1))) == length


def test_without_a_quiet_place_the_pause_is_silent() -> None:
    empty = np.zeros(0, dtype=np.float32)
    assert not room_tone(empty, 8000, rate_hz=RATE_HZ, rng=np.random.default_rng(1)).any()
