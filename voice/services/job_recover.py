"""Bringing everything that is stuck to an end, at once: what the sweeper does in rounds, and what it cannot."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from voice.errors import EngineError
from voice.models import Job, Synthesis, VoiceModel, VoiceSample
from voice.models.lifecycle import (
    JOB_TERMINAL,
    SAMPLE_TERMINAL,
    SYNTHESIS_TERMINAL,
    VOICE_MODEL_TERMINAL,
    SampleStatus,
    SynthesisStatus,
    VoiceModelStatus,
    advance,
)
from voice.services.job import job_cancel, jobs_lock
from voice.services.job_sweep import BATCH, SweepCounts, job_sweep, stuck_count
from voice.services.row_walk import row_walk

logger = logging.getLogger(__name__)
TORN = EngineError(
    "internal_error", "Something broke on our side. It is logged; please tell the operator, and send it again."
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource: its statuses of an end, the one of failure, and how its job names it."""

    model: type[Any]
    terminal: frozenset[Any]
    failed: Any
    job_field: str


KINDS = (
    Kind(VoiceSample, SAMPLE_TERMINAL, SampleStatus.FAILED, "sample"),
    Kind(VoiceModel, VOICE_MODEL_TERMINAL, VoiceModelStatus.FAILED, "voice_model"),
    Kind(Synthesis, SYNTHESIS_TERMINAL, SynthesisStatus.FAILED, "synthesis"),
)


@dataclass(frozen=True, slots=True)
class RecoveredCounts:
    """What was stuck. `woken`, `lost` and `doomed` as in a sweep; `torn` are jobs and resources of which one has
    ended without the other, which only happens to rows that were changed or restored by hand.
    """

    woken: int
    lost: int
    doomed: int
    torn: int

    @property
    def total(self) -> int:
        return self.woken + self.lost + self.doomed + self.torn


def recovery_count() -> RecoveredCounts:
    """What `job_recover` would do now. Raises RedisError while Redis is away: it knows which queues are empty."""
    stuck = stuck_count()
    torn = _jobs_of_ended().count() + sum(_without_job(kind).count() for kind in KINDS)
    return RecoveredCounts(stuck.woken, stuck.lost, stuck.doomed, torn)


def job_recover(*, on_row: Callable[[], None] = lambda: None) -> RecoveredCounts:
    """Sweep until nothing is left to wake or to fail, and end what is torn. Raises RedisError while Redis is away.

    Every change is a compare-and-set, so live workers, sweepers and another recovery may run beside it.
    """
    torn = 0
    for _ in _mended():
        torn += 1
        on_row()
    woken = lost = doomed = 0
    for sweep in _sweeps():
        woken, lost, doomed = woken + sweep.woken, lost + sweep.lost, doomed + sweep.doomed
        for _ in range(sweep.woken + sweep.lost + sweep.doomed):
            on_row()
    return RecoveredCounts(woken, lost, doomed, torn)


def _sweeps() -> Iterator[SweepCounts]:
    """Rounds until one does not fill its batch. Each finds others: what was woken is young, what failed has ended."""
    while True:
        sweep = job_sweep()
        yield sweep
        if max(sweep.woken, sweep.lost, sweep.doomed) < BATCH:
            return


def _mended() -> Iterator[object]:
    for job in row_walk(_jobs_of_ended().select_related("sample", "voice_model", "synthesis")):
        if job_cancel(job=job, error=TORN):
            logger.error("job %s: was alive and its resource had ended", job.pk)
            yield job
    for kind in KINDS:
        for row in row_walk(_without_job(kind)):
            if _fail_alone(kind, row):
                logger.error("%s %s: was alive and its job had ended", kind.job_field, row.pk)
                yield row


def _jobs_of_ended() -> QuerySet[Job]:
    ended = Q()
    for kind in KINDS:
        ended |= Q(**{f"{kind.job_field}__status__in": kind.terminal})
    return Job.objects.filter(ended).exclude(state__in=JOB_TERMINAL)


def _without_job(kind: Kind) -> QuerySet[Any]:
    """Rows that have not ended, with no job that will end them."""
    rows: QuerySet[Any] = kind.model._default_manager.exclude(status__in=kind.terminal)
    return rows.filter(Q(job=None) | Q(job__state__in=JOB_TERMINAL))


def _fail_alone(kind: Kind, row: Any) -> bool:
    with transaction.atomic():
        jobs = jobs_lock(Job.objects.filter(**{kind.job_field: row}))
        if any(job.state not in JOB_TERMINAL for job in jobs):
            return False
        return advance(row, kind.failed, error_code=TORN.code, error_message=TORN.message)
