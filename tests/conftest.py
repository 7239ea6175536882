"""Fixtures for everything that needs Django: users, clients, files, and a real worker process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django_ratelimit import core as ratelimit
from pytest_django import Settings
from rest_framework.test import APIClient

from local.demo_voice import demo_recording
from local.local_redis import ensure_redis
from tests.backends import TEST_DATABASE, VAR_DIR
from tests.rig.processes import HOST, Server, answers, free_port
from tests.rig.processes import ROOT as ROOT
from tests.rig.processes import wait_until as wait_until
from tests.rig.stacks import ALL_QUEUES
from voice import redis_client as voice_redis
from voice.jobs import line as job_line
from voice.models import User
from voice.redis_client import redis_client

StartServer = Callable[..., Server]
StartWeb = Callable[..., tuple[str, Server]]
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a real one takes 0.3 s a user
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session", autouse=True)
def redis_server() -> None:
    """The embedded Redis of this test run; it ends with the run."""
    ensure_redis(settings.VAR_DIR)


@pytest.fixture(autouse=True)
def empty_rate_limits(redis_server: None) -> None:
    """Every test starts with its full hour of writes."""
    client = redis_client()
    for pattern in ("podstream:1:*", "podstream:writes:*", "podstream:wrong-passwords:*"):
        for key in client.scan_iter(pattern):
            client.delete(key)


@dataclass
class RedisClock:
    """Stands in for the clock by which Redis counts what is limited; it stands still."""

    monkeypatch: pytest.MonkeyPatch
    now_us: int = 1_790_000_000_000_000

    def stand(self) -> None:
        self.monkeypatch.setattr(voice_redis, "CLOCK", f"local now_us = {self.now_us}")

    def forward(self, seconds: float) -> None:
        self.now_us += round(1e6 * seconds)
        self.stand()


@pytest.fixture(autouse=True)
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """No minute turns under a test, by the clock that tries to log in are counted by."""
    now = time.time()
    monkeypatch.setattr(ratelimit, "time", SimpleNamespace(time=lambda: now))


@pytest.fixture
def redis_clock(monkeypatch: pytest.MonkeyPatch) -> RedisClock:
    clock = RedisClock(monkeypatch)
    clock.stand()
    return clock


@pytest.fixture(autouse=True)
def fresh_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at a line of jobs is a new one: tests see at once what they did."""
    monkeypatch.setattr(job_line, "LINE_KEPT_S", 0.0)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """A database for each process of pytest-xdist. SQLite in a file: other processes and threads must see it."""
    if TEST_DATABASE == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(VAR_DIR / "test.sqlite3")


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ada", password=PASSWORD)


@pytest.fixture
def other_user(db: None) -> User:
    return User.objects.create_user("bob", password=PASSWORD)


@pytest.fixture
def api_for() -> Callable[[User], APIClient]:
    """A client that is signed in as a user."""
    from voice.services.account import token_pair_issue

    def sign_in(user: User) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_pair_issue(user=user).access}")
        return client

    return sign_in


@pytest.fixture
def api(user: User, api_for: Callable[[User], APIClient]) -> APIClient:
    return api_for(user)


def process_environment(**extra: str) -> dict[str, str]:
    """The environment in which a process of this project sees the test's database and Redis."""
    env = {**os.environ, **extra, "DJANGO_SETTINGS_MODULE": "podstream.settings"}
    name = str(connection.settings_dict["NAME"])
    if TEST_DATABASE == "sqlite":
        return {**env, "DATABASE_URL": f"sqlite:///{name}"}
    return {**env, "DATABASE_URL": os.environ["DATABASE_URL"].replace("/postgres?", f"/{name}?")}


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers, which end with the test; waits until they are ready, where it is said when that is."""
    started: list[Server] = []

    def start(
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        is_ready: Callable[[], bool] | None = None,
    ) -> Server:
        server = Server(name, command, environment=environment, log_path=tmp_path / f"{name}.log")
        started.append(server)
        server.start()
        if is_ready is not None:
            server.wait_until_ready(is_ready)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def start_web(start_server: StartServer) -> StartWeb:
    """Starts the real web server, behind a `prefix` of its command if there is one; says where it answers."""

    def start(environment: Mapping[str, str], *options: str, prefix: Sequence[str] = ()) -> tuple[str, Server]:
        port = str(free_port())
        uvicorn = ["-m", "uvicorn", "podstream.asgi:application", "--port", port, "--no-access-log"]
        uvicorn += ["--http", "podstream.connections:Connection", *options]
        url = f"http://{HOST}:{port}"
        command = [*prefix, sys.executable, *uvicorn]
        return url, start_server("web", command, environment, is_ready=lambda: answers(f"{url}/health/live"))

    return start


@pytest.fixture
def start_worker(transactional_db: None, start_server: StartServer) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts real Celery workers on the test's database; they end with the test."""
    numbers = count()

    def start(
        concurrency: int = 1,
        queues: str = ALL_QUEUES,
        pool: str = "prefork",
        ready_s: float = 40,
        *,
        prefix: Sequence[str] = (),
        **env: str,
    ) -> subprocess.Popen[bytes]:
        number = next(numbers)
        command = [*prefix, sys.executable, "-m", "celery", "-A", "podstream", "worker", "--loglevel", "INFO"]
        command += ["--queues", queues, "--pool", pool, "--concurrency", str(concurrency)]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        command += ["--hostname", f"test{number}-{os.getpid()}@%h"]
        environment = process_environment(SWEEP_INTERVAL_S="0.5", **env)
        worker = start_server(f"worker-{number}", command, environment)
        worker.wait_until_ready(lambda: worker.said(b" ready."), timeout_s=ready_s)
        return worker.process

    return start


@contextmanager
def redis_away(settings: Settings) -> Iterator[None]:
    """As if Redis had gone: every client of this process finds nobody listening."""
    there = settings.REDIS_URL
    _point_to(settings, "unix:///nonexistent/redis.sock")
    try:
        yield
    finally:
        _point_to(settings, there)


def _point_to(settings: Settings, redis_url: str) -> None:
    settings.REDIS_URL = redis_url
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": redis_url}}
    redis_client.cache_clear()


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 25 s of real speech by one speaker, as WAV."""
    path = tmp_path_factory.mktemp("recording") / "voice.wav"
    demo_recording(path)
    return path
