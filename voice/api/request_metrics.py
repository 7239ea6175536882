"""How many requests there were and how long they took, summed over the web processes of one machine.

Each process writes its counts into a file of its own in METRICS_DIR (prometheus_client's multiprocess mode, which
podstream/settings.py switches on), and whichever is asked adds all of them up. The files of ended processes stay, for
their requests count too, until no web process is left: the next one begins anew.
"""

import fcntl
import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from voice.api.request_id import route_of

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_durations = Histogram(
    "podstream_http_request_duration_seconds",
    "Time until an answer's headers, by what the path matched.",
    ["method", "route", "status"],
    buckets=BOUNDS_S,
    registry=None,  # the files are read instead
)


class RequestMetricsMiddleware:
    """Counts every request that reaches Django; BodyLimit counts those that it refuses."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.monotonic()
        response = self.get_response(request)
        request_observe(
            method=request.method or "",
            route=route_of(request),
            status=response.status_code,
            duration_s=time.monotonic() - started,
        )
        return response


def request_observe(*, method: str, route: str, status: int, duration_s: float) -> None:
    """Count one request. `route` is a pattern of ours: what clients choose freely would make ever more series."""
    _join(Path(settings.METRICS_DIR))
    known = method if method in METHODS else "other"
    _durations.labels(known, route, f"{status // 100}xx").observe(duration_s)


def request_registry() -> CollectorRegistry:
    """The counts of all web processes of this machine, as they are now."""
    _join(Path(settings.METRICS_DIR))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(settings.METRICS_DIR))  # type: ignore[no-untyped-call]
    return registry


@cache
def _join(folder: Path) -> None:
    """Hold the folder's lock, shared, until this process ends. Who comes into an empty house sweeps it first."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pass  # others are at work here
    else:
        for path in folder.glob("*.db"):
            path.unlink(missing_ok=True)
    fcntl.flock(lock, fcntl.LOCK_SH)
