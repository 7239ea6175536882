"""Resources, their states, and the only way to change those: compare-and-set.

    sample     uploaded -> processing -> ready | rejected | failed
    model      pending  -> cloning    -> ready | failed
    synthesis  queued   -> running    -> completed | failed | cancelled
    job        queued  <-> running    -> completed | failed | cancelled

A job goes back from running to queued when it will be tried again; what it works on stays in its middle state.
A resource that is cancelled, blocked or whose job's dependency failed may go straight from its first state to a
terminal one. Nothing leaves a terminal state.
"""

import re
import unicodedata
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class SampleStatus(models.TextChoices):
    UPLOADED = "uploaded"
    PROCESSING = "processing"
    READY = "ready"
    REJECTED = "rejected"
    FAILED = "failed"


class VoiceModelStatus(models.TextChoices):
    PENDING = "pending"
    CLONING = "cloning"
    READY = "ready"
    FAILED = "failed"


class SynthesisStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[type[models.TextChoices], dict[str, frozenset[str]]] = {
    SampleStatus: {
        SampleStatus.UPLOADED: frozenset({SampleStatus.PROCESSING, SampleStatus.REJECTED, SampleStatus.FAILED}),
        SampleStatus.PROCESSING: frozenset(
            {SampleStatus.PROCESSING, SampleStatus.READY, SampleStatus.REJECTED, SampleStatus.FAILED}
        ),
    },
    VoiceModelStatus: {
        VoiceModelStatus.PENDING: frozenset({VoiceModelStatus.CLONING, VoiceModelStatus.FAILED}),
        VoiceModelStatus.CLONING: frozenset(
            {VoiceModelStatus.CLONING, VoiceModelStatus.READY, VoiceModelStatus.FAILED}
        ),
    },
    SynthesisStatus: {
        SynthesisStatus.QUEUED: frozenset(
            {SynthesisStatus.RUNNING, SynthesisStatus.FAILED, SynthesisStatus.CANCELLED}
        ),
        SynthesisStatus.RUNNING: frozenset(
            {
                SynthesisStatus.RUNNING,
                SynthesisStatus.COMPLETED,
                SynthesisStatus.FAILED,
                SynthesisStatus.CANCELLED,
            }
        ),
    },
}


class Resource(models.Model):
    """Something that belongs to one user, has a status and may fail for a reason that a person can act on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Moderated(models.Model):
    """What a moderator's block can reach: it stays visible to its owner and cannot be used.

    `is_blocked` and `blocked_reason` repeat what the newest of its `blocks` says (voice/jobs/blocks.py writes them).
    """

    is_blocked = models.BooleanField("blocked", default=False, db_default=False)
    blocked_reason = models.CharField(max_length=300, blank=True, db_default="")
    blocks = models.ManyToManyField("voice.Block")

    class Meta:
        abstract = True


class Searched(models.Model):
    """What people search by, once more as `search_form` writes it: databases fold letters differently, or not at all.

    Empty where a version that did not know it wrote the row.
    """

    search_form = models.TextField(editable=False, db_default="")
    searched: ClassVar[str]  # the field that it is made of

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.search_form = search_form(getattr(self, self.searched))
        if update_fields is not None and self.searched in update_fields:
            update_fields = {*update_fields, "search_form"}
        super().save(*args, update_fields=update_fields, **kwargs)


_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def search_form(text: str) -> str:
    """Return `text` as searches compare it: however a letter is composed, wide or high, it is one.

    Unicode's NFKC_Casefold, with white space as one " ", and both letters i of Turkish as one: capitals mix them up.
    """
    seen = "".join(c for c in _UNSEEN.sub("", text) if unicodedata.category(c) != "Cf")
    form = unicodedata.normalize("NFD", seen)
    for _ in range(2):  # folding may leave letters that compose, and composed ones that fold
        folded = form.casefold().replace("i\u0307", "i").replace("\u0131", "i")
        form = unicodedata.normalize("NFKC", folded)
    return " ".join(form.replace("\u2010", "-").split())


def sources_of(target: models.TextChoices) -> frozenset[str]:
    """The statuses from which `target` may be reached."""
    return frozenset(source for source, targets in TRANSITIONS[type(target)].items() if target in targets)


def terminal_statuses(statuses: type[models.TextChoices]) -> frozenset[str]:
    """The statuses that nothing leaves."""
    return frozenset(statuses) - TRANSITIONS[statuses].keys()


SAMPLE_TERMINAL = terminal_statuses(SampleStatus)
VOICE_MODEL_TERMINAL = terminal_statuses(VoiceModelStatus)
SYNTHESIS_TERMINAL = terminal_statuses(SynthesisStatus)
JOB_TERMINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})


def advance(row: models.Model, target: models.TextChoices, **fields: Any) -> bool:
    """Move `row.status` to `target` if the database still holds a status that allows it.

    One UPDATE with the allowed sources in its WHERE: of two callers exactly one wins. Returns whether this one
    did; then `row` shows the new values. `fields` are written in the same statement.
    """
    allowed: Iterable[str] = sources_of(target)
    fields["updated_at"] = timezone.now()
    manager = type(row)._default_manager
    if not manager.filter(pk=row.pk, status__in=allowed).update(status=target, **fields):
        return False
    row.status = target  # type: ignore[attr-defined]
    for name, value in fields.items():
        setattr(row, name, value)
    return True
