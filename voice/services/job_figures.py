"""How many jobs wait and run, and for how long the next one has waited. Reads only jobs that have not ended."""

from dataclasses import dataclass

from django.db.models import Count, Max, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest

from voice.models import Job, JobKind
from voice.models.database_time import FromNow
from voice.models.lifecycle import JobState
from voice.services.job import not_blocked


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
        JobFigures(kind, queued.get(kind, 0), running.get(kind, 0), *waiting.get(kind, (0, 0.0)))
        for kind in JobKind.values
    ]


def _by_kind(jobs: QuerySet[Job]) -> dict[str, int]:
    return dict(jobs.order_by().values_list("kind").annotate(Count("pk")))
