"""The right to work on a job: taken by a claim, renewed by a thread, and checked at every write.

Also the flag that this worker is being stopped: its main process sets it, and the processes that its pool has forked
see it.
"""

import logging
import mmap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet

from voice.errors import EngineError, LeaseLost, WorkerStopping
from voice.models import Job
from voice.models.job import FromNow, owner_is_active
from voice.models.lifecycle import JobState

# One byte that they share. No lock guards it: a process that is killed while it holds one would stop all others.
_byte = mmap.mmap(-1, 1)
WORKER = uuid4()  # of this process and those that its pool forks
logger = logging.getLogger(__name__)
REPORT_INTERVAL_S = 0.5  # progress is for people: more writes than this help nobody
GAVE_WAY = "giving way"  # the phase of a job whose worker does somebody else's first


def worker_stop_announce() -> None:
    """From now on jobs are given back. May be called from a handler of signals, and any number of times."""
    _byte[0] = 1


def worker_is_stopping() -> bool:
    """Looked at before a job is claimed, and at every report."""
    return _byte[0] == 1


class Lease:
    """One worker's hold on one attempt of a job.

    `report` and `heartbeat` are called from the working thread, between sentences or steps; they are where a worker
    learns that the job was cancelled, deleted, blocked or given to somebody else, that its owner's account was
    deactivated, whoever did that, or that the job is to be given back. Neither they nor the
    renewal keep a connection to the database, so that a process may wait for more jobs at once than its pool has
    connections.
    `deadline_s`: when, by `time.monotonic`, the time for this attempt is over. `give_way`: for work that may stand
    still between two steps: does the job of somebody who waits while the owner of this one holds every worker.
    `below`: the lease that stands still meanwhile, where this is such a job; `above`: the other way round.
    """

    def __init__(self, *, job: Job, token: UUID) -> None:
        self.job = job
        self.token = token
        self.give_way: Callable[[], None] = lambda: None
        self.below: Lease | None = None
        self.above: Lease | None = None
        self.started_s = time.monotonic()
        self.lent_s = self.next_look_s = 0.0
        self._is_lost = threading.Event()
        self._is_released = threading.Event()
        self.deadline_s = self.started_s + settings.JOB_TIMEOUT_S
        self._next_report = 0.0

    def report(self, progress: float, phase: str) -> None:
        """Write how far the work is, at most twice a second.

        Raises LeaseLost when the job is no longer ours, WorkerStopping when it is to be given back, EngineError
        `timed_out` when its time is over.
        """
        if self._is_lost.is_set():
            raise LeaseLost("lease_lost", "Another worker owns this job, or it was cancelled.")
        if worker_is_stopping():
            raise WorkerStopping("worker_stopping", "This worker is being stopped: another one does the job.")
        now = time.monotonic()
        if now > self.deadline_s:
            raise EngineError("timed_out", f"This took longer than {settings.JOB_TIMEOUT_S:.0f} s and was stopped.")
        if now < self._next_report and phase == self.job.phase:
            return
        self._next_report = now + REPORT_INTERVAL_S
        self.job.phase, self.job.progress = phase, progress
        try:
            held = self._held().update(progress=min(max(progress, 0.0), 1.0), phase=phase)
            _give_back_connection()
        except DatabaseError as error:  # the work goes on; whether it still counts, the fenced final write decides
            logger.warning("job %s: progress not written: %s", self.job.pk, type(error).__name__)
            connection.close()
            return
        if not held:
            self._is_lost.set()
            raise LeaseLost("lease_lost", "Another worker owns this job, or it was cancelled.")

    def heartbeat(self) -> None:
        """Report that the work goes on when there is no progress to show. Raises what `report` raises."""
        self.report(self.job.progress, self.job.phase)

    @property
    def line(self) -> list["Lease"]:
        """This lease and those below it, which stand still; the last is of the job that the worker was woken for."""
        return [self, *(self.below.line if self.below else [])]

    @contextmanager
    def lent(self, guest: "Lease") -> Iterator[None]:
        """This job stands still while the block does that of `guest`, and its time with it."""
        phase, self.job.phase = self.job.phase, GAVE_WAY
        guest.below, self.above = self, guest
        started_s = time.monotonic()
        try:
            self._held().update(phase=GAVE_WAY)
            _give_back_connection()
        except DatabaseError as error:  # then others take it for one that works, and wait for their turn
            logger.warning("job %s: phase not written: %s", self.job.pk, type(error).__name__)
            connection.close()
        try:
            yield
        finally:
            lent_s = time.monotonic() - started_s
            self.lent_s += lent_s
            self.deadline_s += lent_s
            self.above = None
            self.job.phase, self._next_report = phase, 0.0  # the next report says at once that it goes on

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew the lease from a thread while the block runs."""
        renew = partial(copy_context().run, self._renew_until_released)  # its log lines carry the request's id too
        thread = threading.Thread(target=renew, name=f"lease-{self.job.pk}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_released.set()
            thread.join()

    def is_mine(self) -> Q:
        """The condition that fences every write of this attempt."""
        return Q(lease_token=self.token, state=JobState.RUNNING)

    def _held(self) -> QuerySet[Job]:
        return Job.objects.filter(self.is_mine(), owner_is_active(), pk=self.job.pk)

    def _renew_until_released(self) -> None:
        try:
            while not self._is_released.wait(settings.JOB_LEASE_S / 3):
                if self._hangs():
                    return  # let the lease run out
                self._renew()
        finally:
            connection.close()

    def _hangs(self) -> bool:
        """Whether the working thread, which may be at a guest's job, has not seen the end of its time."""
        above = self.above
        return above._hangs() if above else time.monotonic() > self.deadline_s + settings.JOB_LEASE_S

    def _renew(self) -> None:
        try:
            if not self._held().update(lease_until=FromNow(settings.JOB_LEASE_S)):
                self._is_lost.set()
            _give_back_connection()
        except DatabaseError as error:  # the next round tries again; the final write is fenced anyway
            logger.warning("job %s: lease not renewed: %s", self.job.pk, type(error).__name__)
            connection.close()


def _give_back_connection() -> None:
    """To the pool, while this thread waits for the engine; not in a transaction, whose connection it is."""
    if not connection.in_atomic_block:
        connection.close()
