"""`Prefer: wait=N` (RFC 7240): hold the answer until the job has ended."""

import hashlib
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import Min, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django_ratelimit.core import get_usage
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from voice.api.exceptions import BadHeader, RateLimited
from voice.jobs.messages import job_wait
from voice.models import Job, User
from voice.models.lifecycle import JOB_TERMINAL
from voice.services.idempotency import Answer, Attempt, idempotency_replay, idempotency_run

MAX_WAITERS = 32
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=[,;]|$)", re.IGNORECASE)
_waiters = threading.BoundedSemaphore(MAX_WAITERS)  # each holds a thread of this process
logger = logging.getLogger(__name__)
HOUR_S = 3600


def wait_s_preferred(request: HttpRequest) -> int | None:
    """How many seconds the client would wait, at most TTS_TIMEOUT; None where it does not say."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), settings.TTS_TIMEOUT // 1000) if found else None


def wait_for_job(job_id: UUID, *, timeout_s: int) -> bool:
    """Wait until the job has ended or the time is over. False, at once, where too many wait here already.

    Call it outside of transactions.
    """
    if not _waiters.acquire(blocking=False):
        return False
    try:
        job_wait(job_id, timeout_s=timeout_s)
    finally:
        _waiters.release()
    return True


@dataclass(frozen=True, slots=True)
class Usage:
    """Where a user stands: `used` of `limit` writes, all given back in `reset_s` seconds."""

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


def writes_usage(request: HttpRequest, user: User) -> Usage:
    """How much of the user's hour is used. Counts nothing."""
    return _counted(request, user, increment=False) or _usage_by_rows(user)


def writes_check(request: HttpRequest, user: User) -> Usage:
    """Raise RateLimited where no write is left. Counts nothing, so it can come before expensive work."""
    usage = writes_usage(request, user)
    if usage.remaining == 0:
        raise _rate_limited(usage)
    return usage


def writes_spend(request: HttpRequest, user: User, *, rows_written: int) -> Usage:
    """Count one write, or raise RateLimited. Exact under any number of parallel requests.

    Call it in the transaction of the write, so that what came too late is rolled back. While Redis is away the
    user's jobs of the last hour are counted instead; `rows_written` says how many of them this write has added
    by now.
    """
    usage = _counted(request, user, increment=True)
    if usage is None:
        # one at a time, or each would miss the others' rows; no key is changed, so that their inserts need not wait
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        by_rows = _usage_by_rows(user)
        usage = Usage(by_rows.limit, by_rows.used + 1 - rows_written, by_rows.reset_s)
    if usage.used > usage.limit:
        raise _rate_limited(usage)
    return usage


def _counted(request: HttpRequest, user: User, *, increment: bool) -> Usage | None:
    """The count in Redis; None while it is away."""
    try:
        found = get_usage(
            request,
            group="writes",
            key=lambda group, request: str(user.pk),
            rate=f"{settings.WRITES_PER_HOUR}/h",
            increment=increment,
        )
    except redis.RedisError as error:
        logger.warning("rate limit by rows, Redis is away: %s", type(error).__name__)
        return None
    return Usage(settings.WRITES_PER_HOUR, found["count"], max(0, found["time_left"]))


def _usage_by_rows(user: User) -> Usage:
    since = timezone.now() - timedelta(seconds=HOUR_S)
    jobs = Job.objects.filter(owner=user, created_at__gte=since)
    oldest = jobs.aggregate(at=Min("created_at"))["at"]
    reset_s = HOUR_S if oldest is None else int(oldest.timestamp() + HOUR_S - time.time()) + 1
    return Usage(settings.WRITES_PER_HOUR, jobs.count(), max(0, reset_s))


def _rate_limited(usage: Usage) -> RateLimited:
    return RateLimited(
        f"{usage.limit} uploads, clones, syntheses and changes an hour are allowed. "
        f"The next one is possible in {max(1, usage.reset_s)} seconds. Reading and deleting stay possible.",
        retry_after_s=usage.reset_s,
    )


@dataclass(frozen=True, slots=True)
class Creation:
    """One creating request: who sent it, and what its answer looks like.

    `represent` makes the JSON-able body of a resource; `visible` is the selector that finds it again after a wait.
    """

    request: Request
    owner: User
    payload: Mapping[str, Any]
    visible: QuerySet[Any]
    represent: Callable[[Any], dict[str, Any]]
    accepted_status: int = 202
    waited_status: int = 200

    def replay(self) -> HttpResponse | None:
        """The answer to an earlier request with this key, if there was one."""
        attempt = self._attempt()
        answer = idempotency_replay(attempt=attempt) if attempt else None
        return self.respond(answer, is_replay=True) if answer else None

    def run(self, make: Callable[[], Any]) -> HttpResponse:
        """Make the resource, then answer; after the job, where that is preferred."""
        answer, is_replay = self.made(make)
        return self.respond(answer, is_replay=is_replay)

    def made(self, make: Callable[[], Any]) -> tuple[Answer, bool]:
        """Make the resource in one transaction with its key. The answer, and whether it was given before."""
        attempt = self._attempt()

        def create() -> Answer:
            resource = make()
            body = self.represent(resource)
            return Answer(self.accepted_status, _json(body), self._self_link(body))

        if attempt is None:
            with transaction.atomic():
                return create(), False
        return idempotency_run(attempt=attempt, create=create)

    def _attempt(self) -> Attempt | None:
        key = _key_of(self.request)
        return None if key is None else Attempt(self.owner, key, _fingerprint(self.request, self.payload))

    def respond(self, answer: Answer, *, is_replay: bool) -> HttpResponse:
        """The answer as HTTP; it may wait, so hold nothing that others wait for."""
        headers = {"Location": answer.location}
        if is_replay:
            headers["Idempotency-Replayed"] = "true"
        wait_s = wait_s_preferred(self.request)
        status, body = answer.status_code, answer.body
        if wait_s is not None and (job := self._job_of(answer)) and wait_for_job(job.pk, timeout_s=wait_s):
            headers["Preference-Applied"] = f"wait={wait_s}"
            status, body = self._after_wait(job, answer)
        return HttpResponse(body, status=status, headers=headers, content_type="application/json")

    def _job_of(self, answer: Answer) -> Job | None:
        resource = self.visible.filter(pk=_id_in(answer)).first()
        return None if resource is None else resource.job

    def _after_wait(self, job: Job, answer: Answer) -> tuple[int, str]:
        resource = self.visible.filter(pk=_id_in(answer)).first()
        if resource is None:  # deleted meanwhile
            return answer.status_code, answer.body
        is_over = resource.job.state in JOB_TERMINAL
        return (self.waited_status if is_over else self.accepted_status), _json(self.represent(resource))

    @staticmethod
    def _self_link(body: dict[str, Any]) -> str:
        (resource,) = body.values()
        return str(resource["links"]["self"])


def _id_in(answer: Answer) -> str:
    return answer.location.rpartition("/")[2]


def _json(body: dict[str, Any]) -> str:
    rendered: bytes = JSONRenderer().render(body)
    return rendered.decode()


def _key_of(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not key or len(key) > 255 or not key.isascii() or not key.isprintable():
        raise BadHeader(
            "An Idempotency-Key has 1 to 255 printable ASCII characters; a UUID does well.",
            code="invalid_idempotency_key",
        )
    return str(key)


def _fingerprint(request: Request, payload: Mapping[str, Any]) -> str:
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(f"{request.method} {request.path}\n{canonical}".encode()).hexdigest()
