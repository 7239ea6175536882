"""The voices that speak the text first: espeak-ng's, and what their speech is like on the whole."""

import threading
from dataclasses import replace

import numpy as np
import soxr

from voice.audio.waveform import Waveform
from voice.engines.embedded.analysis import Analyser, Frames, Matrix, SpeakerStatistics, describe, warping_matrix
from voice.engines.embedded.espeak import DEFAULT_RATE_WPM, EspeakProcess, SpeakRequest
from voice.engines.embedded.mapping import matching_vectors
from voice.engines.embedded.passages import PASSAGES

ESPEAK_VOICES = {
    "en": "en-us",
    "es": "es",
    "fr": "fr",
    "de": "de",
    "it": "it",
    "pt": "pt-br",
    "pl": "pl",
    "tr": "tr",
    "ru": "ru",
    "nl": "nl",
    "cs": "cs",
    "ar": "ar",
    "zh-cn": "cmn",
    "ja": "ja",
    "hu": "hu",
    "ko": "ko",
    "hi": "hi",
}
"""espeak-ng's names for the languages of the product; some of its other names for them fail."""
LOW_VARIANT, HIGH_VARIANT = "", "+f2"
HIGH_VARIANT_ABOVE_HZ = 155.0
"""Targets of a higher median F0 are spoken for by espeak-ng's second female variant, whose formants are nearer."""

ACTIVE_DB = -45.0
MARGIN_S = 0.03
WINDOW_S = 0.01


class SourceVoice:
    """One espeak-ng voice at one rate: the frames of its fixed passage, which all statistics come from.

    Safe to share between threads.
    """

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self._statistics: dict[float, SpeakerStatistics] = {}

    def statistics(self, *, warp: float) -> SpeakerStatistics:
        """Statistics of the passage with its envelopes stretched by `warp`; computed once for each."""
        if warp not in self._statistics:
            self._statistics[warp] = describe(self.warped(warp))
        return self._statistics[warp]

    def passage(self, warp: float, step: int) -> Matrix:
        """Matching vectors of every `step`-th active frame of the passage, stretched by `warp`: float32 (m, 114)."""
        frames, statistics = self.warped(warp), self.statistics(warp=warp)
        standardised = (frames.cepstra - statistics.mean) / statistics.deviation
        level_db = frames.level_db - statistics.level_db
        vectors = matching_vectors(standardised, frames.f0_hz, level_db, first=0, last=len(frames))
        return vectors[frames.active()][::step]

    def warped(self, warp: float) -> Frames:
        """The passage's frames with their envelopes stretched by `warp`."""
        rate_hz = self.frames.rate_hz
        return replace(self.frames, cepstra=self.frames.cepstra @ warping_matrix(warp, rate_hz, rate_hz))


class SourceSpeaker:
    """Speaks with espeak-ng at a wanted rate, and knows the voices that it speaks with. Safe to share."""

    def __init__(self, process: EspeakProcess) -> None:
        self._process = process
        self._lock = threading.Lock()
        self._voices: dict[tuple[str, str, int], SourceVoice] = {}

    def speak(self, text: str, language: str, variant: str, *, rate_hz: int, speed: float = 1.0) -> Waveform:
        """`text` at `rate_hz`, without the silence around it; empty where nothing can be said.

        `variant`: LOW_VARIANT or HIGH_VARIANT. `speed`: 0.5..2.0. Raises as `EspeakProcess.speak` does.
        """
        request = SpeakRequest(text, ESPEAK_VOICES[language] + variant, rate_wpm=round(DEFAULT_RATE_WPM * speed))
        spoken = trim_silence(self._process.speak(request))
        if not len(spoken.samples):
            return Waveform(spoken.samples, rate_hz)
        samples = soxr.resample(spoken.samples, spoken.rate_hz, rate_hz)
        return Waveform(np.ascontiguousarray(samples, dtype=np.float32), rate_hz)

    def voice(self, language: str, variant: str, *, rate_hz: int) -> SourceVoice:
        """What a voice of `language` is like at `rate_hz`; measured at the first call, a few hundred ms."""
        with self._lock:
            key = (language, variant, rate_hz)
            if key not in self._voices:
                passage = [self.speak(line, language, variant, rate_hz=rate_hz) for line in PASSAGES[language]]
                samples = np.concatenate([waveform.samples for waveform in passage])
                frames = Analyser(samples, rate_hz, rng=np.random.default_rng(0)).frames()
                self._voices[key] = SourceVoice(frames)
            return self._voices[key]


def variant_for(f0_hz: float) -> str:
    """The variant of espeak-ng's voices that speaks for a target of median F0 `f0_hz`."""
    return HIGH_VARIANT if f0_hz > HIGH_VARIANT_ABOVE_HZ else LOW_VARIANT


def trim_silence(speech: Waveform) -> Waveform:
    """`speech` from 30 ms before its first to 30 ms after its last audible window of 10 ms; empty if there is none."""
    width = int(WINDOW_S * speech.rate_hz)
    count = len(speech.samples) // width
    powers = np.square(speech.samples[: count * width].reshape(count, width)).mean(axis=1)
    if not count or powers.max() <= 0:
        return Waveform(np.zeros(0, dtype=np.float32), speech.rate_hz)
    audible = np.flatnonzero(powers > powers.max() * 10 ** (ACTIVE_DB / 10))
    margin = int(MARGIN_S * speech.rate_hz)
    first = max(0, int(audible[0]) * width - margin)
    last = (int(audible[-1]) + 1) * width + margin
    return Waveform(speech.samples[first:last], speech.rate_hz)
