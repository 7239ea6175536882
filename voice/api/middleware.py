"""Surrounds every request: an id that finds its log lines, one line of log, and its count for Prometheus.

The counts are summed over the web processes of one machine. Each process writes its own into a file in METRICS_DIR
(prometheus_client's multiprocess mode, which podstream/settings.py switches on), and whichever is asked adds them all
up. The files of ended processes stay, because their requests count too, until no web process is left: the next one
begins anew. A file's room is taken before it is used: it is mapped into memory, and a process that touches a page for
which a full disk has no room is killed. Where there is no room, requests are answered and not counted.
"""

import fcntl
import logging
import os
import re
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from voice.request_id import request_id_bound

logger = logging.getLogger(__name__)
HEADER = "X-Request-ID"
PERMISSIONS_POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
NO_PAGE_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
DESERTED_S = 86_400.0
ROOM_BYTES = 1 << 20  # some 300 combinations of method, route and status
_durations = Histogram(
    "podstream_http_request_duration_seconds",
    "Time until an answer's headers, by what the path matched.",
    ["method", "route", "status"],
    buckets=BOUNDS_S,
    registry=None,  # the files are read instead
)


def request_id_from(header: str | None) -> str:
    """The caller's own id where it is short and harmless in a log, a new one otherwise."""
    return header if header and _SANE.fullmatch(header) else uuid4().hex


def request_id_of(request: HttpRequest) -> str:
    """The id of a request, also of one that failed before the middleware saw it."""
    if not hasattr(request, "request_id"):
        request.request_id = request_id_from(request.headers.get(HEADER))  # type: ignore[attr-defined]
    return str(request.request_id)  # type: ignore[attr-defined]


def route_of(request: HttpRequest) -> str:
    """The pattern that the path matched, with the names of its parts instead of their values."""
    return f"/{request.resolver_match.route}" if request.resolver_match else "(no route)"


class RequestMiddleware:
    """Gives the request its id, and the answer the same one; writes logs, counts, and tells browsers their limits.

    A query string may hold words that somebody wants to find in their texts, so only the route is logged.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id, started = request_id_of(request), time.monotonic()
        with request_id_bound(request_id):
            response = self.get_response(request)
            took_s = time.monotonic() - started
            _log(request, response.status_code, took_s)
        route = route_of(request)
        request_observe(method=request.method or "", route=route, status=response.status_code, duration_s=took_s)
        response.headers[HEADER] = request_id
        _instruct_browser(response)
        return response


def _instruct_browser(response: HttpResponseBase) -> None:
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if not (is_page and settings.DEBUG and response.status_code >= 400):  # Django's error pages for developers
        response.headers.setdefault("Content-Security-Policy", PAGE_CSP if is_page else NO_PAGE_CSP)
    response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
    if response.status_code == 304:  # it has no body, and neither a type nor a length (RFC 9110, 15.4.5)
        response.headers.pop("Content-Length", None)
        response.headers.pop("Content-Type", None)


def _log(request: HttpRequest, status: int, took_s: float) -> None:
    route, took_ms = route_of(request), 1000 * took_s
    fields = {
        "method": request.method,
        "route": route,
        "status": status,
        "duration_ms": round(took_ms, 1),
        "user_id": _user_id_of(request),
    }
    logger.info("%s %s %d %.0f ms", request.method, route, status, took_ms, extra=fields)


def _user_id_of(request: HttpRequest) -> str | None:
    """The user, as far as the request had to find out: logging must not ask the database for a session's user."""
    user = getattr(request, "user", None)
    if type(user) is SimpleLazyObject:
        user = getattr(request, "_cached_user", None)
    return None if user is None or user.pk is None else str(user.pk)


def request_observe(*, method: str, route: str, status: int, duration_s: float) -> None:
    """Count one request. `route` is a pattern of ours: what clients choose freely would make ever more series."""
    if _is_counting(Path(settings.METRICS_DIR), os.getpid()):
        known = method if method in METHODS else "other"
        _durations.labels(known, route, f"{status // 100}xx").observe(duration_s)


def request_registry() -> CollectorRegistry:
    """The counts of all web processes of this machine, as they are now."""
    registry = CollectorRegistry()
    if _is_counting(Path(settings.METRICS_DIR), os.getpid()):
        MultiProcessCollector(registry, path=str(settings.METRICS_DIR))  # type: ignore[no-untyped-call]
    return registry


@cache
def _is_counting(folder: Path, pid: int) -> bool:
    """True where this process can count in `folder`; tried once."""
    try:
        _join(folder)
        _take_room(folder / f"histogram_{pid}.db")  # the name that prometheus_client opens
    except OSError as error:
        logger.error("requests are not counted until this process starts anew: %s", error.strerror)
        return False
    return True


def _take_room(path: Path) -> None:
    with path.open("ab") as file:
        if file.tell() == 0:
            file.write(bytes(ROOM_BYTES))


def _join(folder: Path) -> None:
    """Hold the folder's lock, shared, until this process ends. The first to come sweeps it."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pass  # others are at work here
    else:
        os.utime(lock)
        for path in folder.glob("*.db"):
            path.unlink(missing_ok=True)
        _sweep_deserted(folder.parent)
    fcntl.flock(lock, fcntl.LOCK_SH)


def _sweep_deserted(folders: Path) -> None:
    """Remove what machines left that are no more: containers on one volume, each with a name of its own."""
    for path in folders.glob("*/lock"):
        if path.stat().st_mtime > time.time() - DESERTED_S:
            continue  # perhaps one that has just come, and not yet taken its lock
        with path.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(path.parent, ignore_errors=True)  # the next one tries again
