"""The process that tidies up after a stack, in whatever way the stack ends, and the supervisor's end of it.

`python -m local.keeper VAR_DIR|-` starts (or joins) the embedded Redis of VAR_DIR, writes "ready" and reads lines
from its stdin: "+GROUP" for a process group that the supervisor has started, "-GROUP" for one that has ended. When
stdin ends (the supervisor has stopped, crashed or was killed), it ends the groups that are left, then Redis.
With "-" there is no Redis to keep.
"""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import redis

from local.children import kill_group
from local.local_redis import ensure_redis, redis_once, redis_socket

PATIENCE_S = 5.0
REDIS_CHECK_S = 1.0
ROOT = Path(__file__).parent.parent
REDIS_LOST = 3  # exit status: the supervisor starts another keeper, which starts another Redis


class Keeper:
    """A keeper, and the groups that it is to end after us. One that has ended can be started again. Not for threads.

    `var_dir`: whose Redis it keeps; None where it keeps none.
    """

    def __init__(self, var_dir: Path | None) -> None:
        self._var_dir = var_dir
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it. `is_ready` waits for it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.keeper", str(self._var_dir or "-")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        for group in self._groups:
            self._say(f"+{group}\n")

    def is_ready(self) -> bool:
        """Wait for its Redis. False where that did not start."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline() == b"ready\n"

    @property
    def has_ended(self) -> bool:
        """It was started and is gone, as it is when it has lost its Redis."""
        return self._process is not None and self._process.poll() is not None

    def add(self, group: int) -> None:
        """End this process group after us."""
        self._groups.add(group)
        self._say(f"+{group}\n")

    def discard(self, group: int) -> None:
        """This process group has ended."""
        self._groups.discard(group)
        self._say(f"-{group}\n")

    def close(self) -> None:
        """Let it end what is left, then Redis, and wait for that."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _say(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # it has just ended; the next one gets every group


def main(var_dir: Path | None) -> int:
    """Keep until stdin ends. Returns the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # only the end of stdin ends us: we go last
    if var_dir is not None:
        ensure_redis(var_dir)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    groups: set[int] = set()
    pending = b""
    while True:
        readable, _, _ = select.select([0], [], [], REDIS_CHECK_S)
        if not readable:
            if var_dir is not None and not _redis_answers(var_dir):
                return REDIS_LOST
            continue
        data = os.read(0, 4096)
        if not data:
            end_groups(groups)
            return 0
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            group = int(line[1:])
            groups.add(group) if line.startswith(b"+") else groups.discard(group)


def end_groups(groups: set[int]) -> None:
    """Ask the leaders to finish, wait a little, then end whatever is left of their groups."""
    for group in groups:
        try:
            os.kill(group, signal.SIGTERM)
        except ProcessLookupError:
            continue
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and any(_exists(group) for group in groups):
        time.sleep(0.05)
    for group in groups:
        kill_group(group)


def _exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _redis_answers(var_dir: Path) -> bool:
    client = redis_once(redis_socket(var_dir), timeout_s=5)
    try:
        return bool(client.ping())
    except redis.TimeoutError:
        return True  # busy is not gone
    except redis.ConnectionError:
        return False
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main(None if sys.argv[1] == "-" else Path(sys.argv[1])))
