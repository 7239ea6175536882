"""The end of a worker: it gives its jobs back, and does not wait for those that hang."""

import logging
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any

from billiard.process import active_children
from celery.signals import worker_shutting_down
from celery.worker import state as worker_state

from voice.jobs.lease import worker_is_stopping, worker_stop_announce

logger = logging.getLogger(__name__)
EXIT_FAILURE = 1
LEAVE_S = 25.0  # supervisors wait 30 s before they kill


def end_worker() -> None:
    """Have the worker of this process shut down with status 1; after `LEAVE_S` it is ended."""
    worker_state.should_stop = EXIT_FAILURE  # type: ignore[assignment]  # so do Celery's handlers of signals
    _leave_later()


@worker_shutting_down.connect
def give_jobs_back(**_: Any) -> None:
    """At SIGTERM, in its handler: running jobs are given back at their next report.

    What does not report within `LEAVE_S` is ended, and taken over by another worker when its lease is over, which
    counts as one of its attempts.
    """
    if not worker_is_stopping():
        worker_stop_announce()
        _leave_later()


def _leave_later() -> None:
    leave = threading.Timer(LEAVE_S, _leave)
    leave.daemon = True
    leave.start()


def _leave() -> None:
    """End the processes of the pool, and this one, whatever they do."""
    children = active_children()
    stacks = "\n".join("".join(traceback.format_stack(frame)) for frame in sys._current_frames().values())
    words = "This worker ends, with %d processes that did not stop within %.0f s. Its threads, latest call last:\n%s"
    logger.critical(words, len(children), LEAVE_S, stacks)
    for pid in [child.pid for child in children if child.pid is not None]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os._exit(EXIT_FAILURE)
