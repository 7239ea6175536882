"""The cheapest path through candidate units, decided piece by piece."""

import numpy as np

from voice.engines.embedded.analysis import Matrix, Vector
from voice.engines.embedded.matching import Indices


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
