"""How much a recording sounds like a target."""

import numpy as np
import soxr

from voice.audio.waveform import Waveform
from voice.engines.embedded.analysis import Analyser
from voice.engines.embedded.statistics import describe
from voice.engines.embedded.target import TargetVoice

COMPARED_CEPSTRA = slice(1, 30)
F0_WEIGHT = 4.0
"""A semitone (0.058 in log F0) weighs as much as a quarter of a deviation in every cepstrum."""
HALF_DISTANCE = 0.55
STEEPNESS = 8.0


def likeness(target: TargetVoice, waveform: Waveform) -> float:
    """0 (another person) to 1 (the same), by mean cepstra and median F0; 0.0 where `waveform` holds no voice.

    A distance of long-term means, in deviations of the target, through a logistic function.
    """
    samples = soxr.resample(waveform.samples, waveform.rate_hz, target.rate_hz).astype(np.float32)
    if not len(samples) or not np.abs(samples).max():
        return 0.0
    frames = Analyser(samples / np.abs(samples).max(), target.rate_hz, rng=np.random.default_rng(0)).frames()
    if not np.count_nonzero(frames.active() & (frames.f0_hz > 0)):
        return 0.0
    return float(1 / (1 + np.exp(STEEPNESS * (distance(target, frames) - HALF_DISTANCE))))


def distance(target, frames):
    heard = describe(frames)
    deviations = (heard.mean - target.spoken.mean) / target.spoken.deviation
    spectral = np.square(deviations[COMPARED_CEPSTRA]).mean()
    return float(np.sqrt(spectral + np.square(F0_WEIGHT * (heard.log_f0 - target.spoken.log_f0))))
