"""The lives of the jobs, read from the database while servers die: attempts, take-overs, pauses."""

import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

INTERVAL_S = 0.5
QUERY = "SELECT id, state, attempt, phase, lease_until, started_at, finished_at FROM voice_jobs"
AWAY = (psycopg.OperationalError, sqlite3.OperationalError)
"""The errors of a database that is away, or busy."""
TERMINAL = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class SeenJob:
    """A row, as it was last seen. Times are seconds of `time.time`, 0 where there is none."""

    id: str
    state: str
    attempt: int
    phase: str
    lease_until: float
    started_at: float
    finished_at: float


@dataclass(frozen=True, slots=True)
class Takeover:
    """An attempt that followed on one that did not end: the lease that ran out, and when the job was claimed again."""

    job_id: str
    lease_until: float
    claimed_at: float


class JobWatch(threading.Thread):
    """Reads the jobs twice a second until `stop`. A database that is away is asked again."""

    def __init__(self, database_url: str) -> None:
        super().__init__(name="job watch", daemon=True)
        self._url = database_url
        self._is_stopped = threading.Event()
        self._lock = threading.Lock()
        self._jobs: dict[str, SeenJob] = {}
        self.takeovers: list[Takeover] = []

    def stop(self) -> None:
        self._is_stopped.set()
        if self.is_alive():
            self.join(30)

    def run(self) -> None:
        while not self._is_stopped.wait(INTERVAL_S):
            try:
                self.look()
            except AWAY:
                continue

    def look(self) -> dict[str, SeenJob]:
        """Read the jobs now."""
        found = {job.id: job for job in map(_seen, self._rows())}
        with self._lock:
            for id, job in found.items():
                before = self._jobs.get(id)
                if before is not None and before.lease_until and job.attempt > before.attempt:
                    self.takeovers.append(Takeover(id, before.lease_until, job.started_at))
                if before is not None and job.attempt == before.attempt and not job.lease_until:
                    found[id] = replace(job, lease_until=before.lease_until)  # of this attempt, the last that was seen
            self._jobs = found
        return found

    @property
    def jobs(self) -> list[SeenJob]:
        with self._lock:
            return list(self._jobs.values())

    def unfinished(self) -> int:
        """The number of jobs that have not ended. Raises the errors of the driver while the database is away."""
        return sum(job.state not in TERMINAL for job in self.look().values())

    def recovery_s(self, kills: Sequence[float], *, ends: Sequence[float] = (), lease_s: float) -> list[float]:
        """For each job that a kill interrupted, how long after it was claimed again; at most, where kills are dense.

        Its lease was renewed `lease_s` before it would run out: then its worker lived. The first kill after that
        counts, or the last of the `ends`, after which there was no worker to claim it.
        """
        found = []
        with self._lock:
            takeovers = list(self.takeovers)
        for takeover in takeovers:
            alive_at = takeover.lease_until - lease_s
            after = [at for at in kills if alive_at <= at <= takeover.claimed_at]
            if after:
                from_s = max([min(after), *(at for at in ends if at <= takeover.claimed_at)])
                found.append(round(takeover.claimed_at - from_s, 1))
        return found

    def longest_pause_s(self, *, since: float) -> float:
        """The longest time after `since` in which no job ended although some were left."""
        ends = sorted(job.finished_at for job in self.jobs if job.finished_at > since)
        return round(max((b - a for a, b in zip([since, *ends], ends, strict=False)), default=0.0), 1)

    def _rows(self) -> list[Any]:
        if self._url.startswith("sqlite"):
            path = self._url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
                return connection.execute(QUERY).fetchall()
        with psycopg.connect(self._url, connect_timeout=5) as connection:
            return connection.execute(QUERY).fetchall()


def _seen(row: Any) -> SeenJob:
    id, state, attempt, phase, *times = row
    lease_until, started_at, finished_at = map(_seconds, times)
    return SeenJob(str(UUID(str(id))), state, attempt, phase, lease_until, started_at, finished_at)


def _seconds(at: datetime | str | None) -> float:
    if at is None:
        return 0.0
    if isinstance(at, str):  # SQLite's, in UTC
        at = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return at.timestamp()


def now_s() -> float:
    """The clock that rows are stamped with, on this machine."""
    return time.time()
