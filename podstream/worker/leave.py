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
from celery.signals import worker_shutdown, worker_shutting_down
from celery.worker import state as worker_state
from django.db import DatabaseError

from podstream.worker.start import database_beside_forks
from voice.jobs.lease import worker_is_stopping, worker_stop_announce
from voice.jobs.transitions import jobs_of_worker_return

logger = logging.getLogger(__name__)
EXIT_FAILURE = 1
LEAVE_S = 25.0  # supervisors wait 30 s before they kill
HAND_BACK_S = 3.0


def end_worker() -> None:
    """Have the worker of this process shut down with status 1; after `LEAVE_S` it is ended."""
    worker_state.should_stop = EXIT_FAILURE  # type: ignore[assignment]  # so do Celery's handlers of signals
    _leave_later()


@worker_shutting_down.connect
def give_jobs_back(how: str = "Warm", **_: Any) -> None:
    """At SIGTERM, in its handler: running jobs are given back at their next report. At SIGQUIT, which ends them, now.

    What does not report within `LEAVE_S` is ended and given back then, which counts as one of its attempts.
    """
    if not worker_is_stopping():
        worker_stop_announce()
        _leave_later()
    if how == "Cold":
        _end_pool()


@worker_shutdown.connect
def give_back_the_rest(**_: Any) -> None:
    """When the pool is gone: jobs of processes that got a signal of their own, as from a supervisor that signals all
    processes of a service, need not wait for the end of their leases. Takes `HAND_BACK_S` at most.
    """
    thread = threading.Thread(target=_give_back, name="give-back", daemon=True)  # the database may be away
    thread.start()
    thread.join(HAND_BACK_S)


def _give_back() -> None:
    with database_beside_forks():  # the pool may be replacing what has just been ended
        try:
            jobs_of_worker_return()
        except DatabaseError as error:
            logger.warning("jobs not given back, their leases run out: %s", type(error).__name__)


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
    _end_pool()
    os._exit(EXIT_FAILURE)


def _end_pool() -> None:
    for pid in [child.pid for child in active_children() if child.pid is not None]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    give_back_the_rest()
