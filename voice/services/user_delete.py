"""Removing a person: their voices, recordings, speech, account, and every trace of them."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import redis
from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from voice.jobs.kind import kinds, kinds_by_storage
from voice.models import IdempotencyKey, User
from voice.redis_client import redis_client
from voice.selectors import BATCH, row_walk

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class PersonCounts:
    """Counts of all that belongs to a person, or was removed: `rows` by the plural of their kind.

    `redis_keys` is None while Redis is away: then ask again.
    """

    account: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    sessions: int = 0
    log_entries: int = 0
    idempotency_keys: int = 0
    stray_files: int = 0
    redis_keys: int | None = 0


def user_trace_count(*, user_id: UUID) -> PersonCounts:
    """Count what `user_trace_delete` would remove; `stray_files` are all files here, as none has gone with its row."""
    return PersonCounts(
        account=User.objects.filter(pk=user_id).count(),
        rows={kind.plural: kind.rows.filter(owner=user_id).count() for kind in reversed(kinds())},
        tokens=OutstandingToken.objects.filter(user=user_id).count(),
        sessions=sum(1 for _ in _sessions(user_id)),
        log_entries=_log_entries_about(User, [user_id]).count() + LogEntry.objects.filter(user=user_id).count(),
        idempotency_keys=IdempotencyKey.objects.filter(owner=user_id).count(),
        stray_files=sum(1 for storage in kinds_by_storage() for _ in storage.entries(str(user_id))),
        redis_keys=_in_redis(user_id, lambda key: 1),
    )


def user_delete(*, user: User, on_row: Callable[[], None] = lambda: None) -> PersonCounts:
    """Delete an account and everything that belongs to it, files included. Work that is under way stops."""
    return user_trace_delete(user_id=user.pk, on_row=on_row)


def user_trace_delete(*, user_id: UUID, on_row: Callable[[], None] = lambda: None) -> PersonCounts:
    """Delete what there is of a person, also where only a part is left of an account that is gone.

    Each resource goes in a transaction of its own, so that a failure in the middle leaves what is still there
    deletable: call it again. Counters of the rate limit stay, under a hash, until their hour is over.
    """
    User.objects.filter(pk=user_id).update(is_active=False)  # no new request; one under way is swept up below
    gone = PersonCounts(rows={kind.plural: 0 for kind in reversed(kinds())})
    while _resources_delete(user_id, gone, on_row):
        pass
    gone.idempotency_keys = IdempotencyKey.objects.filter(owner=user_id).count()
    gone.log_entries += LogEntry.objects.filter(user=user_id).count()
    gone.log_entries += _log_entries_about(User, [user_id]).delete()[0]
    gone.tokens = OutstandingToken.objects.filter(user=user_id).count()
    OutstandingToken.objects.filter(user=user_id).delete()
    for session in _sessions(user_id):
        gone.sessions += Session.objects.filter(pk=session.pk).delete()[0]
    for user in User.objects.filter(pk=user_id):
        user.delete()
        gone.account = 1
    gone.stray_files = sum(storage.delete_folder(str(user_id)) for storage in kinds_by_storage())
    gone.redis_keys = _in_redis(user_id, lambda key: int(redis_client().unlink(key)))
    return gone


def closed_account_remove() -> None:
    """Go on removing the account that was closed first, some rows at a time, so that a sweep stays short.

    Any number of processes may do this at once.
    """
    user_id = User.objects.exclude(closed_at=None).order_by("closed_at").values_list("pk", flat=True).first()
    if user_id is None:
        return
    gone = PersonCounts(rows={kind.plural: 0 for kind in kinds()})
    if not _resources_delete(user_id, gone, lambda: None):
        user_trace_delete(user_id=user_id)
        logger.info("user %s: closed by its owner, and removed", user_id)


def _resources_delete(user_id: UUID, gone: PersonCounts, on_row: Callable[[], None]) -> int:
    """Delete some rows of each kind; speech first, so that no voice has to fail it."""
    found = 0
    for kind in reversed(kinds()):
        batch = list(kind.rows.filter(owner=user_id).select_related("job").order_by("pk")[:BATCH])
        gone.log_entries += _log_entries_about(kind.model, [row.pk for row in batch]).delete()[0]
        for row in batch:
            kind.delete(row)
            on_row()
        gone.rows[kind.plural] += len(batch)
        found += len(batch)
    return found


def _log_entries_about(model: type[Any], ids: Iterable[UUID]) -> Any:
    """The entries of the admin's log about rows; one about an account holds its name."""
    kind = ContentType.objects.get_for_model(model)
    return LogEntry.objects.filter(content_type=kind, object_id__in=[str(id) for id in ids])


def _sessions(user_id: UUID) -> Iterable[Session]:
    """The admin's sessions of a person. What they hold is encoded, so that all have to be read."""
    return (s for s in row_walk(Session.objects.all()) if s.get_decoded().get(SESSION_KEY) == str(user_id))


def _in_redis(user_id: UUID, count: Callable[[bytes], int]) -> int | None:
    try:
        return sum(count(key) for key in redis_client().scan_iter(f"*{user_id}*", count=1000))
    except redis.RedisError as error:
        logger.error("user %s: Redis is away, what it holds is not removed: %s", user_id, type(error).__name__)
        return None
