"""Loudness, true peaks and the limiter against their references."""

import numpy as np
import pyloudnorm
import pytest

from tests.waveforms import noise, silence, speech_like
from voice.audio.loudness import apply_gains, limiter_gains, measure_blocks, measure_waveform
from voice.audio.waveform import Waveform


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
@pytest.mark.parametrize("seed", range(3))
def test_loudness_agrees_with_pyloudnorm(rate_hz: int, seed: int) -> None:
    speech = speech_like(8, rate_hz, seed=seed)
    reference = pyloudnorm.Meter(rate_hz).integrated_loudness(speech.samples.astype(np.float64))
    assert measure_waveform(speech).integrated_lufs == pytest.approx(reference, abs=0.05)


def test_a_full_scale_sine_of_997_hz_has_minus_3_lufs() -> None:
    """ITU-R BS.1770-4, annex 1: 0 dBFS on one channel reads -3.01 LKFS."""
    seconds = np.arange(48_000 * 5) / 48_000
    sine = Waveform(np.sin(2 * np.pi * 997 * seconds).astype(np.float32), 48_000)
    assert measure_waveform(sine).integrated_lufs == pytest.approx(-3.01, abs=0.05)


def test_pauses_do_not_count() -> None:
    speech = speech_like(8, noise_db=-90)
    padded = Waveform(np.concatenate([speech.samples, silence(20).samples]), 24_000)
    assert measure_waveform(padded).integrated_lufs == pytest.approx(measure_waveform(speech).integrated_lufs, abs=0.1)


def test_silence_has_no_loudness() -> None:
    assert measure_waveform(silence(2)).integrated_lufs == -np.inf
    assert measure_waveform(silence(2)).true_peak_dbtp == -np.inf
    assert measure_waveform(silence(0)).duration_s == 0


def test_less_than_a_window_still_has_a_loudness() -> None:
    assert measure_waveform(noise(0.25, level_db=-20)).integrated_lufs == pytest.approx(-18, abs=4)


def test_a_peak_between_two_samples_is_seen() -> None:
    """A quarter of the rate, 45 degrees off: samples at 0.707, peaks at 1."""
    phase = np.pi / 2 * np.arange(24_000) + np.pi / 4
    measured = measure_waveform(Waveform(np.sin(phase).astype(np.float32), 24_000))
    assert measured.true_peak_dbtp == pytest.approx(0.0, abs=0.15)


@pytest.mark.parametrize("size", [1, 999, 24_000])
def test_the_size_of_the_blocks_changes_nothing(size: int) -> None:
    speech = speech_like(1.5)
    blocks = [speech.samples[start : start + size] for start in range(0, len(speech.samples), size)]
    whole, pieces = measure_waveform(speech), measure_blocks(iter(blocks), rate_hz=24_000)
    assert pieces.integrated_lufs == pytest.approx(whole.integrated_lufs, abs=1e-6)
    np.testing.assert_allclose(pieces.peaks, whole.peaks, atol=1e-5)


def test_the_peak_curve_has_one_value_per_step_and_bounds_every_sample() -> None:
    speech = speech_like(2)
    measured = measure_waveform(speech)
    assert measured.peaks.shape == (2000,)
    assert measured.peaks.dtype == np.float32
    steps = np.abs(speech.samples).reshape(2000, measured.step_frames).max(axis=1)
    assert (measured.peaks >= steps).all()


@pytest.mark.parametrize("seed", range(5))
def test_no_peak_passes_the_limiter_and_no_gain_exceeds_what_was_asked(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = (0.2 * rng.standard_normal(24_000) + (rng.random(24_000) < 0.001) * 0.8).astype(np.float32)
    measured = measure_waveform(Waveform(samples, 24_000))
    gains = limiter_gains(measured.peaks, gain_db=6.0, ceiling_db=-1.0)
    assert gains.max() <= 10 ** (6 / 20) + 1e-6
    blocks = (samples[start : start + 1000] for start in range(0, 24_000, 1000))
    limited = np.concatenate(list(apply_gains(blocks, gains, step_frames=measured.step_frames)))
    assert limited.dtype == np.float32
    assert np.abs(limited).max() <= 10 ** (-1 / 20) + 1e-6
    assert measure_waveform(Waveform(limited, 24_000)).true_peak_dbtp <= -0.9
