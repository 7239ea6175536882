"""Which frames of the target sound like one of the source: matching vectors, and an exact search for the nearest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice.engines.embedded.analysis import Matrix, Vector

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
