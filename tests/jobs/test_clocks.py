"""Hosts whose clocks differ agree about leases: the database's clock alone decides."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from tests.conftest import ROOT, wait_until
from tests.jobs.test_job import REASON, expire, make_sample
from tests.jobs.test_worker import LONG_TEXT, speak, state_of, upload
from voice.jobs.recovery import Recovered, job_sweep, stuck_count
from voice.jobs.transitions import job_claim, job_retry
from voice.models import Job, User
from voice.models.job import FromNow
from voice.models.lifecycle import JobState, SynthesisStatus
from voice.services.voice_model import voice_model_clone

pytestmark = pytest.mark.django_db(transaction=True)
WrongBy = Callable[[int], None]


@pytest.fixture
def clock_wrong_by(monkeypatch: pytest.MonkeyPatch) -> WrongBy:
    """Sets what this process takes for the time, by hours from what is right."""
    right = timezone.now

    def shift(hours: int) -> None:
        monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(hours=hours))

    return shift


@pytest.fixture(params=[-1, 1], ids=["slow", "fast"])
def wrong(request: pytest.FixtureRequest, clock_wrong_by: WrongBy) -> Callable[[bool], None]:
    """Switches the clock of this process between an hour off and right."""
    return lambda is_wrong: clock_wrong_by(request.param if is_wrong else 0)


def is_about(field: str, seconds: float) -> bool:
    """True if a time of the only job lies `seconds` from now, by the database's clock."""
    span = {f"{field}__gt": FromNow(seconds - 5), f"{field}__lte": FromNow(seconds)}
    return Job.objects.filter(**span).exists()


@pytest.mark.parametrize("written", [FromNow(), timezone.now(), timezone.now().replace(microsecond=0)])
def test_a_time_is_judged_alike_whoever_wrote_it(user: User, written: object) -> None:
    make_sample(user)
    Job.objects.update(enqueued_at=written)
    assert Job.objects.filter(enqueued_at__lte=FromNow()).exists()
    assert Job.objects.filter(enqueued_at__gt=FromNow(-3600)).exists()
    assert not Job.objects.filter(enqueued_at__gt=FromNow(3600)).exists()
    assert abs(Job.objects.get().enqueued_at - timezone.now()) < timedelta(minutes=59)


def test_times_of_one_statement_are_equal_and_a_millisecond_makes_them_differ(user: User) -> None:
    make_sample(user)
    Job.objects.update(enqueued_at=FromNow(1.5), started_at=FromNow(1.499))
    job = Job.objects.get()
    assert job.enqueued_at - job.started_at == timedelta(milliseconds=1)
    assert not Job.objects.filter(enqueued_at__lte=job.started_at).exists()
    Job.objects.update(enqueued_at=FromNow(-0.25), started_at=FromNow(-0.25))
    job = Job.objects.get()
    assert job.enqueued_at == job.started_at
    assert Job.objects.filter(enqueued_at=job.started_at).exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite compares times as text")
def test_sqlite_is_given_six_digits_so_that_texts_compare_as_times(user: User) -> None:
    make_sample(user)
    Job.objects.update(enqueued_at=FromNow(30))
    with connection.cursor() as cursor:
        (text,) = cursor.execute("SELECT CAST(enqueued_at AS TEXT) FROM voice_jobs").fetchone()
    assert text == Job.objects.get().enqueued_at.strftime("%Y-%m-%d %H:%M:%S.%f")


def test_a_live_lease_is_left_alone_by_a_host_whose_clock_is_wrong(
    user: User, wrong: Callable[[bool], None], settings: Settings
) -> None:
    sample = make_sample(user)
    assert job_claim(job_id=sample.job.pk) is not None
    Job.objects.update(attempt=settings.JOB_MAX_ATTEMPTS - 1)
    wrong(True)
    assert job_claim(job_id=sample.job.pk) is None
    assert stuck_count() == job_sweep() == Recovered(0, 0, 0)
    Job.objects.update(attempt=settings.JOB_MAX_ATTEMPTS)
    assert job_sweep() == Recovered(0, 0, 0)
    assert Job.objects.get().state == JobState.RUNNING


def test_a_lease_that_is_over_is_taken_by_a_host_whose_clock_is_wrong(
    user: User, wrong: Callable[[bool], None]
) -> None:
    sample = make_sample(user)
    assert job_claim(job_id=sample.job.pk) is not None
    expire(sample.job)
    wrong(True)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    assert lease.job.attempt == 2


def test_a_lease_lasts_as_long_as_others_whatever_its_hosts_clock_says(
    user: User, wrong: Callable[[bool], None], settings: Settings
) -> None:
    sample = make_sample(user)
    wrong(True)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    assert is_about("lease_until", settings.JOB_LEASE_S)
    assert is_about("started_at", 0)
    Job.objects.update(lease_until=FromNow(-60))
    settings.JOB_LEASE_S = 1.5
    with lease.kept_alive():
        wait_until(lambda: is_about("lease_until", settings.JOB_LEASE_S))


def test_a_job_of_a_host_whose_clock_is_wrong_is_due_at_once(user: User, wrong: Callable[[bool], None]) -> None:
    wrong(True)
    sample = make_sample(user)
    assert is_about("run_after", 0)
    wrong(False)
    Job.objects.update(enqueued_at=None)
    assert job_sweep().woken == 1
    assert is_about("enqueued_at", 0)
    assert job_claim(job_id=sample.job.pk) is not None


def test_a_retry_waits_its_seconds_whatever_the_hosts_clock_says(
    user: User, wrong: Callable[[bool], None], settings: Settings
) -> None:
    sample = make_sample(user)
    wrong(True)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    job_retry(lease=lease, error=REASON)
    assert is_about("run_after", settings.JOB_BACKOFF_S)
    assert job_claim(job_id=sample.job.pk) is None


def clock_of(folder: Path, *, hours: int) -> dict[str, str]:
    """The environment of a process that takes another time for the right one."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "from datetime import timedelta\n"
        "from django.utils import timezone\n"
        "right = timezone.now\n"
        f"timezone.now = lambda: right() + timedelta(hours={hours})\n"
    )
    return {"PYTHONPATH": f"{folder}:{ROOT}"}


@pytest.mark.worker
@pytest.mark.parametrize(("owners", "others"), [(0, 1), (-1, 0)])
def test_workers_whose_clocks_differ_by_an_hour_do_each_job_once(
    user: User,
    recording: Path,
    start_worker: Callable[..., subprocess.Popen[bytes]],
    tmp_path: Path,
    *,
    owners: int,
    others: int,
) -> None:
    model = voice_model_clone(owner=user, samples=[upload(user, recording)], name="Me", language="en")
    synthesis = speak(user, model, LONG_TEXT * 2)
    start_worker(JOB_LEASE_S="2", **clock_of(tmp_path / "owner", hours=owners))
    wait_until(lambda: Job.objects.get(synthesis=synthesis).phase == "speaking", timeout_s=60)
    start_worker(JOB_LEASE_S="2", **clock_of(tmp_path / "other", hours=others))
    assert Job.objects.get(synthesis=synthesis).state == JobState.RUNNING, "the other had nothing to steal"
    wait_until(lambda: state_of(synthesis) == SynthesisStatus.COMPLETED, timeout_s=120)
    assert set(Job.objects.values_list("attempt", flat=True)) == {1}
