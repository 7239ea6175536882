"""Wakes what was lost. Safe to run at any time, by any number of processes."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from voice.errors import EngineError, VoiceError
from voice.models import IdempotencyKey, Job
from voice.models.database_time import FromNow
from voice.models.lifecycle import JobState
from voice.services.job import QUEUES, job_enqueue, job_fail, job_fail_dependents, not_blocked
from voice.storage import work_sweep
from voice.streaming.redis_client import redis_client

logger = logging.getLogger(__name__)
BATCH = 500
STALE_S = 600.0  # a wake-up that is older is sent again, even if its queue is not empty
IDEMPOTENCY_KEY_AGE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SweepCounts:
    """What one sweep did."""

    woken: int
    lost: int
    doomed: int


def job_sweep() -> SweepCounts:
    """Send missing wake-ups, fail what lost its worker too often or what waits for something that failed."""
    now = timezone.now()
    IdempotencyKey.objects.filter(created_at__lt=now - IDEMPOTENCY_KEY_AGE).delete()
    OutstandingToken.objects.filter(expires_at__lt=now).delete()
    work_sweep(older_than_s=2 * settings.JOB_TIMEOUT_S)
    lost = sum(_fail_lost(job) for job in _with_resource(_worn_out())[:BATCH])
    doomed = sum(_fail_waiting(job) for job in _with_resource(_ended_badly())[:BATCH])
    woken = _wake()
    if woken or lost or doomed:
        logger.info("sweep: %d woken, %d lost, %d doomed", woken, lost, doomed)
    return SweepCounts(woken=woken, lost=lost, doomed=doomed)


def stuck_count() -> SweepCounts:
    """What sweeps would do now, until nothing is left to do."""
    waiting = Job.objects.filter(state=JobState.QUEUED, depends_on__in=_ended_badly())
    return SweepCounts(woken=_due().count(), lost=_worn_out().count(), doomed=waiting.distinct().count())


def _worn_out() -> QuerySet[Job]:
    is_free = Q(state=JobState.RUNNING, lease_until__lt=FromNow()) | Q(state=JobState.QUEUED)
    return Job.objects.filter(is_free, attempt__gte=settings.JOB_MAX_ATTEMPTS)


def _with_resource(jobs: QuerySet[Job]) -> QuerySet[Job]:
    return jobs.select_related("sample", "voice_model", "synthesis")


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
    empty = [kind for kind, queue in QUEUES.items() if _queue_length(queue) == 0]
    is_silent = Q(enqueued_at=None) | old & Q(kind__in=empty) | Q(enqueued_at__lt=FromNow(-STALE_S))
    queued = Q(state=JobState.QUEUED, run_after__lte=FromNow()) & is_silent & not_blocked()
    expired = Q(state=JobState.RUNNING, lease_until__lt=FromNow()) & old
    return Job.objects.filter(queued | expired)


def _queue_length(queue: str) -> int:
    # kombu keeps a queue as a Redis list of its name
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    return redis_client().llen(f"{prefix}{queue}")
