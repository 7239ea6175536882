"""Rows and files older than the operator keeps them go; those that somebody still works on do not."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from tests.api.rows import completed_synthesis, queued_synthesis, ready_model, ready_sample
from tests.jobs.test_job import make_model
from voice import selectors as row_walk
from voice.models import Synthesis, User, VoiceModel, VoiceSample
from voice.services.cleanup import expired_cleanup, expired_count
from voice.services.synthesis import synthesis_audio_remove
from voice.storage import output_storage, sample_storage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept_for_ten_days(settings: Settings) -> None:
    settings.RETENTION_UPLOAD_DAYS = settings.RETENTION_AUDIO_DAYS = 10
    settings.RETENTION_HISTORY_DAYS = 20


def aged(row: VoiceSample | Synthesis, *, days: int) -> None:
    then = timezone.now() - timedelta(days=days)
    type(row)._default_manager.filter(pk=row.pk).update(created_at=then)
    if isinstance(row, Synthesis) and row.completed_at:
        Synthesis.objects.filter(pk=row.pk).update(completed_at=then)


def test_nothing_is_too_old_unless_the_operator_says_so(user: User) -> None:
    for row in (ready_sample(user), completed_synthesis(user)):
        aged(row, days=3650)
    assert expired_count() == expired_cleanup() == Counter()
    assert (VoiceSample.objects.count(), Synthesis.objects.count()) == (1, 1)


@pytest.mark.usefixtures("kept_for_ten_days")
def test_old_audio_goes_and_its_entry_in_the_history_stays(user: User) -> None:
    old, young = completed_synthesis(user), completed_synthesis(user)
    aged(old, days=11)
    aged(young, days=9)
    assert expired_count() == Counter({"audio files": 1})
    assert expired_cleanup() == Counter({"audio files": 1})
    assert [entry.name for entry in output_storage().entries(str(user.pk))] == [young.audio_name]
    old.refresh_from_db()
    assert (old.status, old.audio_name, old.text, old.duration_s) == ("completed", "", "Hello, world!", 1.0)
    assert old.audio_removed_at is not None


@pytest.mark.usefixtures("kept_for_ten_days")
def test_an_old_entry_goes_with_its_audio(user: User) -> None:
    aged(completed_synthesis(user), days=21)
    assert expired_count() == Counter({"syntheses": 1})
    assert expired_cleanup() == Counter({"syntheses": 1})
    assert not Synthesis.objects.exists()
    assert list(output_storage().entries(str(user.pk))) == []


@pytest.mark.usefixtures("kept_for_ten_days")
def test_an_old_recording_goes_and_the_voice_that_was_made_from_it_stays(user: User) -> None:
    sample = ready_sample(user)
    voice_model = ready_model(user, sample)
    aged(sample, days=11)
    assert expired_cleanup() == Counter({"samples": 1})
    assert not VoiceSample.objects.exists()
    assert list(sample_storage().entries(str(user.pk))) == []
    assert VoiceModel.objects.get() == voice_model


@pytest.mark.usefixtures("kept_for_ten_days")
def test_a_recording_that_a_voice_is_being_made_from_waits(user: User) -> None:
    sample = ready_sample(user)
    make_model(user, sample)
    aged(sample, days=11)
    assert expired_count() == expired_cleanup() == Counter()
    VoiceModel.objects.update(status="failed")
    assert expired_cleanup() == Counter({"samples": 1})


@pytest.mark.usefixtures("kept_for_ten_days")
def test_work_that_has_not_ended_is_never_too_old(user: User) -> None:
    aged(queued_synthesis(user), days=100)
    assert expired_cleanup() == Counter()


@pytest.mark.usefixtures("kept_for_ten_days")
def test_a_second_run_finds_nothing(user: User) -> None:
    for days in (11, 21):
        aged(completed_synthesis(user), days=days)
        aged(ready_sample(user), days=days)
    assert expired_cleanup() == Counter({"syntheses": 1, "audio files": 1, "samples": 2})
    assert expired_cleanup() == Counter()


def test_of_two_that_remove_the_same_audio_one_does(user: User) -> None:
    synthesis = completed_synthesis(user)
    stale = Synthesis.objects.get(pk=synthesis.pk)
    assert synthesis_audio_remove(synthesis=synthesis) is True
    assert synthesis_audio_remove(synthesis=stale) is False


@pytest.mark.usefixtures("kept_for_ten_days")
def test_more_than_one_batch_is_worked_through(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_walk, "BATCH", 2)
    for _ in range(5):
        aged(completed_synthesis(user), days=21)
    steps: list[int] = []
    assert expired_cleanup(on_row=lambda: steps.append(1)) == Counter({"syntheses": 5})
    assert len(steps) == 5


@pytest.mark.usefixtures("kept_for_ten_days")
def test_the_listener_is_told_that_old_audio_is_gone(user: User, api: Callable[..., object]) -> None:
    synthesis = completed_synthesis(user)
    aged(synthesis, days=11)
    expired_cleanup()
    answer = api.get(f"/api/voice/history/{synthesis.pk}/audio")  # type: ignore[attr-defined]
    assert (answer.status_code, answer.json()["code"]) == (410, "audio_gone")
    shown = api.get(f"/api/voice/history/{synthesis.pk}").json()["synthesis"]  # type: ignore[attr-defined]
    assert (shown["status"], shown["links"]["audio"], shown["text"]) == ("completed", None, "Hello, world!")
