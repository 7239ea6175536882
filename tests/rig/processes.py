"""Server processes: started, hurt and healed, each in a process group of its own."""

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from local.children import kill_group, log_tail

ROOT = Path(__file__).parent.parent.parent
HOST = "127.0.0.1"
POLL_S = 0.05


class NotInTime(AssertionError):
    """Something that was waited for did not happen."""


def wait_until(condition: Callable[[], bool], *, what: str = "what was waited for", timeout_s: float = 20.0) -> None:
    """Wait for what another process does. Raises NotInTime, which says what was waited for."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise NotInTime(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(POLL_S)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """A server says that all is well at `url`."""
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


class Server:
    """One long-running process and all that it starts. Safe to use from several threads.

    While it `is_wanted`, `revive` starts it again when it has ended. `on_start` and `on_end` get its process group.
    With `has_stdin` its stdin ends when we do, however we end.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log_path: Path,
        on_start: Callable[[int], None] = lambda group: None,
        on_end: Callable[[int], None] = lambda group: None,
        has_stdin: bool = False,
    ) -> None:
        self.name = name
        self.log_path = log_path
        self.is_wanted = False
        self._command = list(command)
        self._environment = environment  # read at each start
        self._on_start, self._on_end = on_start, on_end
        self._stdin = subprocess.PIPE if has_stdin else subprocess.DEVNULL
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def start(self) -> None:
        """Start the process; what it writes goes to the end of its log."""
        with self._lock, self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=self._stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.is_wanted = True
            self._on_start(self._process.pid)

    def revive(self) -> None:
        """Start it again if it has ended and shall run; what is left of its group goes first, as in a container."""
        with self._lock:
            if self.is_wanted and self._process is not None and self._process.poll() is not None:
                kill_group(self._process.pid)
                self._on_end(self._process.pid)
                self.start()

    def stop(self, *, grace_s: float = 10.0) -> None:
        """End it and all that it started; SIGKILL after `grace_s`."""
        with self._lock:
            process, was_wanted = self._process, self.is_wanted
            self.is_wanted = False
        if process is None or not was_wanted:
            return  # never started, or stopped before: its number may be another's by now
        if process.stdin is not None:
            process.stdin.close()
        process.send_signal(signal.SIGCONT)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
        kill_group(process.pid)
        process.wait()
        self._on_end(process.pid)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process that runs now, or ran last."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def tree(self) -> list[psutil.Process]:
        """The process and all its descendants."""
        try:
            leader = psutil.Process(self.process.pid)
            return [leader, *leader.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    @property
    def log(self) -> str:
        """All that it has written."""
        return self.log_path.read_text(errors="replace")

    def said(self, words: bytes) -> bool:
        """Its log has these words since its last start."""
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            return words in log.read()

    def wait_until_ready(self, is_ready: Callable[[], bool], *, timeout_s: float = 60.0) -> None:
        """Wait for its first sign of life. Raises NotInTime with the end of its log."""
        try:
            wait_until(lambda: is_ready() or not self.is_running, what=f"{self.name} is ready", timeout_s=timeout_s)
        except NotInTime as error:
            raise NotInTime(f"{error}\n{log_tail(self.log_path)}") from None
        if not self.is_running:
            raise NotInTime(f"{self.name} ended with status {self.process.returncode}\n{log_tail(self.log_path)}")


def signal_all(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to each that still lives."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def command_of(process: psutil.Process) -> str:
    """Its words; none once it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def pool_of(worker: psutil.Process) -> list[psutil.Process]:
    """The processes of a Celery worker's pool."""
    try:
        return [child for child in worker.children() if "celery" in command_of(child)]
    except psutil.NoSuchProcess:
        return []


def is_alive(process: psutil.Process) -> bool:
    """It still runs; one that has ended and that nobody has waited for yet does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def living(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that still run."""
    return [process for process in processes if is_alive(process)]
