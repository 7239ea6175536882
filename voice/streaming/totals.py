"""Totals that all workers add to and every web process shows, in one hash of Redis.

They live as long as Redis keeps them and start at zero after, as counters may. What happens while it is away is not
counted: rows are the truth, totals are for curves.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import redis

from voice.streaming.redis_client import redis_client

logger = logging.getLogger(__name__)
KEY = "podstream:totals"
SEPARATOR = "\t"
COUNT, SUM = "count", "sum"


@dataclass(frozen=True, slots=True)
class Counter:
    """A figure that only grows, for each combination of its labels' values."""

    name: str
    description: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often a value was at most each of `bounds`, which rise, for each combination of its labels' values."""

    name: str
    description: str
    bounds: tuple[float, ...]
    labels: tuple[str, ...] = ()


class Totals:
    """Additions that are made together, in one round trip: `add` and `observe` collect them, `send` makes them."""

    def __init__(self) -> None:
        self._additions: defaultdict[str, float] = defaultdict(float)

    def add(self, counter: Counter, *labels: str, by: float = 1.0) -> None:
        """Count `by` more. `labels` are values, in the order of the counter's labels."""
        self._add(counter, labels, COUNT, by)

    def observe(self, histogram: Histogram, *labels: str, value: float) -> None:
        """Count one value."""
        bound = next((str(bound) for bound in histogram.bounds if value <= bound), "+Inf")
        self._add(histogram, labels, bound, 1.0)
        self._add(histogram, labels, SUM, value)

    def send(self) -> None:
        """Make the additions, all or none. With Redis away they are lost."""
        try:
            with redis_client().pipeline() as pipe:
                for name, amount in self._additions.items():
                    pipe.hincrbyfloat(KEY, name, amount)
                pipe.execute()
        except redis.RedisError as error:
            logger.warning("totals not counted: %s", type(error).__name__)

    def _add(self, figure: Counter | Histogram, labels: tuple[str, ...], part: str, amount: float) -> None:
        assert len(labels) == len(figure.labels)
        self._additions[SEPARATOR.join((figure.name, part, *labels))] += amount


@dataclass(frozen=True, slots=True)
class Buckets:
    """What a histogram has counted for one combination of labels: how often up to each bound, the last "+Inf"."""

    cumulative: tuple[tuple[str, float], ...]
    sum: float


class TotalsRead:
    """All totals as they were at one moment. Raises RedisError where they cannot be read."""

    def __init__(self) -> None:
        found = cast(dict[bytes, bytes], redis_client().hgetall(KEY))
        self._values: dict[tuple[str, ...], float] = {
            tuple(name.decode().split(SEPARATOR)): float(value) for name, value in found.items()
        }

    def counts(self, counter: Counter) -> Mapping[tuple[str, ...], float]:
        """Its value for each combination of labels that was counted."""
        return {
            tuple(labels): value
            for (name, part, *labels), value in self._values.items()
            if name == counter.name and part == COUNT
        }

    def buckets(self, histogram: Histogram) -> Mapping[tuple[str, ...], Buckets]:
        """Its buckets for each combination of labels that was counted."""
        parts: dict[tuple[str, ...], dict[str, float]] = {}
        for (name, part, *labels), value in self._values.items():
            if name == histogram.name:
                parts.setdefault(tuple(labels), {})[part] = value
        return {labels: _cumulated(histogram, found) for labels, found in parts.items()}


def _cumulated(histogram: Histogram, found: Mapping[str, float]) -> Buckets:
    cumulative, so_far = [], 0.0
    for bound in (*map(str, histogram.bounds), "+Inf"):
        so_far += found.get(bound, 0.0)
        cumulative.append((bound, so_far))
    return Buckets(tuple(cumulative), found.get(SUM, 0.0))
