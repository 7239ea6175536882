"""The engine that the declaration beside it is about."""

from collections.abc import Generator, Mapping, Sequence

import numpy as np
import pyworld
from voice.engines.hum import ENGINE, VIBRATO

from voice.audio.waveform import Samples, Waveform
from voice.engines.base import (
    SpeechChunk,
    SpeechEngine,
    SynthesisParams,
    VoiceProfile,
    blend_shares,
    check_language,
    check_profile,
)
from voice.errors import EngineError, InvalidText
from voice.text.split import split_passages

RATE_HZ = 16_000
LETTER_S = 0.08
CHUNK_SAMPLES = RATE_HZ // 2
BREATH = 0.01


def make(values: Mapping[str, float]) -> "HumEngine":
    return HumEngine(volume=values["HUM_VOLUME"])


class HumEngine(SpeechEngine):
    spec = ENGINE

    def __init__(self, *, volume: float) -> None:
        self._volume = volume

    def clone(self, references: Sequence[Waveform], language: str) -> VoiceProfile:
        check_language(language, ENGINE)
        f0_hz = np.concatenate([np.zeros(0), *(_f0_hz(reference) for reference in references)])
        if not len(f0_hz):
            raise EngineError("reference_unusable", "No voice was found.")
        return _profile(float(np.median(f0_hz)))

    def synthesize(
        self, profile: VoiceProfile, text: str, language: str, params: SynthesisParams
    ) -> Generator[SpeechChunk, None, None]:
        f0_hz = _pitch(profile)
        check_language(language, ENGINE)
        if not any(letter.isalnum() for letter in text):
            raise InvalidText("text_unspeakable", "There is nothing to hum.")
        sentences = [passage.text for passage in split_passages(text, language, limit_chars=200)]
        total, before = sum(map(len, sentences)), 0
        for number, sentence in enumerate(sentences):
            samples = self._hum(f0_hz, sentence, params, rng=np.random.default_rng((params.seed, number)))
            for start in range(0, len(samples), CHUNK_SAMPLES):
                share = min(1.0, (start + CHUNK_SAMPLES) / len(samples))
                progress = (before + len(sentence) * share) / total
                yield SpeechChunk(Waveform(samples[start : start + CHUNK_SAMPLES], RATE_HZ), progress, number)
            before += len(sentence)

    def blend(self, parts: Sequence[tuple[VoiceProfile, float]]) -> VoiceProfile:
        return _profile(float(np.dot(blend_shares(parts), [_pitch(profile) for profile, _ in parts])))

    def similarity(self, profile: VoiceProfile, waveform: Waveform) -> float:
        f0_hz = _f0_hz(waveform)
        return float(np.exp(-np.abs(np.log(np.median(f0_hz) / _pitch(profile))))) if len(f0_hz) else 0.0

    def _hum(self, f0_hz: float, sentence: str, params: SynthesisParams, *, rng: np.random.Generator) -> Samples:
        time_s = np.arange(int(len(sentence) * LETTER_S / params.speed * RATE_HZ)) / RATE_HZ
        vibrato = params.options.get(VIBRATO.name, VIBRATO.default)
        cycles = f0_hz * (time_s + vibrato / 30 * np.sin(30 * time_s)) + rng.random()
        breath = BREATH * rng.standard_normal(len(time_s))
        return (self._volume * (np.sin(2 * np.pi * cycles) + breath)).astype(np.float32) / np.float32(1.1)


def _profile(f0_hz: float) -> VoiceProfile:
    return VoiceProfile(ENGINE.name, ENGINE.version, {"f0_hz": np.array([f0_hz])})


def _pitch(profile: VoiceProfile) -> float:
    check_profile(profile, ENGINE)
    try:
        return float(profile.arrays["f0_hz"][0])
    except (KeyError, IndexError) as error:
        raise EngineError("profile_mismatch", "The voice model's file is damaged. Clone the voice again.") from error


def _f0_hz(waveform: Waveform) -> np.ndarray:
    """The pitch wherever there is one: float64 (n,)."""
    if not len(waveform.samples):
        return np.zeros(0)
    f0_hz, _ = pyworld.dio(waveform.samples.astype(np.float64), waveform.rate_hz, speed=4)
    return f0_hz[f0_hz > 0]
