"""Whether this worker is being stopped. Its main process says so; the processes that its pool has forked see it."""

import mmap

# One byte that they share. No lock guards it: a process that is killed while it holds one would stop all others.
_byte = mmap.mmap(-1, 1)


def worker_stop_announce() -> None:
    """From now on jobs are given back. May be called from a handler of signals, and any number of times."""
    _byte[0] = 1


def worker_is_stopping() -> bool:
    """Looked at before a job is claimed, and at every report."""
    return _byte[0] == 1
