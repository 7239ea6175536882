"""How much a recording sounds like a target."""

import numpy as np
import soxr

from voice.audio.waveform import Waveform
from voice.engines.embedded.analysis import Analyser
from voice.engines.embedded.statistics import SpeakerStatistics, describe
from voice.engines.embedded.target import TargetVoice

COMPARED_CEPSTRA = slice(3, None)
"""Without level and tilt, which tell more about the microphone than about the speaker."""
EVEN_DISTANCE = 0.45
"""Where "the same" and "another" are equally likely: halfway between the two on natural speech."""
STEEPNESS = 10.0


def likeness(target: TargetVoice, waveform: Waveform) -> float:
    """0 (another person) to 1 (the same) for `waveform` of any rate; 0.0 where it holds no voice.

    The distance of the speakers' statistics through a logistic function. A few seconds of speech suffice.
    """
    peak = np.abs(waveform.samples).max(initial=0.0)
    if peak <= 0:
        return 0.0
    samples = soxr.resample(waveform.samples / peak, waveform.rate_hz, target.rate_hz).astype(np.float32)
    frames = Analyser(samples, target.rate_hz, rng=np.random.default_rng(0)).frames()
    if not np.count_nonzero(frames.active() & (frames.f0_hz > 0)):
        return 0.0
    return float(1 / (1 + np.exp(STEEPNESS * (distance(target.spoken, describe(frames)) - EVEN_DISTANCE))))


def distance(target: SpeakerStatistics, heard: SpeakerStatistics) -> float:
    """How far two speakers are apart: 0 and up; on natural speech .26 within a speaker and .70 between two.

    Root mean square of the differences of the cepstra's means, in deviations of the target, of the logarithms of their
    deviations, and of the median log F0.
    """
    means = ((heard.mean - target.mean) / target.deviation)[COMPARED_CEPSTRA]
    deviations = np.log(heard.deviation / target.deviation)[COMPARED_CEPSTRA]
    squares = np.square(means).mean() + np.square(deviations).mean() + (heard.log_f0 - target.log_f0) ** 2
    return float(np.sqrt(squares))
