"""Letting go: of what is older than the operator keeps it, and of files and rows that have lost each other."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils import timezone

from voice.jobs.transitions import jobs_lock
from voice.models import Job, Synthesis, VoiceModel, VoiceSample
from voice.models.lifecycle import (
    JOB_TERMINAL,
    SAMPLE_TERMINAL,
    SYNTHESIS_TERMINAL,
    VOICE_MODEL_TERMINAL,
    SampleStatus,
    SynthesisStatus,
    VoiceModelStatus,
)
from voice.selectors import row_batches, row_walk
from voice.services.sample import sample_delete
from voice.services.synthesis import synthesis_audio_remove, synthesis_delete
from voice.services.voice_model import voice_model_delete
from voice.storage import output_storage, sample_storage, voice_model_storage
from voice.storage.base import Entry, VoiceStorage

Row = TypeVar("Row", bound=Model)
BATCH = 500
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExpiredCounts:
    """How many entries of the history, audio files and recordings are beyond their age, or were removed for it."""

    history: int = 0
    audio: int = 0
    samples: int = 0

    @property
    def total(self) -> int:
        return self.history + self.audio + self.samples


def expired_count() -> ExpiredCounts:
    """What `expired_cleanup` would remove now."""
    now = timezone.now()
    return ExpiredCounts(
        history=_expired_history(now).count(),
        audio=_expired_audio(now).exclude(pk__in=_expired_history(now)).count(),
        samples=_expired_samples(now).count(),
    )


def expired_cleanup(*, on_row: Callable[[], None] = lambda: None) -> ExpiredCounts:
    """Remove what is older than RETENTION_HISTORY_DAYS, RETENTION_AUDIO_DAYS and RETENTION_UPLOAD_DAYS; 0 keeps all.

    Work that has not ended is never touched, nor a recording that a voice is being made from. Any number of
    processes may do this at once: each row is removed by one of them, in a transaction of its own.
    """
    now = timezone.now()
    history = audio = samples = 0
    for entry in row_walk(_expired_history(now).select_related("job")):
        synthesis_delete(synthesis=entry)
        history += 1
        on_row()
    for synthesis in row_walk(_expired_audio(now)):
        audio += synthesis_audio_remove(synthesis=synthesis)
        on_row()
    for sample in row_walk(_expired_samples(now).select_related("job")):
        samples += _sample_expire(sample)
        on_row()
    return ExpiredCounts(history=history, audio=audio, samples=samples)


def _expired_history(now: datetime) -> QuerySet[Synthesis]:
    ended = Synthesis.objects.filter(status__in=SYNTHESIS_TERMINAL)
    return _older(ended, "created_at", now, days=settings.RETENTION_HISTORY_DAYS)


def _expired_audio(now: datetime) -> QuerySet[Synthesis]:
    heard = Synthesis.objects.filter(status=SynthesisStatus.COMPLETED).exclude(audio_name="")
    return _older(heard, "completed_at", now, days=settings.RETENTION_AUDIO_DAYS)


def _expired_samples(now: datetime) -> QuerySet[VoiceSample]:
    ended = VoiceSample.objects.filter(~Exists(_voices_in_the_making()), status__in=SAMPLE_TERMINAL)
    return _older(ended, "created_at", now, days=settings.RETENTION_UPLOAD_DAYS)


def _voices_in_the_making() -> QuerySet[VoiceModel]:
    return VoiceModel.objects.filter(samples=OuterRef("pk")).exclude(status__in=VOICE_MODEL_TERMINAL)


def _older(rows: "QuerySet[Row]", field: str, now: datetime, *, days: int) -> "QuerySet[Row]":
    return rows.filter(**{f"{field}__lt": now - timedelta(days=days)}) if days else rows.none()


def _sample_expire(sample: VoiceSample) -> bool:
    with transaction.atomic():
        jobs_lock(Job.objects.filter(sample=sample))  # who clones from it now has either begun, or finds it gone
        if sample.voice_models.exclude(status__in=VOICE_MODEL_TERMINAL).exists():
            return False
        sample_delete(sample=sample)
    return True


@dataclass(frozen=True, slots=True)
class Holding:
    """A storage, and the rows that name its files."""

    storage: Callable[[], VoiceStorage]
    model: type[VoiceSample] | type[VoiceModel] | type[Synthesis]
    job_field: str  # of Job, which names such a row
    name_fields: tuple[str, ...]
    heard_field: str  # the file without which a row that is `done` is worth nothing
    done: str
    let_go: Callable[[Any], object]  # what becomes of such a row


HOLDINGS = (
    Holding(
        storage=sample_storage,
        model=VoiceSample,
        job_field="sample",
        name_fields=("original_name", "pcm_name", "audio_name"),
        heard_field="audio_name",
        done=SampleStatus.READY,
        let_go=lambda row: sample_delete(sample=row),
    ),
    Holding(
        storage=voice_model_storage,
        model=VoiceModel,
        job_field="voice_model",
        name_fields=("profile_name",),
        heard_field="profile_name",
        done=VoiceModelStatus.READY,
        let_go=lambda row: voice_model_delete(voice_model=row),
    ),
    Holding(
        storage=output_storage,
        model=Synthesis,
        job_field="synthesis",
        name_fields=("audio_name",),
        heard_field="audio_name",
        done=SynthesisStatus.COMPLETED,
        let_go=lambda row: synthesis_audio_remove(synthesis=row),
    ),
)


@dataclass(slots=True)
class OrphanCounts:
    """What was looked at and found. `foreign` are files with names that we do not give; they are left alone."""

    files: int = 0
    orphans: int = 0
    orphan_bytes: int = 0
    foreign: int = 0
    rows: int = 0
    rows_without_file: int = 0


def orphans_cleanup(
    *, dry_run: bool = False, repair_rows: bool = False, on_step: Callable[[], None] = lambda: None
) -> OrphanCounts:
    """Delete the files that no row names, and find the rows whose file is not there.

    A file is left alone while it is younger than ORPHAN_GRACE_S, or while its resource has a job that has not ended:
    an upload that is not committed yet, and whatever an attempt is making, are never touched. Rows without their file
    are logged; `repair_rows` marks speech as removed, and deletes recordings and voices, for a missing file may also
    be a disk that is not mounted. Safe beside a live system and beside itself. Bounded memory.
    """
    counts = OrphanCounts()
    for holding in HOLDINGS:
        for batch in _in_batches(holding.storage().entries()):
            for entry in _orphans(holding, batch, counts):
                if not dry_run:
                    holding.storage().delete(entry.name)
                counts.orphans += 1
                counts.orphan_bytes += entry.size_bytes
            on_step()
        for row in _rows_without_file(holding, counts, on_step):
            counts.rows_without_file += 1
            logger.error("%s has lost its file", row)
            if repair_rows and not dry_run:
                holding.let_go(row)
    return counts


def _orphans(holding: Holding, batch: list[Entry], counts: OrphanCounts) -> Iterator[Entry]:
    """Those of a batch of files that are old, named by no row, and not of a job that may still name them."""
    counts.files += len(batch)
    ours = [(entry, id) for entry in batch if (id := _resource_id(entry.name)) is not None]
    counts.foreign += len(batch) - len(ours)
    oldest = timezone.now() - timedelta(seconds=settings.ORPHAN_GRACE_S)
    old = [(entry, id) for entry, id in ours if entry.modified_at < oldest]
    ids = {id for _, id in old}
    # jobs first: one that ends between the two questions has named its file before the second
    busy = _busy(holding, ids)
    named = _named(holding, ids)
    for entry, id in old:
        # asked again: what a row has let go of since the listing is being deleted by whoever did that
        if id not in busy and entry.name not in named and holding.storage().exists(entry.name):
            yield entry


def _busy(holding: Holding, ids: Iterable[UUID]) -> set[UUID]:
    alive = Job.objects.filter(**{f"{holding.job_field}__in": ids}).exclude(state__in=JOB_TERMINAL)
    return set(alive.values_list(f"{holding.job_field}_id", flat=True))


def _named(holding: Holding, ids: Iterable[UUID]) -> set[str]:
    rows = holding.model._default_manager.filter(pk__in=ids).values_list(*holding.name_fields)
    return {name for names in rows for name in names if name}


def _resource_id(name: str) -> UUID | None:
    """The id in a name of ours, `owner/resource/file`; None for any other."""
    parts = name.split("/")
    try:
        owner, resource = UUID(parts[0]), UUID(parts[1])
    except (ValueError, IndexError):
        return None
    return resource if len(parts) == 3 and parts[:2] == [str(owner), str(resource)] else None


def _rows_without_file(holding: Holding, counts: OrphanCounts, on_step: Callable[[], None]) -> Iterator[Any]:
    rows = holding.model._default_manager.filter(status=holding.done).exclude(**{holding.heard_field: ""})
    for batch in row_batches(rows.select_related("job")):
        for row in batch:
            counts.rows += 1
            name = getattr(row, holding.heard_field)
            # asked again of the row: it may have been deleted since it was read, and its file with it
            if not holding.storage().exists(name) and rows.filter(pk=row.pk, **{holding.heard_field: name}).exists():
                yield row
        on_step()


def _in_batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while batch := list(islice(entries, BATCH)):
        yield batch
