"""The guards' verdicts on speech by espeak-ng, whole and with the faults that XTTS is known for."""

import numpy as np
import pytest

from tests.engines.references import LOW_VOICE, reference
from tests.waveforms import noise
from voice.audio.waveform import Waveform
from voice.engines.spec import EXAMPLE_TEXTS
from voice.engines.xtts.takes import TOKEN_S, Fault, Verdict, judge, speech_range_s, tokens_most

TEXT = "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow."


@pytest.fixture(scope="module")
def speech() -> Waveform:
    return reference(LOW_VOICE, (TEXT,))


def verdict_on(take: Waveform, *, text: str = TEXT, speed: float = 1.0, is_complete: bool = True) -> Verdict:
    return judge(take, text=text, language="en", speed=speed, is_complete=is_complete)


def followed_by(take: Waveform, *parts: Waveform) -> Waveform:
    return Waveform(np.concatenate([take.samples, *(part.samples for part in parts)]), take.rate_hz)


def pause(seconds: float, rate_hz: int) -> Waveform:
    return noise(seconds, rate_hz, level_db=-70)


def test_whole_speech_is_good(speech: Waveform) -> None:
    verdict = verdict_on(speech)
    assert verdict.faults == ()
    assert verdict.penalty < 0.1


def test_silence_is_the_worst_of_all(speech: Waveform) -> None:
    silent = Waveform(np.zeros_like(speech.samples), speech.rate_hz)
    assert verdict_on(silent).faults == (Fault.SILENT,)
    assert verdict_on(silent).penalty > verdict_on(noise(60.0), is_complete=False).penalty


def test_no_samples_at_all_are_silent() -> None:
    assert verdict_on(Waveform(np.zeros(0, np.float32), 24_000)).faults == (Fault.SILENT,)


def test_half_of_the_words_are_too_short(speech: Waveform) -> None:
    assert Fault.TOO_SHORT in verdict_on(Waveform(speech.samples[: len(speech.samples) // 3], speech.rate_hz)).faults


def test_silence_around_few_words_does_not_make_them_long_enough(speech: Waveform) -> None:
    few = Waveform(speech.samples[: len(speech.samples) // 3], speech.rate_hz)
    padded = followed_by(pause(2.0, speech.rate_hz), few, pause(2.0, speech.rate_hz))
    assert Fault.TOO_SHORT in verdict_on(padded).faults


def test_a_take_that_did_not_stop_ran_away(speech: Waveform) -> None:
    assert verdict_on(speech, is_complete=False).faults == (Fault.RUNAWAY,)


def test_a_syllable_after_a_long_pause_at_the_end_is_extra(speech: Waveform) -> None:
    syllable = Waveform(speech.samples[8000:14000], speech.rate_hz)
    fading = Waveform(syllable.samples * np.linspace(1, 0, 6000, dtype=np.float32), speech.rate_hz)
    assert verdict_on(followed_by(speech, pause(0.8, speech.rate_hz), fading)).faults == (Fault.EXTRA_END,)


def test_a_pause_within_the_sentence_is_no_fault(speech: Waveform) -> None:
    middle = len(speech.samples) // 2
    first, second = (Waveform(part, speech.rate_hz) for part in np.split(speech.samples, [middle]))
    assert not verdict_on(followed_by(first, pause(0.7, speech.rate_hz), second)).faults


def test_an_end_as_loud_as_the_speech_was_cut_off(speech: Waveform) -> None:
    loudest = int(
        np.argmax(np.convolve(np.square(speech.samples), np.ones(400), "same")[: len(speech.samples) * 4 // 5])
    )
    assert Fault.CUT_OFF in verdict_on(Waveform(speech.samples[: loudest + 200], speech.rate_hz)).faults


def test_speed_is_taken_into_account(speech: Waveform) -> None:
    assert not verdict_on(speech, speed=0.9).faults
    half = Waveform(speech.samples[: len(speech.samples) // 3], speech.rate_hz)
    assert Fault.TOO_SHORT in verdict_on(half, speed=1.0).faults
    assert Fault.TOO_SHORT not in verdict_on(half, speed=2.0).faults


@pytest.mark.parametrize("language", EXAMPLE_TEXTS)
def test_the_most_tokens_cover_the_longest_good_take(language: str) -> None:
    text = EXAMPLE_TEXTS[language]
    shortest_s, longest_s = speech_range_s(text, language)
    assert 0 < shortest_s < longest_s
    assert longest_s <= tokens_most(text, language) * TOKEN_S < longest_s + TOKEN_S


def test_a_single_word_is_not_given_long() -> None:
    assert tokens_most("Yes.", "en") * TOKEN_S < 2.0


def test_text_without_letters_still_has_a_limit() -> None:
    assert tokens_most("", "en") >= 1
