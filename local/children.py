"""One long-running child process of the stack: started, watched, restarted with backoff, stopped in order."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

LOG_LIMIT_BYTES = 20_000_000
BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
STABLE_AFTER_S = 60.0


@dataclass(slots=True)
class Child:
    """A process in a session of its own, so that Ctrl-C in the terminal is the supervisor's to pass on.

    `on_start` and `on_end` get the process group, which outlives its leader if a worker is killed: its pool is in
    it, and goes with it before a restart.
    """

    name: str
    command: Sequence[str]
    log_path: Path
    stop_grace_s: float
    on_start: Callable[[int], None]
    on_end: Callable[[int], None]
    inherited_fds: tuple[int, ...] = ()
    _process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0
    _restart_at: float = 0.0
    _failures: int = field(default=0)

    def start(self) -> None:
        """Start the process; what it writes goes to its log."""
        with _open_log(self.log_path) as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=self.inherited_fds,
                start_new_session=True,
            )
        self._started_at = time.monotonic()
        self.on_start(self._process.pid)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def watch(self) -> str | None:
        """Restart the process when it has ended and its backoff is over. Returns what happened, if something did."""
        if self.is_running:
            return None
        if self._process is not None:
            return self._schedule_restart(self._process)
        if time.monotonic() < self._restart_at:
            return None
        self.start()
        return f"{self.name} was started again"

    def stop(self) -> None:
        """Ask it to finish; after its grace, end it and all that it started."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(self.stop_grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._forget(self._process)

    def _schedule_restart(self, process: subprocess.Popen[bytes]) -> str:
        if time.monotonic() - self._started_at > STABLE_AFTER_S:
            self._failures = 0
        delay_s = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        self._failures += 1
        self._restart_at = time.monotonic() + delay_s
        self._forget(process)
        return (
            f"{self.name} ended with status {process.returncode}; next start in {delay_s:.0f} s, see {self.log_path}"
        )

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        kill_group(process.pid)
        process.wait()
        self.on_end(process.pid)
        self._process = None


def kill_group(group: int) -> None:
    """End every process of a group, at once. It is fine if there is none."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def log_tail(path: Path, *, lines: int = 20) -> str:
    """The last lines of a log, to show what a process said before it failed."""
    if not path.exists():
        return ""
    with path.open("rb") as f:
        f.seek(max(0, path.stat().st_size - 16_384))
        return "\n".join(f.read().decode(errors="replace").splitlines()[-lines:])


def _open_log(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")
