"""Short ways to have an engine speak."""

from collections.abc import Iterator

import numpy as np

from voice.audio.waveform import Waveform
from voice.engines.base import SpeechChunk, SpeechEngine, SynthesisParams, VoiceProfile


def chunks_of(
    engine: SpeechEngine, profile: VoiceProfile, text: str, language: str = "en", **params: object
) -> Iterator[SpeechChunk]:
    """The chunks of `text`; `params` are those of SynthesisParams."""
    return engine.synthesize(profile, text, language, SynthesisParams(**params))  # type: ignore[arg-type]


def speech_of(
    engine: SpeechEngine, profile: VoiceProfile, text: str, language: str = "en", **params: object
) -> Waveform:
    """The whole of `text` as one waveform."""
    return joined(list(chunks_of(engine, profile, text, language, **params)))


def joined(chunks: list[SpeechChunk]) -> Waveform:
    """The chunks one after the other."""
    samples = np.concatenate([chunk.waveform.samples for chunk in chunks])
    return Waveform(samples, chunks[0].waveform.rate_hz)
