"""A look-ahead peak limiter whose gain curve is known before the first sample is written.

The peaks of the whole piece are measured first (`voice.audio.loudness`), one per millisecond, so the curve needs no
feedback and no state: the sliding minimum of what every peak allows, smoothed over a window no wider than the
minimum's, can never let a peak through.
"""

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from voice.audio.waveform import Samples

_REACH_STEPS = 10
"""10 ms before and after a peak: inaudible as a movement on speech, and longer than its glottal period's attack."""


def limiter_gains(peaks: Samples, *, gain_db: float, ceiling_db: float) -> Samples:
    """Linear gains, one per step of `peaks`, that apply `gain_db` and hold every peak at `ceiling_db` or below.

    `peaks`: largest magnitude in each step, float32 of shape (n,). Returns float32 of shape (n,), each value at
    most 10^(gain_db/20).
    """
    gain, ceiling = 10 ** (gain_db / 20), 10 ** (ceiling_db / 20)
    allowed = np.minimum(gain, ceiling / np.maximum(peaks, 1e-9))
    held = minimum_filter1d(allowed, 2 * _REACH_STEPS + 1, mode="nearest")
    # One step less than the minimum reaches, as the gain is interpolated towards the next step.
    return uniform_filter1d(held, 2 * _REACH_STEPS - 1, mode="nearest").astype(np.float32)


def apply_gains(blocks: Iterator[Samples], gains: Samples, *, step_frames: int) -> Iterator[Samples]:
    """Multiply blocks, in order, with gains of one per `step_frames` samples, interpolated between their middles."""
    middles = (np.arange(len(gains)) + 0.5) * step_frames
    start = 0
    for block in blocks:
        positions = np.arange(start, start + len(block))
        yield (block * np.interp(positions, middles, gains)).astype(np.float32)
        start += len(block)
