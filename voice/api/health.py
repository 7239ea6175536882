"""Probes: is this process alive, can what it accepts be done."""

import os
from collections.abc import Callable
from typing import Any

import redis
from django.core.files.storage import FileSystemStorage, Storage
from django.db import DatabaseError, connection
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSetMixin

from voice.api.schema import Operation
from voice.api.views import PublicView
from voice.errors import ServiceUnavailable
from voice.jobs.heartbeat import workers_seen
from voice.jobs.kind import kinds, queues
from voice.redis_client import redis_client

OK = "ok"


class HealthSerializer(serializers.Serializer[Any]):
    """The state of a process and of what it needs."""

    status = serializers.CharField()
    checks = serializers.DictField(child=serializers.CharField(), required=False)


class HealthView(ViewSetMixin, PublicView):
    """Probes, for whatever starts and stops this process."""

    tag = "health"
    operations = {
        "live": Operation("live", "The process answers", answer=HealthSerializer, problems=(), example={"status": OK}),
        "ready": Operation(
            "ready",
            "The process can reach all that it needs, workers included",
            answer=HealthSerializer,
            problems=(503,),
            example={"status": OK, "checks": dict.fromkeys(("database", "redis", "storage", "worker"), OK)},
        ),
    }

    def live(self, request: Request) -> Response:
        """The process answers."""
        return Response({"status": OK})

    def ready(self, request: Request) -> Response:
        """The process can reach all that it needs, and somebody does the work that it accepts."""
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
    """OK where each kind of job has a worker that gave a sign of life lately."""
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
