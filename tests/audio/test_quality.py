"""The quality score: every part moves with its cause, and says what to do."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from tests.waveforms import noise, silence, speech_like
from voice.audio.quality import ADVICE_BELOW, QualityReport, quality_score
from voice.audio.waveform import Waveform
from voice.errors import InvalidAudio

PARTS = {"snr", "clipping", "speech_share", "bandwidth", "level", "length"}


def lowpassed(waveform: Waveform, cutoff_hz: float) -> Waveform:
    sections = butter(8, cutoff_hz, fs=waveform.rate_hz, output="sos")
    return Waveform(sosfiltfilt(sections, waveform.samples).astype(np.float32), waveform.rate_hz)


def overdriven(gain: float) -> Waveform:
    return Waveform(np.clip(speech_like(20, noise_db=-75).samples * gain, -0.95, 0.95), 24_000)


def reports(recordings: Sequence[Waveform]) -> list[QualityReport]:
    return [quality_score(recording) for recording in recordings]


def assert_falls(found: Sequence[QualityReport], part: str) -> None:
    scores = [report.parts[part].score for report in found]
    totals = [report.score for report in found]
    assert scores == sorted(scores, reverse=True)
    assert totals == sorted(totals, reverse=True)
    assert scores[0] > scores[-1]
    assert totals[0] > totals[-1]


def test_a_good_recording_scores_high_and_needs_no_advice() -> None:
    report = quality_score(speech_like(60, 44_100))
    assert report.score > 90
    assert set(report.parts) == PARTS
    assert report.advice == ()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 48_000, 192_000])
def test_every_rate_is_judged(rate_hz: int) -> None:
    report = quality_score(speech_like(12, rate_hz))
    assert report.parts["snr"].value > 38
    assert report.parts["bandwidth"].value == pytest.approx(min(rate_hz / 2, 24_000), rel=0.2)


def test_more_noise_means_less_snr_and_a_lower_score() -> None:
    found = reports([speech_like(20, noise_db=level) for level in (-70, -50, -42, -35, -30)])
    assert_falls(found, "snr")
    values = [report.parts["snr"].value for report in found]
    assert values == sorted(values, reverse=True)


def test_snr_is_that_of_the_speech_and_the_noise_that_were_mixed() -> None:
    """Speech of -20 dB over its syllables, with short gaps between them that lower its mean a little."""
    assert quality_score(speech_like(30, noise_db=-50)).parts["snr"].value == pytest.approx(30, abs=2)


def test_more_overdrive_means_more_clipping_and_a_lower_score() -> None:
    assert_falls(reports([overdriven(gain) for gain in (1, 4, 6, 10)]), "clipping")


def test_clipping_is_found_after_the_level_was_turned_down() -> None:
    loud = overdriven(8)
    quiet = Waveform(loud.samples * np.float32(0.3), 24_000)
    assert quality_score(quiet).parts["clipping"].value == pytest.approx(
        quality_score(loud).parts["clipping"].value, rel=0.05
    )


def test_a_narrower_band_means_a_lower_score() -> None:
    speech = speech_like(20, noise_db=-80)
    found = reports([speech, *[lowpassed(speech, cutoff) for cutoff in (8000, 5000, 3400, 2500)]])
    assert_falls(found, "bandwidth")
    assert found[3].parts["bandwidth"].value == pytest.approx(3900, abs=700)


def test_hiss_above_a_narrow_band_is_not_taken_for_speech() -> None:
    narrow = lowpassed(speech_like(20, noise_db=-90), 3400)
    hissing = Waveform(narrow.samples + noise(20, level_db=-60).samples, 24_000)
    assert quality_score(hissing).parts["bandwidth"].value < 5000


def test_more_pauses_mean_a_smaller_share_of_speech() -> None:
    speech = speech_like(20).samples
    found = [
        quality_score(Waveform(np.concatenate([speech, noise(pause_s, level_db=-65).samples]), 24_000))
        for pause_s in (0, 20, 60, 150)
    ]
    assert_falls(found, "speech_share")
    assert found[1].parts["speech_share"].value == pytest.approx(44, abs=6)


def test_quieter_and_overloud_recordings_score_lower() -> None:
    speech = speech_like(20)
    quieter = [Waveform(speech.samples * np.float32(10 ** (gain / 20)), 24_000) for gain in (0, -14, -20, -28)]
    assert_falls(reports(quieter), "level")
    assert quality_score(overdriven(30)).parts["level"].score < 70


def test_too_quiet_is_turned_up_and_too_loud_is_turned_down() -> None:
    speech = speech_like(20)
    quiet = quality_score(Waveform(speech.samples * np.float32(0.05), 24_000)).parts["level"]
    loud = quality_score(overdriven(30)).parts["level"]
    assert quiet.advice is not None
    assert loud.advice is not None
    assert quiet.value < -28 < -12 < loud.value
    assert quiet.advice.startswith("Turn the recording level up")
    assert loud.advice.startswith("Turn the recording level down")


def test_music_counts_as_speech_and_the_advice_promises_no_more() -> None:
    """Speech is found by its energy. Whoever teaches it to recognise music may promise more, here and in the guide."""
    speech, pauses = speech_like(20), noise(80, level_db=-65).samples
    seconds = np.arange(20 * 24_000) / 24_000
    chord = sum(np.sin(2 * np.pi * pitch_hz * seconds) for pitch_hz in (220.0, 277.2, 329.6))
    jingle = (0.05 * chord * (0.6 + 0.4 * np.sin(2 * np.pi * 2 * seconds))).astype(np.float32)
    alone, with_music = (
        quality_score(Waveform(np.concatenate(pieces), 24_000)).parts["speech_share"]
        for pieces in ([speech.samples, pauses], [speech.samples, jingle, pauses])
    )
    assert with_music.value > alone.value + 8
    assert alone.advice is not None
    assert "pauses" in alone.advice
    assert "music" not in alone.advice


def test_less_speech_means_a_lower_score() -> None:
    assert_falls(reports([speech_like(duration_s) for duration_s in (70, 40, 20, 11)]), "length")


def test_every_weak_part_has_one_sentence_and_the_weakest_comes_first() -> None:
    samples = lowpassed(speech_like(11, noise_db=-34), 3000).samples * np.float32(0.05)
    report = quality_score(Waveform(samples, 24_000))
    for part in report.parts.values():
        assert (part.advice is not None) == (part.score < ADVICE_BELOW)
        assert part.advice is None or part.advice.endswith(".")
    weakest = min(report.parts.values(), key=lambda part: part.score)
    assert report.advice[0] == weakest.advice
    assert len(report.advice) >= 2


def test_one_failure_is_not_saved_by_the_other_parts() -> None:
    assert quality_score(overdriven(20)).score <= 50


def test_the_score_is_the_same_every_time() -> None:
    assert quality_score(speech_like(12)) == quality_score(speech_like(12))


@pytest.mark.parametrize("recording", [silence(10), noise(10)])
def test_without_speech_there_is_nothing_to_judge(recording: Waveform) -> None:
    with pytest.raises(InvalidAudio, match="no_speech"):
        quality_score(recording)
