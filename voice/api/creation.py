"""Requests that make something: counted, done once per Idempotency-Key, and answered late where that is preferred."""

import hashlib
import json
import logging
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework import viewsets
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from voice.api.exceptions import Refused
from voice.api.serializers import KEY_PATTERN, StrictSerializer
from voice.errors import Malformed
from voice.jobs.transitions import job_channel
from voice.models import Job, User
from voice.models.lifecycle import JOB_TERMINAL
from voice.redis_client import redis_client, window_count
from voice.services.idempotency import Answer, Attempt, idempotency_replay, idempotency_run

logger = logging.getLogger(__name__)
HOUR_S = 3600
MAX_WAITERS = 32
RECHECK_S = 1.0  # the row of a job that is waited for is asked as often, in case that its notice is lost
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=[,;]|$)", re.IGNORECASE)
_waiters = threading.BoundedSemaphore(MAX_WAITERS)  # each holds a thread of this process


@dataclass(frozen=True, slots=True)
class Usage:
    """A user's last hour: `used` of `limit` writes; in `reset_s` seconds the oldest of them no longer counts.

    With no write left, `reset_s` is when the next one is possible.
    """

    limit: int
    used: int
    reset_s: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def headers(self) -> Mapping[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }


def writes_usage(user: User) -> Usage:
    """The user's last hour as it stands. Counts nothing."""
    return _counted(user, entry="") or _usage_by_rows(user)


def _counted(user: User, *, entry: str) -> Usage | None:
    """The count in Redis, with one write more where it has a name: beyond the limit if it does not fit, and is not
    counted. None while Redis is away.
    """
    limit = settings.WRITES_PER_HOUR
    try:
        window = window_count(f"podstream:writes:{user.pk}", limit=limit, period_s=HOUR_S, entry=entry)
    except redis.RedisError as error:
        logger.warning("rate limit by rows, Redis is away: %s", type(error).__name__)
        return None
    return Usage(limit, window.used + (entry != "" and not window.fits), window.reset_s)


def _usage_by_rows(user: User, *, rows_written: int = 0) -> Usage:
    """The user's jobs of the last hour, without the newest `rows_written`."""
    limit = settings.WRITES_PER_HOUR
    made = Job.objects.filter(owner=user, created_at__gte=timezone.now() - timedelta(seconds=HOUR_S))
    times = list(made.order_by("created_at").values_list("created_at", flat=True))
    used = len(times) - rows_written
    next_out = times[max(0, used - limit) :][:1]
    reset_s = math.ceil((next_out[0] - timezone.now()).total_seconds() + HOUR_S) if next_out else 0
    return Usage(limit, used, max(0, reset_s))


def _rate_limited(usage: Usage) -> Refused:
    reset_s = max(1, usage.reset_s)
    return Refused(
        "rate_limited",
        f"{usage.limit} uploads, clones, syntheses and changes an hour are allowed. "
        f"The next one is possible in {reset_s} seconds. Reading and deleting stay possible.",
        status=429,
        headers={"Retry-After": str(reset_s)},
    )


def wait_s_preferred(request: HttpRequest) -> int | None:
    """Seconds that `Prefer: wait` (RFC 7240) asks for, at most TTS_TIMEOUT; None where it is not sent."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), settings.TTS_TIMEOUT // 1000) if found else None


def wait_for_job(job_id: UUID, *, timeout_s: int) -> bool:
    """Wait until the job has ended or the time is over. False, at once, where too many wait here already.

    Call it outside of transactions.
    """
    if not _waiters.acquire(blocking=False):
        return False
    try:
        _wait(job_id, timeout_s=timeout_s)
    finally:
        _waiters.release()
    return True


class CreatingViewSet(viewsets.GenericViewSet[Any]):
    """Makes resources of the user who asks. Writes are limited, and each answer to one says where the limit stands."""

    limited_actions = frozenset({"create", "partial_update"})
    accepted_status, waited_status = 202, 200
    create_class: type[StrictSerializer]
    _usage: Usage | None = None

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    def visible(self) -> QuerySet[Any]:
        """The resources that exist for this user."""
        raise NotImplementedError

    def represent(self, resource: Any) -> dict[str, Any]:
        """The JSON-able body of an answer about one resource."""
        raise NotImplementedError

    def make(self, *args: Any, **fields: Any) -> Any:
        """The new resource, in the caller's transaction; `fields` are those of `create_class`."""
        raise NotImplementedError

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        _key_of(request)  # a key that cannot be one is told before the body is read

    def create(self, request: Request) -> HttpResponse:
        fields = self.create_class.read(request.data)

        def make() -> Any:
            self.check_writes()
            return self.make(**fields)

        answer, is_replay = self.made(fields, make)
        return self.respond(answer, is_replay=is_replay)

    def replay(self, payload: Mapping[str, Any]) -> HttpResponse | None:
        """The answer to an earlier request with this key, if there was one."""
        attempt = self._attempt(payload)
        answer = idempotency_replay(attempt=attempt) if attempt else None
        return self.respond(answer, is_replay=True) if answer else None

    def made(self, payload: Mapping[str, Any], make: Callable[[], Any]) -> tuple[Answer, bool]:
        """Make the resource, as one counted write, in one transaction with its key.

        The answer, and True where it was given before.
        """

        def create() -> Answer:
            resource = make()
            self.spend_write(rows_written=1)
            body = self.represent(resource)
            (shown,) = body.values()
            return Answer(self.accepted_status, _json(body), str(shown["links"]["self"]))

        attempt = self._attempt(payload)
        if attempt is None:
            with transaction.atomic():
                return create(), False
        return idempotency_run(attempt=attempt, create=create)

    def respond(self, answer: Answer, *, is_replay: bool) -> HttpResponse:
        """The answer as HTTP; it may wait, so hold nothing that others wait for."""
        headers = {"Location": answer.location}
        if is_replay:
            headers["Idempotency-Replayed"] = "true"
        wait_s = wait_s_preferred(self.request)
        status, body = answer.status_code, answer.body
        if wait_s is not None and (made := self._made_by(answer)) and wait_for_job(made.job.pk, timeout_s=wait_s):
            headers["Preference-Applied"] = f"wait={wait_s}"
            if (made := self._made_by(answer)) is not None:  # not deleted meanwhile
                status = self.waited_status if made.job.state in JOB_TERMINAL else self.accepted_status
                body = _json(self.represent(made))
        return HttpResponse(body, status=status, headers=headers, content_type="application/json")

    def check_writes(self) -> None:
        """Raise Refused `rate_limited` where no write is left. Counts nothing, so it can come before hard work."""
        self._usage = writes_usage(self.user)
        if self._usage.remaining == 0:
            raise _rate_limited(self._usage)

    def spend_write(self, *, rows_written: int) -> None:
        """Count one write, or raise Refused `rate_limited`. Exact under any number of parallel requests.

        Call it in the transaction of the write, so that what came too late is rolled back. While Redis is away the
        user's jobs of the last hour are counted instead; `rows_written` says how many of them this write has added
        by now.
        """
        usage = _counted(self.user, entry=uuid4().hex)
        if usage is None:
            # one at a time, or each would miss the others' rows; no key is changed, so their inserts need not wait
            User.objects.select_for_update(no_key=True).get(pk=self.user.pk)
            by_rows = _usage_by_rows(self.user, rows_written=rows_written)
            usage = replace(by_rows, used=by_rows.used + 1)
        self._usage = usage
        if usage.used > usage.limit:
            raise _rate_limited(usage)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        # looked for in the request itself: asked for its user, it would try to authenticate again, and raise again
        was_authenticated = hasattr(request, "_user") and request.user.is_authenticated
        if self.action in self.limited_actions and was_authenticated:
            with suppress(DatabaseError):  # the answer says already that the database is away
                usage = self._usage or writes_usage(self.user)
                for name, value in usage.headers.items():
                    response.headers[name] = value
        return response

    def _attempt(self, payload: Mapping[str, Any]) -> Attempt | None:
        key = _key_of(self.request)
        return None if key is None else Attempt(self.user, key, _fingerprint(self.request, payload))

    def _made_by(self, answer: Answer) -> Any:
        """The resource that an answer is about, as it is now; None where it was deleted."""
        return self.visible().filter(pk=answer.location.rpartition("/")[2]).first()


def _json(body: dict[str, Any]) -> str:
    rendered: bytes = JSONRenderer().render(body)
    return rendered.decode()


def _key_of(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if len(key) > 255 or not re.fullmatch(KEY_PATTERN, key):
        raise Malformed(
            "invalid_idempotency_key", "An Idempotency-Key has 1 to 255 printable ASCII characters; a UUID does well."
        )
    return str(key)


def _fingerprint(request: Request, payload: Mapping[str, Any]) -> str:
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(f"{request.method} {request.path}\n{canonical}".encode()).hexdigest()


def _wait(job_id: UUID, *, timeout_s: float) -> None:
    """Return when the job is terminal or gone, at the latest after `timeout_s`.

    Holds no database connection while it waits, so call it outside of transactions.
    """
    end = time.monotonic() + timeout_s
    pubsub = redis_client().pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    try:
        _subscribe(pubsub, job_id)
        while not _is_over(job_id) and (left := end - time.monotonic()) > 0:
            _sleep_until_notice(pubsub, min(left, RECHECK_S))
    finally:
        pubsub.close()


def _subscribe(pubsub: "redis.client.PubSub", job_id: UUID) -> None:
    try:
        pubsub.subscribe(job_channel(job_id))
    except redis.RedisError as error:
        logger.warning("job %s: waiting without notices: %s", job_id, type(error).__name__)


def _sleep_until_notice(pubsub: "redis.client.PubSub", at_most_s: float) -> None:
    end = time.monotonic() + at_most_s
    while (left := end - time.monotonic()) > 0:
        if not pubsub.subscribed:
            time.sleep(left)
            return
        try:
            if pubsub.get_message(timeout=left) is not None:  # None also for the confirmation of the subscription
                return
        except redis.RedisError:  # the row is asked again, Redis or not
            pubsub.reset()


def _is_over(job_id: UUID) -> bool:
    over = not Job.objects.filter(pk=job_id).exclude(state__in=JOB_TERMINAL).exists()
    if not connection.in_atomic_block:
        connection.close()
    return over
