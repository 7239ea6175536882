"""A worker that is stopped gives its jobs back: it costs no attempt, and fails none."""

import mmap
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from django.conf import settings

from tests.backends import TEST_DATABASE
from tests.conftest import ROOT, process_environment, wait_until
from tests.jobs.test_job import expire, make_sample, state
from tests.jobs.test_worker import LONG_TEXT, signal_all, speak, state_of, upload
from voice.errors import WorkerStopping
from voice.jobs import lease as worker_stop
from voice.jobs.lease import worker_is_stopping, worker_stop_announce
from voice.jobs.recovery import job_sweep
from voice.jobs.run import job_run_next
from voice.jobs.transitions import job_claim, job_fail, job_return, jobs_of_worker_return
from voice.models import Job, User
from voice.models.lifecycle import JobState, SampleStatus, SynthesisStatus
from voice.redis_client import redis_client
from voice.services.voice_model import voice_model_clone
from voice.storage import output_storage

pytestmark = pytest.mark.django_db(transaction=True)
QUEUE = "podstream:preprocess"


@pytest.fixture(autouse=True)
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is a worker that nobody has stopped yet, and no wake-up waits for it."""
    monkeypatch.setattr(worker_stop, "_byte", mmap.mmap(-1, 1))
    redis_client().delete(QUEUE)


def wake_ups() -> int:
    return redis_client().llen(QUEUE)


def test_a_job_that_is_given_back_waits_for_its_first_attempt_and_another_worker_is_woken(user: User) -> None:
    sample = make_sample(user)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    lease.report(0.4, "working")
    redis_client().delete(QUEUE)
    assert job_return(lease=lease)
    job = Job.objects.get()
    assert (job.state, job.attempt, job.progress, job.phase) == (JobState.QUEUED, 0, 0.0, "")
    assert (job.lease_token, job.lease_until, job.started_at) == (None, None, None)
    assert wake_ups() == 1
    again = job_claim(job_id=job.pk)
    assert again is not None
    assert again.job.attempt == 1


def test_a_second_attempt_that_is_given_back_stays_the_second(user: User) -> None:
    sample = make_sample(user)
    assert job_claim(job_id=sample.job.pk) is not None
    expire(sample.job)
    second = job_claim(job_id=sample.job.pk)
    assert second is not None
    assert job_return(lease=second)
    third = job_claim(job_id=sample.job.pk)
    assert third is not None
    assert third.job.attempt == 2


def test_a_job_that_is_not_ours_any_more_is_not_given_back(user: User) -> None:
    sample = make_sample(user)
    stale = job_claim(job_id=sample.job.pk)
    assert stale is not None
    expire(sample.job)
    fresh = job_claim(job_id=sample.job.pk)
    redis_client().delete(QUEUE)
    assert not job_return(lease=stale)
    assert fresh is not None
    assert (state(sample.job), Job.objects.get().lease_token) == (JobState.RUNNING, fresh.token)
    assert wake_ups() == 0


def test_with_redis_away_a_job_that_is_given_back_is_woken_by_the_sweep(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = make_sample(user)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    redis_client().delete(QUEUE)
    with monkeypatch.context() as away:
        away.setattr(settings, "REDIS_URL", "unix:///nonexistent/redis.sock")
        redis_client.cache_clear()
        assert job_return(lease=lease)
    redis_client.cache_clear()
    assert Job.objects.get().enqueued_at is None
    assert job_sweep().woken == 1
    assert wake_ups() == 1


def test_each_report_and_heartbeat_of_a_stopping_worker_says_so(user: User) -> None:
    lease = job_claim(job_id=make_sample(user).job.pk)
    assert lease is not None
    lease.report(0.1, "working")
    worker_stop_announce()
    for _ in range(2):
        with pytest.raises(WorkerStopping):
            lease.report(0.1, "working")
        with pytest.raises(WorkerStopping):
            lease.heartbeat()


def test_a_stopping_worker_takes_no_job_and_passes_the_wake_up_on(user: User) -> None:
    sample = make_sample(user)
    redis_client().delete(QUEUE)
    worker_stop_announce()
    job_run_next(kind="preprocess")
    assert (state(sample.job), wake_ups()) == (JobState.QUEUED, 1)


def test_processes_see_that_their_worker_stops_whenever_they_were_forked() -> None:
    program = (
        "import django, os, time; django.setup()\n"
        "from voice.jobs.lease import worker_is_stopping, worker_stop_announce\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    while not worker_is_stopping(): time.sleep(0.01)\n"
        "    os._exit(7)\n"
        "worker_stop_announce()\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=30, check=True)
    assert done.stdout == b"7\n"
    assert not worker_is_stopping()


def test_what_does_not_report_is_ended_with_its_worker() -> None:
    program = (
        "import django; django.setup()\n"
        "import signal, threading, billiard\n"
        "from podstream.worker import leave\n"
        "leave.LEAVE_S = 0.2\n"
        "child = billiard.Process(target=threading.Event().wait)\n"
        "child.start()\n"
        "print(child.pid, flush=True)\n"
        "signal.signal(signal.SIGTERM, lambda *_: leave.give_jobs_back())\n"
        "signal.raise_signal(signal.SIGTERM)\n"
        "threading.Event().wait()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    child = int(done.stdout)
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    assert b"with 1 processes that did not stop" in done.stderr
    assert b'File "<string>", line 10' in done.stderr, "it says where it stood: in the wait that ends the program"


@pytest.mark.worker
@pytest.mark.timeout(300)
@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_job_whose_workers_are_stopped_again_and_again_is_done_in_one_attempt(
    user: User, recording: Path, start_worker: Callable[..., subprocess.Popen[bytes]], pool: str
) -> None:
    left_by_others = set(Path(settings.WORK_DIR).iterdir())  # tests that kill their workers
    model = voice_model_clone(owner=user, samples=[upload(user, recording)], name="Me", language="en")
    synthesis = speak(user, model, LONG_TEXT)
    for _ in range(2):
        worker = start_worker(2, pool=pool)
        wait_until(lambda: Job.objects.get(synthesis=synthesis).phase == "speaking", timeout_s=60)
        worker.terminate()
        assert worker.wait(30) == 0
        job = Job.objects.get(synthesis=synthesis)
        assert (job.state, job.attempt, job.lease_until) == (JobState.QUEUED, 0, None)
    assert set(Path(settings.WORK_DIR).iterdir()) <= left_by_others
    start_worker(pool=pool)
    wait_until(lambda: state_of(synthesis) == SynthesisStatus.COMPLETED, timeout_s=90)
    assert set(Job.objects.values_list("attempt", flat=True)) == {1}
    assert output_storage().listdir(f"{user.pk}/{synthesis.pk}")[1] == ["1.wav"]


@pytest.mark.worker
@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["SIGTERM to all its processes, as systemd does", "SIGQUIT"])
def test_a_job_whose_process_is_ended_with_its_worker_is_given_back_at_once(
    user: User, recording: Path, start_worker: Callable[..., subprocess.Popen[bytes]], how: str
) -> None:
    model = voice_model_clone(owner=user, samples=[upload(user, recording)], name="Me", language="en")
    synthesis = speak(user, model, LONG_TEXT * 3)
    worker = start_worker(2)
    wait_until(lambda: Job.objects.get(synthesis=synthesis).phase == "speaking", timeout_s=60)
    if how == "SIGQUIT":
        worker.send_signal(signal.SIGQUIT)
    else:
        signal_all([psutil.Process(worker.pid), *psutil.Process(worker.pid).children()], signal.SIGTERM)
    assert worker.wait(30) == 0
    job = Job.objects.get(synthesis=synthesis)
    assert (job.state, job.attempt, job.lease_token, job.lease_until) == (JobState.QUEUED, 1, None, None)
    assert job.enqueued_at is not None, "another worker is woken"
    start_worker(2)
    wait_until(lambda: state_of(synthesis) == SynthesisStatus.COMPLETED, timeout_s=90)


def test_only_the_running_jobs_of_this_worker_are_given_back_at_its_end(user: User) -> None:
    mine, done, others, waiting = (make_sample(user) for _ in range(4))
    for sample in (mine, done, others):
        assert job_claim(job_id=sample.job.pk) is not None
    Job.objects.filter(pk=others.job.pk).update(worker=uuid4())
    assert job_fail(job=done.job, error=WorkerStopping("x", "x"))
    assert jobs_of_worker_return() == 1
    assert [state(row.job) for row in (mine, done, others, waiting)] == ["queued", "failed", "running", "queued"]
    assert Job.objects.get(pk=mine.job.pk).attempt == 1


FORK_WHILE_ANOTHER_THREAD_HOLDS_THE_POOL = """
import os, signal, threading
import django
django.setup()
import podstream.worker.start
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection
from podstream.celery import app

def hold():
    with connection.pool._lock:
        is_held.set()
        may_end.wait()

is_held, may_end = threading.Event(), threading.Event()
connection.ensure_connection()
threading.Thread(target=hold).start()
is_held.wait()
child = os.fork()
if not child:
    signal.alarm(20)
    fixup = DjangoWorkerFixup(app)
    fixup.worker = type("Worker", (), {"pool_cls": "prefork"})
    fixup.on_worker_process_init()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    os._exit(0)
may_end.set()
assert os.waitpid(child, 0)[1] == 0
with connection.cursor() as cursor:
    cursor.execute("SELECT 1")
"""


@pytest.mark.skipif(TEST_DATABASE == "sqlite", reason="SQLite has no pool of connections")
def test_a_process_that_is_forked_while_a_thread_holds_the_pool_of_connections_starts_all_the_same() -> None:
    command = [sys.executable, "-c", FORK_WHILE_ANOTHER_THREAD_HOLDS_THE_POOL]
    subprocess.run(command, env=process_environment(), cwd=ROOT, check=True, timeout=60)


FORK_WHILE_A_CHORE_USES_SQLITE = """
import contextlib, os, signal, sys, threading
import django
django.setup()
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone
from podstream.worker import leave, steps

def use_until_told():
    in_transaction = transaction.atomic() if sys.argv[2] == "writes" else contextlib.nullcontext()
    with in_transaction, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM django_session")
        is_at_it.set()
        may_end.wait(2)

is_at_it, may_end = threading.Event(), threading.Event()
steps.job_sweep = leave.jobs_of_worker_return = use_until_told
chores = {"sweep": steps.SweepStep(None).do, "giving jobs back": leave.give_back_the_rest}
chore = threading.Thread(target=chores[sys.argv[1]])
chore.start()
is_at_it.wait()
has_opened, it_is_over = os.pipe(), os.pipe()
child = os.fork()
if not child:
    signal.alarm(20)
    connection.settings_dict["OPTIONS"]["timeout"] = 1
    Session.objects.count()
    os.write(has_opened[1], b"1")
    os.read(it_is_over[0], 1)
    Session.objects.create(session_key="child", expire_date=timezone.now())
    os._exit(0)
os.read(has_opened[0], 1)
may_end.set()
chore.join()
os.write(it_is_over[1], b"1")
assert os.waitpid(child, 0)[1] == 0, "it could not write"
assert Session.objects.filter(session_key="child").exists(), "what it has committed is lost"
"""


@pytest.mark.skipif(TEST_DATABASE != "sqlite", reason="PostgreSQL keeps its locks in a server")
@pytest.mark.parametrize("use", ["reads", "writes"])
@pytest.mark.parametrize("chore", ["sweep", "giving jobs back"])
def test_a_process_that_is_forked_while_a_chore_uses_sqlite_can_write(tmp_path: Path, chore: str, use: str) -> None:
    environment = {**process_environment(), "DATABASE_URL": f"sqlite:///{tmp_path / 'own.sqlite3'}"}
    subprocess.run([sys.executable, "manage.py", "migrate"], env=environment, cwd=ROOT, check=True, timeout=100)
    command = [sys.executable, "-c", FORK_WHILE_A_CHORE_USES_SQLITE, chore, use]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=60)


@pytest.mark.worker
@pytest.mark.timeout(300)
def test_a_recording_whose_workers_are_stopped_while_they_prepare_it_is_ready_after_one_attempt(
    user: User, recording: Path, start_worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    sample = upload(user, recording)
    for _ in range(2):
        worker = start_worker()
        wait_until(lambda: Job.objects.get().state != JobState.QUEUED, timeout_s=60)
        worker.terminate()
        assert worker.wait(30) == 0
        assert Job.objects.get().state in {JobState.QUEUED, JobState.COMPLETED}
        if state_of(sample) == SampleStatus.READY:
            break
    else:
        start_worker()
        wait_until(lambda: state_of(sample) == SampleStatus.READY, timeout_s=60)
    assert Job.objects.get().attempt == 1
