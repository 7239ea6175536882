"""Reading rows: what is visible to a user, what users have here, and walks over whole tables.

What is not visible to a user does not exist for them: this is the only way from a user to rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Model, Q, QuerySet, Sum

from voice.models import Job, Synthesis, User, VoiceModel, VoiceSample
from voice.models.lifecycle import JobState, SynthesisStatus, search_form

Row = TypeVar("Row", bound=Model)
USERS_AT_ONCE = 500
BATCH = 500


def sample_visible_to(user: User) -> QuerySet[VoiceSample]:
    """The user's recordings, newest first, with their jobs."""
    return VoiceSample.objects.filter(owner=user).select_related("job")


def voice_model_visible_to(user: User) -> QuerySet[VoiceModel]:
    """The user's voices, newest first, with their jobs and samples."""
    return VoiceModel.objects.filter(owner=user).select_related("job").prefetch_related("samples")


def synthesis_visible_to(user: User) -> QuerySet[Synthesis]:
    """The user's history, newest first, with its jobs."""
    return Synthesis.objects.filter(owner=user).select_related("job").defer("search_form")


def texts_with(rows: QuerySet[Synthesis], words: str) -> QuerySet[Synthesis]:
    """Those of `rows` whose text has `words` in it, whatever the case and however the letters are composed."""
    form = search_form(words) or words  # what cannot be seen is in no form
    written_before = Q(search_form="", text__icontains=words)
    return rows.filter(Q(search_form__contains=form) | written_before)


def usage_of(user: User) -> dict[str, float | int]:
    """A user's rows, counted, and seconds of finished speech."""
    spoken = Synthesis.objects.filter(owner=user, status=SynthesisStatus.COMPLETED)
    return {
        "samples": VoiceSample.objects.filter(owner=user).count(),
        "models": VoiceModel.objects.filter(owner=user).count(),
        "syntheses": Synthesis.objects.filter(owner=user).count(),
        "speech_s": round(spoken.aggregate(total=Sum("duration_s"))["total"] or 0.0, 3),
    }


@dataclass(slots=True)
class UserUsage:
    """The usage of one account. Bytes are those of the uploads as they came, and of the speech."""

    user_id: UUID
    username: str
    samples: int = 0
    sample_s: float = 0.0
    sample_bytes: int = 0
    voices: int = 0
    syntheses: int = 0
    speech_s: float = 0.0
    speech_bytes: int = 0
    jobs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(JobState.values, 0))


def usage_by_user() -> Iterator[UserUsage]:
    """The usage of every account, by name, with five queries for each 500 accounts."""
    after = ""
    while batch := list(User.objects.filter(username__gt=after).order_by("username")[:USERS_AT_ONCE]):
        found = {user.pk: UserUsage(user.pk, user.username) for user in batch}
        _add_usage(found)
        yield from found.values()
        after = batch[-1].username


def _add_usage(found: dict[UUID, UserUsage]) -> None:
    samples = VoiceSample.objects.filter(owner__in=found).values_list("owner").order_by("owner")
    for owner, rows, seconds, size in samples.annotate(Count("pk"), Sum("duration_s"), Sum("size_bytes")):
        found[owner].samples, found[owner].sample_s, found[owner].sample_bytes = rows, round(seconds, 3), size
    voices = VoiceModel.objects.filter(owner__in=found).values_list("owner").order_by("owner")
    for owner, rows in voices.annotate(Count("pk")):
        found[owner].voices = rows
    spoken = Synthesis.objects.filter(owner__in=found).values_list("owner").order_by("owner")
    stored = Sum("size_bytes", filter=~Q(audio_name=""))
    for owner, rows, seconds, size in spoken.annotate(Count("pk"), Sum("duration_s"), stored=stored):
        usage = found[owner]
        usage.syntheses, usage.speech_s, usage.speech_bytes = rows, round(seconds or 0.0, 3), size or 0
    jobs = Job.objects.filter(owner__in=found).values_list("owner", "state").order_by("owner")
    for owner, state, rows in jobs.annotate(Count("pk")):
        found[owner].jobs[state] = rows


def row_batches(rows: "QuerySet[Row, Any]") -> Iterator[list[Row]]:
    """All rows by primary key, in lists of at most 500.

    A batch is asked for when the one before is done with, so that rows may be changed and deleted on the way. Rows
    that come meanwhile may be among them or not.
    """
    after: Any = None
    while True:
        left = rows if after is None else rows.filter(pk__gt=after)
        batch = list(left.order_by("pk")[:BATCH])
        if batch:
            after = batch[-1].pk  # taken first: a deleted row forgets its key
            yield batch
        if len(batch) < BATCH:
            return


def row_walk(rows: "QuerySet[Row, Any]") -> Iterator[Row]:
    """As `row_batches`, one by one."""
    for batch in row_batches(rows):
        yield from batch
