"""The engine with a tiny random model, beyond what test_contract.py holds it to: nobody understands what it says."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.engines.references import HIGH_VOICE, LOW_VOICE, reference
from tests.engines.xtts.random_checkpoint import make_checkpoint
from voice.audio.waveform import Samples
from voice.engines.base import SpeechChunk, SynthesisParams, VoiceProfile
from voice.engines.xtts import takes as takes_module
from voice.engines.xtts.configuration import XttsConfiguration
from voice.engines.xtts.engine import XttsEngine
from voice.engines.xtts.gpt import GptDecoder
from voice.errors import EngineError, EngineUnavailable, LeaseLost, OutputRejected

TEXT = "The train was late. So we walked along the river, to the old market."


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that stops by itself after a second or so."""
    return make_checkpoint(tmp_path_factory.mktemp("xtts-engine"), stops_near=20)


@pytest.fixture(scope="module")
def xtts(checkpoint: Path) -> Iterator[XttsEngine]:
    engine = XttsEngine(XttsConfiguration(checkpoint, is_licence_accepted=True, precision="float32"))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def low(xtts: XttsEngine) -> VoiceProfile:
    return xtts.clone([reference(LOW_VOICE)], "en")


@pytest.fixture(scope="module")
def high(xtts: XttsEngine) -> VoiceProfile:
    return xtts.clone([reference(HIGH_VOICE)], "en")


@pytest.fixture
def one_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random speech has no quiet end: without this every sentence is spoken three times."""
    monkeypatch.setattr(takes_module, "MOST_TAKES", 1)


def spoken(engine: XttsEngine, profile: VoiceProfile, text: str = TEXT, **params: Any) -> list[SpeechChunk]:
    return list(engine.synthesize(profile, text, "en", SynthesisParams(**params)))


def joined(chunks: list[SpeechChunk]) -> Samples:
    return np.concatenate([chunk.waveform.samples for chunk in chunks])


def test_what_the_engine_is_can_be_asked_without_torch() -> None:
    program = (
        "import sys; from pathlib import Path; from voice.engines.xtts.engine import XttsEngine; "
        "from voice.engines.xtts.configuration import XttsConfiguration; "
        "engine = XttsEngine(XttsConfiguration(Path('nowhere'), is_licence_accepted=True)); "
        "assert len(engine.spec.languages) == 17 and engine.spec.options and engine.report() == {}; "
        "sys.exit('torch' in sys.modules or 'TTS' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])


def test_without_the_licence_nothing_is_loaded(checkpoint: Path) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        XttsEngine(XttsConfiguration(checkpoint, is_licence_accepted=False)).warm_up()
    assert caught.value.code == "xtts_licence_missing"


def test_without_weights_the_operator_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="download_xtts") as caught:
        XttsEngine(XttsConfiguration(tmp_path, is_licence_accepted=True)).warm_up()
    assert caught.value.code == "xtts_weights_missing"
    assert str(tmp_path) not in caught.value.message


@pytest.mark.usefixtures("one_take")
def test_each_sentence_is_a_chunk_and_progress_ends_at_one(xtts: XttsEngine, low: VoiceProfile) -> None:
    chunks = spoken(xtts, low)
    assert [chunk.sentence for chunk in chunks] == [0, 1]
    assert [chunk.waveform.rate_hz for chunk in chunks] == [24_000, 24_000]
    assert 0 < chunks[0].progress < chunks[1].progress == 1.0


@pytest.mark.usefixtures("one_take")
def test_faster_speech_is_shorter(xtts: XttsEngine, low: VoiceProfile) -> None:
    slow, fast = (len(joined(spoken(xtts, low, speed=speed))) for speed in (0.8, 1.6))
    assert slow / fast == pytest.approx(2.0, rel=0.05)


def test_faulty_takes_are_tried_again_and_counted(xtts: XttsEngine, low: VoiceProfile) -> None:
    before = xtts.report().get("takes", 0)
    spoken(xtts, low, "So it was.")
    assert xtts.report()["takes"] == before + 3
    assert xtts.report()["takes_cut_off"] >= 3
    assert xtts.report()["sentences_faulty"] >= 1


def test_what_the_heartbeat_raises_ends_the_work_and_frees_the_batch(xtts: XttsEngine, low: VoiceProfile) -> None:
    def lost() -> None:
        raise LeaseLost("lease_lost", "Another worker owns this job.")

    with pytest.raises(LeaseLost):
        spoken(xtts, low, " ".join([TEXT] * 10), heartbeat=lost)
    assert len(spoken(xtts, low, "So.")) == 1
    assert xtts.report()["sentences_running"] == xtts.report()["sentences_waiting"] == 0


def test_a_speaker_is_more_like_themselves_than_like_another(
    xtts: XttsEngine, low: VoiceProfile, high: VoiceProfile
) -> None:
    waveform = reference(LOW_VOICE)
    assert xtts.similarity(low, waveform) == pytest.approx(1.0, abs=1e-4)
    assert xtts.similarity(high, waveform) < xtts.similarity(low, waveform)


def test_a_blend_lies_between_its_parts_and_can_speak(xtts: XttsEngine, low: VoiceProfile, high: VoiceProfile) -> None:
    blend = xtts.blend([(low, 3.0), (high, 1.0)])
    expected = 0.75 * low.arrays["conditioning"] + 0.25 * high.arrays["conditioning"]
    np.testing.assert_allclose(blend.arrays["conditioning"], expected, atol=1e-6)
    assert len(spoken(xtts, blend, "So.")) == 1


def test_speech_that_is_silent_in_every_take_is_an_error_and_no_audio(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, stops_near=20)
    content = torch.load(folder / "model.pth", weights_only=True)
    content["model"]["hifigan_decoder.waveform_decoder.conv_post.weight"].zero_()
    torch.save(content, folder / "model.pth")
    engine = XttsEngine(XttsConfiguration(folder, is_licence_accepted=True, precision="float32"))
    profile = engine.clone([reference(LOW_VOICE)], "en")
    with pytest.raises(OutputRejected) as caught:
        spoken(engine, profile, "So.")
    engine.close()
    assert caught.value.code == "output_silent"


def test_a_broken_device_is_not_loaded_again(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = XttsEngine(XttsConfiguration(checkpoint, is_licence_accepted=True, precision="float32"))
    profile = engine.clone([reference(LOW_VOICE)], "en")
    assert not engine.is_broken

    def fail(*_: object) -> list[int]:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    with monkeypatch.context() as patch:
        patch.setattr(GptDecoder, "step", fail)
        codes = []
        for _ in range(4):
            with pytest.raises(EngineError) as caught:
                spoken(engine, profile, "So.")
            codes.append(caught.value.code)
    assert codes[0] == "engine_failed"
    assert codes[-1] == "engine_stopped"
    assert engine.is_broken
    with pytest.raises(EngineUnavailable, match="engine_stopped"):
        engine.warm_up()
    assert engine.report() == {}
    engine.close()
    assert engine.is_broken
