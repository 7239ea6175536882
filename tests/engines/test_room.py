"""Words and pauses lie in the sound of the speaker's room."""

import numpy as np
import pytest

from tests.engines.references import LOW_VOICE, reference
from tests.engines.speaking import speech_of
from voice.audio.waveform import Waveform
from voice.engines.embedded.analysis import TARGET_LEVEL_DB, Analyser, active_level_db
from voice.engines.embedded.engine import EmbeddedEngine
from voice.engines.embedded.target import RoomTone, from_profile, quietest

RATE_HZ = 16_000


def recording(room_db: float) -> np.ndarray:
    """A tone at -14 dB for a second, then a second of the room."""
    rng = np.random.default_rng(3)
    tone = 0.2 * np.sqrt(2) * np.sin(2 * np.pi * 150 * np.arange(RATE_HZ) / RATE_HZ)
    room = rng.normal(0, 10 ** (room_db / 20), 2 * RATE_HZ)
    return (np.concatenate([tone, np.zeros(RATE_HZ)]) + room).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.square(samples.astype(np.float64)).mean())))


def room_of(samples: np.ndarray) -> np.ndarray:
    return quietest(samples, Analyser(samples, RATE_HZ, rng=np.random.default_rng(0)).frames())


def tone_of(quiet: np.ndarray) -> RoomTone:
    return RoomTone(quiet, rate_hz=RATE_HZ, rng=np.random.default_rng(1))


@pytest.mark.parametrize("room_db", [-65.0, -50.0])
def test_the_room_lies_at_its_distance_below_the_voice(room_db: float) -> None:
    samples = recording(room_db)
    tone = tone_of(room_of(samples)).take(RATE_HZ)
    voice_db = level_db(samples[:RATE_HZ])
    assert level_db(tone[1000:]) == pytest.approx(room_db + TARGET_LEVEL_DB - voice_db, abs=2.5)


def test_silence_that_was_cut_into_a_recording_is_not_its_room() -> None:
    samples = recording(-50.0)
    silent = np.concatenate([samples, np.zeros(RATE_HZ, np.float32), samples])
    assert level_db(room_of(silent)) == pytest.approx(level_db(room_of(samples)), abs=3.0)


def test_the_room_fades_in_and_is_the_same_however_it_is_divided() -> None:
    quiet = np.random.default_rng(2).normal(0, 0.01, 3200).astype(np.float32)
    whole, divided = tone_of(quiet).take(5000), tone_of(quiet)
    assert abs(whole[0]) < 0.001
    assert np.array_equal(whole, np.concatenate([divided.take(n) for n in (0, 1, 639, 0, 641, 3719)]))
    levels_db = [level_db(whole[at : at + 320]) for at in range(640, 4640, 320)]
    assert max(levels_db) - min(levels_db) < 3.0, "it neither pulses nor breaks off"


@pytest.mark.parametrize("length", [0, 3200])
def test_without_a_quiet_place_the_room_is_silent(length: int) -> None:
    assert not tone_of(np.zeros(min(length, 100), dtype=np.float32)).take(8000).any()
    assert len(room_of(np.zeros(RATE_HZ, dtype=np.float32))) == 0


def test_speech_and_its_pauses_share_one_floor(engine: EmbeddedEngine) -> None:
    """Of a speaker in a noisy room: what is said begins and ends softly, and in between is nowhere more silent."""
    spoken, rng = reference(LOW_VOICE), np.random.default_rng(4)
    heard = spoken.samples + rng.normal(0, 10 ** (-50 / 20), len(spoken.samples)).astype(np.float32)
    gap = np.zeros(spoken.rate_hz // 2, dtype=np.float32)  # as preparing puts it between two passages
    profile = engine.clone([Waveform(np.concatenate([heard, gap, heard]), spoken.rate_hz)], "en")
    text = "The rain fell, and the old house creaked. Nobody was awake; the clock struck two."
    speech = speech_of(engine, profile, text, seed=1)
    width = speech.rate_hz // 20
    samples = speech.samples[width : -width - len(speech.samples) % width]
    levels_db = [level_db(stretch) for stretch in samples.reshape(-1, width)]
    floor_db = level_db(from_profile(profile).room)
    assert floor_db == pytest.approx(-50 + TARGET_LEVEL_DB - active_level_db(Waveform(heard, spoken.rate_hz)), abs=1)
    assert min(levels_db) > floor_db - 3
