"""Every answer carries an id by which its log lines are found."""

import logging
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from uuid import uuid4

from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

logger = logging.getLogger(__name__)
HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str] = ContextVar("request_id", default="-")


def request_id_from(header: str | None) -> str:
    """The caller's own id where it is short and harmless in a log, a new one otherwise."""
    return header if header and _SANE.fullmatch(header) else uuid4().hex


def request_id_of(request: HttpRequest) -> str:
    """The id of a request, also of one that failed before the middleware saw it."""
    if not hasattr(request, "request_id"):
        request.request_id = request_id_from(request.headers.get(HEADER))  # type: ignore[attr-defined]
    return str(request.request_id)  # type: ignore[attr-defined]


class RequestIdMiddleware:
    """Gives the request its id, and the answer the same one; writes one line of log without what was asked for.

    A query string may hold words that somebody wants to find in their texts, so only the route is logged.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_of(request)
        token = _current.set(request_id)
        started = time.monotonic()
        try:
            response = self.get_response(request)
            took_ms = 1000 * (time.monotonic() - started)
            _log(request, response.status_code, took_ms)
        finally:
            _current.reset(token)
        response.headers[HEADER] = request_id
        return response


def route_of(request: HttpRequest) -> str:
    """The pattern that the path matched, with the names of its parts instead of their values."""
    return f"/{request.resolver_match.route}" if request.resolver_match else "(no route)"


def _log(request: HttpRequest, status: int, took_ms: float) -> None:
    route = route_of(request)
    fields = {
        "method": request.method,
        "route": route,
        "status": status,
        "duration_ms": round(took_ms, 1),
        "user_id": _user_id_of(request),
    }
    logger.info("%s %s %d %.0f ms", request.method, route, status, took_ms, extra=fields)


def _user_id_of(request: HttpRequest) -> str | None:
    """Who it was, as far as the request had to find out: logging must not ask the database for a session's user."""
    user = getattr(request, "user", None)
    if type(user) is SimpleLazyObject:
        user = getattr(request, "_cached_user", None)
    return None if user is None or user.pk is None else str(user.pk)


class RequestIdFilter(logging.Filter):
    """Makes `%(request_id)s` available to log formats; "-" outside of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _current.get()
        return True
