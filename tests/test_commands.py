"""Every management command of ours."""

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.utils import timezone
from pytest_django import Settings

from podstream.celery import app
from tests.api.rows import AUDIO, completed_synthesis, queued_synthesis, ready_model, ready_sample
from tests.conftest import redis_away
from voice import selectors
from voice.models import Job, Synthesis, User
from voice.storage import output_storage
from voice.tasks import cleanup_expired, cleanup_orphans

ROOT = Path(__file__).parent.parent


def said_by(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def test_a_person_is_told_of_every_command() -> None:
    pages = "".join(path.read_text() for path in [*(ROOT / "docs").glob("*.md"), ROOT / "Makefile"])
    names = {path.stem for path in (ROOT / "voice" / "management" / "commands").glob("*.py")} - {"__init__"}
    assert {name for name in names if f"manage.py {name}" not in pages} == set()


def test_preload_engines_says_that_the_engine_is_ready() -> None:
    out = StringIO()
    call_command("preload_engines", stdout=out)
    assert "embedded" in out.getvalue()
    assert "17 languages" in out.getvalue()


def test_preload_engines_fails_for_an_engine_that_is_not_here() -> None:
    err = StringIO()
    with pytest.raises(CommandError, match="nosuch"):
        call_command("preload_engines", "nosuch", stderr=err)
    assert "There is no engine called" in err.getvalue()


@pytest.mark.django_db(transaction=True)
def test_cleanup_expired_counts_and_then_removes(user: User, settings: Settings) -> None:
    settings.RETENTION_AUDIO_DAYS = 1
    synthesis = completed_synthesis(user)
    Synthesis.objects.update(completed_at=timezone.now() - timedelta(days=2))
    counts = "0 entries of the history, 1 audio files, 0 recordings\n"
    assert said_by("cleanup_expired", "--dry-run") == f"dry run, nothing was changed: {counts}"
    assert output_storage().exists(synthesis.audio_name)
    assert said_by("cleanup_expired") == counts
    assert not output_storage().exists(synthesis.audio_name)


def test_no_orphan_is_looked_for_with_a_grace_that_work_under_way_outlasts(settings: Settings) -> None:
    settings.ORPHAN_GRACE_S = 1
    with pytest.raises(SystemCheckError, match=r"voice\.E008"):
        call_command("cleanup_orphans", skip_checks=False)


@pytest.mark.django_db(transaction=True)
def test_cleanup_orphans_counts_and_repairs_what_it_is_asked_to(user: User) -> None:
    synthesis = completed_synthesis(user)
    output_storage().delete(synthesis.audio_name)
    assert "1 rows without their file" in said_by("cleanup_orphans")
    assert Synthesis.objects.get().audio_removed_at is None
    assert "1 rows without their file" in said_by("cleanup_orphans", "--repair-rows")
    assert Synthesis.objects.get().audio_removed_at is not None


@pytest.mark.django_db(transaction=True)
def test_recover_stuck_counts_and_then_wakes(user: User, settings: Settings) -> None:
    queued_synthesis(user)
    assert "dry run, nothing was changed: 1 woken" in said_by("recover_stuck", "--dry-run")
    assert Job.objects.get().enqueued_at is None
    assert said_by("recover_stuck").startswith("1 woken, 0 failed")
    assert Job.objects.get().enqueued_at is not None
    with redis_away(settings), pytest.raises(CommandError, match="Redis is away"):
        call_command("recover_stuck")


@pytest.mark.django_db
def test_usage_report_counts_what_each_account_has(user: User, other_user: User) -> None:
    sample = ready_sample(user)
    completed_synthesis(user, ready_model(user, sample))
    queued_synthesis(user)
    ada, bob = (json.loads(line) for line in said_by("usage_report", "--json").splitlines())
    assert ada == {
        "user_id": str(user.pk),
        "username": "ada",
        "samples": 1,
        "sample_s": 12.0,
        "sample_bytes": len(AUDIO),
        "voices": 1,
        "syntheses": 2,
        "speech_s": 1.0,
        "speech_bytes": len(AUDIO),
        "jobs_queued": 1,
        "jobs_running": 0,
        "jobs_completed": 3,
        "jobs_failed": 0,
        "jobs_cancelled": 0,
    }
    assert (bob["username"], bob["samples"], bob["jobs_queued"]) == ("bob", 0, 0)
    (row, _) = csv.DictReader(StringIO(said_by("usage_report", "--csv")))
    assert row == {name: str(value) for name, value in ada.items()}
    table = said_by("usage_report")
    assert "ada" in table
    assert "3 completed" in table
    assert "2 accounts" in table


@pytest.mark.django_db
def test_usage_report_asks_as_often_for_many_accounts_as_for_one(
    user: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[..., Any]
) -> None:
    for number in range(4):
        ready_sample(User.objects.create_user(f"user{number}"))
    with django_assert_num_queries(6):
        assert len(said_by("usage_report", "--json").splitlines()) == 5
    monkeypatch.setattr(selectors, "USERS_AT_ONCE", 2)
    rows = [json.loads(line) for line in said_by("usage_report", "--json").splitlines()]
    assert [row["username"] for row in rows] == ["ada", "user0", "user1", "user2", "user3"]
    assert [row["samples"] for row in rows] == [0, 1, 1, 1, 1]


@pytest.mark.django_db
def test_no_spreadsheet_takes_a_name_for_a_formula(db: None) -> None:
    User.objects.create_user("+cmd@x")
    assert "'+cmd@x" in said_by("usage_report", "--csv")


@pytest.mark.django_db(transaction=True)
def test_beat_calls_tasks_that_exist_and_do_the_work(user: User, settings: Settings) -> None:
    called = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {"voice.sweep", "voice.cleanup_expired", "voice.cleanup_orphans"} <= called <= set(app.tasks)
    settings.RETENTION_HISTORY_DAYS = 1
    completed_synthesis(user)
    Synthesis.objects.update(created_at=timezone.now() - timedelta(days=2))
    cleanup_expired()
    cleanup_orphans()
    assert not Synthesis.objects.exists()
