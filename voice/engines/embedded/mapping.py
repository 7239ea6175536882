"""From frames of the source to units of the target: nearest neighbours, the best path, envelopes, F0 and level."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from voice.engines.embedded.analysis import CEPSTRA, Matrix, SpeakerStatistics, Vector, decoding_matrix

NEIGHBOURS = 16
CONTEXT = ((-10, 0.4), (-6, 0.6), (-3, 0.6), (0, 1.0), (3, 0.6), (6, 0.6), (10, 0.4))
"""Frame offsets that are stacked, with their weights: a phone is known by what is around it."""
CONTEXT_FRAMES = 10
MATCHED_CEPSTRA = 16
DIMENSIONS = MATCHED_CEPSTRA * len(CONTEXT) + 2
VOICING_WEIGHT = 4.0
CEPSTRUM_WEIGHTS = (1 / (1 + 0.05 * np.arange(MATCHED_CEPSTRA))).astype(np.float32)
GROUP = 16
"""Units per group of the search; see `UnitIndex.nearest`."""
QUERY_BLOCK = 200

Indices = NDArray[np.int64]
ENVELOPE_NEIGHBOURS = 4
CLARITY_KNEE = 12.0
CLARITY_SLOPE = 2.0
ENERGY_EXPONENT = 0.6
F0_RANGE = 0.8
F0_MIN_HZ, F0_MAX_HZ = 55.0, 600.0
F0_COST = 2.0


def matching_vectors(standardised: Matrix, f0_hz: Vector, level_db: Vector, *, first: int, last: int) -> Matrix:
    """Vectors of the frames from `first` to before `last`: float32, (last - first, 114).

    `standardised`: cepstra (n, >= 16) with the speaker's mean taken away and divided by the deviation.
    `level_db`: (n,), relative to the speaker's median. Context beyond either end repeats the first or last frame.
    """
    frames = np.arange(first, last)
    vectors = np.empty((last - first, DIMENSIONS), dtype=np.float32)
    weighted = standardised[:, :MATCHED_CEPSTRA] * CEPSTRUM_WEIGHTS
    for slot, (offset, weight) in enumerate(CONTEXT):
        columns = slice(slot * MATCHED_CEPSTRA, (slot + 1) * MATCHED_CEPSTRA)
        vectors[:, columns] = weighted[np.clip(frames + offset, 0, len(standardised) - 1)] * np.float32(weight)
    vectors[:, -2] = VOICING_WEIGHT * (f0_hz[first:last] > 0)
    vectors[:, -1] = np.clip(level_db[first:last] / 10, -4, 2)
    return vectors


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """The matching vectors of a target, laid out for search. Immutable; safe to share between threads.

    `vectors`: float32 (n, 114). `half_norms`: float32 (padded n,), half the squared norms, infinite in the padding.
    """

    vectors: Matrix
    padded: Matrix
    half_norms: Vector

    @classmethod
    def build(cls, vectors: Matrix) -> "UnitIndex":
        """Index the rows of `vectors`; where they are few, padding fills the groups."""
        groups = max(NEIGHBOURS, -(-len(vectors) // GROUP))
        padded = np.zeros((groups * GROUP, vectors.shape[1]), dtype=np.float32)
        padded[: len(vectors)] = vectors
        half_norms = np.full(groups * GROUP, np.inf, dtype=np.float32)
        half_norms[: len(vectors)] = 0.5 * np.einsum("ij,ij->i", vectors, vectors)
        return cls(vectors, padded, half_norms)

    def nearest(self, queries: Matrix) -> tuple[Indices, Matrix]:
        """The units nearest to each of m queries: int64 (m, 16) and their Euclidean distances, float32 (m, 16).

        Exact, nearest first; equal distances are ordered by unit. Needs an index of at least 16 units.
        """
        found = [self._nearest_of_block(queries[i : i + QUERY_BLOCK]) for i in range(0, len(queries), QUERY_BLOCK)]
        return np.concatenate([units for units, _ in found]), np.concatenate([d for _, d in found])

    def _nearest_of_block(self, queries: Matrix) -> tuple[Indices, Matrix]:
        scores = self.half_norms - queries @ self.padded.T
        # The 16 best units lie in the 16 groups of least minima: partitioning the minima is enough, and 10x cheaper.
        minima = scores.reshape(len(queries), GROUP, -1).min(axis=1)
        groups = np.argpartition(minima, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        stride = minima.shape[1]
        members = (groups[:, :, None] + stride * np.arange(GROUP)).reshape(len(queries), -1)
        best = np.argpartition(np.take_along_axis(scores, members, axis=1), NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        units = np.sort(np.take_along_axis(members, best, axis=1), axis=1)
        # Recomputed from differences: the product loses digits, and its rounding depends on the number of threads.
        differences = self.vectors[units] - queries[:, None, :]
        distances = np.sqrt(np.einsum("mkd,mkd->mk", differences, differences))
        order = np.argsort(distances, axis=1, kind="stable")
        return np.take_along_axis(units, order, axis=1), np.take_along_axis(distances, order, axis=1)


class PathFinder:
    """Viterbi search that is given frames in order and commits to a part of them at a time.

    Frames that were committed stay as they are; the next search starts from the last of them. Not safe to share.
    """

    def __init__(self, joins: Matrix) -> None:
        """`joins`: float32 (units, d); joining u to v costs |joins[u + 1] - joins[v]|, nothing where v is u + 1."""
        self._joins = joins
        self._last: int | None = None

    def commit(self, candidates: Indices, costs: Matrix, count: int) -> Indices:
        """The best units, int64 (count,), for the first `count` of m frames.

        `candidates`: int64 (m, k). `costs`: float32 (m, k). The frames beyond `count` are looked at and not committed.
        """
        joins = self._joins[candidates]
        successors = self._joins[np.minimum(candidates + 1, len(self._joins) - 1)]
        transitions = _distances(successors[:-1], joins[1:])
        total: Vector = costs[0].copy()
        if self._last is not None:
            previous = self._joins[[[min(self._last + 1, len(self._joins) - 1)]]]
            total += _distances(previous, joins[:1])[0, 0]
        origins = np.empty(candidates.shape, dtype=np.int64)
        for frame in range(1, len(candidates)):
            reached = total[:, None] + transitions[frame - 1]
            origins[frame] = reached.argmin(axis=0)
            total = reached.min(axis=0) + costs[frame]
        path = np.empty(len(candidates), dtype=np.int64)
        path[-1] = total.argmin()
        for frame in range(len(candidates) - 1, 0, -1):
            path[frame - 1] = origins[frame, path[frame]]
        units = np.take_along_axis(candidates, path[:, None], axis=1)[:count, 0]
        self._last = int(units[-1])
        return units


def _distances(left: Matrix, right: Matrix) -> Matrix:
    """Euclidean distances of every pair: (m, j, d) and (m, k, d) to (m, j, k)."""
    squares = np.einsum("mjd,mjd->mj", left, left)[:, :, None] + np.einsum("mkd,mkd->mk", right, right)[:, None, :]
    products = np.matmul(left, right.transpose(0, 2, 1))
    return np.asarray(np.sqrt(np.maximum(squares - 2 * products, 0)), dtype=np.float32)


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
