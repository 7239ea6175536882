"""What the rig runs and hurts: web, workers, database and Redis, as each size starts them."""

import os
import secrets
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import httpx
import psutil
import redis

from chaos.postgresql import Postgresql
from chaos.processes import HOST, ROOT, Server, free_port, inherited_environment, pool_of, wait_until
from podstream.embedded import redis_executable
from podstream.stack_lock import running_stack

QUEUES = "preprocess,clone,synthesis,maintenance"
UNLIMITED = {
    "WRITES_PER_HOUR": "1000000",
    "LOGINS_PER_MINUTE": "100000",
    "QUEUE_DEPTH_MAX": "100000",
    "JOBS_PER_USER_MAX": "100000",
    "ACCESS_TOKEN_MINUTES": "1440",
}
"""Limits that would end the load before the rig does."""


class Victim(StrEnum):
    """What may be killed."""

    WEB = "web"
    WORKER = "worker parent"
    CHILD = "worker child"


class Stack(ABC):
    """A running product in `folder`. A context manager: all that it has started ends with it."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.var_dir = folder / "var"
        self.var_dir.mkdir(parents=True)
        self.environment = {
            **inherited_environment(),
            **UNLIMITED,
            "ENV_FILE": os.devnull,
            "VAR_DIR": str(self.var_dir),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
            **settings,
        }
        self.url = ""

    def __enter__(self) -> "Stack":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    @abstractmethod
    def database_url(self) -> str:
        """Where the rig reads the jobs."""

    @abstractmethod
    def start(self) -> None:
        """Start everything and wait until it works."""

    @abstractmethod
    def stop(self) -> None:
        """End everything."""

    @abstractmethod
    def victims(self, kind: Victim) -> list[psutil.Process]:
        """The processes of a kind that live now."""

    def answers(self) -> bool:
        """Whether the web process is there."""
        try:
            return httpx.get(f"{self.url}/health/live", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False


class SmallStack(Stack):
    """`podstream.stack run`: SQLite, an embedded Redis, one worker of two processes, and a supervisor of its own."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        super().__init__(folder, settings)
        self._supervisor: subprocess.Popen[bytes] | None = None

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.var_dir / 'podstream.sqlite3'}"

    def start(self) -> None:
        command = [sys.executable, "-m", "podstream.stack", "run", "--port=0", "--processes=2", "--until-stdin-closes"]
        with (self.folder / "stack.log").open("wb") as log:
            self._supervisor = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._is_ready, what="the small stack is ready", timeout_s=90)

    def _is_ready(self) -> bool:
        assert self._supervisor is not None
        if self._supervisor.poll() is not None:
            raise RuntimeError((self.folder / "stack.log").read_text())
        running = running_stack(self.var_dir)
        self.url = running.url if running else ""
        return bool(self.url)

    def stop(self) -> None:
        if self._supervisor is None:
            return
        assert self._supervisor.stdin is not None
        self._supervisor.stdin.close()
        try:
            self._supervisor.wait(60)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()  # its keeper ends the rest
            self._supervisor.wait()

    def victims(self, kind: Victim) -> list[psutil.Process]:
        assert self._supervisor is not None
        wanted = "podstream.web" if kind is Victim.WEB else "celery"
        leaders = [child for child in _children(self._supervisor.pid) if wanted in _command_of(child)]
        if kind is not Victim.CHILD:
            return leaders
        return [child for leader in leaders for child in pool_of(leader)]


def _children(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children())
    except psutil.NoSuchProcess:
        return []


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


class ProductionStack(Stack):
    """PostgreSQL, Redis, uvicorn and Celery workers by the commands of docs/OPERATIONS.md, supervised as by Compose.

    `workers` worker parents, each with a pool of `concurrency`; `app` is what Celery's `-A` names.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        *,
        workers: int = 2,
        concurrency: int = 1,
        app: str = "podstream",
        postgresql_folder: Path | None = None,
    ) -> None:
        super().__init__(folder, settings)
        self.postgresql = Postgresql(postgresql_folder or folder / "postgresql")
        self._redis_port, self._web_port = free_port(), free_port()
        self.url = f"http://{HOST}:{self._web_port}"
        self.redis_url = f"redis://{HOST}:{self._redis_port}/0"
        self.environment |= {
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": secrets.token_urlsafe(64),
            "JWT_SIGNING_KEY": secrets.token_urlsafe(64),
        }
        self._app, self._first_workers, self._concurrency = app, workers, concurrency
        self._keeper: subprocess.Popen[bytes] | None = None
        self._is_stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self.workers: list[Server] = []
        self.redis = self._server("redis", self._redis_command())
        self.web = self._server("web", self._web_command())

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    def start(self) -> None:
        self._keeper = subprocess.Popen(  # ends all groups when the rig is gone, however it went
            [sys.executable, "-m", "podstream.keeper", "-"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.postgresql.start()
        self._keep(self.postgresql.group)
        self.environment["DATABASE_URL"] = self.postgresql.url
        self.redis.start()
        self.redis.wait_until_ready(self.redis_answers)
        self._migrate()
        self.web.start()
        for _ in range(self._first_workers):
            self.add_worker(concurrency=self._concurrency)
        self.web.wait_until_ready(self.answers)
        for worker in self.workers:
            self.wait_for_worker(worker)
        self._supervisor.start()

    def stop(self) -> None:
        self._is_stopping.set()
        if self._supervisor.is_alive():
            self._supervisor.join(30)
        self.web.stop(grace_s=5)
        for worker in self.workers:
            worker.stop(grace_s=5)
        self.redis.stop()
        self.postgresql.stop()
        if self._keeper is None:
            return
        if self.postgresql.has_started:
            self._forget(self.postgresql.group)
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(30)

    def add_worker(self, *, concurrency: int) -> Server:
        """Start one more worker parent."""
        number = len(self.workers)
        command = [sys.executable, "-m", "celery", "-A", self._app, "worker", "--queues", QUEUES]
        command += ["--concurrency", str(concurrency), "--hostname", f"worker{number}@%h"]
        worker = self._server(f"worker-{number}", command)
        worker.start()
        self.workers.append(worker)
        return worker

    def wait_for_worker(self, worker: Server) -> None:
        """Wait until it takes jobs."""
        worker.wait_until_ready(lambda: worker.said(b" ready."))

    def victims(self, kind: Victim) -> list[psutil.Process]:
        servers = [self.web] if kind is Victim.WEB else self.workers
        leaders = [tree[0] for server in servers if server.is_running and (tree := server.tree())]
        if kind is not Victim.CHILD:
            return leaders
        return [child for leader in leaders for child in pool_of(leader)]

    def redis_client(self) -> redis.Redis:
        """A client of the rig's own."""
        return redis.Redis.from_url(self.redis_url, socket_timeout=5)

    def redis_answers(self) -> bool:
        """Whether Redis is there."""
        try:
            with self.redis_client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def restart_postgresql(self, *, is_crash: bool) -> None:
        """Stop and start PostgreSQL; its clients are cut off."""
        self._forget(self.postgresql.group)
        self.postgresql.restart(mode="immediate" if is_crash else "fast")
        self._keep(self.postgresql.group)

    def _server(self, name: str, command: list[str]) -> Server:
        log_path = self.folder / f"{name}.log"
        return Server(
            name, command, environment=self.environment, log_path=log_path, on_start=self._keep, on_end=self._forget
        )

    def _redis_command(self) -> list[str]:
        data = self.folder / "redis"
        data.mkdir()
        options = ["--port", str(self._redis_port), "--bind", HOST, "--dir", str(data), "--save", ""]
        return [redis_executable(), *options, "--appendonly", "yes", "--maxmemory-policy", "noeviction"]

    def _web_command(self) -> list[str]:
        uvicorn = [sys.executable, "-m", "uvicorn", "podstream.asgi:application", "--no-access-log"]
        return [*uvicorn, "--host", HOST, "--port", str(self._web_port)]

    def _migrate(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode != 0:
            raise RuntimeError(f"the database could not be made:\n{done.stderr}")

    def _keep(self, group: int) -> None:
        self._tell_keeper(f"+{group}\n")

    def _forget(self, group: int) -> None:
        self._tell_keeper(f"-{group}\n")

    def _tell_keeper(self, line: str) -> None:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(line.encode())
        self._keeper.stdin.flush()

    def _supervise(self) -> None:
        while not self._is_stopping.wait(1.0):
            for server in (self.web, *self.workers):
                server.revive()
