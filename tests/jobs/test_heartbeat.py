"""Every worker says that it lives, and is believed for as long as its word lasts."""

import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from celery.concurrency.thread import TaskPool as ThreadPool

from podstream.worker import steps
from tests.conftest import wait_until
from voice.jobs.heartbeat import INDEX, LIFE_S, Heartbeat, heartbeat_end, heartbeat_send, workers_seen
from voice.redis_client import redis_client

StartWorker = Callable[..., subprocess.Popen[bytes]]
BEAT = Heartbeat(name="cpu@here", pid=7, pool="prefork", concurrency=2, queues=("preprocess",))


@pytest.fixture(autouse=True)
def nobody(redis_server: None) -> None:
    """No worker of another test is believed to live."""
    redis_client().delete(INDEX)


def names() -> list[str]:
    return [worker.name for worker in workers_seen()]


def test_a_word_is_kept_as_it_was_said_with_its_age() -> None:
    said = replace(BEAT, engines={"xtts": {"batch_limit": 32.0}})
    heartbeat_send(said)
    redis_client().pexpire(said.key, int(1000 * (LIFE_S - 12)))
    (seen,) = workers_seen()
    assert replace(seen, age_s=0.0) == said
    assert seen.age_s == pytest.approx(12, abs=1)


def test_a_word_expires_and_then_the_worker_is_gone() -> None:
    heartbeat_send(BEAT)
    assert 0 < redis_client().pttl(BEAT.key) <= 1000 * LIFE_S
    redis_client().pexpire(BEAT.key, 1)
    wait_until(lambda: workers_seen() == [])


def test_who_stops_does_not_take_back_the_word_of_a_successor() -> None:
    successor = replace(BEAT, pid=8, concurrency=4)
    heartbeat_send(BEAT)
    heartbeat_send(successor)
    redis_client().pexpire(BEAT.key, 5000)  # it spoke earlier
    assert [worker.pid for worker in workers_seen()] == [8], "one of a name, the younger word"
    heartbeat_end(BEAT)
    assert [worker.pid for worker in workers_seen()] == [8]
    heartbeat_end(successor)
    assert workers_seen() == []


def test_what_was_forgotten_long_ago_is_swept_out() -> None:
    redis_client().zadd(INDEX, {"podstream:worker:old:1": 1.0})
    heartbeat_send(BEAT)
    assert redis_client().zrange(INDEX, 0, -1) == [BEAT.key.encode()]


class Engine:
    """As much of an engine as the step looks at."""

    def report(self) -> dict[str, float]:
        return {"sentences_waiting": 3.0}


def test_the_engines_figures_go_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "engines_made", lambda: {"xtts": Engine()})
    worker = SimpleNamespace(pool_cls=ThreadPool, hostname="gpu@here", concurrency=32)
    step = steps.HeartbeatStep(worker)
    step.start(worker)
    (seen,) = workers_seen()
    assert (seen.name, seen.pool, seen.concurrency) == ("gpu@here", "threads", 32)
    assert seen.engines == {"xtts": {"sentences_waiting": 3.0}}
    step.stop(worker)
    assert workers_seen() == []


@pytest.mark.worker
@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_worker_is_seen_while_it_lives_also_by_a_redis_that_was_emptied(
    start_worker: StartWorker, pool: str
) -> None:
    worker = start_worker(2, queues="clone,synthesis", pool=pool)
    (seen,) = workers_seen()
    assert (seen.pid, seen.pool, seen.concurrency) == (worker.pid, pool, 2)
    assert seen.queues == ("clone", "synthesis")

    redis_client().delete(INDEX, seen.key)
    wait_until(lambda: names() == [seen.name])

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert workers_seen() == []


@pytest.mark.worker
def test_a_killed_worker_is_believed_no_longer_than_its_word_lasts(start_worker: StartWorker) -> None:
    worker = start_worker()
    (seen,) = workers_seen()
    worker.kill()
    worker.wait()
    assert 0 < redis_client().pttl(seen.key) <= 1000 * LIFE_S
