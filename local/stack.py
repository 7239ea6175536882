"""The small size as one command: `python -m local.stack run` starts web, worker and embedded Redis.

    supervisor ─┬─ keeper ── Redis      (tidies up when the supervisor is gone, however it went)
                ├─ web                  (uvicorn, on a socket that the supervisor opened)
                └─ worker ── its pool   (Celery, all queues; it sweeps as well)

With an engine that speaks for many jobs at once, `worker` prepares recordings only, and beside it stands

                └─ speech               (Celery, clones and speaks: one process of threads around one engine)

Stopping goes the other way round: web, worker (which gives back what it is doing), Redis.
"""

import argparse
import http.client
import io
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from django.conf import settings

from local.children import Child, log_tail
from local.keeper import Keeper
from local.stack_lock import FolderTaken, StackLock

HOST = "127.0.0.1"
START_TIMEOUT_S = 60.0
SPEECH_START_TIMEOUT_S = 300.0  # 1.8 GB of weights, from a slow disk
MOST_WORKER_PROCESSES = 8
WORKER_GRACE_S = 30.0  # it gives its jobs back, and leaves by itself before that: podstream/worker/leave.py
SPEECH_THREADS = 32  # jobs whose sentences are decoded together


class StartFailed(Exception):
    """The stack could not start; the text says why and what to do."""


class Stopped(Exception):
    """Somebody asked the stack to stop while it was starting."""


class Stack:
    """Everything that runs for one VAR_DIR. Used by one thread; `request_stop` may be called from anywhere."""

    def __init__(
        self, *, var_dir: Path, port: int, processes: int, redis_is_embedded: bool, has_speech_worker: bool
    ) -> None:
        self.var_dir = var_dir
        self._port = port
        self._processes = processes
        self._has_speech_worker = has_speech_worker
        self._stop_requested = threading.Event()
        self._listener: socket.socket | None = None
        self._keeper = Keeper(var_dir if redis_is_embedded else None)
        self._children: list[Child] = []

    @property
    def url(self) -> str:
        assert self._listener is not None
        return f"http://{HOST}:{self._listener.getsockname()[1]}"

    def request_stop(self) -> None:
        """Make `start` give up and `supervise` return."""
        self._stop_requested.set()

    def start(self, *, prepare: Callable[[], None]) -> None:
        """Start everything and wait until it works. `prepare` brings the database up to date meanwhile.

        Raises StartFailed, or Stopped after `request_stop`. The caller calls `stop` in any case.
        """
        self._listener = _listen(self._port)
        self._keeper.start()
        prepare()
        self._check_stop()
        self._wait_for_keeper()
        self._children = [self._web(), *self._workers()]
        for child in self._children:
            child.start()
        self._wait("web", lambda: _web_answers(self._listener))
        self._wait("worker", lambda: _worker_answers("worker"))
        if self._has_speech_worker:
            self._wait("speech", lambda: _worker_answers("speech"), timeout_s=SPEECH_START_TIMEOUT_S)

    def supervise(self, report: Callable[[str], None]) -> None:
        """Keep everything running until `request_stop`, and `report` each restart."""
        while not self._stop_requested.wait(0.25):
            for child in self._children:
                if (event := child.watch()) is not None:
                    report(event)
            if self._keeper.has_ended:
                report("Redis ended and is started again")
                self._keeper.start()
                self._wait_for_keeper()

    def stop(self) -> None:
        """Stop everything that was started, in order."""
        for child in self._children:
            child.stop()
        self._keeper.close()
        if self._listener is not None:
            self._listener.close()

    def _wait_for_keeper(self) -> None:
        if not self._keeper.is_ready():
            raise StartFailed(f"The embedded Redis did not start: see {self.var_dir / 'redis' / 'redis.log'}")

    def _web(self) -> Child:
        assert self._listener is not None
        fd = self._listener.fileno()
        return self._child("web", [sys.executable, "-m", "local.web", str(fd)], stop_grace_s=6, fds=(fd,))

    def _workers(self) -> list[Child]:
        from voice.jobs.kind import kinds

        light = [kind.queue for kind in kinds() if not kind.needs_engine] + [settings.CELERY_TASK_DEFAULT_QUEUE]
        speech = [kind.queue for kind in kinds() if kind.needs_engine]
        if not self._has_speech_worker:
            return [self._worker("worker", queues=light + speech, pool="prefork", concurrency=self._processes)]
        return [
            self._worker("worker", queues=light, pool="prefork", concurrency=self._processes),
            self._worker("speech", queues=speech, pool="threads", concurrency=SPEECH_THREADS),
        ]

    def _worker(self, name: str, *, queues: list[str], pool: str, concurrency: int) -> Child:
        options = [
            f"--hostname={_worker_name(name)}",
            f"--queues={','.join(queues)}",
            f"--concurrency={concurrency}",
            f"--pool={pool}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
        command = [sys.executable, "-m", "celery", "-A", "podstream", "worker", *options]
        return self._child(name, command, stop_grace_s=WORKER_GRACE_S)

    def _child(self, name: str, command: list[str], *, stop_grace_s: float, fds: tuple[int, ...] = ()) -> Child:
        return Child(
            name=name,
            command=command,
            log_path=self.var_dir / "log" / f"{name}.log",
            stop_grace_s=stop_grace_s,
            on_start=self._keeper.add,
            on_end=self._keeper.discard,
            inherited_fds=fds,
        )

    def _wait(self, name: str, is_ready: Callable[[], bool], *, timeout_s: float = START_TIMEOUT_S) -> None:
        end = time.monotonic() + timeout_s
        while not is_ready():
            self._check_stop()
            child = next(child for child in self._children if child.name == name)
            if not child.is_running:
                raise StartFailed(f"The {name} process ended at once:\n{log_tail(child.log_path)}")
            if time.monotonic() > end:
                raise StartFailed(
                    f"The {name} process was not ready after {timeout_s:.0f} s:\n{log_tail(child.log_path)}"
                )
            time.sleep(0.1)

    def _check_stop(self) -> None:
        if self._stop_requested.is_set():
            raise Stopped


def _worker_name(name: str) -> str:
    return f"{name}-{os.getpid()}@{socket.gethostname()}"


def _worker_answers(name: str) -> bool:
    from celery import current_app

    return bool(current_app.control.ping(destination=[_worker_name(name)], timeout=0.5))


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=256)
    except (OSError, OverflowError) as error:
        raise StartFailed(
            f"Port {port} cannot be used ({error}). Choose another one: make run PORT=8001 (0 picks a free one)."
        ) from error


def _web_answers(listener: socket.socket | None) -> bool:
    """The web process answers; with which status depends on ALLOWED_HOSTS."""
    assert listener is not None
    connection = http.client.HTTPConnection(HOST, listener.getsockname()[1], timeout=1)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def prepare_database() -> None:
    """Run the system checks, then bring the database up to date. Raises StartFailed with what Django says."""
    from django.core.management import call_command
    from django.core.management.base import CommandError
    from django.db import DatabaseError, connections

    try:
        call_command("check", stdout=io.StringIO())
        call_command("migrate", verbosity=0, interactive=False)
    except (CommandError, DatabaseError) as error:
        raise StartFailed(str(error)) from error
    finally:
        connections.close_all()


def run(*, port: int, processes: int, until_stdin_closes: bool) -> int:
    """Run the stack of VAR_DIR until a signal comes. Returns the exit status."""
    import django

    from voice.engines.registry import is_shared_by_threads

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podstream.settings")
    has_speech_worker = is_shared_by_threads(settings.VOICE_ENGINE)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one process per core, one thread per process
    if not has_speech_worker:  # whose one process computes with all cores
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        lock = StackLock(settings.VAR_DIR)
    except FolderTaken as taken:
        where = taken.holder.url or "still starting"
        say(
            f"A stack is already running in {settings.VAR_DIR} (process {taken.holder.pid}, {where}).", file=sys.stderr
        )
        say("Use that one, stop it, or give this one its own: make run VAR_DIR=var2 PORT=8001", file=sys.stderr)
        return 1
    stack = Stack(
        var_dir=settings.VAR_DIR,
        port=port,
        processes=processes,
        redis_is_embedded=settings.REDIS_IS_EMBEDDED,
        has_speech_worker=has_speech_worker,
    )
    _connect_signals(stack, until_stdin_closes=until_stdin_closes)
    django.setup()
    try:
        stack.start(prepare=prepare_database)
        lock.publish(stack.url)
        announce(stack.url, settings.VAR_DIR)
        stack.supervise(say)
    except StartFailed as error:
        say(str(error), file=sys.stderr)
        return 1
    except Stopped:
        return 0
    finally:
        stack.stop()
        lock.release()
    say("Stopped.")
    return 0


def _connect_signals(stack: Stack, *, until_stdin_closes: bool) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stack.request_stop())
    if until_stdin_closes:

        def wait_for_end() -> None:
            while sys.stdin.read(1024):
                continue
            stack.request_stop()

        threading.Thread(target=wait_for_end, daemon=True).start()


def announce(url: str, var_dir: Path) -> None:
    """Show the person at the terminal what there is now."""
    from django.db import connections

    from voice.services.first_account import first_account

    say("PodStream voice is running.\n")
    say(f"  API            {url}/api/voice")
    say(f"  Documentation  {url}/api/docs")
    say(f"  Admin          {url}/admin/")
    if (account := first_account(var_dir)) is not None:
        say(f"  First account  {account[0]} / {account[1]}")
    connections.close_all()
    say(f"  Logs           {var_dir / 'log'}\n\nPress Ctrl-C to stop.")


def say(line: str, *, file: TextIO | None = None) -> None:
    print(line, file=file, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.stack", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("run", help="start web, worker and Redis, until Ctrl-C")
    command.add_argument("--port", type=int, default=8000, help="0 picks a free one")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    command.add_argument("--processes", type=int, default=min(cores, MOST_WORKER_PROCESSES), help="of the worker")
    command.add_argument("--until-stdin-closes", action="store_true", help="stop when the caller is gone")
    return run(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
