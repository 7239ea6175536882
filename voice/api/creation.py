"""How a creating request is answered: once per Idempotency-Key, within the rate limit, at once or after a wait."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from voice.api.exceptions import BadHeader
from voice.api.prefer import wait_for_job, wait_s_preferred
from voice.models import Job, User
from voice.models.lifecycle import JOB_TERMINAL
from voice.services.idempotency import Answer, Attempt, idempotency_replay, idempotency_run


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
