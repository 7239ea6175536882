"""How much work may wait here: more is refused before it is promised."""

from django.conf import settings
from django.db.models import Count, Q

from voice.errors import ServiceUnavailable, TooManyJobs
from voice.models import Job, User
from voice.models.lifecycle import JobState

UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


def job_limits_hold(*, owner: User) -> None:
    """Check that there is room for one more job of a user, and keep it free until the transaction ends.

    Call it in the transaction that creates the job, after `jobs_lock`. Raises what `job_limits_check` raises.
    The user's own limit is exact, because the requests of one user wait for each other here. The depth of the queue
    may be passed by the requests of the same moment: nobody has to wait for strangers.
    """
    list(User.objects.select_for_update(no_key=True).filter(pk=owner.pk))
    job_limits_check(owner=owner)


def job_limits_check(*, owner: User) -> None:
    """Raise TooManyJobs, or ServiceUnavailable `queue_full`, where there is no room. For before expensive work."""
    unfinished = Job.objects.filter(state__in=UNFINISHED).aggregate(
        queued=Count("pk", filter=Q(state=JobState.QUEUED)), mine=Count("pk", filter=Q(owner=owner))
    )
    limit = settings.JOBS_PER_USER_MAX
    if unfinished["mine"] >= limit:
        raise TooManyJobs(
            "too_many_jobs",
            f"{unfinished['mine']} of your jobs are not finished, {limit} are allowed. Send this again when one has "
            "ended, or cancel one.",
            details={"unfinished": unfinished["mine"], "limit": limit},
        )
    if unfinished["queued"] >= settings.QUEUE_DEPTH_MAX:
        raise ServiceUnavailable(
            "queue_full", "More work is waiting here than this server can take. Send this again a little later."
        )
