"""The line of each kind of jobs: users take turns in it, and it has an end. See docs/adr/0006-fair-turns.md."""

import logging
import statistics
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, IntegerField, Max, Min, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models.functions import Coalesce, Greatest, RowNumber

from voice.errors import ServiceUnavailable, TooManyJobs
from voice.jobs.kind import kinds
from voice.jobs.lease import GAVE_WAY, Lease
from voice.jobs.transitions import TornJob, job_claim, jobs_claimable, not_blocked
from voice.models import Job, User
from voice.models.job import FromNow
from voice.models.lifecycle import JobState

UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
RUNS_AVERAGED = 20
LINE_KEPT_S = 1.0  # clients that poll would count every queued job with each request
logger = logging.getLogger(__name__)
CANDIDATES = 32  # read at once, for as many workers as may be woken at the same moment


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


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a queued job in the line of its kind, as far as can be seen now.

    `position` 1 is taken next. `wait_s` is None while no job of the kind has been completed.
    """

    position: int
    wait_s: float | None


@dataclass(frozen=True, slots=True)
class _Line:
    """The line of a kind at one moment: how many queued jobs each owner has, the owner whose turn it is first."""

    seen_at_s: float
    lengths: Mapping[UUID, int]
    running: int
    run_s: float | None


_lines: dict[str, _Line] = {}


def jobs_in_hand(*, kind: str) -> QuerySet[Job]:
    """The jobs of a kind that a living worker has."""
    return Job.objects.filter(kind=kind, state=JobState.RUNNING, lease_until__gte=FromNow())


def somebody_waits(*, kinds: Collection[str], without_owners: Collection[UUID]) -> bool:
    """Whether a job of these kinds could be started for somebody else than these owners."""
    return jobs_claimable().filter(kind__in=kinds).exclude(owner__in=without_owners).exists()


def workers_held(*, kinds: Collection[str]) -> list[UUID]:
    """The owner of each job of these kinds that a living worker is at: not of those that stand still for another."""
    held = Job.objects.filter(kind__in=kinds, state=JobState.RUNNING, lease_until__gte=FromNow())
    return list(held.exclude(phase=GAVE_WAY).order_by().values_list("owner", flat=True))


def last_served_at(*, kind: str, owner: str) -> Subquery:
    """The time when a worker last took a job of a kind from the user in the row's field `owner`; null for never."""
    taken = Job.objects.filter(kind=kind, owner=OuterRef(owner), started_at__isnull=False)
    return Subquery(taken.order_by("-started_at").values("started_at")[:1])


def job_places(jobs: Iterable[Job]) -> Mapping[UUID, Place]:
    """The places of those of `jobs` that are queued, by id: no query where none is, else one for each kind, and four
    more where this process has not looked at the line within `LINE_KEPT_S`. Thread-safe.

    A job that is taken meanwhile is missing. A job that waits for another one, or for its next attempt, stands in
    line like any other: the estimate does not know how long that will take.
    """
    waiting = [job for job in jobs if job.state == JobState.QUEUED]
    places: dict[UUID, Place] = {}
    for kind in {job.kind for job in waiting}:
        places |= _places_of([job for job in waiting if job.kind == kind], kind=kind)
    return places


def _places_of(jobs: list[Job], *, kind: str) -> dict[UUID, Place]:
    owner_ids = {job.owner_id for job in jobs}
    turns = _turns(owner_ids, kind=kind)
    line = _line(kind=kind, owner_ids=owner_ids)
    places = {}
    for job in jobs:
        if job.pk in turns and job.owner_id in line.lengths:
            position = _position(turns[job.pk], owner_id=job.owner_id, lengths=line.lengths)
            wait_s = None if line.run_s is None else position * line.run_s / max(1, line.running)
            places[job.pk] = Place(position, wait_s)
    return places


def _line(*, kind: str, owner_ids: set[UUID]) -> _Line:
    """The line of a kind, with these owners in it if they have queued jobs."""
    line = _lines.get(kind)
    if line is None or time.monotonic() - line.seen_at_s >= LINE_KEPT_S or not owner_ids <= line.lengths.keys():
        in_hand = dict(jobs_in_hand(kind=kind).order_by().values_list("owner").annotate(Count("pk")))
        lengths = _lengths(in_hand, kind=kind)
        line = _Line(time.monotonic(), lengths, running=sum(in_hand.values()), run_s=_mean_run_s(kind=kind))
        _lines[kind] = line
    return line


def _turns(owner_ids: set[UUID], *, kind: str) -> dict[UUID, int]:
    """The rank of each queued job among those of its owner, from 1, for some owners."""
    queued = Job.objects.filter(kind=kind, state=JobState.QUEUED, owner__in=owner_ids)
    turns: dict[UUID, int] = {}
    so_far = dict.fromkeys(owner_ids, 0)
    for job_id, owner_id in queued.order_by("created_at", "pk").values_list("pk", "owner"):
        so_far[owner_id] += 1
        turns[job_id] = so_far[owner_id]
    return turns


def _lengths(in_hand: Mapping[UUID, int], *, kind: str) -> dict[UUID, int]:
    """The number of queued jobs of each owner; the owner whose turn it is comes first."""
    queued = Job.objects.filter(kind=kind, state=JobState.QUEUED).order_by().values("owner")
    owners = {row["owner"]: row for row in queued.annotate(length=Count("pk"), oldest=Min("created_at"))}
    # a query of its own: in the one above PostgreSQL would look for it once for each job
    served_at = dict(User.objects.filter(pk__in=owners).values_list("pk", last_served_at(kind=kind, owner="pk")))

    def turn(owner_id: UUID) -> tuple[int, bool, datetime, datetime]:
        served, oldest = served_at.get(owner_id), owners[owner_id]["oldest"]
        return in_hand.get(owner_id, 0), served is not None, served or oldest, oldest

    return {owner_id: owners[owner_id]["length"] for owner_id in sorted(owners, key=turn)}


def _position(turn: int, *, owner_id: UUID, lengths: Mapping[UUID, int]) -> int:
    """The place of the owner's job of rank `turn`: by then, owners before this one have had as many turns, owners
    after it one less.
    """
    position, turns = turn, turn
    for other_id, length in lengths.items():
        if other_id == owner_id:
            turns -= 1
        else:
            position += min(length, turns)
    return position


def _mean_run_s(*, kind: str) -> float | None:
    """The mean duration of the jobs that were completed last."""
    completed = Job.objects.filter(kind=kind, state=JobState.COMPLETED).order_by("-finished_at")
    times = completed.values_list("started_at", "finished_at")[:RUNS_AVERAGED]
    runs_s = [(end - start).total_seconds() for start, end in times if start is not None and end is not None]
    return statistics.fmean(runs_s) if runs_s else None


def job_take(*, kind: str, without_owners: Collection[UUID] = ()) -> Lease | None:
    """Claim the job of a kind whose turn it is; None when none is due. The jobs of `without_owners` are passed over.

    Whoever loses a claim goes on to the next job, so that no wake-up is lost on a job that another one has taken.
    """
    tried: set[UUID] = set()
    while candidates := _in_turn(kind, without=tried, without_owners=without_owners):
        for job_id in candidates:
            tried.add(job_id)
            lease = _claim(job_id)
            if lease is not None:
                return lease
    return None


def _in_turn(kind: str, *, without: Collection[UUID], without_owners: Collection[UUID]) -> list[UUID]:
    """The first claimable jobs of a kind: each owner's oldest, then each one's next.

    In each round the owner with the fewest jobs in hand comes first, among equals the one served longest ago.
    """
    ranked = (
        jobs_claimable()
        .filter(kind=kind)
        .exclude(pk__in=without)
        .exclude(owner__in=without_owners)
        .alias(
            turn=Window(RowNumber(), partition_by="owner", order_by=["created_at", "pk"]),
            in_hand=_in_hand(kind),
            served_at=last_served_at(kind=kind, owner="owner"),
        )
    )
    first = ranked.order_by("turn", "in_hand", F("served_at").asc(nulls_first=True), "created_at", "pk")
    return list(first.values_list("pk", flat=True)[:CANDIDATES])


def _in_hand(kind: str) -> Coalesce:
    """The number of jobs of a kind that workers have in hand for the owner of the row."""
    theirs = jobs_in_hand(kind=kind).filter(owner=OuterRef("owner")).order_by().values("owner")
    return Coalesce(Subquery(theirs.annotate(n=Count("pk")).values("n")), Value(0), output_field=IntegerField())


def _claim(job_id: UUID) -> Lease | None:
    try:
        return job_claim(job_id=job_id)
    except TornJob as error:  # the others must not wait behind it until somebody mends the rows
        logger.error("%s: run manage.py recover_stuck", error)
        return None


@dataclass(frozen=True, slots=True)
class JobFigures:
    """The jobs of one kind, now.

    `due`: those of the queued that a worker could start, being past their backoff and having all that they need.
    `oldest_due_s`: for how long the first of them could have been started; 0 where there is none.
    """

    kind: str
    queued: int = 0
    running: int = 0
    due: int = 0
    oldest_due_s: float = 0.0


def job_figures() -> list[JobFigures]:
    """The figures of every kind, in three queries, each over the index of the jobs that it counts."""
    queued = _by_kind(Job.objects.filter(state=JobState.QUEUED))
    running = _by_kind(Job.objects.filter(state=JobState.RUNNING))
    due = Job.objects.filter(not_blocked(), state=JobState.QUEUED, run_after__lte=FromNow())
    needed = Job.objects.filter(dependents=OuterRef("pk")).order_by().values("dependents")
    needed_at = Subquery(needed.annotate(at=Max("finished_at")).values("at"))
    ready_at = Greatest("run_after", Coalesce(needed_at, "run_after"))
    waiting = {
        kind: (count, max(0.0, (now - oldest).total_seconds()))
        for kind, count, oldest, now in due.annotate(ready_at=ready_at)
        .order_by()
        .values_list("kind")
        .annotate(Count("pk"), Min("ready_at"), now=Min(FromNow()))
    }
    return [
        JobFigures(name, queued.get(name, 0), running.get(name, 0), *waiting.get(name, (0, 0.0)))
        for name in (kind.name for kind in kinds())
    ]


def _by_kind(jobs: QuerySet[Job]) -> dict[str, int]:
    return dict(jobs.order_by().values_list("kind").annotate(Count("pk")))
