"""Celery's doors: each fetches an id and calls a service."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import redis
from billiard.process import active_children
from celery import bootsteps, shared_task
from celery.concurrency.thread import TaskPool as ThreadPool
from celery.signals import beat_init, celeryd_after_setup, celeryd_init, worker_process_init, worker_shutting_down
from celery.worker import state as worker_state
from django.conf import settings
from django.db import close_old_connections, connections

from podstream.celery import app
from podstream.embedded import ensure_redis
from podstream.start import start_process
from voice.engines.base import SpeechEngine
from voice.engines.registry import SHARED_BY_THREADS, engine_get, engines_made, shared_engines_refuse
from voice.errors import EngineError
from voice.services.job_run import job_run_next
from voice.services.job_sweep import job_sweep
from voice.services.orphans import orphans_cleanup
from voice.services.retention import expired_cleanup
from voice.services.worker_stop import worker_is_stopping, worker_stop_announce
from voice.streaming.heartbeat import INTERVAL_S, Heartbeat, heartbeat_end, heartbeat_send

logger = logging.getLogger(__name__)
SPEAKING_QUEUES = frozenset({"clone", "synthesis"})  # their jobs want an engine
EXIT_FAILURE = 1
LEAVE_S = 25.0  # supervisors wait 30 s before they kill


@shared_task(name="voice.run_job")
def run_job(kind: str) -> None:
    """Do the job of a kind whose turn it is, if one is due."""
    job_run_next(kind=kind)


@shared_task(name="voice.sweep", time_limit=120)
def sweep() -> None:
    """Wake what was lost (called by beat)."""
    job_sweep()


# A message of these is taken as done when it is received: they are longer than the broker waits, and beat sends more.
@shared_task(name="voice.cleanup_expired", acks_late=False, time_limit=6 * 3600)
def cleanup_expired() -> None:
    """Remove what is older than it may get (called by beat)."""
    expired_cleanup()


@shared_task(name="voice.cleanup_orphans", acks_late=False, time_limit=6 * 3600)
def cleanup_orphans() -> None:
    """Remove files that no row names (called by beat)."""
    orphans_cleanup()


@beat_init.connect
def check_settings(**_: Any) -> None:
    """Beat reads the same settings."""
    start_process()


@celeryd_init.connect
def prepare(**_: Any) -> None:
    """Check the settings. The small size: a worker that is started alone brings its Redis along."""
    start_process()
    if settings.REDIS_IS_EMBEDDED:
        ensure_redis(settings.VAR_DIR)


@celeryd_after_setup.connect
def prepare_to_speak(instance: Any, **_: Any) -> None:
    """Before a worker takes jobs that want an engine: stop where VOICE_ENGINE cannot work in it, and say why.

    A pool of threads shares one engine, which is loaded here, before the consumer starts. Celery sends no
    worker_process_init for such a pool.
    """
    if not _speaks():
        return
    is_threads = issubclass(instance.pool_cls, ThreadPool)
    try:
        engine = engine_get(settings.VOICE_ENGINE)
        if is_threads:
            _load(engine)
    except EngineError as error:
        _refuse(f"The engine {settings.VOICE_ENGINE!r} cannot work here ({error.code}). {error.message}")
    except Exception:  # Celery would log what a receiver raises, and start the worker all the same
        logger.exception("loading the engine broke")
        _refuse(f"The engine {settings.VOICE_ENGINE!r} cannot be loaded; the lines above say why.")
    if not is_threads and settings.VOICE_ENGINE in SHARED_BY_THREADS:
        _refuse(
            f"The engine {settings.VOICE_ENGINE!r} speaks for many jobs in one process: start this worker with "
            "--pool threads, or without the queues clone and synthesis. docs/OPERATIONS.md has both commands."
        )


@worker_process_init.connect
def warm_up(**_: Any) -> None:
    """Load the engine before the first job waits for it; in the child, because CUDA does not survive a fork."""
    connections.close_all()
    shared_engines_refuse()  # a job of an XTTS voice would load the weights once more in each child
    if _speaks():
        _load(engine_get(settings.VOICE_ENGINE))


def _speaks() -> bool:
    """Whether this worker takes jobs that want an engine."""
    return not SPEAKING_QUEUES.isdisjoint(app.amqp.queues.consume_from)


def _load(engine: SpeechEngine) -> None:
    started = time.monotonic()
    engine.warm_up()
    logger.info("engine %s %s: loaded in %.1f s", engine.name, engine.version, time.monotonic() - started)


def _refuse(reason: str) -> None:
    logger.critical("This worker does not start. %s", reason)
    sys.exit(1)


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
        try:
            close_old_connections()
            job_sweep()
        finally:
            connections.close_all()


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
    logger.critical("This worker ends, with %d processes that did not stop within %.0f s.", len(children), LEAVE_S)
    for pid in [child.pid for child in children if child.pid is not None]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os._exit(EXIT_FAILURE)


app.steps["worker"].update({SweepStep, HeartbeatStep, ReportStep, HealthStep})
