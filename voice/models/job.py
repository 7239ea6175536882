"""Work that waits, runs, fails and is tried again. The row is the truth; a Celery message only wakes a worker."""

import uuid
from typing import Any, ClassVar, cast

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Exists, Expression, OuterRef, Q
from django.db.models.functions import Now
from django.db.models.sql.compiler import SQLCompiler

from voice.models.lifecycle import JOB_TERMINAL, JobState, Resource
from voice.models.sample import VoiceSample
from voice.models.synthesis import Synthesis
from voice.models.user import User
from voice.models.voice_model import VoiceModel
from voice.request_id import request_id_current


class FromNow(Expression):
    """The time at which the database got the statement, plus `seconds`. For what one host writes and another judges.

    PostgreSQL: neither the time of the transaction, which may be long past, nor the clock's at each row, which no
    index could serve. A statement that has waited for another's lock works with a time that is too early: it finds a
    lease alive that has just ended, or takes one that ends sooner. Both are safe.
    SQLite: the clock of its one host, in milliseconds, as text with the six digits that Django writes, so that texts
    compare as their times do.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(output_field=DateTimeField())
        self.seconds = seconds

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any
    ) -> tuple[str, list[object]]:
        return "(STATEMENT_TIMESTAMP() + MAKE_INTERVAL(secs => %s))", [self.seconds]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, list[object]]:
        return "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f000', 'NOW', %s)", [f"{self.seconds:+.3f} seconds"]


def owner_is_active() -> Q:
    """The condition of rows whose owner's account is not deactivated.

    A subquery for each row, no join: PostgreSQL asks it again of a row that it had to wait for.
    """
    return Q(Exists(User.objects.filter(pk=OuterRef("owner"), is_active=True)))


class JobKind(models.TextChoices):
    """The kinds whose rows have a field of their own in a job."""

    PREPROCESS = "preprocess"
    CLONE = "clone"
    SYNTHESIS = "synthesis"


class Job(models.Model):
    """One piece of work on one resource.

        queued -> running -> completed | failed | cancelled
           ^---------'  (another attempt, not before `run_after`)

    `kind` names a kind of work (voice/jobs/kind.py), and `links` says, for each kind, which attribute of a job leads
    to the row that it works on: a field here, or the `related_name` of a model's own OneToOneField to Job.
    A worker owns a running job while it holds `lease_token` and `lease_until` lies ahead. Every write of a worker
    names its token, so that one that has lost the lease changes nothing. `worker`, all processes of one pool, is the
    last to have claimed it. `attempt` counts claims. A job may be claimed
    when all of `depends_on` are completed; when one of them failed or was cancelled, it fails with it.
    `request_id` is that of the request that made it, for the log.
    `enqueued_at` is the last time that a wake-up was sent for it; null means that none has been.
    All that hosts compare (`lease_until`, `run_after`, `enqueued_at`) is by the database's clock: see FromNow.
    """

    links: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16)
    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.QUEUED)
    sample = models.OneToOneField(VoiceSample, null=True, on_delete=models.CASCADE, related_name="job")
    voice_model = models.OneToOneField(VoiceModel, null=True, on_delete=models.CASCADE, related_name="job")
    synthesis = models.OneToOneField(Synthesis, null=True, on_delete=models.CASCADE, related_name="job")
    depends_on = models.ManyToManyField(
        "self", symmetrical=False, related_name="dependents", db_table="voice_job_dependencies"
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    worker = models.UUIDField(null=True)
    run_after = models.DateTimeField(db_default=Now())
    enqueued_at = models.DateTimeField(null=True)
    progress = models.FloatField(default=0.0)
    phase = models.CharField(max_length=32, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True, default=request_id_current, db_default="")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "voice_jobs"
        ordering = ["created_at", "id"]
        indexes = [
            # the sweeper: WHERE state = queued AND run_after <= now
            models.Index(fields=["run_after"], name="job_due", condition=Q(state=JobState.QUEUED)),
            # the sweeper: WHERE state = running AND lease_until < now
            models.Index(fields=["lease_until"], name="job_expired", condition=Q(state=JobState.RUNNING)),
            # the rate limit while Redis is away: WHERE owner AND created_at >= an hour ago
            models.Index(fields=["owner", "created_at"], name="job_owner_created"),
            # the limits: WHERE state IN (queued, running) [AND owner]; turns: WHERE owner AND kind AND state = running
            models.Index(
                fields=["owner", "kind", "state"],
                name="job_owner_unfinished",
                condition=Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
            ),
            # turns: WHERE owner AND kind ORDER BY started_at DESC LIMIT 1
            models.Index(fields=["owner", "kind", "started_at"], name="job_owner_served"),
            # estimates: WHERE kind AND state = completed ORDER BY finished_at DESC LIMIT 20
            models.Index(
                fields=["kind", "-finished_at"], name="job_kind_completed", condition=Q(state=JobState.COMPLETED)
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(
                condition=(
                    Q(kind=JobKind.PREPROCESS, sample__isnull=False, voice_model=None, synthesis=None)
                    | Q(kind=JobKind.CLONE, sample=None, voice_model__isnull=False, synthesis=None)
                    | Q(kind=JobKind.SYNTHESIS, sample=None, voice_model=None, synthesis__isnull=False)
                    | ~Q(kind__in=JobKind.values) & Q(sample=None, voice_model=None, synthesis=None)
                ),
                name="job_kind_has_its_resource",
            ),
            models.CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="job_progress_in_range"),
            models.CheckConstraint(
                condition=(
                    Q(state=JobState.RUNNING, lease_token__isnull=False, lease_until__isnull=False)
                    | ~Q(state=JobState.RUNNING) & Q(lease_token=None, lease_until=None)
                ),
                name="job_lease_while_running",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state__in=JOB_TERMINAL, finished_at__isnull=False)
                    | ~Q(state__in=JOB_TERMINAL) & Q(finished_at=None)
                ),
                name="job_finished_when_terminal",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({self.state})"

    @property
    def resource(self) -> Resource:
        """The row that this job works on."""
        return cast(Resource, getattr(self, self.links[self.kind]))
