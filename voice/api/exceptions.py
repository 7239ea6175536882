"""The body of every error: RFC 9457 problem details."""

import logging
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import redis
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions as drf
from rest_framework.response import Response

from voice import errors
from voice.api.middleware import request_id_of
from voice.disk_full import is_out_of_room, storage_full

MEDIA_TYPE = "application/problem+json"
_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "errors", "request_id"})
logger = logging.getLogger(__name__)
RETRY_AFTER_S = 5
NOT_FOUND = "There is nothing at this address that you can see."

STATUS: Mapping[type[errors.VoiceError], int] = {
    errors.UnsupportedAudio: 415,
    errors.InvalidAudio: 422,
    errors.TooLarge: 413,
    errors.InvalidText: 422,
    errors.InvalidRequest: 422,
    errors.NotAuthenticated: 401,
    errors.Forbidden: 403,
    errors.Blocked: 403,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.JobCancelled: 409,
    errors.LeaseLost: 409,
    errors.WorkerStopping: 503,
    errors.EngineUnavailable: 503,
    errors.EngineError: 500,
    errors.ServiceUnavailable: 503,
    errors.StorageFull: 507,
    errors.TooManyJobs: 429,
    errors.TooManyTries: 429,
}
"""Looked up along an error's ancestors, so a narrower kind answers as its parent until it has a line of its own."""


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    request_id: str,
    errors: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Problem details as a JSON-able dict.

    `code` is stable and for machines, `detail` is a sentence for people. `errors` maps a field to a list of
    {code, message}. `details` are figures that belong to the sentence, shown as members of their own.
    """
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    body.update({name: value for name, value in (details or {}).items() if name not in _OWN_MEMBERS})
    body["request_id"] = request_id
    return body


class BadHeader(drf.APIException):
    """A request header that says nothing sensible."""

    status_code = 400


class RateLimited(drf.APIException):
    """Too many requests; `retry_after_s` is when the next one can succeed."""

    status_code = 429
    default_code = "rate_limited"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = max(1, retry_after_s)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the client is told of a failure."""

    status: int
    code: str
    detail: str
    errors: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class AudioGone(drf.APIException):
    """A row says that there is audio, and its file is missing."""

    status_code = 410
    default_code = "audio_gone"
    default_detail = "This audio is no longer on the server. Make it again."


class RangeNotSatisfiable(drf.APIException):
    """A Range header that asks for bytes behind the last one."""

    status_code = 416
    default_code = "range_not_satisfiable"

    def __init__(self, *, size: int) -> None:
        super().__init__(f"The audio has {size} bytes and ends before this range.")
        self.size = size


class ReferenceNotFound(drf.APIException):
    """A body that names another resource which does not exist, or not for this user."""

    status_code = 404
    default_code = "not_found"

    def __init__(self, field_name: str, detail: str) -> None:
        super().__init__(detail)
        self.field_name = field_name


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: an expected failure as problem details; None for a bug, which Django logs and answers with 500."""
    told = _told(error)
    if told is None:
        return None
    if told.status > 500 and isinstance(error, errors.VoiceError):
        logger.warning("%s", told.code)  # foreseen, and under load there may be many of them
    elif told.status >= 500:
        logger.error("%s: %s", told.code, type(error).__name__, exc_info=error)
    return Response(
        _body(told, context["request"]._request),
        status=told.status,
        headers=dict(told.headers),
        content_type=MEDIA_TYPE,
    )


def _body(told: _Told, request: HttpRequest) -> dict[str, Any]:
    return problem(
        status=told.status,
        code=told.code,
        detail=_encodable(told.detail),
        request_id=request_id_of(request),
        errors=_encodable(told.errors),
        details=_encodable(told.details),
    )


def _encodable(value: Any) -> Any:
    """JSON-able data with lone surrogates, which a client may have sent and UTF-8 has not, written out."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_encodable(name): _encodable(each) for name, each in value.items()}
    return [_encodable(each) for each in value] if isinstance(value, list) else value


def _told(error: Exception) -> _Told | None:
    match error:
        case errors.VoiceError():
            return _told_of_voice_error(error)
        case Http404() | drf.NotFound():
            return _Told(404, "not_found", NOT_FOUND)
        case PermissionDenied():
            return _Told(403, "permission_denied", "You may not do this.")
        case drf.APIException():
            return _told_of_api(error)
        case OSError() | OperationalError() if is_out_of_room(error):
            return _told_of_voice_error(storage_full())
        case OperationalError() | InterfaceError() | redis.RedisError():
            return _unavailable()
        case SuspiciousOperation():
            return _told_of_suspicion(error)
    return None


def _told_of_api(error: drf.APIException) -> _Told:
    text = str(error.detail)
    match error:
        case drf.ValidationError():
            found = dict(_field_errors(error.detail))
            return _Told(422, "invalid", "Some fields are not valid: see errors.", errors=found)
        case RateLimited():
            return _Told(429, "rate_limited", text, headers={"Retry-After": str(error.retry_after_s)})
        case RangeNotSatisfiable():
            return _Told(416, "range_not_satisfiable", text, headers={"Content-Range": f"bytes */{error.size}"})
        case ReferenceNotFound():
            found = {error.field_name: [{"code": "not_found", "message": text}]}
            return _Told(404, "not_found", text, errors=found)
    return _told_of_drf(error)


def _unavailable() -> _Told:
    return _Told(
        503,
        "unavailable",
        "A part that this server needs is away. Try again in a few seconds.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _told_of_voice_error(error: errors.VoiceError) -> _Told:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    if status in {429, 503}:
        headers["Retry-After"] = str(error.details.get("retry_after_s", RETRY_AFTER_S))
    return _Told(
        status,
        error.code,
        error.message,
        errors=error.details.get("errors", {}),
        details=error.details,
        headers=headers,
    )


def _told_of_drf(error: drf.APIException) -> _Told:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    detail: Any = error.detail
    if isinstance(detail, dict):  # simplejwt says more than a client needs
        detail = detail.get("detail", "")
    code = getattr(detail, "code", error.default_code)
    if code == drf.ParseError.default_code:  # DRF's own parser of forms; the one of JSON has a code of its own
        code, detail = "malformed_multipart", "The form cannot be read. Send multipart/form-data with one file."
    return _Told(error.status_code, str(code), str(detail), headers=headers)


def _told_of_suspicion(error: SuspiciousOperation) -> _Told:
    match error:
        case RequestDataTooBig():
            return _Told(413, "body_too_large", "The request's body is longer than this address accepts.")
        case TooManyFilesSent():
            return _Told(400, "malformed_multipart", "Send one file, in the field `audio`.")
        case TooManyFieldsSent():
            return _Told(400, "malformed_multipart", "The form has too many fields.")
    return _Told(400, "bad_request", "The request cannot be understood.")


def _field_errors(detail: Any, path: str = "") -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A serializer's nested errors as (dotted path of the field, [{code, message}])."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from _field_errors(inner, ".".join(part for part in (path, step) if part))
        return
    here = [
        {"code": item.code or "invalid", "message": str(item)} for item in detail if isinstance(item, drf.ErrorDetail)
    ]
    if here:
        yield path[:200] or "body", here
    for inner in detail:
        if not isinstance(inner, drf.ErrorDetail):
            yield from _field_errors(inner, path)


def _answer(request: HttpRequest, told: _Told) -> HttpResponse:
    return JsonResponse(_body(told, request), status=told.status, content_type=MEDIA_TYPE, headers=dict(told.headers))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    told = _told(exception)
    return _answer(request, told if told and told.status < 500 else _told_of_suspicion(SuspiciousOperation()))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return _answer(request, _Told(403, "permission_denied", "You may not do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return _answer(request, _Told(404, "not_found", NOT_FOUND))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a bug, which is in the log, or a part that is away."""
    cause = sys.exc_info()[1]
    told = _told(cause) if isinstance(cause, OSError | OperationalError | InterfaceError | redis.RedisError) else None
    return _answer(request, told or _Told(500, "internal_error", "Something went wrong here. It has been logged."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    return _answer(request, _Told(403, "csrf_failed", "The form has expired: reload the page and send it again."))
