"""A recording for those who have none at hand: a passage spoken by espeak-ng in a voice that no clone starts from."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from voice.engines.embedded.source import EspeakProcess, SpeakRequest

VOICE = "en-gb-x-rp+Gene"
PASSAGE = (
    "When I was young, my grandfather kept a small radio on the kitchen window.",
    "Every evening, while the bread was still warm, we would listen to voices from far away.",
    "Some told of storms at sea, others sang, and a few simply read the news.",
    "I did not understand each word, but I knew every voice by heart.",
    "Perhaps that is why I speak into a microphone today, and hope that somebody, somewhere, is listening.",
)
PAUSE_S = 0.35
RATE_HZ = 48_000  # what podcasters record at
ROOM_TONE_AMPLITUDE = 1e-3  # a room is never digitally silent


def demo_recording(path: Path) -> None:
    """Write the passage to `path` as WAV: about 20 s of one speaker, the same at every call.

    Raises SourceSpeechFailed or EngineUnavailable where espeak-ng cannot speak.
    """
    espeak = EspeakProcess()
    try:
        spoken = [
            espeak.speak(SpeakRequest(sentence, VOICE, rate_wpm=165, pitch=38, pitch_range=62)) for sentence in PASSAGE
        ]
    finally:
        espeak.close()
    pause = np.zeros(int(PAUSE_S * spoken[0].rate_hz), dtype=np.float32)
    speech = np.concatenate([piece for sentence in spoken for piece in (sentence.samples, pause)])
    samples = soxr.resample(speech, spoken[0].rate_hz, RATE_HZ)
    samples += np.random.default_rng(0).normal(0, ROOM_TONE_AMPLITUDE, samples.size).astype(np.float32)
    soundfile.write(path, np.clip(samples, -1, 1), RATE_HZ, subtype="PCM_16", format="WAV")
