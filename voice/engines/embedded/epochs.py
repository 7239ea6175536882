"""Glottal closure instants by zero-frequency filtering (Murty and Yegnanarayana, 2008)."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from voice.audio.waveform import Samples

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
