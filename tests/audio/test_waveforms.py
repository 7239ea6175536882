"""The suite's own sound is what it says it is."""

import io

import numpy as np
import pytest
import soundfile as sf

from tests.waveforms import flac_of_silence, mp3_with_xing_frames, oversized, speech_like


def test_the_same_seed_gives_the_same_speech_and_another_one_does_not() -> None:
    np.testing.assert_array_equal(speech_like(2, seed=1).samples, speech_like(2, seed=1).samples)
    assert np.abs(speech_like(2, seed=1).samples - speech_like(2, seed=2).samples).max() > 0.1


@pytest.mark.parametrize("f0_hz", [90.0, 120.0, 220.0])
def test_speech_has_the_pitch_that_was_asked_for(f0_hz: float) -> None:
    frame = speech_like(4, f0_hz=f0_hz, noise_db=-90).samples.astype(np.float64)
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frame, 2 * len(frame))) ** 2)
    lags = np.arange(round(24_000 / 320), round(24_000 / 65))
    found_hz = 24_000 / lags[np.argmax(correlation[lags])]
    assert found_hz == pytest.approx(f0_hz, rel=0.2)


def test_the_flac_of_silence_is_a_valid_file_of_so_many_hours() -> None:
    data = flac_of_silence(0.02)
    samples, rate_hz = sf.read(io.BytesIO(data), dtype="float32")
    assert len(samples) / rate_hz == pytest.approx(72, abs=1)
    assert not samples.any()
    assert len(flac_of_silence(20)) < 2**20


def test_the_forged_mp3_deceives_libsndfile() -> None:
    forged = mp3_with_xing_frames(speech_like(12), 3600 * 24_000 // 576)
    assert sf.info(io.BytesIO(forged)).duration > 3500


def test_the_oversized_file_has_eleven_megabytes() -> None:
    assert len(oversized()) == 11 * 2**20
