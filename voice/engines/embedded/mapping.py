"""From the source's frames to the target's: which unit, which envelope, how loud, how high."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from voice.engines.embedded.analysis import Matrix, Vector
from voice.engines.embedded.codec import CEPSTRA, decoding_matrix
from voice.engines.embedded.matching import Indices
from voice.engines.embedded.statistics import SpeakerStatistics

ENVELOPE_NEIGHBOURS = 4
CLARITY_KNEE = 12.0
CLARITY_SLOPE = 2.0
ENERGY_EXPONENT = 0.6
F0_RANGE = 0.8
F0_MIN_HZ, F0_MAX_HZ = 55.0, 600.0
F0_COST = 2.0


def clarity_weights(clarity: float) -> Vector:
    """Float32 (40,): how much of the source's own envelope is kept at each quefrency.

    Low quefrencies carry the phone and high ones the speaker, so the weight falls from about `clarity` to nothing.
    """
    weights = clarity / (1 + np.exp((np.arange(CEPSTRA) - CLARITY_KNEE) / CLARITY_SLOPE))
    weights[0] = 0
    return np.asarray(weights, dtype=np.float32)


def mix_envelopes(cepstra: Matrix, units: Indices, distances: Matrix) -> Matrix:
    """Float32 (m, 40): the mean of the four nearest units' `cepstra`, weighted by inverse distance.

    `units`, `distances`: (m, k), nearest first.
    """
    nearest = units[:, :ENVELOPE_NEIGHBOURS]
    weights = 1 / (distances[:, :ENVELOPE_NEIGHBOURS] + 1e-3)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("mk,mkd->md", weights, cepstra[nearest]), dtype=np.float32)


def restore_variance(envelopes: Matrix, mean: Vector, restoration: Vector) -> Matrix:
    """`envelopes` (m, 40) moved away from `mean` by the factors of `restoration` (40,).

    A mean of neighbours varies less than speech does, which sounds muffled and like nobody (global variance: Toda,
    Black and Tokuda, 2007).
    """
    return mean + (envelopes - mean) * restoration


def map_f0(f0_hz: Vector, source: SpeakerStatistics, target: SpeakerStatistics) -> Vector:
    """F0 in the target's register, in Hz: float32 (n,), 0 where the source is unvoiced."""
    voiced = f0_hz > 0
    standardised = (np.log(np.maximum(f0_hz, 1)) - source.log_f0) / source.log_f0_spread
    mapped = np.exp(target.log_f0 + F0_RANGE * target.log_f0_spread * standardised)
    return np.where(voiced, np.clip(mapped, F0_MIN_HZ, F0_MAX_HZ), 0).astype(np.float32)


def f0_costs(f0_hz: Vector, unit_log_f0: Matrix) -> Matrix:
    """Cost of each candidate for its F0, float32 (m, k): 2 |difference of log F0|, and 0 where either is unvoiced.

    `f0_hz`: (m,), 0 where unvoiced. `unit_log_f0`: (m, k), NaN where unvoiced.
    """
    log_f0 = np.log(np.where(f0_hz > 0, f0_hz, np.nan))
    return np.nan_to_num(F0_COST * np.abs(unit_log_f0 - log_f0[:, None]), nan=0.0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class LevelMap:
    """Moves the level of an envelope part of the way to the source's, so that the target's dynamics survive."""

    rate_hz: int
    source_db: float
    target_db: float

    def apply(self, cepstra: Matrix, level_db: Vector) -> Matrix:
        """`cepstra`, float32 (m, 40), raised or lowered by the levels of the source's frames, `level_db` (m,)."""
        own_db = 10 * np.log10(np.exp(cepstra @ decoding_matrix(self.rate_hz)).mean(axis=1))
        raise_db = ENERGY_EXPONENT * ((level_db - self.source_db) - (own_db - self.target_db))
        return np.asarray(cepstra + raise_db[:, None] * level_step(self.rate_hz), dtype=np.float32)


@lru_cache(maxsize=16)
def level_step(rate_hz: int) -> Vector:
    """Float32 (40,): the cepstra of a flat gain of 1 dB at `rate_hz`."""
    decoding = decoding_matrix(rate_hz).astype(np.float64)
    flat = np.full(decoding.shape[1], np.log(10) / 10)
    return np.asarray(np.linalg.lstsq(decoding.T, flat, rcond=None)[0], dtype=np.float32)
