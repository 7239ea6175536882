"""Positions and estimates of queued jobs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.api.rows import completed_synthesis, queued_synthesis
from tests.jobs.test_job import make_model, make_sample
from voice.jobs import line as job_line
from voice.jobs.line import job_places, job_take
from voice.models import Job, JobKind, User

pytestmark = pytest.mark.django_db
SPEECH = JobKind.SYNTHESIS


def queue(owner: User, count: int = 1) -> list[Job]:
    return [queued_synthesis(owner).job for _ in range(count)]


def ran(owner: User, *, run_s: float, ended_ago_s: float = 0) -> None:
    """A job that took so long and was completed so long ago."""
    finished_at = timezone.now() - timedelta(seconds=ended_ago_s)
    started_at = finished_at - timedelta(seconds=run_s)
    job = completed_synthesis(owner).job
    Job.objects.filter(pk=job.pk).update(started_at=started_at, finished_at=finished_at)


def positions(jobs: list[Job]) -> list[int]:
    places = job_places(jobs)
    return [places[job.pk].position for job in jobs]


def test_the_first_of_an_empty_line_is_next(user: User) -> None:
    assert positions(queue(user)) == [1]


def test_one_users_jobs_stand_between_those_of_others(user: User, other_user: User) -> None:
    many, few = queue(user, 200), queue(other_user, 2)
    assert positions(few) == [2, 4]
    assert positions([many[0], many[1], many[2], many[-1]]) == [1, 3, 5, 202]


def test_who_has_jobs_in_hand_stands_behind_who_has_none(user: User, other_user: User) -> None:
    queue(user, 3)
    assert job_take(kind=SPEECH) is not None
    waiting = list(Job.objects.filter(owner=user, state="queued"))
    assert positions(waiting) == [1, 2]
    assert positions(queue(other_user)) == [1]
    assert positions(waiting) == [2, 3]


def test_kinds_have_lines_of_their_own(user: User) -> None:
    queue(user, 3)
    sample = make_sample(user)
    model = make_model(user, sample)
    assert positions([sample.job, model.job]) == [1, 1]


def test_jobs_that_are_not_queued_have_no_place(user: User) -> None:
    done = completed_synthesis(user).job
    queue(user)
    lease = job_take(kind=SPEECH)
    assert lease is not None
    assert job_places([done, lease.job]) == {}


def test_a_job_that_was_taken_meanwhile_has_no_place(user: User) -> None:
    first, second = queue(user, 2)
    assert job_take(kind=SPEECH) is not None
    assert set(job_places([first, second])) == {second.pk}


def test_without_a_completed_job_there_is_no_estimate(user: User) -> None:
    (job,) = queue(user)
    make_sample(user)
    assert job_places([job])[job.pk].wait_s is None


def test_the_estimate_goes_by_the_last_twenty_runs(user: User, other_user: User) -> None:
    for _ in range(3):
        ran(user, run_s=500.0, ended_ago_s=3600)
    for run_s in (2.0, 4.0) * 10:
        ran(other_user, run_s=run_s)
    jobs = queue(user, 3)
    places = job_places(jobs)
    assert [places[job.pk].wait_s for job in jobs] == pytest.approx([3.0, 6.0, 9.0])


def test_the_estimate_is_shared_among_the_jobs_that_run(user: User, other_user: User) -> None:
    ran(user, run_s=10.0)
    queue(other_user, 4)
    for _ in range(4):
        assert job_take(kind=SPEECH) is not None
    (job,) = queue(user)
    assert job_places([job])[job.pk].wait_s == pytest.approx(2.5)


def test_places_cost_as_many_queries_for_a_hundred_jobs_as_for_one(
    user: User, other_user: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    ran(user, run_s=1.0)
    jobs = queue(user, 100)
    queue(other_user, 3)
    for shown in (jobs[:1], jobs):
        with django_assert_num_queries(5):
            assert len(job_places(shown)) == len(shown)
    done = completed_synthesis(user).job
    with django_assert_num_queries(0):
        assert job_places([done]) == {}


def test_a_line_that_was_looked_at_is_not_counted_again_for_a_while(
    user: User, other_user: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[..., Any]
) -> None:
    mine = queue(user, 3)
    assert positions(mine) == [1, 2, 3]
    monkeypatch.setattr(job_line, "LINE_KEPT_S", 60.0)
    with django_assert_num_queries(1):
        assert positions(mine) == [1, 2, 3]
    later = queue(user)
    with django_assert_num_queries(1):
        assert positions(later) == [4]
    assert positions(queue(other_user)) == [2]  # who was not seen in it is looked for


def test_a_line_is_looked_at_again_when_it_is_old(user: User, other_user: User) -> None:
    (mine,) = queue(user)
    assert positions([mine]) == [1]
    for job in queue(other_user, 2):
        Job.objects.filter(pk=job.pk).update(created_at=mine.created_at - timedelta(minutes=1))
    assert positions([mine]) == [2]
