"""The body of every error: RFC 9457 problem details.

Whatever fails becomes a `VoiceError`, and its kind has a status here. So there is one way from a failure to an answer.
"""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
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

STATUS: Mapping[type[errors.VoiceError], int] = {
    errors.Malformed: 400,
    errors.NotAuthenticated: 401,
    errors.Forbidden: 403,
    errors.Blocked: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.JobCancelled: 409,
    errors.LeaseLost: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.UnsupportedAudio: 415,
    errors.InvalidAudio: 422,
    errors.InvalidText: 422,
    errors.InvalidRequest: 422,
    errors.TooManyJobs: 429,
    errors.TooManyTries: 429,
    errors.EngineError: 500,
    errors.EngineUnavailable: 503,
    errors.ServiceUnavailable: 503,
    errors.WorkerStopping: 503,
    errors.StorageFull: 507,
}
"""Looked up along an error's ancestors, so a narrower kind answers as its parent until it has a line of its own."""

_AWAY = errors.ServiceUnavailable("unavailable", "A part that this server needs is away. Try again in a few seconds.")
_NOTHING = errors.NotFound("not_found", "There is nothing at this address that you can see.")
_UNCLEAR = errors.Malformed("bad_request", "The request cannot be understood.")
FOREIGN: Mapping[type[Exception], errors.VoiceError] = {
    Http404: _NOTHING,
    drf.NotFound: _NOTHING,
    PermissionDenied: errors.Forbidden("permission_denied", "You may not do this."),
    OperationalError: _AWAY,
    InterfaceError: _AWAY,
    redis.RedisError: _AWAY,
    RequestDataTooBig: errors.TooLarge("body_too_large", "The request's body is longer than this address accepts."),
    TooManyFilesSent: errors.Malformed("malformed_multipart", "Send one file, in the field `audio`."),
    TooManyFieldsSent: errors.Malformed("malformed_multipart", "The form has too many fields."),
    SuspiciousOperation: _UNCLEAR,
    drf.ParseError: errors.Malformed(  # by DRF's own parser of forms; ours of JSON says it itself
        "malformed_multipart", "The form cannot be read. Send multipart/form-data with one file."
    ),
}
"""Exceptions of others, as one of ours; likewise along the ancestors."""


class Refused(errors.VoiceError):
    """A refusal that only HTTP knows: it brings its status, and the headers that belong to it."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message, details=details)
        self.status = status
        self.headers = dict(headers or {})


def problem_of(error: errors.VoiceError, *, request_id: str) -> dict[str, Any]:
    """Problem details as a JSON-able dict.

    `code` is stable and for machines, `detail` is a sentence for people. `errors`, of the error's details, maps a
    field to a list of {code, message}; other details are figures, shown as members of their own.
    """
    status = _status_of(error)
    details = _encodable(error.details)
    return {
        "type": f"/problems/{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _encodable(error.message),
        "code": error.code,
        **({"errors": details["errors"]} if details.get("errors") else {}),
        **{name: value for name, value in details.items() if name not in _OWN_MEMBERS},
        "request_id": request_id,
    }


def problem_parts(error: errors.VoiceError, *, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer that is given outside of Django."""
    body = json.dumps(problem_of(error, request_id=request_id)).encode()
    headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), "Connection": "close"}
    return _status_of(error), {**headers, **_headers_of(error)}, body


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: an expected failure as problem details; None for a bug, which Django logs and answers with 500."""
    found = _expected(error)
    if found is None:
        return None
    status = _status_of(found)
    if status > 500 and found is error:
        logger.warning("%s", found.code)  # foreseen, and under load there may be many of them
    elif status >= 500:
        logger.error("%s: %s", found.code, type(error).__name__, exc_info=error)
    body = problem_of(found, request_id=request_id_of(context["request"]._request))
    return Response(body, status=status, headers=_headers_of(found), content_type=MEDIA_TYPE)


def _expected(error: Exception) -> errors.VoiceError | None:
    """A failure as one of ours; None for a bug."""
    match error:
        case errors.VoiceError():
            return error
        case OSError() | OperationalError() if is_out_of_room(error):
            return storage_full()
        case drf.ValidationError():
            found = dict(_field_errors(error.detail))
            return errors.InvalidRequest(
                "invalid", "Some fields are not valid: see errors.", details={"errors": found}
            )
    known = next((FOREIGN[kind] for kind in type(error).__mro__ if kind in FOREIGN), None)
    return _of_framework(error) if known is None and isinstance(error, drf.APIException) else known


def _of_framework(error: drf.APIException) -> Refused:
    """A refusal of DRF or simplejwt itself: methods, media types, tokens."""
    detail: Any = error.detail
    code = getattr(detail, "code", error.default_code)
    if isinstance(detail, dict):  # simplejwt says more than a client needs
        code, detail = detail.get("code", code), detail.get("detail", "")
    auth_header = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": auth_header} if auth_header else {}
    return Refused(str(code), str(detail), status=error.status_code, headers=headers)


def _status_of(error: errors.VoiceError) -> int:
    if isinstance(error, Refused):
        return error.status
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _headers_of(error: errors.VoiceError) -> dict[str, str]:
    if isinstance(error, Refused):
        return error.headers
    status = _status_of(error)
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="api"'}
    if status in {429, 503}:
        return {"Retry-After": str(error.details.get("retry_after_s", RETRY_AFTER_S))}
    return {}


def _encodable(value: Any) -> Any:
    """JSON-able data with lone surrogates, which a client may have sent and UTF-8 has not, written out."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_encodable(name): _encodable(each) for name, each in value.items()}
    return [_encodable(each) for each in value] if isinstance(value, list) else value


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


def _answer(request: HttpRequest, error: errors.VoiceError) -> HttpResponse:
    body = problem_of(error, request_id=request_id_of(request))
    return JsonResponse(body, status=_status_of(error), content_type=MEDIA_TYPE, headers=_headers_of(error))


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400, handler403 and handler404."""
    found = _expected(exception)
    return _answer(request, found if found and _status_of(found) < 500 else _UNCLEAR)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a bug, which is in the log, or a part that is away."""
    cause = sys.exc_info()[1]
    is_outage = isinstance(cause, OSError | OperationalError | InterfaceError | redis.RedisError)
    found = _expected(cause) if isinstance(cause, Exception) and is_outage else None
    bug = errors.VoiceError("internal_error", "Something went wrong here. It has been logged.")
    return _answer(request, found or bug)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    expired = errors.Forbidden("csrf_failed", "The form has expired: reload the page and send it again.")
    return _answer(request, expired)
