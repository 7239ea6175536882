"""Letting go: of what is older than the operator keeps it, and of files and rows that have lost each other."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from voice.jobs.kind import Kind, kinds, kinds_by_storage
from voice.jobs.transitions import jobs_lock
from voice.models import Job
from voice.models.lifecycle import JOB_TERMINAL
from voice.selectors import row_batches, row_walk
from voice.storage.base import Entry, VoiceStorage

BATCH = 500
AUDIO_FILES = "audio files"
logger = logging.getLogger(__name__)


def expired_count() -> Counter[str]:
    """Count what `expired_cleanup` would remove now."""
    counts: Counter[str] = Counter()
    for kind in kinds():
        counts[kind.plural] += _expired(kind).count()
        counts[AUDIO_FILES] += _with_expired_file(kind).exclude(pk__in=_expired(kind)).count()
    return counts


def expired_cleanup(*, on_row: Callable[[], None] = lambda: None) -> Counter[str]:
    """Remove what is older than RETENTION_HISTORY_DAYS, RETENTION_AUDIO_DAYS and RETENTION_UPLOAD_DAYS; 0 keeps all.

    Returns how many rows of each kind, and files of rows that stay, were removed. Work that has not ended is never
    touched, nor a recording that a voice is being made from. Any number of processes may do this at once: each row is
    removed by one of them, in a transaction of its own.
    """
    counts: Counter[str] = Counter()
    for kind in reversed(kinds()):
        for row in row_walk(_expired(kind).select_related("job")):
            counts[kind.plural] += _expire(kind, row)
            on_row()
        for row in row_walk(_with_expired_file(kind)):
            counts[AUDIO_FILES] += bool(kind.lose_file(row))
            on_row()
    return counts


def _expired(kind: Kind) -> QuerySet[Any]:
    ended = kind.rows.filter(status__in=kind.terminal).exclude(kind.is_needed())
    return _older(ended, "created_at", setting=kind.retention)


def _with_expired_file(kind: Kind) -> QuerySet[Any]:
    done = kind.rows.filter(status=kind.done).exclude(**{kind.main_file: ""})
    return _older(done, "completed_at", setting=kind.file_retention)


def _older(rows: QuerySet[Any], field: str, *, setting: str) -> QuerySet[Any]:
    days = getattr(settings, setting) if setting else 0
    return rows.filter(**{f"{field}__lt": timezone.now() - timedelta(days=days)}) if days else rows.none()


def _expire(kind: Kind, row: Any) -> bool:
    with transaction.atomic():
        jobs_lock(Job.objects.filter(**{kind.link: row}))  # whoever needs the row now has begun, or finds it gone
        needed = kind.is_needed()
        if needed and kind.rows.filter(needed, pk=row.pk).exists():
            return False
        kind.delete(row)
    return True


@dataclass(slots=True)
class OrphanCounts:
    """Files and rows that were looked at and found. `foreign` files have names that we do not give; they stay."""

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
    for storage, sharing in kinds_by_storage().items():
        for batch in _in_batches(storage.entries()):
            for entry in _orphans(storage, sharing, batch, counts):
                if not dry_run:
                    storage.delete(entry.name)
                counts.orphans += 1
                counts.orphan_bytes += entry.size_bytes
            on_step()
    for kind in kinds():
        for row in _rows_without_file(kind, counts, on_step):
            counts.rows_without_file += 1
            logger.error("%s has lost its file", row)
            if repair_rows and not dry_run:
                kind.lose_file(row)
    return counts


def _orphans(storage: VoiceStorage, sharing: list[Kind], batch: list[Entry], counts: OrphanCounts) -> Iterator[Entry]:
    """Those of a batch of files that are old, named by no row, and not of a job that may still name them."""
    counts.files += len(batch)
    ours = [(entry, id) for entry in batch if (id := _resource_id(entry.name)) is not None]
    counts.foreign += len(batch) - len(ours)
    oldest = timezone.now() - timedelta(seconds=settings.ORPHAN_GRACE_S)
    old = [(entry, id) for entry, id in ours if entry.modified_at < oldest]
    ids = {id for _, id in old}
    # jobs first: one that ends between the two questions has named its file before the second
    busy = {id for kind in sharing for id in _busy(kind, ids)}
    named = {name for kind in sharing for name in _named(kind, ids)}
    for entry, id in old:
        # asked again: what a row has let go of since the listing is being deleted by whoever did that
        if id not in busy and entry.name not in named and storage.exists(entry.name):
            yield entry


def _busy(kind: Kind, ids: Iterable[UUID]) -> Iterator[UUID]:
    alive = Job.objects.filter(**{f"{kind.link}__in": ids}).exclude(state__in=JOB_TERMINAL)
    yield from alive.values_list(f"{kind.link}__pk", flat=True)


def _named(kind: Kind, ids: Iterable[UUID]) -> Iterator[str]:
    for names in kind.rows.filter(pk__in=ids).values_list(*kind.file_fields):
        yield from filter(None, names)


def _resource_id(name: str) -> UUID | None:
    """The id in a name of ours, `owner/resource/file`; None for any other."""
    parts = name.split("/")
    try:
        owner, resource = UUID(parts[0]), UUID(parts[1])
    except (ValueError, IndexError):
        return None
    return resource if len(parts) == 3 and parts[:2] == [str(owner), str(resource)] else None


def _rows_without_file(kind: Kind, counts: OrphanCounts, on_step: Callable[[], None]) -> Iterator[Any]:
    rows = kind.rows.filter(status=kind.done).exclude(**{kind.main_file: ""})
    for batch in row_batches(rows.select_related("job")):
        for row in batch:
            counts.rows += 1
            name = getattr(row, kind.main_file)
            # asked again of the row: it may have been deleted since it was read, and its file with it
            if not kind.storage().exists(name) and rows.filter(pk=row.pk, **{kind.main_file: name}).exists():
                yield row
        on_step()


def _in_batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while batch := list(islice(entries, BATCH)):
        yield batch
