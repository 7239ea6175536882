"""Probes: is this process alive, can what it accepts be done."""

import os
from collections.abc import Callable
from typing import Any

import redis
from django.core.files.storage import FileSystemStorage, Storage
from django.db import DatabaseError, connection
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voice.api import examples
from voice.api.methods import METHODS
from voice.api.schema import operation
from voice.api.serializers.server import HealthSerializer
from voice.errors import ServiceUnavailable
from voice.jobs.heartbeat import workers_seen
from voice.jobs.kind import kinds, queues
from voice.redis_client import redis_client

OK = "ok"


class LiveView(APIView):
    """GET /health/live: the process answers."""

    authentication_classes: list[Any] = []
    permission_classes = [permissions.AllowAny]
    http_method_names = METHODS

    @operation(
        "live",
        summary="The process answers",
        tag="health",
        answers={200: (HealthSerializer, {"status": "ok"})},
        problems=(),
        is_public=True,
    )
    def get(self, request: Request) -> Response:
        return Response({"status": OK})


class ReadyView(LiveView):
    """GET /health/ready: the process can reach all that it needs, and somebody does the work that it accepts."""

    @operation(
        "ready",
        summary="The process can reach all that it needs, workers included",
        tag="health",
        answers={200: (HealthSerializer, examples.READY_ANSWER)},
        problems=(503,),
        is_public=True,
    )
    def get(self, request: Request) -> Response:
        checks = {name: _state(check) for name, check in CHECKS.items()}
        if set(checks.values()) != {OK}:
            away = ", ".join(name for name, state in checks.items() if state != OK)
            raise ServiceUnavailable("not_ready", f"Away: {away}.", details={"checks": checks})
        return Response({"status": OK, "checks": checks})


def _state(check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, redis.RedisError, OSError, ServiceUnavailable) as error:
        return type(error).__name__


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _redis() -> str:
    redis_client().ping()
    return OK


def _storage() -> str:
    for kind in kinds():
        _check_writable(kind.storage())
    return OK


def _worker() -> str:
    """Whether each kind of job has a worker that gave a sign of life lately."""
    served = {queue for worker in workers_seen() for queue in worker.queues}
    missing = [queue for queue in queues() if queue not in served]
    return f"none for {', '.join(missing)}" if missing else OK


def _check_writable(storage: Storage) -> None:
    if not isinstance(storage, FileSystemStorage):
        storage.exists("health")
    elif not os.access(storage.location, os.W_OK | os.X_OK):
        raise PermissionError(storage.location)


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "redis": _redis,
    "storage": _storage,
    "worker": _worker,
}
