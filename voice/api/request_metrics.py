"""How many requests there were and how long they took, summed over the web processes of one machine.

Each process writes its counts into a file of its own in METRICS_DIR (prometheus_client's multiprocess mode, which
podstream/settings.py switches on), and whichever is asked adds all of them up. The files of ended processes stay, for
their requests count too, until no web process is left: the next one begins anew.

A file's room is taken before it is used. It is mapped into memory, and a process that touches a page for which a full
disk has no room is killed; so where there is none, requests are answered and not counted.
"""

import fcntl
import logging
import os
import shutil
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
DESERTED_S = 86_400.0
ROOM_BYTES = 1 << 20  # some 300 combinations of method, route and status
logger = logging.getLogger(__name__)
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
    """Whether this process can count in `folder`; tried once."""
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
    """Hold the folder's lock, shared, until this process ends. Who comes into an empty house sweeps it first."""
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
