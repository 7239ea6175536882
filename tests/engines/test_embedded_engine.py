"""The embedded engine, end to end on real audio."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import pyworld
import soxr

from tests.engines.references import HIGH_VOICE, LOW_VOICE, OTHER_SENTENCES, reference
from tests.engines.speaking import chunks_of, joined, speech_of
from voice.audio.waveform import Waveform
from voice.engines.base import SynthesisParams, VoiceProfile
from voice.engines.embedded.analysis import TARGET_LEVEL_DB, active_level_db
from voice.engines.embedded.engine import EmbeddedEngine
from voice.engines.embedded.passages import PASSAGES
from voice.engines.embedded.target import TargetVoice
from voice.engines.spec import LANGUAGES
from voice.errors import EngineError, InvalidText

TEXT = "Good morning, and welcome back. Today we talk about bread, butter and the price of a good knife."
LONG_SENTENCE = (
    "Glue the sheet to the dark blue background and then wait for a long time until it is dry enough to be touched by "
    "the careful hands of a child who has never seen such a thing before"
)


def median_f0_hz(waveform: Waveform) -> float:
    f0_hz, _ = pyworld.dio(waveform.samples.astype(np.float64), waveform.rate_hz, speed=4)
    return float(np.median(f0_hz[f0_hz > 0]))


def test_a_clone_speaks_in_the_register_of_its_speaker(
    engine: EmbeddedEngine, low_voice: VoiceProfile, high_voice: VoiceProfile
) -> None:
    for profile, voice in ((low_voice, LOW_VOICE), (high_voice, HIGH_VOICE)):
        spoken = median_f0_hz(speech_of(engine, profile, TEXT))
        assert spoken == pytest.approx(median_f0_hz(reference(voice)), rel=0.15)


def test_a_clone_sounds_more_like_its_speaker_than_like_another(
    engine: EmbeddedEngine, low_voice: VoiceProfile, high_voice: VoiceProfile
) -> None:
    speech = speech_of(engine, low_voice, TEXT)
    assert engine.similarity(low_voice, speech) > 0.5 > engine.similarity(high_voice, speech)


def test_similarity_knows_a_speaker_by_other_sentences(
    engine: EmbeddedEngine, low_voice: VoiceProfile, high_voice: VoiceProfile
) -> None:
    for profile, same, other in ((low_voice, LOW_VOICE, HIGH_VOICE), (high_voice, HIGH_VOICE, LOW_VOICE)):
        assert engine.similarity(profile, reference(same, OTHER_SENTENCES)) > 0.7
        assert engine.similarity(profile, reference(other, OTHER_SENTENCES)) < 0.3


def test_a_voice_is_prepared_once_for_all_jobs_that_load_its_file(
    low_voice: VoiceProfile, high_voice: VoiceProfile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = []
    prepare = TargetVoice.prepare
    monkeypatch.setattr(TargetVoice, "prepare", lambda target: (prepared.append(target), prepare(target)))
    low_voice.save(tmp_path / "low.safetensors")
    high_voice.save(tmp_path / "high.safetensors")
    fresh = EmbeddedEngine()
    try:
        for name in ("low", "low", "high", "low"):
            speech_of(fresh, VoiceProfile.load(tmp_path / f"{name}.safetensors"), "Good morning.")
    finally:
        fresh.close()
    assert len(prepared) == 2


def test_similarity_of_silence_is_zero(engine: EmbeddedEngine, low_voice: VoiceProfile) -> None:
    assert engine.similarity(low_voice, Waveform(np.zeros(32_000, np.float32), 16_000)) == 0.0
    assert engine.similarity(low_voice, Waveform(np.zeros(0, np.float32), 16_000)) == 0.0


def test_the_profile_holds_the_arrays_that_its_docstring_names(low_voice: VoiceProfile, tmp_path: Path) -> None:
    samples, frames = len(low_voice.arrays["samples"]), len(low_voice.arrays["f0_hz"])
    shapes = {name: (array.dtype.name, array.shape) for name, array in low_voice.arrays.items()}
    assert shapes == {
        "samples": ("int16", (samples,)),
        "f0_hz": ("float32", (frames,)),
        "level_db": ("float32", (frames,)),
        "cepstra": ("float32", (frames, 40)),
        "centres": ("int32", (frames,)),
        "restoration": ("float32", (40,)),
        "source_mean": ("float32", (40,)),
        "source_deviation": ("float32", (40,)),
    }
    assert low_voice.metadata["rate_hz"] == 22_050
    assert low_voice.metadata["language"] == "en"
    low_voice.save(tmp_path / "voice.safetensors")
    assert (tmp_path / "voice.safetensors").stat().st_size < 8_000_000


@pytest.mark.parametrize(
    ("rate_hz", "expected_hz"), [(8_000, 16_000), (16_000, 16_000), (24_000, 24_000), (48_000, 24_000)]
)
def test_the_output_rate_follows_the_reference(engine: EmbeddedEngine, rate_hz: int, expected_hz: int) -> None:
    recording = reference(HIGH_VOICE)
    resampled = soxr.resample(recording.samples, recording.rate_hz, rate_hz).astype(np.float32)
    profile = engine.clone([Waveform(resampled, rate_hz)], "en")
    speech = speech_of(engine, profile, "Good morning, and welcome.")
    assert speech.rate_hz == profile.metadata["rate_hz"] == expected_hz
    assert active_level_db(speech) == pytest.approx(TARGET_LEVEL_DB, abs=3)


def test_of_long_references_only_ninety_seconds_are_kept(engine: EmbeddedEngine) -> None:
    recording = reference(HIGH_VOICE)
    copies = int(120 / recording.duration_s) + 1
    profile = engine.clone([recording] * copies, "en")
    kept_s = len(profile.arrays["samples"]) / 22_050
    assert kept_s == pytest.approx(90, abs=0.1)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(160_000, np.float32),
        (0.1 * np.random.default_rng(0).standard_normal(160_000)).astype(np.float32),
        np.zeros(0, np.float32),
    ],
    ids=["silence", "noise", "nothing"],
)
def test_a_reference_without_a_voice_is_refused(engine: EmbeddedEngine, samples: np.ndarray) -> None:
    with pytest.raises(EngineError) as caught:
        engine.clone([Waveform(samples, 16_000)], "en")
    assert caught.value.code == "reference_unusable"
    assert "voiced_s" in caught.value.details


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_is_spoken_aloud_and_at_a_plausible_pace(
    engine: EmbeddedEngine, low_voice: VoiceProfile, language: str
) -> None:
    text = PASSAGES[language][0]
    speech = speech_of(engine, low_voice, text, language)
    pace = len(text) / speech.duration_s  # characters; Chinese and Korean put a syllable into one
    assert (3 if language in {"zh-cn", "ja", "ko"} else 9) < pace < 30
    assert active_level_db(speech) == pytest.approx(TARGET_LEVEL_DB, abs=4)
    assert np.abs(speech.samples).max() < 1


def test_japanese_with_kanji_is_spoken_as_its_reading(engine: EmbeddedEngine, low_voice: VoiceProfile) -> None:
    kanji = speech_of(engine, low_voice, "今日は天気です。", "ja")
    kana = speech_of(engine, low_voice, "きょうはてんきです。", "ja")
    assert kanji.duration_s == pytest.approx(kana.duration_s, rel=0.25)  # "Chinese letter" would take twice as long


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("今日は", "en", "text_unspeakable"),
        ("안녕", "ja", "text_unspeakable"),
        ("𠀋", "ja", "text_unspeakable"),
    ],
)
def test_what_cannot_be_spoken_is_refused_and_not_spelt_in_english(
    engine: EmbeddedEngine, low_voice: VoiceProfile, text: str, language: str, code: str
) -> None:
    with pytest.raises(InvalidText) as caught:
        next(chunks_of(engine, low_voice, text, language))
    assert caught.value.code == code


def test_the_same_seed_gives_the_same_samples_in_another_process(
    engine: EmbeddedEngine, low_voice: VoiceProfile, tmp_path: Path
) -> None:
    low_voice.save(tmp_path / "voice.safetensors")
    program = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from tests.engines.speaking import speech_of\n"
        "from voice.engines.base import VoiceProfile\n"
        "from voice.engines.embedded.engine import EmbeddedEngine\n"
        "profile = VoiceProfile.load(Path(sys.argv[1]) / 'voice.safetensors')\n"
        "np.save(sys.argv[1] + '/spoken.npy', speech_of(EmbeddedEngine(), profile, sys.argv[2], seed=5).samples)\n"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", program, str(tmp_path), TEXT], check=True, cwd=root)
    np.testing.assert_array_equal(np.load(tmp_path / "spoken.npy"), speech_of(engine, low_voice, TEXT, seed=5).samples)


def test_another_seed_changes_the_sound_but_neither_length_nor_level(
    engine: EmbeddedEngine, low_voice: VoiceProfile
) -> None:
    first, second = (speech_of(engine, low_voice, TEXT, seed=seed) for seed in (1, 2))
    assert first.duration_s == second.duration_s
    assert not np.array_equal(first.samples, second.samples)
    assert active_level_db(first) == pytest.approx(active_level_db(second), abs=0.5)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.5, 2.0])
def test_speed_changes_the_duration(engine: EmbeddedEngine, low_voice: VoiceProfile, speed: float) -> None:
    plain, changed = speech_of(engine, low_voice, TEXT), speech_of(engine, low_voice, TEXT, speed=speed)
    assert changed.duration_s == pytest.approx(plain.duration_s / speed, rel=0.15)
    assert median_f0_hz(changed) == pytest.approx(median_f0_hz(plain), rel=0.1)


def test_clarity_changes_the_sound(engine: EmbeddedEngine, low_voice: VoiceProfile) -> None:
    spec = engine.spec.options[0]
    low, high = (
        speech_of(engine, low_voice, TEXT, options={"clarity": v}).samples for v in (spec.minimum, spec.maximum)
    )
    default = speech_of(engine, low_voice, TEXT, options={"clarity": spec.default}).samples
    assert not np.array_equal(low, high)
    np.testing.assert_array_equal(default, speech_of(engine, low_voice, TEXT).samples)


def test_the_first_chunk_is_short_and_no_chunk_waits_for_the_end_of_a_long_sentence(
    engine: EmbeddedEngine, low_voice: VoiceProfile
) -> None:
    durations_s = [chunk.waveform.duration_s for chunk in chunks_of(engine, low_voice, LONG_SENTENCE)]
    assert 0.4 < durations_s[0] < 0.7
    assert max(durations_s) < 2.2


def test_joins_of_chunks_are_no_rougher_than_the_speech_around_them(
    engine: EmbeddedEngine, low_voice: VoiceProfile
) -> None:
    chunks = list(chunks_of(engine, low_voice, LONG_SENTENCE))
    speech = joined(chunks)
    bends = np.abs(np.diff(speech.samples, n=2))
    for position in np.cumsum([len(chunk.waveform.samples) for chunk in chunks])[:-1]:
        around = bends[position - 1000 : position + 1000]
        assert bends[position - 2 : position + 1].max() <= around.max()
        assert bends[position - 2 : position + 1].max() < 0.5 * bends.max() + np.percentile(around, 99)


def test_every_sentence_is_equally_loud_and_nothing_clips(engine: EmbeddedEngine, low_voice: VoiceProfile) -> None:
    text = (
        "Stop! The salt breeze came across from the sea. Whisper it softly to me. LOUD NOISES ARE EVERYWHERE HERE. "
        * 2
    )
    levels: dict[int, list[np.ndarray]] = {}
    for chunk in chunks_of(engine, low_voice, text):
        assert np.abs(chunk.waveform.samples).max() < 1
        levels.setdefault(chunk.sentence, []).append(chunk.waveform.samples)
    levels_db = [active_level_db(Waveform(np.concatenate(parts), 22_050)) for parts in levels.values()]
    assert len(levels_db) > 4
    assert max(levels_db) - min(levels_db) < 4
    assert np.mean(levels_db) == pytest.approx(TARGET_LEVEL_DB, abs=1.5)


def test_sentences_are_set_apart_by_a_pause_and_paragraphs_by_a_longer_one(
    engine: EmbeddedEngine, low_voice: VoiceProfile
) -> None:
    one, two = "The first of the sentences ends here.", "The second of the sentences begins here."
    apart = sum(speech_of(engine, low_voice, text).duration_s for text in (one, two))
    assert speech_of(engine, low_voice, f"{one} {two}").duration_s - apart == pytest.approx(0.35, abs=0.02)
    assert speech_of(engine, low_voice, f"{one}\n{two}").duration_s - apart == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("text", ["a", "5", "Hi", "No.", "I", "Yes?"])
def test_the_shortest_texts_are_spoken(engine: EmbeddedEngine, low_voice: VoiceProfile, text: str) -> None:
    speech = speech_of(engine, low_voice, text)
    assert 0.1 < speech.duration_s < 1.5
    assert np.abs(speech.samples).max() > 0.05


def test_a_blend_moves_steadily_from_one_voice_to_the_other(
    engine: EmbeddedEngine, low_voice: VoiceProfile, high_voice: VoiceProfile
) -> None:
    profiles = [low_voice, *(engine.blend([(low_voice, 1 - w), (high_voice, w)]) for w in (0.3, 0.7)), high_voice]
    speech = [speech_of(engine, profile, TEXT) for profile in profiles]
    like_low = [engine.similarity(low_voice, waveform) for waveform in speech]
    like_high = [engine.similarity(high_voice, waveform) for waveform in speech]
    assert like_low == sorted(like_low, reverse=True)
    assert like_high == sorted(like_high)
    f0_hz = [median_f0_hz(waveform) for waveform in speech]
    assert f0_hz == sorted(f0_hz)


def test_a_blend_of_blends_can_be_saved_and_spoken(
    engine: EmbeddedEngine, low_voice: VoiceProfile, high_voice: VoiceProfile, tmp_path: Path
) -> None:
    inner = engine.blend([(low_voice, 3), (high_voice, 1)])
    engine.blend([(inner, 2.0), (high_voice, 1.0), (low_voice, 0.5)]).save(tmp_path / "blend.safetensors")
    blend = VoiceProfile.load(tmp_path / "blend.safetensors")
    assert blend.arrays["envelopes"].shape == blend.arrays["cepstra"].shape
    assert active_level_db(speech_of(engine, blend, TEXT)) == pytest.approx(TARGET_LEVEL_DB, abs=3)


def test_voices_of_different_rates_blend(engine: EmbeddedEngine, low_voice: VoiceProfile) -> None:
    recording = reference(HIGH_VOICE)
    samples = soxr.resample(recording.samples, recording.rate_hz, 16_000).astype(np.float32)
    narrow = engine.clone([Waveform(samples, 16_000)], "en")
    blend = engine.blend([(low_voice, 0.6), (narrow, 0.4)])
    assert blend.metadata["rate_hz"] == 22_050
    assert active_level_db(speech_of(engine, blend, TEXT)) == pytest.approx(TARGET_LEVEL_DB, abs=3)


def test_the_engine_says_what_it_can_do(engine: EmbeddedEngine) -> None:
    assert engine.spec.languages == set(LANGUAGES)
    assert [(spec.name, spec.minimum, spec.default, spec.maximum) for spec in engine.spec.options] == [
        ("clarity", 0.2, 0.35, 0.5)
    ]
    engine.warm_up()
    assert list(engine.synthesize(engine.clone([reference(LOW_VOICE)], "de"), "Guten Tag", "de", SynthesisParams()))
