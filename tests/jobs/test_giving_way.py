"""A long job gives way, between two passages, to somebody who waits while its owner holds every worker."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.api.rows import queued_synthesis
from voice.errors import EngineError
from voice.jobs import run as job_run
from voice.jobs.kind import Outcome, kind_named
from voice.jobs.lease import GAVE_WAY, Lease
from voice.jobs.line import job_take
from voice.jobs.recovery import job_sweep
from voice.jobs.run import job_run_next
from voice.models import Job, JobKind, User

pytestmark = pytest.mark.django_db
SPEECH = JobKind.SYNTHESIS
Steps = dict[str, Callable[[Lease], None]]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Steps]:
    """In place of the engine: the owners in the order in which their jobs ended, and what each does in between."""
    ended: list[str] = []
    steps: Steps = {}

    def work(lease: Lease, folder: Path) -> Outcome:
        lease.report(0.1, "speaking")
        owner = lease.job.owner.username
        steps.pop(owner, lambda lease: None)(lease)
        lease.give_way()
        ended.append(owner)
        raise EngineError("done", "This work makes nothing.")

    monkeypatch.setattr(type(kind_named(SPEECH)), "work", lambda kind: work)
    return ended, steps


def test_the_job_of_who_waits_is_done_first(user: User, other_user: User, done: tuple[list[str], Steps]) -> None:
    ended, steps = done
    long = queued_synthesis(user).job
    steps["ada"] = lambda lease: queued_synthesis(other_user) and None
    steps["bob"] = lambda lease: seen.append(Job.objects.get(pk=long.pk).phase)
    seen: list[str] = []
    job_run_next(kind=SPEECH)
    assert ended == ["bob", "ada"]
    assert seen == [GAVE_WAY]
    assert set(Job.objects.values_list("state", flat=True)) == {"failed"}


def test_nothing_is_given_to_ones_own_jobs(user: User, done: tuple[list[str], Steps]) -> None:
    ended, _ = done
    queued_synthesis(user)
    queued_synthesis(user)
    job_run_next(kind=SPEECH)
    assert ended == ["ada"]


def test_nothing_is_given_while_somebody_else_has_a_worker(
    user: User, other_user: User, done: tuple[list[str], Steps]
) -> None:
    ended, steps = done
    queued_synthesis(other_user)
    assert job_take(kind=SPEECH) is not None
    queued_synthesis(user)
    steps["ada"] = lambda lease: queued_synthesis(other_user) and None
    job_run_next(kind=SPEECH)
    assert ended == ["ada"]


def test_a_guest_gives_way_too_and_no_deeper_than_it_may(
    user: User, other_user: User, done: tuple[list[str], Steps]
) -> None:
    ended, steps = done
    others = [User.objects.create_user(name, password="x") for name in ("cleo", "dora")]
    steps["ada"] = lambda lease: queued_synthesis(other_user) and None
    steps["bob"] = lambda lease: queued_synthesis(others[0]) and None
    steps["cleo"] = lambda lease: queued_synthesis(others[1]) and None
    queued_synthesis(user)
    job_run_next(kind=SPEECH)
    assert ended == ["cleo", "bob", "ada"]
    assert Job.objects.filter(state="queued").get().owner == others[1]


def test_of_its_only_worker_half_of_the_time_is_its_own(
    user: User, other_user: User, done: tuple[list[str], Steps], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, steps = done
    monkeypatch.setattr(job_run, "LOOK_INTERVAL_S", 0.0)

    def lent_for_long(lease: Lease) -> None:
        queued_synthesis(other_user)
        lease.lent_s = 100.0

    steps["ada"] = lent_for_long
    queued_synthesis(user)
    job_run_next(kind=SPEECH)
    assert ended == ["ada"]

    queued_synthesis(user)

    def worked_for_long(lease: Lease) -> None:
        lease.lent_s, lease.started_s = 100.0, time.monotonic() - 201.0

    steps["ada"] = worked_for_long
    Job.objects.filter(owner=other_user, state="queued").update(created_at=Job.objects.latest("created_at").created_at)
    lease = job_take(kind=SPEECH, without_owners=[other_user.pk])
    assert lease is not None
    job_run._run(lease)
    assert ended == ["ada", "bob", "ada"]


def taken(owner: User) -> Lease:
    queued_synthesis(owner)
    lease = job_take(kind=SPEECH)
    assert lease is not None
    return lease


def test_the_time_that_is_lent_is_not_the_jobs_own(user: User, other_user: User) -> None:
    lease, guest = taken(user), taken(other_user)
    deadline_s = lease.deadline_s
    with lease.lent(guest):
        time.sleep(0.01)
    assert lease.deadline_s == deadline_s + lease.lent_s > deadline_s


def test_a_job_that_goes_on_says_so_at_its_next_report(user: User, other_user: User) -> None:
    lease, guest = taken(user), taken(other_user)
    lease.report(0.3, "speaking")
    with lease.lent(guest):
        assert Job.objects.get(pk=lease.job.pk).phase == GAVE_WAY
    lease.heartbeat()  # as an engine does that has no passage to show yet
    row = Job.objects.get(pk=lease.job.pk)
    assert (row.phase, row.progress) == ("speaking", 0.3)


def test_a_guest_that_hangs_keeps_neither_its_own_job_nor_the_one_below_from_others(
    user: User, other_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, guest = taken(user), taken(other_user)
    with lease.lent(guest):
        lease.deadline_s = time.monotonic() - 1000  # over long ago, but it stands still
        assert not lease._hangs()
        guest.deadline_s = time.monotonic() - 1000
        assert lease._hangs()
        assert guest._hangs()


def test_the_folder_of_a_job_that_stands_still_for_as_long_as_may_be_is_not_swept(settings: Settings) -> None:
    folder = Path(settings.WORK_DIR) / "standing"
    folder.mkdir()
    begun_s = time.time() - 3.9 * settings.JOB_TIMEOUT_S
    os.utime(folder, (begun_s, begun_s))
    job_sweep()
    assert folder.exists()
    os.utime(folder, (begun_s - settings.JOB_TIMEOUT_S, begun_s - settings.JOB_TIMEOUT_S))
    job_sweep()
    assert not folder.exists()
