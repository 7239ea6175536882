"""A stack for the time of a demo: the one that runs in VAR_DIR already, or one of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.children import log_tail
from local.stack_lock import running_stack

START_TIMEOUT_S = 400.0  # longer than a stack waits for its parts: it says itself why it gives up
STOP_TIMEOUT_S = 40.0


class NoStack(Exception):
    """The stack did not start; the text says what it said."""


@contextmanager
def demo_stack(var_dir: Path) -> Iterator[str]:
    """The URL of a stack that works in `var_dir`. One that was started for this is stopped at the end.

    It also stops when this process is killed, because its stdin ends then. Raises NoStack.
    """
    if running_stack(var_dir) is not None:
        yield _wait_for_url(var_dir, None)
        return
    log_path = var_dir / "log" / "stack.log"
    log_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-m", "local.stack", "run", "--port=0", "--until-stdin-closes"]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield _wait_for_url(var_dir, process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(STOP_TIMEOUT_S)


def _wait_for_url(var_dir: Path, process: "subprocess.Popen[bytes] | None") -> str:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            break
        stack = running_stack(var_dir)
        if stack is not None and stack.url:
            return stack.url
        time.sleep(0.05)
    raise NoStack(f"The stack did not start:\n{log_tail(var_dir / 'log' / 'stack.log')}")
