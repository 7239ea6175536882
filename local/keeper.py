"""The process that tidies up after a stack, in whatever way the stack ends.

`python -m local.keeper VAR_DIR|-` starts (or joins) the embedded Redis of VAR_DIR, writes "ready" and reads lines
from its stdin: "+GROUP" for a process group that the supervisor has started, "-GROUP" for one that has ended. When
stdin ends (the supervisor has stopped, crashed or was killed), it ends the groups that are left, then Redis.
With "-" there is no Redis to keep.
"""

import os
import select
import signal
import sys
import time
from pathlib import Path

import redis

from local.children import kill_group
from local.local_redis import ensure_redis, redis_once, redis_socket

PATIENCE_S = 5.0
REDIS_CHECK_S = 1.0
REDIS_LOST = 3  # exit status: the supervisor starts another keeper, which starts another Redis


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
    """Ask the leaders to finish, wait a little, then end whatever is left in their groups."""
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
