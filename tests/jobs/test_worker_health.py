"""A worker whose engine is broken ends by itself, with a status that a supervisor can see."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from celery.concurrency.prefork import TaskPool as PreforkPool
from celery.concurrency.thread import TaskPool as ThreadPool
from celery.exceptions import WorkerShutdown
from celery.worker import state as worker_state

from podstream.worker import leave, steps
from tests.conftest import ROOT

THREADS = SimpleNamespace(pool_cls=ThreadPool)


class Engine:
    """As much of an engine as the worker looks at."""

    is_broken = False

    def report(self) -> dict[str, float]:
        raise RuntimeError("the device's context is gone")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(steps, "engines_made", lambda: {"xtts": made})
    return made


@pytest.fixture(autouse=True)
def unstopped() -> Iterator[None]:
    yield
    worker_state.should_stop = None


@pytest.mark.timeout(20)
def test_a_worker_with_a_broken_engine_is_told_to_end_with_a_failure(
    engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leave, "LEAVE_S", 3600.0)
    step = steps.HealthStep(THREADS)
    step.do()
    worker_state.maybe_shutdown()
    engine.is_broken = True
    step.do()
    with pytest.raises(WorkerShutdown) as caught:
        worker_state.maybe_shutdown()
    assert caught.value.code == 1
    step.do()
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]


def test_a_worker_that_hangs_at_its_end_is_ended() -> None:
    program = (
        "import django; django.setup(); from podstream.worker import leave; import threading; leave.LEAVE_S = 0.1; "
        "leave.end_worker(); threading.Event().wait()"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60, check=False).returncode == 1


def test_only_a_pool_of_threads_looks_after_engines() -> None:
    assert steps.HealthStep(THREADS).enabled
    assert not steps.HealthStep(SimpleNamespace(pool_cls=PreforkPool)).enabled


@pytest.mark.usefixtures("engine")
def test_a_last_report_that_fails_does_not_break_the_end(caplog: pytest.LogCaptureFixture) -> None:
    step = steps.ReportStep(THREADS)
    step.start(THREADS)
    step.stop(THREADS)
    assert "context is gone" in caplog.text


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_the_process_of_a_broken_engine_ends_with_status_1(
    start_worker: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    (tmp_path / "sitecustomize.py").write_text(
        "from pathlib import Path; from voice.engines.embedded.engine import EmbeddedEngine; "
        f"EmbeddedEngine.is_broken = property(lambda _: Path({str(broken)!r}).exists())"
    )
    worker = start_worker(pool="threads", concurrency=2, PYTHONPATH=f"{tmp_path}:{ROOT}")
    broken.touch()
    assert worker.wait(25) == 1
    assert "This worker ends: the engine embedded is broken" in (tmp_path / "worker-0.log").read_text()
