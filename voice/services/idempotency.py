"""One effect and one answer for a request that is sent again with its Idempotency-Key."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from voice.errors import Gone, InvalidRequest
from voice.models import IdempotencyKey, User
from voice.models.lifecycle import Resource


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a creating request: status, exact body, and the address of the resource."""

    status_code: int
    body: str
    location: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request and the key that it was sent with. `fingerprint` is a SHA-256 of its route and payload."""

    owner: User
    key: str
    fingerprint: str


def idempotency_replay(*, attempt: Attempt) -> Answer | None:
    """The answer that `attempt` was given before, or None. Waits for a twin that is at work right now.

    Raises InvalidRequest `idempotency_key_reused` when the key was sent with something else, Gone
    `resource_deleted` when its resource was deleted.
    """
    with transaction.atomic():
        row, is_new = _claim(attempt)
        if not is_new:
            return _answer_of(row, attempt)
        row.delete()
        return None


def idempotency_run(*, attempt: Attempt, create: Callable[[], Answer]) -> tuple[Answer, bool]:
    """`create`'s answer, and whether it is one that was given before.

    The key, what `create` writes and its answer are committed together, or none of them: a failure is not
    remembered. A twin that comes meanwhile waits on the unique constraint (on SQLite: for the write lock).
    """
    with transaction.atomic():
        row, is_new = _claim(attempt)
        if not is_new:
            return _answer_of(row, attempt), True
        answer = create()
        row.status_code, row.body, row.location = answer.status_code, answer.body, answer.location
        row.save(update_fields=["status_code", "body", "location"])
        return answer, False


def idempotency_forget(*, resource: Resource) -> None:
    """Empty the answers that speak of a resource which is being deleted: they hold its texts and names.

    The key stays, so that a late repetition of the request does not make again what the person deleted.
    """
    IdempotencyKey.objects.filter(owner=resource.owner_id, location__endswith=f"/{resource.pk}").update(body="")


def _claim(attempt: Attempt) -> tuple[IdempotencyKey, bool]:
    return IdempotencyKey.objects.get_or_create(
        owner=attempt.owner, key=attempt.key, defaults={"fingerprint": attempt.fingerprint}
    )


def _answer_of(row: IdempotencyKey, attempt: Attempt) -> Answer:
    if row.fingerprint != attempt.fingerprint:
        raise InvalidRequest(
            "idempotency_key_reused", "This Idempotency-Key was used with another request. Send a new key."
        )
    if not row.body:
        raise Gone("resource_deleted", "What this request made was deleted. Send a new key to make it again.")
    return Answer(row.status_code, row.body, row.location)
