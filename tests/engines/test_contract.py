"""The promises of `SpeechEngine`, held for every engine: those of voice/engines that can run here, and an example.

XTTS runs where torch is installed (`make test-xtts`), on random weights. A new engine that needs weights gets a way to
have some in `PREPARED`.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.engines.example import with_example_engine
from tests.engines.references import HIGH_VOICE, LOW_VOICE, reference
from tests.engines.speaking import chunks_of, joined, speech_of
from voice.audio.waveform import Waveform
from voice.engines import registry
from voice.engines.base import SpeechChunk, SpeechEngine, SynthesisParams, VoiceProfile
from voice.engines.embedded.passages import PASSAGES
from voice.engines.registry import engine_configure, engine_get, engine_names, engine_specs
from voice.engines.spec import LANGUAGES
from voice.errors import EngineError, InvalidRequest, InvalidText

TEXT = "The train was late. So we walked along the river, to the old market."
LONG_TEXT = "As the train was late we walked along the river, to the old market and the bridge. So it was."
EXACT = 0.0
DECLARED = tuple(engine_specs().values())  # those of voice/engines, while the example is not among them


@dataclass(frozen=True)
class Subject:
    """An engine, two voices of it, and how far its samples may differ in company and in a stream."""

    engine: SpeechEngine
    low: VoiceProfile
    high: VoiceProfile
    together: float = EXACT
    streamed: float = EXACT


def prepare_xtts(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, float]:
    """Random weights that stop by themselves; one take of each sentence, as random speech has no quiet end.

    In float32 samples differ a little with the width of the batch, and between the sizes of the vocoder's tiles.
    """
    from tests.engines.xtts.random_checkpoint import make_checkpoint
    from voice.engines.xtts import takes

    patch.setattr(takes, "MOST_TAKES", 1)
    weights = make_checkpoint(folder, stops_near=40)
    engine_configure("xtts", XTTS_CHECKPOINT=weights, XTTS_LICENCE_ACCEPTED=True, XTTS_PRECISION="float32")
    return {"together": 1e-5, "streamed": 1e-3}


PREPARED: dict[str, Callable[[Path, pytest.MonkeyPatch], dict[str, float]]] = {"xtts": prepare_xtts}
NEEDS = {"xtts": "torch"}
ENGINES = [
    pytest.param(name, marks=pytest.mark.skipif(name in NEEDS and not find_spec(NEEDS[name]), reason="not installed"))
    for name in (*engine_names(), "hum")
]


@pytest.fixture(scope="module", params=ENGINES)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    name: str = request.param
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        if name == "hum":
            stack.enter_context(with_example_engine())
        differences = {}
        if name in PREPARED:
            differences = PREPARED[name](tmp_path_factory.mktemp(name), patch)
            stack.callback(engine_configure, name)
        engine = engine_get(name)
        stack.callback(engine.close)
        voices = [engine.clone([reference(voice)], "en") for voice in (LOW_VOICE, HIGH_VOICE)]
        yield Subject(engine, *voices, **differences)


def assert_same(one: Waveform, other: Waveform, *, within: float) -> None:
    assert one.rate_hz == other.rate_hz
    np.testing.assert_allclose(one.samples, other.samples, rtol=0, atol=within)


def assert_in_order(chunks: list[SpeechChunk], *, sentences: int) -> None:
    progress = [chunk.progress for chunk in chunks]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert all(0 < value < 1.0 for value in progress[:-1])
    numbers = [chunk.sentence for chunk in chunks]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(sentences))
    assert len({chunk.waveform.rate_hz for chunk in chunks}) == 1
    assert all(chunk.waveform.samples.dtype == np.float32 for chunk in chunks)


def test_the_engine_is_what_it_declares(subject: Subject) -> None:
    spec = engine_specs()[subject.engine.spec.name]
    assert subject.engine.spec is spec
    assert spec.languages <= set(LANGUAGES)
    assert all(option.minimum <= option.default <= option.maximum for option in spec.options)
    assert all(setting.name.startswith(f"{spec.name.upper()}_") and setting.help for setting in spec.settings)
    assert spec.licence.code
    if spec.requirements is not None:
        assert spec.requirements == f"requirements-{spec.name}.txt", "so that `make run` finds its environment"
        assert (ROOT / spec.requirements).is_file()


def test_the_documentation_lists_every_engine_with_its_licence() -> None:
    lines = (ROOT / "docs" / "ENGINES.md").read_text().splitlines()
    for spec in DECLARED:
        permits = "yes" if spec.licence.allows_commercial_use else "no"
        row = [f"`{spec.name}`", len(spec.languages), spec.licence.code, spec.licence.weights or "none", permits]
        assert f"| {' | '.join(map(str, row))} |" in lines


@pytest.mark.parametrize("name", engine_names())
def test_a_declaration_is_read_without_what_the_engine_works_with(name: str) -> None:
    program = (
        f"import sys, voice.engines.{name}\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "sys.exit(', '.join(loaded & {'numpy', 'scipy', 'torch', 'safetensors', 'django'}) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_warms_up_and_reports_figures(subject: Subject) -> None:
    subject.engine.warm_up()
    assert not subject.engine.is_broken
    assert all(np.isfinite(figure) for figure in subject.engine.report().values())


def test_a_clone_is_a_profile_that_outlives_its_file(subject: Subject, tmp_path: Path) -> None:
    spec = engine_specs()[subject.engine.spec.name]
    assert (subject.low.engine, subject.low.engine_version) == (spec.name, spec.version)
    subject.low.save(tmp_path / "voice.safetensors")
    loaded = VoiceProfile.load(tmp_path / "voice.safetensors")
    assert_same(speech_of(subject.engine, loaded, TEXT), speech_of(subject.engine, subject.low, TEXT), within=EXACT)


def test_a_reference_without_anything_to_hear_is_refused(subject: Subject) -> None:
    for references in (
        [],
        [Waveform(np.zeros(0, np.float32), 16_000)],
        [Waveform(np.zeros(160_000, np.float32), 16_000)],
    ):
        with pytest.raises(EngineError) as caught:
            subject.engine.clone(references, "en")
        assert caught.value.code == "reference_unusable"


def test_chunks_come_in_order_with_progress_that_ends_at_one(subject: Subject) -> None:
    assert_in_order(list(chunks_of(subject.engine, subject.low, TEXT)), sentences=2)


def test_speech_is_heard_and_does_not_clip(subject: Subject) -> None:
    speech = speech_of(subject.engine, subject.low, TEXT)
    assert 0.01 < np.abs(speech.samples).max() <= 1


def test_the_seed_alone_decides(subject: Subject) -> None:
    first, again, other = (speech_of(subject.engine, subject.low, TEXT, seed=seed) for seed in (5, 5, 6))
    assert_same(first, again, within=EXACT)
    assert len(first.samples) != len(other.samples) or not np.allclose(first.samples, other.samples)


def test_another_instance_speaks_the_same(subject: Subject) -> None:
    other = registry._make(subject.engine.spec.name)
    one = speech_of(other, subject.low, TEXT, seed=5)
    other.close()
    assert_same(one, speech_of(subject.engine, subject.low, TEXT, seed=5), within=EXACT)


def test_two_voices_do_not_sound_alike(subject: Subject) -> None:
    one, other = (speech_of(subject.engine, profile, TEXT).samples for profile in (subject.low, subject.high))
    shorter = min(len(one), len(other))
    assert np.abs(one[:shorter] - other[:shorter]).max() > 0.01


def test_a_speaker_is_more_like_themselves_than_like_another(subject: Subject) -> None:
    for recording, same, another in (
        (reference(LOW_VOICE), subject.low, subject.high),
        (reference(HIGH_VOICE), subject.high, subject.low),
    ):
        assert 1 >= subject.engine.similarity(same, recording) > subject.engine.similarity(another, recording) >= 0


def test_faster_speech_is_shorter(subject: Subject) -> None:
    slow, fast = (speech_of(subject.engine, subject.low, TEXT, speed=speed).duration_s for speed in (0.8, 1.6))
    assert slow / fast == pytest.approx(2.0, rel=0.15)


def test_every_language_is_spoken(subject: Subject) -> None:
    for language in sorted(subject.engine.spec.languages):
        first = next(chunks_of(subject.engine, subject.low, PASSAGES[language][0], language))
        assert np.abs(first.waveform.samples).max() > 0.01, language


def test_streamed_speech_is_the_same_speech_and_begins_early(subject: Subject) -> None:
    params = SynthesisParams(seed=3, speed=1.1)
    streamed = list(subject.engine.stream(subject.low, LONG_TEXT, "en", params))
    assert len(streamed) > 2
    assert streamed[0].waveform.duration_s < 0.7
    assert_in_order(streamed, sentences=2)
    whole = joined(list(subject.engine.synthesize(subject.low, LONG_TEXT, "en", params)))
    assert_same(joined(streamed), whole, within=subject.streamed)


@pytest.mark.parametrize("method", ["synthesize", "stream"])
def test_closing_the_generator_stops_the_work(subject: Subject, method: str) -> None:
    chunks = getattr(subject.engine, method)(subject.low, " ".join([TEXT] * 20), "en", SynthesisParams())
    assert next(chunks).progress < 0.1
    chunks.close()
    assert list(chunks) == []
    assert speech_of(subject.engine, subject.low, "So it was.").duration_s > 0
    assert subject.engine.report().get("sentences_running", 0) == 0
    assert subject.engine.report().get("sentences_waiting", 0) == 0


def test_threads_get_the_samples_that_they_would_get_alone(subject: Subject) -> None:
    jobs = [(profile, f"This is number {n}.", n) for n, profile in enumerate([subject.low, subject.high] * 4)]
    alone = [speech_of(subject.engine, profile, text, seed=seed) for profile, text, seed in jobs]
    with ThreadPoolExecutor(len(jobs)) as pool:
        together = list(pool.map(lambda job: speech_of(subject.engine, job[0], job[1], seed=job[2]), jobs))
    for found, expected in zip(together, alone, strict=True):
        assert_same(found, expected, within=subject.together)


def test_a_blend_can_be_kept_and_spoken(subject: Subject, tmp_path: Path) -> None:
    subject.engine.blend([(subject.low, 3), (subject.high, 1.0)]).save(tmp_path / "blend.safetensors")
    blend = VoiceProfile.load(tmp_path / "blend.safetensors")
    assert (blend.engine, blend.engine_version) == (subject.low.engine, subject.low.engine_version)
    one, other = (speech_of(subject.engine, profile, TEXT).samples for profile in (blend, subject.low))
    assert len(one) != len(other) or not np.allclose(one, other)


@pytest.mark.parametrize("weights", [[], [0.0], [-1.0], [float("nan")], [float("inf")], [1.0, 0.0]])
def test_a_blend_without_positive_weights_is_refused(subject: Subject, weights: list[float]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        subject.engine.blend([(subject.low, weight) for weight in weights])
    assert caught.value.code == "blend_invalid"


@pytest.mark.parametrize(
    "change",
    [{"engine": "another"}, {"engine_version": "0"}, {"arrays": {}}],
    ids=["of another engine", "of another version", "damaged"],
)
def test_a_profile_that_is_not_of_this_engine_is_refused(subject: Subject, change: dict[str, object]) -> None:
    foreign = replace(subject.low, **change)  # type: ignore[arg-type]
    uses: list[Callable[[], object]] = [
        lambda: next(chunks_of(subject.engine, foreign, TEXT)),
        lambda: next(subject.engine.stream(foreign, TEXT, "en", SynthesisParams())),
        lambda: subject.engine.blend([(subject.low, 1.0), (foreign, 1.0)]),
        lambda: subject.engine.similarity(foreign, reference(LOW_VOICE)),
    ]
    for use in uses:
        with pytest.raises(EngineError) as caught:
            use()
        assert caught.value.code == "profile_mismatch"


def test_an_unknown_language_is_refused(subject: Subject) -> None:
    uses: list[Callable[[], object]] = [
        lambda: subject.engine.clone([reference(LOW_VOICE)], "tlh"),
        lambda: next(chunks_of(subject.engine, subject.low, TEXT, "tlh")),
        lambda: next(subject.engine.stream(subject.low, TEXT, "tlh", SynthesisParams())),
    ]
    for use in uses:
        with pytest.raises(InvalidText) as caught:
            use()
        assert caught.value.code == "language_unsupported"


@pytest.mark.parametrize("text", ["", " ", "…", "?! …"])
def test_a_text_without_words_is_refused(subject: Subject, text: str) -> None:
    for method in (subject.engine.synthesize, subject.engine.stream):
        with pytest.raises(InvalidText) as caught:
            next(method(subject.low, text, "en", SynthesisParams()))
        assert caught.value.code == "text_unspeakable"


def test_a_closed_engine_can_be_used_again(subject: Subject) -> None:
    before = speech_of(subject.engine, subject.low, TEXT)
    subject.engine.close()
    assert subject.engine.report() == {}
    assert_same(speech_of(subject.engine, subject.low, TEXT), before, within=EXACT)
    subject.engine.close()
    subject.engine.close()
