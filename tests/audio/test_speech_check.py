"""The last look at a finished file, and how long a text may take."""

from pathlib import Path

import numpy as np
import pytest

from tests.waveforms import noise, silence, speech_like, write_flac, write_mp3, write_pcm, write_wav
from voice.audio.encode import SpeechTags, encode
from voice.audio.formats import FORMATS
from voice.audio.speech_check import LETTER_S, check_output, plausible_duration_s
from voice.audio.waveform import Waveform
from voice.errors import OutputRejected


@pytest.mark.parametrize("output_format", FORMATS)
def test_what_we_encode_passes(output_format: str, tmp_path: Path) -> None:
    write_pcm(tmp_path / "part.wav", speech_like(5))
    target = tmp_path / "speech"
    made = encode(tmp_path / "part.wav", target, output_format=output_format, tags=SpeechTags("a"))
    check = check_output(target, output_format=output_format, expected_duration_s=(5.0, 5.0), rate_hz=made.rate_hz)
    assert check.duration_s == pytest.approx(5.0, abs=0.1)
    assert check.loudness_lufs == pytest.approx(-19, abs=0.5)
    assert check.clipped_samples == 0


@pytest.mark.parametrize(
    ("expected_duration_s", "code"), [((6.0, 9.0), "output_too_short"), ((1.0, 4.0), "output_too_long")]
)
def test_a_length_that_does_not_fit_the_text_is_refused(
    expected_duration_s: tuple[float, float], code: str, tmp_path: Path
) -> None:
    path = write_wav(tmp_path / "speech.wav", speech_like(5))
    with pytest.raises(OutputRejected, match=code) as refused:
        check_output(path, output_format="wav", expected_duration_s=expected_duration_s, rate_hz=24_000)
    assert refused.value.details["duration_s"] == 5.0
    assert not refused.value.retryable


@pytest.mark.parametrize("sound", [silence(3), noise(3, level_db=-65)])
def test_silence_is_refused(sound: Waveform, tmp_path: Path) -> None:
    with pytest.raises(OutputRejected, match="output_silent"):
        check_output(
            write_flac(tmp_path / "a.flac", sound), output_format="flac", expected_duration_s=(1, 5), rate_hz=24_000
        )


def test_clipped_speech_is_refused_and_a_single_full_sample_is_not(tmp_path: Path) -> None:
    samples = speech_like(3).samples.copy()
    samples[20_000] = 1.0
    path = write_wav(tmp_path / "one.wav", Waveform(samples, 24_000), subtype="FLOAT")
    assert check_output(path, output_format="wav", expected_duration_s=(1, 5), rate_hz=24_000).clipped_samples == 0
    path = write_wav(tmp_path / "many.wav", Waveform(np.clip(samples * 10, -1, 1), 24_000))
    with pytest.raises(OutputRejected, match="output_clipped"):
        check_output(path, output_format="wav", expected_duration_s=(1, 5), rate_hz=24_000)


def test_a_file_that_is_missing_broken_or_cut_is_refused(tmp_path: Path) -> None:
    whole = write_mp3(tmp_path / "whole.mp3", speech_like(5)).read_bytes()
    flac = write_flac(tmp_path / "whole.flac", speech_like(5)).read_bytes()
    (tmp_path / "text").write_bytes(b"not audio" * 100)
    (tmp_path / "cut.mp3").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "cut.flac").write_bytes(flac[: len(flac) // 2])
    for name in ("missing", "text", "cut.mp3", "cut.flac"):
        with pytest.raises(OutputRejected, match="output_unreadable"):
            check_output(tmp_path / name, output_format="mp3", expected_duration_s=(1, 9), rate_hz=24_000)


def test_another_rate_than_was_asked_for_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "speech.wav", speech_like(5))
    with pytest.raises(OutputRejected, match="output_unreadable"):
        check_output(path, output_format="wav", expected_duration_s=(1, 9), rate_hz=16_000)


MEASURED_S = {
    "en": ("Welcome back to the show. Today we talk about how small teams build software.", 4.6),
    "de": ("Willkommen zurück zur Sendung. Heute sprechen wir über kleine Gruppen.", 4.0),
    "fr": ("Bienvenue dans notre émission. Aujourd'hui, nous parlons des petites équipes.", 3.6),
    "ar": ("مرحبا بكم من جديد في برنامجنا.", 2.81),
    "zh-cn": ("欢迎回到我们的节目。今天我们谈谈小团队如何开发人们真正喜欢使用的软件。", 8.2),
    "ja": ("ばんぐみへようこそ。きょうは、ちいさなチームのはなしをします。", 3.8),
    "ko": ("저희 방송에 다시 오신 것을 환영합니다.", 3.22),
    "hi": ("हमारे कार्यक्रम में आपका फिर से स्वागत है।", 2.55),
}


@pytest.mark.parametrize("language", MEASURED_S)
def test_measured_speech_lies_well_inside_and_a_third_or_the_fourfold_outside(language: str) -> None:
    text, measured_s = MEASURED_S[language]
    shortest, longest = plausible_duration_s(text, language)
    assert shortest < 0.7 * measured_s < 1.5 * measured_s < longest
    assert shortest > 0.3 * measured_s
    assert longest < 4.5 * measured_s


def test_all_17_languages_have_a_pace() -> None:
    assert len(LETTER_S) == 17


def test_speed_divides_and_length_adds_up() -> None:
    text = "Ein Satz, der gesprochen wird. "
    once, ten_times = plausible_duration_s(text, "de"), plausible_duration_s(text * 10, "de")
    assert ten_times[0] == pytest.approx(10 * once[0])
    assert ten_times[1] < 10 * once[1]
    assert plausible_duration_s(text, "de", speed=2.0) == (once[0] / 2, once[1] / 2)


def test_numbers_and_foreign_letters_count_as_what_they_are() -> None:
    assert plausible_duration_s("1234567", "en")[1] > plausible_duration_s("abcdefg", "en")[1]
    assert plausible_duration_s("Podcast", "zh-cn")[0] < plausible_duration_s("播客播客播客播", "zh-cn")[0]


def test_nothing_to_say_takes_next_to_nothing_and_nonsense_is_refused() -> None:
    assert plausible_duration_s("", "en")[0] == 0.05
    with pytest.raises(ValueError, match="positive speed"):
        plausible_duration_s("a", "en", speed=0)
    with pytest.raises(KeyError):
        plausible_duration_s("a", "tlh")
