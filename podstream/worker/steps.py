"""The chores of a worker beside its jobs: sweeping, signs of life, reports, and a watch on its engine."""

import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import redis
from celery import bootsteps
from celery.concurrency.thread import TaskPool as ThreadPool
from django.conf import settings

from podstream.celery import app
from podstream.worker.leave import end_worker
from podstream.worker.start import database_beside_forks
from voice.engines.registry import engines_made
from voice.jobs.heartbeat import INTERVAL_S, Heartbeat, heartbeat_end, heartbeat_send
from voice.jobs.recovery import job_sweep
from voice.services.user_delete import closed_account_remove

logger = logging.getLogger(__name__)


class PeriodicStep(bootsteps.StartStopStep):
    """Does something every `interval_s` seconds, from a thread of the worker's main process."""

    interval_s: float

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def start(self, worker: Any) -> None:
        self._thread.start()

    def stop(self, worker: Any) -> None:
        self._is_stopping.set()
        self._thread.join(timeout=5)

    def do(self) -> None:
        """One round."""
        raise NotImplementedError

    def _run(self) -> None:
        while not self._is_stopping.wait(self.interval_s):
            self.round()

    def round(self) -> None:
        """Do it once, whatever comes of it: the next round tries again, and a thread that dies helps nobody."""
        try:
            self.do()
        except Exception:
            logger.exception("%s failed", type(self).__name__)


class SweepStep(PeriodicStep):
    """Every worker sweeps, so that the small size needs no beat."""

    interval_s = settings.SWEEP_INTERVAL_S

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.enabled = settings.SWEEP_IN_WORKER

    def do(self) -> None:
        with database_beside_forks():
            job_sweep()
            closed_account_remove()


class HeartbeatStep(PeriodicStep):
    """Says in Redis that this worker lives and what it serves, from before its first job until it takes no more."""

    interval_s = INTERVAL_S
    requires = ("celery.worker.components:Pool",)  # so that it stops before the pool, which waits for its jobs

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._worker = worker

    def start(self, worker: Any) -> None:
        self.round()
        super().start(worker)

    def stop(self, worker: Any) -> None:
        super().stop(worker)
        try:
            heartbeat_end(self._heartbeat())
        except redis.RedisError as error:
            logger.warning("heartbeat not taken back, it expires: %s", type(error).__name__)

    def terminate(self, worker: Any) -> None:
        self.stop(worker)

    def do(self) -> None:
        engines = {name: dict(engine.report()) for name, engine in engines_made().items()}
        heartbeat_send(replace(self._heartbeat(), engines=engines))

    def _heartbeat(self) -> Heartbeat:
        pool = self._worker.pool_cls
        return Heartbeat(
            name=self._worker.hostname,
            pid=os.getpid(),
            pool="threads" if issubclass(pool, ThreadPool) else pool.__module__.rpartition(".")[2],
            concurrency=self._worker.concurrency,
            queues=tuple(sorted(app.amqp.queues.consume_from)),
        )


class ReportStep(PeriodicStep):
    """Logs what the engines of a pool of threads have done, and the memory they hold: each minute, and at the end."""

    interval_s = 60.0

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.enabled = issubclass(worker.pool_cls, ThreadPool)
        self._told: dict[str, Mapping[str, float]] = {}

    def stop(self, worker: Any) -> None:
        super().stop(worker)
        try:
            self.do()
        except Exception:  # the worker's end must not wait for its last figures
            logger.exception("the last report failed")

    def do(self) -> None:
        for name, engine in engines_made().items():
            figures = engine.report()
            if figures and figures != self._told.get(name):
                logger.info("engine %s: %s", name, " ".join(f"{key}={value:g}" for key, value in figures.items()))
                self._told[name] = figures


class HealthStep(PeriodicStep):
    """Ends the worker whose engine is broken, with status 1, so that its supervisor starts another process.

    It would fail every job that it pulls otherwise. Jobs that hang in the device are given `LEAVE_S`; what is lost
    with them is taken over when its lease is over.
    """

    interval_s = 2.0

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.enabled = issubclass(worker.pool_cls, ThreadPool)

    def do(self) -> None:
        broken = [name for name, engine in engines_made().items() if engine.is_broken]
        if broken and not self._is_stopping.is_set():
            logger.critical("This worker ends: the engine %s is broken; the lines above say why.", ", ".join(broken))
            self._is_stopping.set()
            end_worker()


app.steps["worker"].update({SweepStep, HeartbeatStep, ReportStep, HealthStep})
