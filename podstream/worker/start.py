"""Before a worker or beat starts: the settings are checked, and the engine is loaded."""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from celery.concurrency.thread import TaskPool as ThreadPool
from celery.signals import beat_init, celeryd_after_setup, celeryd_init, worker_process_init
from django.conf import settings
from django.db import close_old_connections, connections
from django.db.backends.postgresql.base import DatabaseWrapper

from local.local_redis import ensure_redis
from podstream.celery import app
from podstream.start import start_process
from voice.engines.base import SpeechEngine
from voice.engines.registry import engine_get, is_shared_by_threads, shared_engines_refuse
from voice.errors import EngineError
from voice.jobs.kind import Kind, kinds

logger = logging.getLogger(__name__)
_of_the_parent: list[Any] = []
_no_fork = threading.RLock()  # a child is only forked by the thread that holds it


@beat_init.connect
def check_settings(**_: Any) -> None:
    """Beat reads the same settings."""
    start_process()


@celeryd_init.connect
def prepare(**_: Any) -> None:
    """Check the settings. In the small size, a worker that is started by itself brings its Redis along."""
    start_process()
    if settings.REDIS_IS_EMBEDDED:
        ensure_redis(settings.VAR_DIR)


@celeryd_after_setup.connect
def prepare_to_speak(instance: Any, **_: Any) -> None:
    """Before a worker takes jobs that want an engine: stop where VOICE_ENGINE cannot work in it, and say why.

    A pool of threads shares one engine, which is loaded here, before the consumer starts. Celery sends no
    worker_process_init for such a pool.
    """
    for kind in _kinds_served():
        kind.work()  # imported once, before a pool of processes is forked
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
    if not is_threads and is_shared_by_threads(settings.VOICE_ENGINE):
        _refuse(
            f"The engine {settings.VOICE_ENGINE!r} speaks for many jobs in one process: start this worker with "
            "--pool threads, or without the queues clone and synthesis. docs/OPERATIONS.md has both commands."
        )


def forget_the_parents_connections() -> None:
    """In a forked child: leave the database connections and pools of the parent alone, and start with none.

    To close them takes locks, which a thread of the parent, such as the sweep, may have held when the child was
    forked: the child would then wait forever, before its first job and at the worker's end. They are kept, not
    collected, since psycopg's pool takes the same locks when it is deleted.
    """
    pools: dict[str, Any] = DatabaseWrapper._connection_pools  # type: ignore[attr-defined]  # one for all threads
    _of_the_parent.extend(pools.values())
    pools.clear()
    for connection in connections.all(initialized_only=True):
        _of_the_parent.append(connection.connection)
        connection.connection = None


@contextmanager
def database_beside_forks() -> Iterator[None]:
    """For all that a thread of a worker's main process does with the database. Ends with no connection open.

    With SQLite, forks wait until it ends. SQLite keeps its locks in the memory of the process, for all its threads. A
    child inherits those of the moment of its fork, and nobody ever releases them there: it hangs when it opens the
    file, or finds the database locked, for good. Or it takes the parent's lock on the file for its own, so that others
    delete the log (WAL) that it writes to, with what it has committed.
    With PostgreSQL, which may be away for long, forks do not wait: see `forget_the_parents_connections`.
    """
    with _no_fork if settings.SQLITE_IS_USED else nullcontext():
        close_old_connections()
        try:
            yield
        finally:
            connections.close_all()


os.register_at_fork(before=_no_fork.acquire, after_in_parent=_no_fork.release, after_in_child=_no_fork.release)
os.register_at_fork(after_in_child=forget_the_parents_connections)


@worker_process_init.connect
def warm_up(**_: Any) -> None:
    """Load the engine before the first job waits for it; in the child, because CUDA does not survive a fork."""
    shared_engines_refuse()  # a job of such an engine's voice would load its weights once more in each child
    if _speaks():
        _load(engine_get(settings.VOICE_ENGINE))


def _kinds_served() -> list[Kind]:
    return [kind for kind in kinds() if kind.queue in app.amqp.queues.consume_from]


def _speaks() -> bool:
    """True for a worker that takes jobs which need an engine."""
    return any(kind.needs_engine for kind in _kinds_served())


def _load(engine: SpeechEngine) -> None:
    started = time.monotonic()
    engine.warm_up()
    logger.info("engine %s %s: loaded in %.1f s", engine.spec.name, engine.spec.version, time.monotonic() - started)


def _refuse(reason: str) -> None:
    logger.critical("This worker does not start. %s", reason)
    sys.exit(1)
