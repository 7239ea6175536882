"""Fixtures for everything that needs Django: users, clients, files, and a real worker process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from podstream.embedded import ensure_redis
from tests.backends import TEST_DATABASE, VAR_DIR
from voice.models import User
from voice.services import job_line
from voice.streaming.redis_client import redis_client

ROOT = Path(__file__).parent.parent
ALL_QUEUES = "preprocess,clone,synthesis,maintenance"
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
    for key in client.scan_iter("podstream:1:*"):
        client.delete(key)


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
    from rest_framework_simplejwt.tokens import RefreshToken

    def sign_in(user: User) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(user).access_token}")
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
def start_worker(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts real Celery workers on the test's database; they are ended with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        concurrency: int = 1,
        queues: str = ALL_QUEUES,
        pool: str = "prefork",
        ready_s: float = 40,
        *,
        prefix: Sequence[str] = (),
        **env: str,
    ) -> subprocess.Popen[bytes]:
        log = tmp_path / f"worker-{len(started)}.log"
        command = [
            *prefix,
            sys.executable,
            "-m",
            "celery",
            "-A",
            "podstream",
            "worker",
            "--loglevel",
            "INFO",
            "--queues",
            queues,
            "--pool",
            pool,
        ]
        command += ["--concurrency", str(concurrency), "--without-gossip", "--without-mingle", "--without-heartbeat"]
        command += ["--hostname", f"test{len(started)}-{os.getpid()}@%h"]
        with log.open("wb") as f:
            process = subprocess.Popen(
                command, cwd=ROOT, env=process_environment(SWEEP_INTERVAL_S="0.5", **env), stdout=f, stderr=f
            )
        started.append(process)
        wait_until(lambda: b" ready." in log.read_bytes() or process.poll() is not None, timeout_s=ready_s)
        assert process.poll() is None, log.read_text()
        return process

    yield start
    for process in started:
        end_process_tree(process)


def end_process_tree(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, ten seconds to finish, then SIGKILL for it and its children."""
    if process.poll() is not None:
        return
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in children:
        if child.is_running():
            child.kill()


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
    """Wait for something that another process does. Fails when the time is over."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"not within {timeout_s} s"
        time.sleep(0.05)


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
    from podstream.demo_voice import demo_recording

    path = tmp_path_factory.mktemp("recording") / "voice.wav"
    demo_recording(path)
    return path
