"""Real stacks for tests, each in a folder of its own: web, worker and Redis as `make run` starts them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from local.local_redis import redis_socket
from local.stack_lock import running_stack

ROOT = Path(__file__).parent.parent.parent
StartServer = Callable[[list[str]], Path]
SERVERS = ("DATABASE_URL", "REDIS_URL", "SWEEP_IN_WORKER")  # those of the test run: a stack brings its own


@dataclass(frozen=True, slots=True)
class LiveStack:
    """A stack that is ready."""

    process: "subprocess.Popen[str]"
    var_dir: Path
    url: str
    words_path: Path


def stack_environment(var_dir: Path, **extra: str) -> dict[str, str]:
    """The environment of a stranger's shell, but for limits that would end the tests."""
    env = {name: value for name, value in os.environ.items() if name not in SERVERS}
    limits = {"WRITES_PER_HOUR": "1000", "LOGINS_PER_MINUTE": "1000"}
    return {**env, **limits, "ENV_FILE": os.devnull, "VAR_DIR": str(var_dir), **extra}


def start_stack(var_dir: Path, *, port: int = 0, words: int = subprocess.PIPE, **env: str) -> "subprocess.Popen[str]":
    """Start the supervisor; its words come over its stdout, or go to the file `words`."""
    command = [sys.executable, "-m", "local.stack", "run", f"--port={port}", "--processes=1"]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=stack_environment(var_dir, **env),
        stdout=words,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def url_of(stack: "subprocess.Popen[str]", var_dir: Path, *, timeout_s: float = 60) -> str:
    """Where a stack is reached, once it is ready. Fails with its words when it ends before."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        running = running_stack(var_dir)
        if running is not None and running.pid == stack.pid and running.url:
            return running.url
        if stack.poll() is not None:
            raise AssertionError(f"the stack ended: {words_of(stack)}")
        time.sleep(0.05)
    raise AssertionError(f"the stack was not ready within {timeout_s} s")


def words_of(stack: "subprocess.Popen[str]") -> str:
    """All that a stack that has ended wrote."""
    return stack.communicate(timeout=30)[0]


def family(pid: int) -> list[psutil.Process]:
    """Every living process that a stack has started, whoever its parent is by now."""
    var_dir = Path(psutil.Process(pid).environ()["VAR_DIR"])
    return [process for process in psutil.process_iter() if process.pid != pid and _works_in(process, var_dir)]


def _works_in(process: psutil.Process, var_dir: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        is_redis = str(redis_socket(var_dir)) in " ".join(process.cmdline())  # its environment is overwritten
        return is_redis or process.environ().get("VAR_DIR") == str(var_dir)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; one that ended and that nobody has waited for yet does not."""
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def assert_nothing_left(var_dir: Path) -> None:
    """No lock is held and no socket is left of a stack that worked in `var_dir`."""
    assert not redis_socket(var_dir).parent.exists()
    assert running_stack(var_dir) is None


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a server says that all is well at `url`."""
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
