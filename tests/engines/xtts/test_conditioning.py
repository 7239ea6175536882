"""Latents and speaker embeddings are those of Coqui's own model on the same weights."""

import gc
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
import torchaudio
from numpy.typing import NDArray
from TTS.tts.models.xtts import Xtts

from tests.waveforms import noise, silence, speech_like
from voice.audio.waveform import Waveform
from voice.engines.xtts.checkpoint import Checkpoint
from voice.engines.xtts.conditioning import Conditioner
from voice.engines.xtts.failures import EngineOutOfMemory
from voice.errors import EngineError

RATE_HZ = 22050
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")),
]
CLOSE = {"cpu": 1e-5, "cuda": 1e-4}


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    return Checkpoint.open(tiny_checkpoint)


@pytest.fixture(scope="module")
def conditioner(checkpoint: Checkpoint) -> Conditioner:
    return Conditioner(checkpoint, torch.device("cpu"))


def of_coqui(coqui_model: Xtts, waveform: Waveform) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Latents and embedding of Coqui's model, from the samples that its loader would make of a file."""
    samples = torchaudio.functional.resample(torch.from_numpy(waveform.samples)[None], waveform.rate_hz, RATE_HZ)
    samples = samples[:, : 30 * RATE_HZ].clip(-1, 1)
    latents = coqui_model.get_gpt_cond_latents(samples, RATE_HZ, length=30, chunk_length=6)[0].numpy()
    return latents, coqui_model.get_speaker_embedding(samples, RATE_HZ)[0, :, 0].numpy()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "waveform",
    [speech_like(7.0, RATE_HZ), speech_like(12.2, seed=1), noise(2.0, 16_000), speech_like(33.0, 44_100)],
    ids=["two chunks", "a rest that is left out", "less than a chunk", "more than is heard"],
)
def test_latents_and_embedding_are_those_of_coqui(
    checkpoint: Checkpoint, coqui_model: Xtts, waveform: Waveform, device: str
) -> None:
    conditioner = Conditioner(checkpoint, torch.device(device))
    latents, embedding = of_coqui(coqui_model, waveform)
    ours = conditioner.conditioning_latents([waveform])
    assert ours.shape == latents.shape == (32, checkpoint.shape.channels)
    assert ours.dtype == np.float32
    assert np.abs(ours - latents).max() < CLOSE[device]
    assert np.abs(latents).max() > 1
    heard = conditioner.speaker_embedding([waveform])
    assert heard.shape == embedding.shape == (512,)
    assert np.abs(heard - embedding).max() < CLOSE[device]
    assert np.linalg.norm(heard) == pytest.approx(1, abs=1e-4)


def test_several_references_are_averaged(conditioner: Conditioner, coqui_model: Xtts) -> None:
    first, second = speech_like(12.0, RATE_HZ), speech_like(6.0, RATE_HZ, f0_hz=220.0, seed=2)
    (latents, embedding), (other_latents, other_embedding) = (
        of_coqui(coqui_model, first),
        of_coqui(coqui_model, second),
    )
    ours = conditioner.conditioning_latents([first, second])
    assert np.abs(ours - (2 * latents + other_latents) / 3).max() < 1e-5
    assert np.abs(conditioner.speaker_embedding([first, second]) - (embedding + other_embedding) / 2).max() < 1e-5


def test_what_is_said_moves_the_latents(conditioner: Conditioner) -> None:
    low, high = speech_like(3.0, RATE_HZ, f0_hz=100.0), speech_like(3.0, RATE_HZ, f0_hz=250.0, seed=3)
    assert np.abs(conditioner.conditioning_latents([low]) - conditioner.conditioning_latents([high])).max() > 1e-3


def test_a_reference_that_is_too_short_is_left_out(conditioner: Conditioner) -> None:
    long, short = speech_like(3.0, RATE_HZ), speech_like(0.3, RATE_HZ)
    both = conditioner.conditioning_latents([short, long])
    assert np.array_equal(both, conditioner.conditioning_latents([long]))


@pytest.mark.parametrize(
    "references", [[], [speech_like(0.32)], [silence(5.0)], [silence(5.0), speech_like(0.2)]], ids=range(4)
)
def test_references_without_speech_are_refused(conditioner: Conditioner, references: list[Waveform]) -> None:
    for encode in (conditioner.conditioning_latents, conditioner.speaker_embedding):
        with pytest.raises(EngineError) as caught:
            encode(references)
        assert caught.value.code == "reference_unusable"


def test_a_voice_is_most_similar_to_itself(conditioner: Conditioner) -> None:
    waveform = speech_like(3.0, RATE_HZ)
    embedding = conditioner.speaker_embedding([waveform])
    assert conditioner.similarity(embedding, waveform) == pytest.approx(1, abs=1e-5)
    assert 0 <= conditioner.similarity(embedding, noise(3.0, RATE_HZ)) < 1
    assert conditioner.similarity(-embedding, waveform) == 0


def test_threads_do_not_disturb_each_other(conditioner: Conditioner) -> None:
    waveforms = [speech_like(1.0, RATE_HZ, seed=seed) for seed in range(4)]
    alone = [conditioner.conditioning_latents([waveform]) for waveform in waveforms]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda waveform: conditioner.conditioning_latents([waveform]), waveforms))
    assert all(np.abs(ours - theirs).max() < 1e-5 for ours, theirs in zip(alone, together, strict=True))


def test_the_checkpoints_file_is_not_held(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_checkpoint, tmp_path / "copy"))
    opened = Checkpoint.open(folder)
    assert str(folder) in Path("/proc/self/maps").read_text()
    conditioner = Conditioner(opened, torch.device("cpu"))
    del opened
    gc.collect()
    assert str(folder) not in Path("/proc/self/maps").read_text()
    assert conditioner.conditioning_latents([speech_like(1.0)]).shape[0] == 32


def test_a_device_without_memory_is_an_error_to_try_again(
    conditioner: Conditioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(samples: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    for method in ("_chunk_latents", "_embedding"):
        monkeypatch.setattr(conditioner, method, full)
    for encode in (conditioner.conditioning_latents, conditioner.speaker_embedding):
        with pytest.raises(EngineOutOfMemory) as caught:
            encode([speech_like(7.0, RATE_HZ)])
        assert caught.value.retryable
    monkeypatch.undo()
    assert np.isfinite(conditioner.conditioning_latents([speech_like(7.0, RATE_HZ)])).all()
