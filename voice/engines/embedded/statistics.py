"""What a speaker's frames look like on the whole."""

from dataclasses import dataclass

import numpy as np

from voice.engines.embedded.analysis import Frames, Matrix, Vector

FLAT_LOG_F0_SPREAD = 0.02
"""Least spread of log F0 that we divide by, so that a monotone source does not blow up."""


@dataclass(frozen=True, slots=True)
class SpeakerStatistics:
    """Moments over the active frames of a speaker.

    `mean`, `deviation`: float32 (40,), of the cepstra, in the units of `codec`. `level_db`: median level.
    `log_f0`: median of the natural logarithm of F0 in Hz. `log_f0_spread`: half of its 16th to 84th percentile range.
    """

    mean: Vector
    deviation: Vector
    level_db: float
    log_f0: float
    log_f0_spread: float


def describe(frames: Frames) -> SpeakerStatistics:
    """Statistics of `frames`, which must hold at least one voiced active frame."""
    active = frames.active()
    return describe_cepstra(frames.cepstra[active], frames.level_db[active], frames.f0_hz[active & (frames.f0_hz > 0)])


def describe_cepstra(cepstra: Matrix, level_db: Vector, voiced_f0_hz: Vector) -> SpeakerStatistics:
    """Statistics of active frames: `cepstra` (n, 40), `level_db` (n,) and the F0 of the voiced ones."""
    low, middle, high = np.percentile(np.log(voiced_f0_hz), [16, 50, 84])
    return SpeakerStatistics(
        mean=cepstra.mean(axis=0, dtype=np.float64).astype(np.float32),
        deviation=(cepstra.std(axis=0, dtype=np.float64) + 1e-6).astype(np.float32),
        level_db=float(np.median(level_db)),
        log_f0=float(middle),
        log_f0_spread=max(float(high - low) / 2, FLAT_LOG_F0_SPREAD),
    )
