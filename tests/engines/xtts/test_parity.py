"""From text and recording to waveform: ours beside Coqui's `Xtts` on the same weights, in float32."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torchaudio
from TTS.tts.models.xtts import Xtts

from tests.engines.references import HIGH_VOICE, LOW_VOICE, reference
from voice.audio.waveform import Samples, Waveform
from voice.engines.xtts.configuration import XttsConfiguration
from voice.engines.xtts.profile import profile_read
from voice.engines.xtts.runtime import XttsRuntime
from voice.engines.xtts.utterance import Prompt, Sampling

TOKENS = 40
RATE_HZ = 22050


@pytest.fixture(scope="module")
def runtime(tiny_checkpoint: Path) -> Iterator[XttsRuntime]:
    runtime = XttsRuntime.load(XttsConfiguration(tiny_checkpoint, is_licence_accepted=True, precision="float32"))
    yield runtime
    runtime.batcher.close()


def of_coqui(coqui_model: Xtts, recording: Waveform, text: str, language: str, speed: float) -> Samples:
    samples = torch.from_numpy(np.array(recording.samples))[None]
    samples = torchaudio.functional.resample(samples, recording.rate_hz, RATE_HZ)
    said = coqui_model.inference(
        text,
        language,
        coqui_model.get_gpt_cond_latents(samples, RATE_HZ, length=30, chunk_length=6),
        coqui_model.get_speaker_embedding(samples, RATE_HZ),
        do_sample=False,
        repetition_penalty=5.0,
        speed=speed,
        min_new_tokens=TOKENS,
        max_new_tokens=TOKENS,
    )
    waveform: Samples = said["wav"]
    return waveform


def of_ours(runtime: XttsRuntime, recording: Waveform, text: str, language: str, speed: float) -> Samples:
    voice = profile_read(runtime.clone([recording]), fingerprint=runtime.fingerprint, channels=runtime.shape.channels)
    prompt = Prompt(
        conditioning=voice.conditioning,
        text_ids=runtime.tokenizer.encode(text, language),
        sampling=Sampling(is_greedy=True, repetition_penalty=5.0),
        min_tokens=TOKENS,
        max_tokens=TOKENS,
    )
    ticket = runtime.batcher.submit(prompt, voice.speaker_embedding, speed=speed, group=object())
    chunks = []
    while not ticket.is_drained:
        chunk = ticket.wait(60.0)
        assert chunk is not None
        chunks.append(chunk)
    return np.concatenate(chunks)


@pytest.mark.parametrize(
    ("voice", "text", "language", "speed"),
    [
        (LOW_VOICE, "The train was late, so we walked along the river.", "en", 1.0),
        (HIGH_VOICE, "Der Zug hatte 20 Minuten Verspätung.", "de", 1.0),
        (LOW_VOICE, "火车晚点了。", "zh-cn", 1.25),
    ],
)
def test_a_voice_says_what_it_says_with_coqui(
    runtime: XttsRuntime, coqui_model: Xtts, voice: tuple[str, int], text: str, language: str, speed: float
) -> None:
    recording = reference(voice)
    expected = of_coqui(coqui_model, recording, text, language, speed)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(of_ours(runtime, recording, text, language, speed), expected, rtol=0, atol=1e-4)


def test_other_texts_and_voices_sound_otherwise(coqui_model: Xtts) -> None:
    said = [
        of_coqui(coqui_model, reference(voice), text, "en", 1.0)
        for voice, text in [(LOW_VOICE, "One."), (LOW_VOICE, "Another text."), (HIGH_VOICE, "One.")]
    ]
    assert np.abs(said[0] - said[1]).max() > 0.01
    assert np.abs(said[0] - said[2]).max() > 0.01
