"""Celery's doors: each fetches an id and calls a service."""

import logging
import threading
from typing import Any
from uuid import UUID

from celery import bootsteps, shared_task
from celery.signals import beat_init, celeryd_init, worker_process_init
from django.conf import settings
from django.db import close_old_connections, connections

from podstream.celery import app
from podstream.embedded import ensure_redis
from podstream.start import refuse_nonsense
from voice.engines.registry import engine_get
from voice.services.job_run import job_run
from voice.services.job_sweep import job_sweep

logger = logging.getLogger(__name__)


@shared_task(name="voice.run_job")
def run_job(job_id: str) -> None:
    """Do a job, if it is still there to be done."""
    job_run(job_id=UUID(job_id))


@shared_task(name="voice.sweep", time_limit=120)
def sweep() -> None:
    """Wake what was lost (called by beat)."""
    job_sweep()


@beat_init.connect
def check_settings(**_: Any) -> None:
    """Beat reads the same settings."""
    refuse_nonsense()


@celeryd_init.connect
def prepare(**_: Any) -> None:
    """Check the settings. The small size: a worker that is started alone brings its Redis along."""
    refuse_nonsense()
    if settings.REDIS_IS_EMBEDDED:
        ensure_redis(settings.VAR_DIR)


@worker_process_init.connect
def warm_up(**_: Any) -> None:
    """Load the engine before the first job waits for it; in the child, because CUDA does not survive a fork."""
    connections.close_all()
    engine_get(settings.VOICE_ENGINE).warm_up()


class SweepStep(bootsteps.StartStopStep):
    """In the small size the worker sweeps by itself, from a thread of its parent process."""

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.enabled = settings.SWEEP_IN_WORKER
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self, worker: Any) -> None:
        self._thread.start()

    def stop(self, worker: Any) -> None:
        self._is_stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._is_stopping.wait(settings.SWEEP_INTERVAL_S):
            try:
                close_old_connections()
                job_sweep()
            except Exception:  # the next round tries again: a sweeper that dies helps nobody
                logger.exception("sweep failed")
            finally:
                connections.close_all()


app.steps["worker"].add(SweepStep)
