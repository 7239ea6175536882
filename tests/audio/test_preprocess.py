"""From a recording to reference audio."""

import itertools

import numpy as np
import pytest

from tests.waveforms import noise, silence, speech_like
from voice.audio.loudness import measure_waveform
from voice.audio.preprocess import REFERENCE_LUFS, preprocess
from voice.audio.waveform import Waveform
from voice.errors import InvalidAudio


def joined(*waveforms: Waveform) -> Waveform:
    return Waveform(np.concatenate([waveform.samples for waveform in waveforms]), waveforms[0].rate_hz)


def band_db(waveform: Waveform, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(waveform.samples.astype(np.float64))) ** 2 / len(waveform.samples)
    frequencies = np.fft.rfftfreq(len(waveform.samples), 1 / waveform.rate_hz)
    return float(10 * np.log10(power[(frequencies >= low_hz) & (frequencies < high_hz)].mean() + 1e-20))


@pytest.mark.parametrize(
    ("rate_hz", "expected_hz"), [(8_000, 8_000), (22_050, 22_050), (44_100, 24_000), (96_000, 24_000)]
)
def test_high_rates_become_the_target_and_low_ones_stay(rate_hz: int, expected_hz: int) -> None:
    prepared = preprocess(speech_like(10, rate_hz))
    assert prepared.waveform.rate_hz == expected_hz
    assert prepared.waveform.samples.dtype == np.float32
    assert 8 < prepared.waveform.duration_s <= 10.1


def test_loudness_comes_out_the_same_whatever_it_was() -> None:
    for level_db in (-45.0, -30.0, -18.0):
        prepared = preprocess(speech_like(10, level_db=level_db, noise_db=level_db - 45))
        assert measure_waveform(prepared.waveform).integrated_lufs == pytest.approx(REFERENCE_LUFS, abs=0.1)


def test_a_peak_is_never_clipped_to_reach_the_loudness() -> None:
    samples = speech_like(10, level_db=-40, noise_db=-85).samples.copy()
    samples[100_000:100_030] = 0.9 * np.hanning(30)
    prepared = preprocess(Waveform(samples, 24_000))
    assert measure_waveform(prepared.waveform).true_peak_dbtp <= -0.99
    assert measure_waveform(prepared.waveform).integrated_lufs < REFERENCE_LUFS


def test_offset_and_rumble_are_removed_and_speech_is_left() -> None:
    speech = speech_like(10)
    seconds = np.arange(len(speech.samples)) / 24_000
    spoiled = Waveform((speech.samples + 0.1 + 0.1 * np.sin(2 * np.pi * 15 * seconds)).astype(np.float32), 24_000)
    clean, prepared = preprocess(speech), preprocess(spoiled)
    assert abs(float(prepared.waveform.samples.mean())) < 1e-3
    assert band_db(prepared.waveform, 10, 20) < band_db(spoiled, 10, 20) - 30
    assert prepared.waveform.duration_s == pytest.approx(clean.waveform.duration_s, abs=0.5)


def test_silence_around_and_long_pauses_inside_go_away() -> None:
    recording = joined(silence(5), speech_like(6, seed=1), noise(8, level_db=-65), speech_like(6, seed=2), silence(4))
    prepared = preprocess(recording)
    assert 10 < prepared.waveform.duration_s < 13
    assert prepared.segments[0].start_s >= 4.8
    assert prepared.segments[-1].end_s <= 25.2
    assert all(segment.end_s <= 11.3 or segment.start_s >= 18.8 for segment in prepared.segments)


def test_segments_are_in_order_do_not_overlap_and_are_short_enough() -> None:
    segments = preprocess(speech_like(90, seed=4)).segments
    assert all(one.end_s <= other.start_s for one, other in itertools.pairwise(segments))
    assert max(segment.duration_s for segment in segments) <= 12.0


def test_speech_without_a_pause_is_cut_at_quiet_places_and_joined_again_without_a_seam() -> None:
    rng = np.random.default_rng(0)
    seconds = np.arange(40 * 24_000) / 24_000
    swells = 0.55 + 0.45 * np.sin(2 * np.pi * 3 * seconds)
    tone = sum(np.sin(2 * np.pi * 110 * n * seconds) / n for n in range(1, 20))
    endless = Waveform((0.05 * swells * tone + 1e-4 * rng.standard_normal(len(seconds))).astype(np.float32), 24_000)
    prepared = preprocess(endless)
    assert len(prepared.segments) >= 4
    assert prepared.waveform.duration_s == pytest.approx(40.0, abs=0.1)
    assert np.abs(np.diff(prepared.waveform.samples)).max() < 2 * np.abs(np.diff(endless.samples)).max() * 10 ** (
        prepared.gain_db / 20
    )


def test_the_cleanest_part_is_chosen_when_there_is_more_than_needed() -> None:
    noisy, clean = speech_like(30, noise_db=-38, seed=1), speech_like(30, seed=2)
    prepared = preprocess(joined(noisy, clean, noisy), max_duration_s=20.0)
    assert prepared.waveform.duration_s <= 20.0
    assert all(segment.start_s >= 29.5 and segment.end_s <= 60.5 for segment in prepared.segments)


def test_clipped_passages_are_the_last_to_be_chosen() -> None:
    speech = speech_like(20, seed=2)
    overdriven = Waveform(np.clip(speech_like(20, seed=1).samples * 12, -1, 1), 24_000)
    prepared = preprocess(joined(overdriven, speech), max_duration_s=15.0)
    assert all(segment.start_s >= 19.5 for segment in prepared.segments)


def test_five_minutes_become_at_most_the_longest_reference() -> None:
    prepared = preprocess(Waveform(np.tile(speech_like(60).samples, 5), 24_000))
    assert 100 < prepared.waveform.duration_s <= 120


def test_the_same_recording_gives_the_same_reference() -> None:
    one, other = preprocess(speech_like(15, 44_100)), preprocess(speech_like(15, 44_100))
    np.testing.assert_array_equal(one.waveform.samples, other.waveform.samples)
    assert one.segments == other.segments


def hum() -> Waveform:
    seconds = np.arange(12 * 24_000) / 24_000
    return Waveform((0.3 * np.sin(2 * np.pi * 200 * seconds)).astype(np.float32), 24_000)


@pytest.mark.parametrize("recording", [silence(12), noise(12), hum(), silence(0.01)])
def test_what_is_not_speech_is_refused(recording: Waveform) -> None:
    with pytest.raises(InvalidAudio, match="no_speech"):
        preprocess(recording)


def test_bursts_of_noise_are_not_speech() -> None:
    with pytest.raises(InvalidAudio, match="no_speech"):
        preprocess(joined(*[noise(0.3, seed=n) if n % 2 else noise(0.3, level_db=-70, seed=n) for n in range(40)]))


def test_too_little_speech_is_refused_with_what_was_found() -> None:
    quiet = noise(9, level_db=-65)
    with pytest.raises(InvalidAudio, match="too_little_speech") as refused:
        preprocess(joined(quiet, speech_like(2), quiet))
    assert refused.value.details["speech_s"] == pytest.approx(2, abs=0.5)
