"""Glottal closure instants by zero-frequency filtering (Murty and Yegnanarayana, 2008)."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from voice.audio.waveform import Samples
from voice.engines.embedded.analysis import FRAME_S, Frames

EPOCH_REACH_S = 0.012
TREND_PERIODS = 1.5
INTEGRATIONS = 4


def find_epochs(samples: Samples, rate_hz: int, *, f0_hz: float) -> NDArray[np.int32]:
    """Ascending sample positions of the epochs of speech whose typical F0 is `f0_hz`; int32, shape (m,).

    The resonator at 0 Hz is four integrations; taking the local mean away after each of them, and not only at the end,
    keeps the numbers small however long the recording is. Positions in unvoiced stretches mean nothing.
    """
    width = max(3, int(TREND_PERIODS * rate_hz / f0_hz) | 1)
    signal = np.diff(samples.astype(np.float64), prepend=0.0)
    for _ in range(INTEGRATIONS):
        signal = np.cumsum(signal)
        signal -= uniform_filter1d(signal, width, mode="nearest")
    return np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0)).astype(np.int32) + np.int32(1)


def grain_centres(samples: Samples, frames: Frames, *, f0_hz: float) -> NDArray[np.int64]:
    """Where to cut each frame's grain: int64 (frames,), positions in `samples`.

    A voiced frame's is at the nearest epoch within 12 ms, any other's at the frame. `f0_hz`: the speaker's typical F0.
    """
    middles = np.arange(len(frames)) * (FRAME_S * frames.rate_hz)
    bounds = np.concatenate([[-np.inf], find_epochs(samples, frames.rate_hz, f0_hz=f0_hz), [np.inf]])
    after = np.searchsorted(bounds, middles)
    after_is_further = middles - bounds[after - 1] <= bounds[after] - middles
    nearest = np.where(after_is_further, bounds[after - 1], bounds[after])
    usable = (frames.f0_hz > 0) & (np.abs(nearest - middles) <= EPOCH_REACH_S * frames.rate_hz)
    return np.where(usable, nearest, middles).astype(np.int64)
