"""The life of a job. See docs/adr/0001-jobs.md for why each step is as it is."""

import logging
from collections.abc import Callable, Iterable
from uuid import UUID, uuid4

import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from voice.errors import LeaseLost, VoiceError
from voice.jobs.kind import kind_named, kind_of, with_resources
from voice.jobs.lease import WORKER, Lease
from voice.jobs.metrics import job_count_end
from voice.models import Job, User
from voice.models.job import FromNow, owner_is_active
from voice.models.lifecycle import JOB_TERMINAL, JobState, Resource, advance
from voice.redis_client import redis_client
from voice.request_id import request_id_bound

logger = logging.getLogger(__name__)
ALWAYS = Q()


class TornJob(RuntimeError):
    """A job is alive and its resource has ended, which only happens to rows that were changed or restored by hand."""


def job_create(*, owner: User, resource: Resource, depends_on: Iterable[Job] = ()) -> Job:
    """Write the job of a new resource, in the caller's transaction, and wake a worker after its commit.

    With Redis away the wake-up is lost, the request is not: the sweeper sends it later.
    """
    kind = kind_of(resource)
    job = Job(owner=owner, kind=kind.name)
    setattr(job, kind.link, resource)
    job.save(force_insert=True)
    if Job._meta.get_field(kind.link).auto_created:  # the column that links the two is the resource's
        resource.save()
    job.depends_on.set(depends_on)
    _enqueue_on_commit(job)
    return job


def job_enqueue(*, job_id: UUID, kind: str) -> None:
    """Wake a worker for a job: one more of its kind is taken, whoever's turn it is.

    Raises RedisError or kombu's OperationalError while the broker is away.
    """
    wake_up_send(kind=kind)
    Job.objects.filter(pk=job_id).update(enqueued_at=FromNow())


def wake_up_send(*, kind: str) -> None:
    """Have a worker take the next job of a kind. Raises RedisError or kombu's OperationalError."""
    redis_client().ping()  # says at once that Redis is away; kombu would take 6 s of redis-py's retries to see it
    current_app.send_task("voice.run_job", args=[kind], queue=kind_named(kind).queue, retry=False)


def queue_is_empty(queue: str) -> bool:
    """True while no wake-up waits in a queue. Raises RedisError."""
    # kombu keeps a queue as a Redis list of its name
    return redis_client().llen(f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}{queue}") == 0


def job_channel(job_id: UUID) -> str:
    """The channel of Redis on which the end of a job is announced. The row is the truth: a notice may get lost."""
    return f"podstream:job:{job_id}"


def job_publish(job_id: UUID, state: str) -> None:
    """Send the state of a job to those who wait for it. With Redis away they find it in the row."""
    try:
        redis_client().publish(job_channel(job_id), state)
    except redis.RedisError as error:
        logger.warning("job %s: state not published: %s", job_id, type(error).__name__)


def jobs_lock(jobs: QuerySet[Job]) -> list[Job]:
    """Lock rows until the transaction ends, always before the resources they work on, so that nobody deadlocks.

    Whoever attaches work to a job and whoever deletes its resource wait for each other here.
    """
    return list(jobs.select_for_update(no_key=True).order_by("pk"))


def _enqueue_on_commit(job: Job) -> None:
    # a function with a name, not a partial: Django names what failed when it logs, and stumbles over a partial
    transaction.on_commit(lambda: job_enqueue(job_id=job.pk, kind=job.kind), robust=True)


def not_blocked() -> Q:
    """Jobs all of whose dependencies are completed."""
    return ~Q(Exists(Job.objects.filter(dependents=OuterRef("pk")).exclude(state=JobState.COMPLETED)))


def jobs_claimable() -> QuerySet[Job]:
    """Jobs that are due, or whose worker is lost, of accounts that are active."""
    is_free = Q(state=JobState.QUEUED, run_after__lte=FromNow()) | Q(state=JobState.RUNNING, lease_until__lt=FromNow())
    return Job.objects.filter(is_free, not_blocked(), owner_is_active(), attempt__lt=settings.JOB_MAX_ATTEMPTS)


def job_claim(*, job_id: UUID) -> Lease | None:
    """Take a job, if it is claimable. Of any number of callers at most one gets the lease."""
    token = uuid4()
    with transaction.atomic():
        free = jobs_claimable().filter(pk=job_id)
        claimed = free.update(
            state=JobState.RUNNING,
            attempt=F("attempt") + 1,
            lease_token=token,
            lease_until=FromNow(settings.JOB_LEASE_S),
            worker=WORKER,
            started_at=FromNow(),
            progress=0.0,
            phase="",
        )
        if not claimed:
            return None
        job = with_resources(Job.objects.all()).get(pk=job_id)
        if not advance(job.resource, kind_named(job.kind).working):
            raise TornJob(f"job {job_id} is alive and its resource has ended")  # rolls the claim back
    with request_id_bound(job.request_id):
        logger.info("job %s: %s attempt %d", job.pk, job.kind, job.attempt)
    return Lease(job=job, token=token)


def job_finish(*, lease: Lease, write: Callable[[], bool]) -> None:
    """Complete the job and write its result, both or neither.

    `write` advances the resource and returns whether it could. Raises LeaseLost when the job is no longer ours.
    """
    with transaction.atomic():
        is_ours = Q(lease_token=lease.token) & owner_is_active()
        if not _end(lease.job, JobState.COMPLETED, only=is_ours, progress=1.0) or not write():
            raise LeaseLost("lease_lost", "Another worker owns this job, or it was cancelled.")
        _clear_up_on_commit(lease.job)
        for dependent in lease.job.dependents.filter(state=JobState.QUEUED):
            _enqueue_on_commit(dependent)
    logger.info("job %s: completed", lease.job.pk)


def job_retry(*, lease: Lease, error: VoiceError) -> bool:
    """Give the job back to be tried again later: 1, 2, 4 .. times JOB_BACKOFF_S. False if it was no longer ours."""
    delay_s = settings.JOB_BACKOFF_S * 2 ** (lease.job.attempt - 1)
    returned = Job.objects.filter(lease.is_mine(), pk=lease.job.pk).update(
        state=JobState.QUEUED,
        lease_token=None,
        lease_until=None,
        enqueued_at=None,
        run_after=FromNow(delay_s),
        phase="waiting to try again",
    )
    logger.warning("job %s: attempt %d: %s, again in %.0f s", lease.job.pk, lease.job.attempt, error.code, delay_s)
    return bool(returned)


def job_return(*, lease: Lease) -> bool:
    """Give the job back as if this attempt had not begun, and wake another worker. False if it was no longer ours.

    The next attempt has the number of this one, and its name of a file: call it where nothing was stored yet.
    """
    with transaction.atomic():
        returned = Job.objects.filter(lease.is_mine(), pk=lease.job.pk).update(
            state=JobState.QUEUED,
            attempt=F("attempt") - 1,
            lease_token=None,
            lease_until=None,
            enqueued_at=None,
            run_after=FromNow(),
            started_at=None,
            progress=0.0,
            phase="",
        )
        if not returned:
            return False
        _enqueue_on_commit(lease.job)
    logger.info("job %s: given back, this worker is being stopped", lease.job.pk)
    return True


def jobs_of_worker_return() -> int:
    """Give back what this worker's processes have left running, and wake others. Returns how many jobs.

    Call it when those are gone. Unlike in `job_return`, the attempt counts: it may have stored its file.
    """
    left = Job.objects.filter(state=JobState.RUNNING, worker=WORKER)
    returned = [job for job in left if _leave_to_others(job)]
    for job in returned:
        logger.warning("job %s: given back, its process was ended with this worker", job.pk)
    return len(returned)


def _leave_to_others(job: Job) -> bool:
    with transaction.atomic():
        returned = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, lease_token=job.lease_token).update(
            state=JobState.QUEUED,
            lease_token=None,
            lease_until=None,
            enqueued_at=None,
            run_after=FromNow(),
            progress=0.0,
            phase="",
        )
        if returned:
            _enqueue_on_commit(job)
    return bool(returned)


def job_fail(*, job: Job, error: VoiceError, only: Q = ALWAYS) -> bool:
    """End the job and its resource with a reason, and everything that waits for it. False if it had ended before."""
    with transaction.atomic():
        reason = {"error_code": error.code, "error_message": error.message}
        if not _end(job, JobState.FAILED, only=only, **reason):
            return False
        advance(job.resource, kind_named(job.kind).failed_by(error), **reason)
        _clear_up_on_commit(job)
        job_fail_dependents(job=job, error=error)
    logger.warning("job %s: failed: %s", job.pk, error.code)
    return True


def job_cancel(*, job: Job, error: VoiceError) -> bool:
    """End a job that nobody wants any more; its worker notices at its next write. False if it had ended before.

    The caller moves or deletes the resource in the same transaction. `error` is the reason for those that wait for it.
    """
    with transaction.atomic():
        if not _end(job, JobState.CANCELLED, only=ALWAYS, error_code=error.code, error_message=error.message):
            return False
        job_fail_dependents(job=job, error=error)
    return True


def job_fail_dependents(*, job: Job, error: VoiceError) -> int:
    """End everything that waits for a job that ended badly, and say which that was, and why. Returns how many."""
    reason = VoiceError(
        "dependency_failed",
        f"The {kind_named(job.kind).noun} {job.resource.pk} that this needs could not be made: {error.message}",
    )
    waiting = with_resources(job.dependents.exclude(state__in=JOB_TERMINAL))
    return sum(job_fail(job=dependent, error=reason) for dependent in waiting)


def _end(job: Job, state: JobState, *, only: Q, **fields: object) -> bool:
    ended = (
        Job.objects.filter(only, pk=job.pk)
        .exclude(state__in=JOB_TERMINAL)
        .update(state=state, lease_token=None, lease_until=None, finished_at=FromNow(), phase="", **fields)
    )
    if ended:
        transaction.on_commit(lambda: job_publish(job.pk, state), robust=True)
        code = str(fields.get("error_code", ""))
        transaction.on_commit(lambda: job_count_end(job, state, code=code), robust=True)
    return bool(ended)


def _clear_up_on_commit(job: Job) -> None:
    kind, resource = kind_named(job.kind), job.resource
    transaction.on_commit(lambda: kind.after_end(resource), robust=True)
