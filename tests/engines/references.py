"""Speakers made at test time: espeak-ng's own voice variants, which differ in pitch and in formants."""

from functools import lru_cache

import numpy as np

from voice.audio.waveform import Waveform
from voice.engines.embedded.source import EspeakProcess, SpeakRequest

SENTENCES = (
    "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow.",
    "The rainbow is a division of white light into many beautiful colors.",
    "These take the shape of a long round arch, with its path high above.",
    "There is, according to legend, a boiling pot of gold at one end.",
)
OTHER_SENTENCES = (
    "People look, but no one ever finds it, and so they go on looking.",
    "Throughout the centuries people have explained the rainbow in various ways.",
    "Some have accepted it as a miracle without physical explanation.",
)
NOISE = 3e-4
"""Of the room: recordings are never digitally silent."""

LOW_VOICE = ("en-us+m3", 25)
HIGH_VOICE = ("en-us+f2", 75)


@lru_cache(maxsize=8)
def reference(voice: tuple[str, int], sentences: tuple[str, ...] = SENTENCES) -> Waveform:
    """The sentences by an espeak-ng voice at a pitch, 22,050 Hz, with a little noise; the same samples every time."""
    process = EspeakProcess()
    spoken = [process.speak(SpeakRequest(sentence, voice[0], pitch=voice[1])) for sentence in sentences]
    process.close()
    samples = np.concatenate([waveform.samples for waveform in spoken])
    noise = NOISE * np.random.default_rng(7).standard_normal(len(samples))
    return Waveform((samples + noise).astype(np.float32), spoken[0].rate_hz)
