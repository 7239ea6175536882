"""Users take turns, and each wake-up takes one job: none twice, none left."""

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from tests.api.rows import queued_synthesis
from tests.jobs.test_job import REASON, expire, finish, make_model, make_sample, make_synthesis, state
from voice.jobs import line as job_next
from voice.jobs.lease import Lease
from voice.jobs.line import job_places, job_take
from voice.jobs.run import job_run_next
from voice.jobs.transitions import job_claim, job_fail
from voice.models import Job, JobKind, Synthesis, User
from voice.models.lifecycle import JobState
from voice.redis_client import redis_client
from voice.tasks import run_job

SPEECH = JobKind.SYNTHESIS


@pytest.fixture
def third_user(db: None) -> User:
    return User.objects.create_user("cleo")


def queue(owner: User, count: int = 1) -> list[Job]:
    return [queued_synthesis(owner).job for _ in range(count)]


def take() -> Lease:
    lease = job_take(kind=SPEECH)
    assert lease is not None
    return lease


def end(lease: Lease) -> None:
    assert job_fail(job=lease.job, error=REASON)


def served_by_one_worker() -> list[Job]:
    """The jobs that a single worker takes until nothing is due, in its order."""
    taken = []
    while (lease := job_take(kind=SPEECH)) is not None:
        taken.append(lease.job)
        end(lease)
    return taken


def names(jobs: list[Job]) -> str:
    return "".join(job.owner.username[0] for job in jobs)


@pytest.mark.django_db
def test_another_users_one_sentence_is_among_the_first_two_behind_200(user: User, other_user: User) -> None:
    queue(user, 200)
    queue(other_user)
    first = [take(), take()]
    assert {lease.job.owner for lease in first} == {user, other_user}


@pytest.mark.django_db
def test_who_comes_while_another_is_being_served_is_next(user: User, other_user: User) -> None:
    queue(user, 20)
    for _ in range(3):
        end(take())
    (late,) = queue(other_user)
    assert take().job == late


@pytest.mark.django_db
def test_one_worker_serves_users_in_turn_and_each_ones_oldest_first(
    user: User, other_user: User, third_user: User
) -> None:
    mine = queue(user, 4)
    theirs = queue(other_user, 2) + queue(third_user, 3)
    taken = served_by_one_worker()
    assert names(taken) == "abcabcaca"
    assert [job for job in taken if job.owner == user] == mine
    assert sorted(job.pk for job in taken) == sorted(job.pk for job in mine + theirs)


@pytest.mark.django_db
def test_the_owner_with_fewer_jobs_in_hand_comes_first(user: User, other_user: User) -> None:
    queue(user, 6)
    held = [take() for _ in range(4)]
    queue(other_user, 6)
    assert names([take().job for _ in range(4)]) == "bbbb", "until both have four"
    end(held[0])
    assert take().job.owner == user


@pytest.mark.django_db
def test_jobs_of_a_lost_worker_are_not_in_hand_and_are_taken_again(user: User, other_user: User) -> None:
    (lost,) = queue(user)
    first = take()
    queue(other_user)
    end(take())
    expire(lost)
    again = take()
    assert (again.job, again.job.attempt) == (lost, 2)
    assert again.token != first.token


@pytest.mark.django_db
def test_what_is_not_due_is_not_taken(user: User, settings: Settings) -> None:
    later, worn_out, held = queue(user, 3)
    Job.objects.filter(pk=later.pk).update(run_after=timezone.now() + timedelta(hours=1))
    Job.objects.filter(pk=worn_out.pk).update(attempt=settings.JOB_MAX_ATTEMPTS)
    assert take().job == held
    assert job_take(kind=SPEECH) is None


@pytest.mark.django_db
def test_what_waits_for_another_job_is_passed_over_until_that_is_done(user: User, other_user: User) -> None:
    sample = make_sample(user)
    model = make_model(user, sample)
    blocked = make_synthesis(user, model)
    (free,) = queue(other_user)
    assert take().job == free
    assert job_take(kind=SPEECH) is None
    assert job_take(kind=JobKind.CLONE) is None
    finish(sample)
    clone = job_take(kind=JobKind.CLONE)
    assert clone is not None
    assert (clone.job, state(blocked.job)) == (model.job, JobState.QUEUED)


@pytest.mark.django_db
def test_a_worker_takes_its_own_kind_alone(user: User) -> None:
    sample = make_sample(user)
    assert job_take(kind=SPEECH) is None
    taken = job_take(kind=JobKind.PREPROCESS)
    assert taken is not None
    assert taken.job == sample.job


@pytest.mark.django_db
def test_a_wake_up_for_nothing_does_nothing(user: User) -> None:
    (done,) = queue(user)
    end(take())
    job_run_next(kind=SPEECH)
    run_job(SPEECH)
    assert Job.objects.get(pk=done.pk).attempt == 1


@pytest.mark.django_db
def test_a_job_whose_resource_has_ended_stops_nobody_behind_it(user: User, caplog: pytest.LogCaptureFixture) -> None:
    torn, whole = queue(user, 2)
    Synthesis.objects.filter(job=torn).update(status="failed")
    with caplog.at_level(logging.ERROR):
        assert take().job == whole
    assert f"{torn.pk} is alive and its resource has ended" in caplog.text
    assert state(torn) == JobState.QUEUED


@pytest.mark.django_db
def test_whoever_finds_its_candidates_taken_reads_the_line_again(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_next, "CANDIDATES", 2)
    queue(user, 5)
    read, stale = job_next._in_turn, []

    def read_and_be_overtaken(kind: str, *, without: set[object], without_owners: tuple[()]) -> list[object]:
        found = read(kind, without=without, without_owners=without_owners)
        if not stale:  # another worker is faster for all that was read
            stale.extend(job_claim(job_id=job_id) for job_id in found)
        return found

    monkeypatch.setattr(job_next, "_in_turn", read_and_be_overtaken)
    mine = take()
    assert len(stale) == 2
    assert mine.job not in {lease.job for lease in stale}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_of_many_workers_that_are_woken_at_once_each_takes_another_job_and_none_is_left(
    user: User, other_user: User, third_user: User, turn: int
) -> None:
    jobs = queue(user, 20) + queue(other_user, 3) + queue(third_user, 7)

    def wake(_: int) -> Lease | None:
        try:
            return job_take(kind=SPEECH)
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as workers:
        leases = [lease for lease in workers.map(wake, range(len(jobs) + 5)) if lease is not None]
    assert Counter(lease.job.pk for lease in leases) == Counter(job.pk for job in jobs)
    assert set(Job.objects.values_list("state", "attempt")) == {(JobState.RUNNING, 1)}


@pytest.mark.django_db(transaction=True)
def test_the_wake_up_of_a_job_that_was_deleted_wakes_for_another(user: User, other_user: User) -> None:
    redis_client().delete("podstream:synthesis")
    (mine,) = queue(user)
    (theirs,) = queue(other_user)
    message = _message_for(mine)
    mine.synthesis.delete()
    message()
    assert Job.objects.get(pk=theirs.pk).attempt == 1


def _message_for(job: Job) -> Callable[[], object]:
    """Sends the wake-up of a job through Redis; what a worker does when it reads it."""
    import base64
    import json

    from voice.jobs.transitions import job_enqueue

    job_enqueue(job_id=job.pk, kind=job.kind)
    (raw,) = redis_client().lrange("podstream:synthesis", 0, -1)
    arguments, _, _ = json.loads(base64.b64decode(json.loads(raw)["body"]))
    return lambda: run_job(*arguments)


@pytest.mark.django_db
@pytest.mark.parametrize("arrivals", ["aaaabbc", "abcabcc", "cbbbbaa", "acacacb"])
@pytest.mark.parametrize("served_before", ["", "a", "cb"])
def test_positions_say_the_order_in_which_one_worker_takes(
    user: User, other_user: User, third_user: User, arrivals: str, served_before: str
) -> None:
    users = {"a": user, "b": other_user, "c": third_user}
    for name in served_before:
        queue(users[name])
        end(take())
    jobs = [queue(users[name])[0] for name in arrivals]
    places = job_places(jobs)
    promised = sorted(jobs, key=lambda job: places[job.pk].position)
    assert [places[job.pk].position for job in promised] == list(range(1, len(jobs) + 1))
    assert served_by_one_worker() == promised
