"""Wakes what was lost and ends what is stuck. Safe to run at any time, by any number of processes."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from voice.errors import EngineError, VoiceError
from voice.jobs.blocks import inactive_end
from voice.jobs.copies import copies_block
from voice.jobs.kind import Kind, kinds, with_resources
from voice.jobs.transitions import (
    job_cancel,
    job_enqueue,
    job_fail,
    job_fail_dependents,
    jobs_lock,
    not_blocked,
    queue_is_empty,
)
from voice.models import IdempotencyKey, Job, LoginSession
from voice.models.job import FromNow
from voice.models.lifecycle import JOB_TERMINAL, JobState, advance
from voice.selectors import row_walk
from voice.storage import work_sweep

logger = logging.getLogger(__name__)
BATCH = 500
STALE_S = 600.0  # a wake-up that is older is sent again, even if its queue is not empty
IDEMPOTENCY_KEY_AGE = timedelta(hours=24)
TORN = EngineError(
    "internal_error", "Something broke on our side. It is logged; please tell the operator, and send it again."
)


@dataclass(frozen=True, slots=True)
class Recovered:
    """Numbers of jobs that were woken, that lost their worker too often, or were doomed by what they waited for.

    `torn`: jobs and resources of which one had ended without the other, which only happens to rows that were changed
    or restored by hand.
    """

    woken: int = 0
    lost: int = 0
    doomed: int = 0
    torn: int = 0

    @property
    def total(self) -> int:
        return self.woken + self.lost + self.doomed + self.torn


def job_sweep() -> Recovered:
    """Send missing wake-ups, fail what lost its worker too often, what waits for something that failed, and what
    belongs to deactivated accounts. Looks for copies of what was blocked, too.
    """
    now = timezone.now()
    IdempotencyKey.objects.filter(created_at__lt=now - IDEMPOTENCY_KEY_AGE).delete()
    OutstandingToken.objects.filter(expires_at__lt=now).delete()
    LoginSession.objects.filter(expires_at__lt=now).delete()
    work_sweep(older_than_s=settings.CELERY_TASK_TIME_LIMIT)  # a job that gives way keeps its folder
    lost = sum(_fail_lost(job) for job in with_resources(_worn_out())[:BATCH])
    doomed = sum(_fail_waiting(job) for job in with_resources(_ended_badly())[:BATCH])
    inactive_end()
    woken = _wake()
    if woken or lost or doomed:
        logger.info("sweep: %d woken, %d lost, %d doomed", woken, lost, doomed)
    copies_block()
    return Recovered(woken=woken, lost=lost, doomed=doomed)


def stuck_count() -> Recovered:
    """Count what sweeps would do now, until nothing is left to do."""
    waiting = Job.objects.filter(state=JobState.QUEUED, depends_on__in=_ended_badly())
    return Recovered(woken=_due().count(), lost=_worn_out().count(), doomed=waiting.distinct().count())


def _worn_out() -> QuerySet[Job]:
    is_free = Q(state=JobState.RUNNING, lease_until__lt=FromNow()) | Q(state=JobState.QUEUED)
    return Job.objects.filter(is_free, attempt__gte=settings.JOB_MAX_ATTEMPTS)


def _fail_lost(job: Job) -> bool:
    error = EngineError(
        "worker_lost",
        f"The worker died in each of {job.attempt} attempts. Try another recording or text, or ask the operator.",
    )
    return job_fail(job=job, error=error, only=Q(lease_token=job.lease_token))


def _ended_badly() -> QuerySet[Job]:
    """Jobs that ended badly before they could see what was attached to them; that is still queued."""
    waited_for = Job.objects.filter(dependents__state=JobState.QUEUED, state__in=[JobState.FAILED, JobState.CANCELLED])
    return waited_for.distinct()


def _fail_waiting(job: Job) -> int:
    return job_fail_dependents(job=job, error=VoiceError(job.error_code, job.error_message))


def _wake() -> int:
    due = _due().order_by(F("enqueued_at").asc(nulls_first=True))[:BATCH]
    for job in due:
        job_enqueue(job_id=job.pk, kind=job.kind)
    return len(due)


def _due() -> QuerySet[Job]:
    """Due jobs whose wake-up was never sent, or must have been lost: old, and its queue has run empty."""
    old = Q(enqueued_at__lt=FromNow(-settings.JOB_LEASE_S))  # a younger one may be on its way
    empty = [kind.name for kind in kinds() if queue_is_empty(kind.queue)]
    is_silent = Q(enqueued_at=None) | old & Q(kind__in=empty) | Q(enqueued_at__lt=FromNow(-STALE_S))
    queued = Q(state=JobState.QUEUED, run_after__lte=FromNow()) & is_silent & not_blocked()
    expired = Q(state=JobState.RUNNING, lease_until__lt=FromNow()) & old
    return Job.objects.filter(queued | expired)


def recovery_count() -> Recovered:
    """Count what `job_recover` would do now. Raises RedisError while Redis, which knows the queues, is away."""
    stuck = stuck_count()
    torn = _jobs_of_ended().count() + sum(_without_job(kind).count() for kind in kinds())
    return replace(stuck, torn=torn)


def job_recover(*, on_row: Callable[[], None] = lambda: None) -> Recovered:
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
    return Recovered(woken, lost, doomed, torn)


def _sweeps() -> Iterator[Recovered]:
    """Rounds until one does not fill its batch. Each finds others: what was woken is young, what failed has ended."""
    while True:
        sweep = job_sweep()
        yield sweep
        if max(sweep.woken, sweep.lost, sweep.doomed) < BATCH:
            return


def _mended() -> Iterator[object]:
    for job in row_walk(with_resources(_jobs_of_ended())):
        if job_cancel(job=job, error=TORN):
            logger.error("job %s: was alive and its resource had ended", job.pk)
            yield job
    for kind in kinds():
        for row in row_walk(_without_job(kind)):
            if _fail_alone(kind, row):
                logger.error("%s %s: was alive and its job had ended", kind.noun, row.pk)
                yield row


def _jobs_of_ended() -> QuerySet[Job]:
    ended = Q()
    for kind in kinds():
        ended |= Q(**{f"{kind.link}__status__in": kind.terminal})
    return Job.objects.filter(ended).exclude(state__in=JOB_TERMINAL)


def _without_job(kind: Kind) -> QuerySet[Any]:
    """Rows that have not ended, with no job that will end them."""
    return kind.rows.exclude(status__in=kind.terminal).filter(Q(job=None) | Q(job__state__in=JOB_TERMINAL))


def _fail_alone(kind: Kind, row: Any) -> bool:
    with transaction.atomic():
        jobs = jobs_lock(Job.objects.filter(**{kind.link: row}))
        if any(job.state not in JOB_TERMINAL for job in jobs):
            return False
        return advance(row, kind.failed, error_code=TORN.code, error_message=TORN.message)
