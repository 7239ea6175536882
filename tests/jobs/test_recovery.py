"""Everything that is stuck is woken or ended, at once, and only once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from tests.jobs.test_job import REASON, expire, make_model, make_sample, make_synthesis, state
from voice.jobs import recovery
from voice.jobs import recovery as sweeping
from voice.jobs.recovery import Recovered, job_recover, recovery_count
from voice.jobs.transitions import job_claim, job_fail
from voice.models import Job, User, VoiceSample
from voice.models.lifecycle import JobState, SampleStatus
from voice.redis_client import redis_client

pytestmark = pytest.mark.django_db(transaction=True)
NOTHING = Recovered(0, 0, 0, 0)


@pytest.fixture(autouse=True)
def empty_queues() -> None:
    redis_client().delete(*(f"podstream:{queue}" for queue in ("preprocess", "clone", "synthesis")))


def test_a_job_that_was_never_woken_is_woken_once(user: User) -> None:
    sample = make_sample(user)
    Job.objects.update(enqueued_at=None)
    assert recovery_count() == Recovered(1, 0, 0, 0)
    assert Job.objects.get().enqueued_at is None, "counting changes nothing"
    assert job_recover() == Recovered(1, 0, 0, 0)
    assert recovery_count() == job_recover() == NOTHING
    assert state(sample.job) == JobState.QUEUED


def test_a_job_whose_worker_is_lost_is_woken_and_one_that_is_worked_on_is_not(user: User) -> None:
    lost, working = make_sample(user), make_sample(user)
    for sample in (lost, working):
        assert job_claim(job_id=sample.job.pk) is not None
    expire(lost.job)
    Job.objects.update(enqueued_at=timezone.now() - timedelta(minutes=5))
    assert job_recover() == Recovered(1, 0, 0, 0)
    assert (state(lost.job), state(working.job)) == (JobState.RUNNING, JobState.RUNNING)


def test_a_job_that_has_killed_its_workers_fails_with_all_that_waits_for_it(user: User, settings: Settings) -> None:
    sample = make_sample(user)
    synthesis = make_synthesis(user, make_model(user, sample))
    assert job_claim(job_id=sample.job.pk) is not None
    Job.objects.filter(pk=sample.job.pk).update(attempt=settings.JOB_MAX_ATTEMPTS)
    expire(sample.job)
    assert recovery_count().lost == 1
    assert job_recover().lost == 1
    assert state(synthesis.job) == JobState.FAILED
    assert job_recover() == NOTHING


def test_what_waits_for_something_that_failed_before_fails_too(user: User) -> None:
    sample = make_sample(user)
    job_fail(job=sample.job, error=REASON)
    model = make_model(user, sample)
    assert recovery_count().doomed == 1
    assert job_recover().doomed == 1
    assert state(model.job) == JobState.FAILED


def test_a_resource_whose_job_has_ended_ends_too(user: User) -> None:
    sample = make_sample(user)
    Job.objects.update(state=JobState.COMPLETED, finished_at=timezone.now())
    assert recovery_count() == Recovered(0, 0, 0, 1)
    assert job_recover() == Recovered(0, 0, 0, 1)
    sample.refresh_from_db()
    assert (sample.status, sample.error_code) == (SampleStatus.FAILED, "internal_error")
    assert job_recover() == NOTHING


def test_a_resource_without_a_job_ends_too(user: User) -> None:
    sample = make_sample(user)
    Job.objects.all().delete()
    assert job_recover() == Recovered(0, 0, 0, 1)
    sample.refresh_from_db()
    assert sample.status == SampleStatus.FAILED


def test_a_job_whose_resource_has_ended_ends_too(user: User) -> None:
    sample = make_sample(user)
    VoiceSample.objects.update(status=SampleStatus.FAILED)
    assert job_recover().torn == 1
    assert state(sample.job) == JobState.CANCELLED
    assert job_recover() == NOTHING


def test_more_than_one_batch_is_recovered_at_once(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sweeping, recovery):
        monkeypatch.setattr(module, "BATCH", 2)
    for _ in range(5):
        make_sample(user)
    Job.objects.update(enqueued_at=None)
    assert job_recover().woken == 5
