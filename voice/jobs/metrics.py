"""Totals of how jobs went, for the operator's curves. Never about whom: labels are kinds, states and codes.

All workers add to them and every web process shows them, in one hash of Redis. They live as long as Redis keeps them
and start at zero after, as counters may. What happens while it is away is not counted: rows are the truth.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import redis
from django.db.models import Max

from voice.models import Job
from voice.models.lifecycle import JobState
from voice.redis_client import redis_client

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
    """A count of values up to each of `bounds`, which rise, for each combination of its labels' values."""

    name: str
    description: str
    bounds: tuple[float, ...]
    labels: tuple[str, ...] = ()


_WAIT_BOUNDS_S = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_RUN_BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0)
_REAL_TIME_BOUNDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)

ENDED = Counter(
    "podstream_jobs_ended", "Jobs that ended; code is the error's, empty for completed.", ("kind", "state", "code")
)
WAIT = Histogram(
    "podstream_job_wait_seconds",
    "From the moment that a job could be started, all that it needs being there, to its first start.",
    _WAIT_BOUNDS_S,
    ("kind",),
)
RUN = Histogram(
    "podstream_job_run_seconds", "From the start to the end of attempts that completed.", _RUN_BOUNDS_S, ("kind",)
)
AUDIO = Counter("podstream_speech_audio_seconds", "Seconds of speech made.")
PROCESSING = Counter("podstream_speech_processing_seconds", "Seconds that jobs took to make it, side by side or not.")
REAL_TIME = Histogram(
    "podstream_speech_real_time_factor", "Seconds of work for a second of speech, of each job.", _REAL_TIME_BOUNDS
)


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
    """The counts of a histogram for one combination of labels: values up to each bound, the last one "+Inf"."""

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


def job_count_start(job: Job) -> None:
    """Count the wait of a job that was just claimed, at its first attempt: a later one waits for other reasons."""
    if job.attempt != 1 or job.started_at is None:
        return
    needed = job.depends_on.aggregate(at=Max("finished_at"))["at"]
    ready_at = max(job.run_after, needed) if needed else job.run_after
    totals = Totals()
    totals.observe(WAIT, job.kind, value=max(0.0, (job.started_at - ready_at).total_seconds()))
    totals.send()


def job_count_end(job: Job, state: JobState, *, code: str) -> None:
    """Count a job that has just ended, after the commit that ended it. `code` is its error's, or empty."""
    totals = Totals()
    totals.add(ENDED, job.kind, state, code)
    if state is JobState.COMPLETED:
        _count_run(job, totals)
        _count_speech(job, totals)
    totals.send()


def _count_run(job: Job, totals: Totals) -> None:
    """By the row, whose two times are of one clock. A row that is deleted by now has taken them along."""
    ended = Job.objects.filter(pk=job.pk).first()
    if ended is not None and ended.started_at is not None and ended.finished_at is not None:
        totals.observe(RUN, job.kind, value=max(0.0, (ended.finished_at - ended.started_at).total_seconds()))


def _count_speech(job: Job, totals: Totals) -> None:
    synthesis = job.synthesis
    if synthesis is None or not synthesis.duration_s or synthesis.processing_s is None:
        return
    totals.add(AUDIO, by=synthesis.duration_s)
    totals.add(PROCESSING, by=synthesis.processing_s)
    totals.observe(REAL_TIME, value=synthesis.processing_s / synthesis.duration_s)
