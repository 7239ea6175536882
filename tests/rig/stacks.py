"""The product as a whole, as each size starts it: web, workers, database and Redis."""

import os
import re
import secrets
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import psutil
import redis
import yaml

from local.keeper import Keeper
from local.local_redis import redis_executable, redis_socket
from local.stack_lock import running_stack
from tests.rig.postgresql import Postgresql
from tests.rig.processes import HOST, ROOT, Server, answers, command_of, free_port, is_alive, pool_of

SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
ALL_QUEUES = ",".join(
    words[words.index("--queues") + 1]
    for words in (SERVICES[name]["command"] for name in ("worker-cpu", "worker-gpu"))
)
"""The queues of the workers of Compose: of preparing and upkeep, and of the speech engine."""
UNLIMITED = {
    "WRITES_PER_HOUR": "1000000",
    "LOGINS_PER_MINUTE": "100000",
    "QUEUE_DEPTH_MAX": "100000",
    "JOBS_PER_USER_MAX": "100000",
    "ACCESS_TOKEN_MINUTES": "1440",
}
"""Limits that would end a test, or a load, before we do."""
SHELL = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")


def shell_environment() -> dict[str, str]:
    """The part of the caller's shell that servers may know: none of its settings."""
    return {name: os.environ[name] for name in SHELL if name in os.environ}


def stack_environment(var_dir: Path, **settings: str) -> dict[str, str]:
    """The environment of a stranger's shell, without limits that would be in the way."""
    return {
        **shell_environment(),
        **UNLIMITED,
        "ENV_FILE": os.devnull,
        "VAR_DIR": str(var_dir),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
        **settings,
    }


def service_command(service: str, *, var_dir: Path, web_port: int = 8000, **options: str) -> list[str]:
    """The words of a service of docker-compose.yml, for this machine instead of a container.

    `options` take the place of what the file gives to the options of these names: `concurrency="1"`.
    """
    text = re.sub(r"\bpython\b", sys.executable, interpolated("\n".join(SERVICES[service]["command"])))
    text = text.replace("8000", str(web_port)).replace("0.0.0.0", HOST)  # noqa: S104 (it is what we do not want)
    words = text.replace("/srv/var", str(var_dir)).split("\n")
    for name, value in options.items():
        words[words.index(f"--{name}") + 1] = value
    return words


def interpolated(text: str) -> str:
    """The text as Compose reads it where `.env` sets nothing."""
    return re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text)


class Victim(StrEnum):
    """The processes that may be killed."""

    WEB = "web"
    WORKER = "worker parent"
    CHILD = "worker child"


class Stack(ABC):
    """A running product in `folder`. A context manager: all that it has started ends with it."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = stack_environment(folder / "var", **settings)
        self.var_dir = Path(self.environment["VAR_DIR"])
        self.var_dir.mkdir(parents=True, exist_ok=True)
        self.url = ""

    def __enter__(self) -> Self:
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
        """The database that the jobs are in."""

    @abstractmethod
    def start(self) -> None:
        """Start everything and wait until it works."""

    @abstractmethod
    def stop(self) -> None:
        """End everything."""

    @abstractmethod
    def leaders(self, kind: Victim) -> list[psutil.Process]:
        """The web's or the workers' first processes that live now."""

    def victims(self, kind: Victim) -> list[psutil.Process]:
        """The processes of a kind that live now."""
        leaders = self.leaders(kind)
        return [child for leader in leaders for child in pool_of(leader)] if kind is Victim.CHILD else leaders

    def answers(self) -> bool:
        """The web process is there."""
        return answers(f"{self.url}/health/live")

    def is_ready(self) -> bool:
        """The web process says that everything works."""
        return answers(f"{self.url}/health/ready")


class SmallStack(Stack):
    """`local.stack run`: SQLite, an embedded Redis, one worker, and a supervisor of its own."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        *,
        port: int = 0,
        processes: int = 1,
        start_timeout_s: float = 90.0,
    ) -> None:
        super().__init__(folder, settings)
        self._start_timeout_s = start_timeout_s
        command = [sys.executable, "-m", "local.stack", "run", f"--port={port}", f"--processes={processes}"]
        self.supervisor = Server(
            "the small stack",
            [*command, "--until-stdin-closes"],
            environment=self.environment,
            log_path=folder / "stack.log",
            has_stdin=True,
        )

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.var_dir / 'podstream.sqlite3'}"

    def start(self) -> None:
        self.supervisor.start()
        self.supervisor.wait_until_ready(self._is_published, timeout_s=self._start_timeout_s)

    def _is_published(self) -> bool:
        running = running_stack(self.var_dir)
        self.url = running.url if running and running.pid == self.supervisor.process.pid else ""
        return bool(self.url)

    def stop(self) -> None:
        self.supervisor.stop(grace_s=60)  # after that its keeper ends the rest

    def status_at_end(self) -> int:
        """Wait until it has ended by itself, or by a signal. Its words are in the supervisor's log."""
        status = self.supervisor.process.wait(60)
        self.supervisor.stop()
        return status

    def leaders(self, kind: Victim) -> list[psutil.Process]:
        wanted = "local.web" if kind is Victim.WEB else "celery"
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.supervisor.process.pid).children()
            return [child for child in children if wanted in command_of(child)]
        return []

    def family(self) -> list[psutil.Process]:
        """Every living process that it has started, whoever its parent is by now."""
        own = self.supervisor.process.pid
        return [process for process in psutil.process_iter() if process.pid != own and self._works_here(process)]

    def _works_here(self, process: psutil.Process) -> bool:
        try:
            is_redis = str(redis_socket(self.var_dir)) in command_of(process)  # its environment is overwritten
            return is_alive(process) and (is_redis or process.environ().get("VAR_DIR") == str(self.var_dir))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False


def assert_nothing_left(var_dir: Path) -> None:
    """No lock is held and no socket is left of a stack that worked in `var_dir`."""
    assert not redis_socket(var_dir).parent.exists()
    assert running_stack(var_dir) is None


class ProductionStack(Stack):
    """PostgreSQL, Redis, and the commands of docker-compose.yml for web and workers, supervised as by Compose.

    `workers` worker parents, each with a pool of `concurrency`, serve all queues; `app` is what Celery's `-A` names.
    PostgreSQL and Redis come from wheels, but keep what makes them durable: fsync, and the append-only file.
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
        self._web_port, redis_port = free_port(), free_port()
        self.url = f"http://{HOST}:{self._web_port}"
        self.redis_url = f"redis://{HOST}:{redis_port}/0"
        self.environment |= {
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": secrets.token_urlsafe(64),
            "JWT_SIGNING_KEY": secrets.token_urlsafe(64),
        }
        self._app, self._first_workers, self._concurrency = app, workers, concurrency
        self._keeper = Keeper(None)  # ends all groups when we are gone, however we went
        self._is_stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self.workers: list[Server] = []
        data = folder / "redis"
        data.mkdir()
        place = ["--port", str(redis_port), "--bind", HOST, "--dir", str(data), "--save", ""]
        self.redis = self._server("redis", [redis_executable(), *SERVICES["redis"]["command"][1:], *place])
        self.web = self._server("web", self._command("web"))

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    def start(self) -> None:
        self._keeper.start()
        self.postgresql.start()
        self._keeper.add(self.postgresql.group)
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
        if self.postgresql.has_started:
            self._keeper.discard(self.postgresql.group)
        self._keeper.close()

    def add_worker(self, *, concurrency: int) -> Server:
        """Start one more worker parent."""
        number = len(self.workers)
        options = {"queues": ALL_QUEUES, "concurrency": str(concurrency), "hostname": f"worker{number}@%h"}
        command = [self._app if word == "podstream" else word for word in self._command("worker-cpu", **options)]
        worker = self._server(f"worker-{number}", command)
        worker.start()
        self.workers.append(worker)
        return worker

    def wait_for_worker(self, worker: Server) -> None:
        """Wait until it takes jobs."""
        worker.wait_until_ready(lambda: worker.said(b" ready."))

    def leaders(self, kind: Victim) -> list[psutil.Process]:
        servers = [self.web] if kind is Victim.WEB else self.workers
        return [tree[0] for server in servers if server.is_running and (tree := server.tree())]

    def redis_client(self) -> redis.Redis:
        """A client of our own."""
        return redis.Redis.from_url(self.redis_url, socket_timeout=5)

    def redis_answers(self) -> bool:
        """Redis is there."""
        try:
            with self.redis_client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def restart_postgresql(self, *, is_crash: bool) -> None:
        """Stop and start PostgreSQL; its clients are cut off."""
        self._keeper.discard(self.postgresql.group)
        self.postgresql.restart(mode="immediate" if is_crash else "fast")
        self._keeper.add(self.postgresql.group)

    def _command(self, service: str, **options: str) -> list[str]:
        return service_command(service, var_dir=self.var_dir, web_port=self._web_port, **options)

    def _server(self, name: str, command: list[str]) -> Server:
        log_path = self.folder / f"{name}.log"
        return Server(
            name,
            command,
            environment=self.environment,
            log_path=log_path,
            on_start=self._keeper.add,
            on_end=self._keeper.discard,
        )

    def _migrate(self) -> None:
        done = subprocess.run(
            self._command("migrate"), cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            raise RuntimeError(f"the database could not be made:\n{done.stderr}")

    def _supervise(self) -> None:
        while not self._is_stopping.wait(1.0):
            for server in (self.web, *self.workers):
                server.revive()
