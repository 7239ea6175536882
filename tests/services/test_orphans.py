"""Files without rows go, after their grace; rows without files are reported, and repaired on request."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from pytest_django import Settings

from tests.api.rows import completed_synthesis, ready_model, ready_sample
from tests.jobs.test_job import make_sample
from voice.jobs.transitions import job_claim
from voice.models import Synthesis, User, VoiceModel, VoiceSample
from voice.services import cleanup as orphans
from voice.services.cleanup import orphans_cleanup
from voice.storage import attempt_name, output_storage, sample_storage, voice_model_storage
from voice.storage.base import VoiceStorage

pytestmark = pytest.mark.django_db(transaction=True)
EACH = pytest.mark.parametrize(
    ("make", "storage", "field"),
    [
        (ready_sample, sample_storage, "audio_name"),
        (ready_model, voice_model_storage, "profile_name"),
        (completed_synthesis, output_storage, "audio_name"),
    ],
    ids=["sample", "voice model", "synthesis"],
)


@pytest.fixture(autouse=True)
def empty_storages() -> None:
    for storage in (sample_storage(), voice_model_storage(), output_storage()):
        for entry in list(storage.entries()):
            storage.delete(entry.name)


@pytest.fixture
def a_day_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the cleanup is beyond the grace of every file that a test writes."""
    later = timezone.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(orphans.timezone, "now", lambda: later)


def names(storage: VoiceStorage) -> list[str]:
    return sorted(entry.name for entry in storage.entries())


@EACH
@pytest.mark.usefixtures("a_day_later")
def test_files_that_no_row_names_go_and_all_others_stay(
    user: User, make: Callable[..., Any], storage: Callable[[], VoiceStorage], field: str
) -> None:
    row = make(user)
    left_by_a_kill = storage().save(f"{user.pk}/{row.pk}/7.bin", ContentFile(b"1234567"))
    of_no_row = storage().save(f"{user.pk}/{uuid.uuid4()}/1.bin", ContentFile(b"123"))
    found = orphans_cleanup()
    assert (found.files, found.orphans, found.orphan_bytes, found.rows_without_file) == (3, 2, 10, 0)
    assert names(storage()) == [getattr(row, field)]
    assert left_by_a_kill != of_no_row
    assert orphans_cleanup().orphans == 0


def test_a_young_file_is_given_its_grace() -> None:
    name = output_storage().save(f"{uuid.uuid4()}/{uuid.uuid4()}/1.mp3", ContentFile(b"x"))
    assert orphans_cleanup().orphans == 0
    assert names(output_storage()) == [name]


@pytest.mark.usefixtures("a_day_later")
def test_a_dry_run_counts_and_deletes_nothing() -> None:
    name = output_storage().save(f"{uuid.uuid4()}/{uuid.uuid4()}/1.mp3", ContentFile(b"x"))
    assert orphans_cleanup(dry_run=True).orphans == 1
    assert names(output_storage()) == [name]


@pytest.mark.usefixtures("a_day_later")
def test_what_an_attempt_is_making_is_never_an_orphan(user: User) -> None:
    sample = make_sample(user)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    name = attempt_name(owner_id=user.pk, resource_id=sample.pk, attempt=1, suffix="flac")
    sample_storage().save(name, ContentFile(b"made and not yet committed"))
    assert orphans_cleanup().orphans == 0
    assert names(sample_storage()) == [name]


@pytest.mark.usefixtures("a_day_later")
def test_the_decoded_upload_of_a_queued_recording_is_no_orphan(user: User) -> None:
    sample = make_sample(user)
    name = sample_storage().save(f"{user.pk}/{sample.pk}/decoded.wav", ContentFile(b"pcm"))
    VoiceSample.objects.filter(pk=sample.pk).update(pcm_name=name)
    assert orphans_cleanup().orphans == 0
    assert names(sample_storage()) == [name]


@pytest.mark.usefixtures("a_day_later")
def test_what_its_owner_deletes_meanwhile_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    name = sample_storage().save(f"{uuid.uuid4()}/{uuid.uuid4()}/decoded.wav", ContentFile(b"pcm"))
    asked = orphans._busy

    def busy_while_the_owner_deletes(*arguments: Any) -> set[uuid.UUID]:
        sample_storage().delete(name)
        return asked(*arguments)

    monkeypatch.setattr(orphans, "_busy", busy_while_the_owner_deletes)
    assert orphans_cleanup().orphans == 0


@pytest.mark.usefixtures("a_day_later")
@pytest.mark.parametrize("name", ["README", "lost+found/x", "a/b/c", "{id}/1.wav", "{id}/{id}/deep/1.wav"])
def test_what_we_did_not_name_is_left_alone(name: str) -> None:
    name = sample_storage().save(name.format(id=uuid.uuid4()), ContentFile(b"not ours"))
    found = orphans_cleanup()
    assert (found.orphans, found.foreign) == (0, 1)
    assert names(sample_storage()) == [name]


@EACH
def test_a_row_without_its_file_is_told_of_and_left(
    user: User,
    caplog: pytest.LogCaptureFixture,
    make: Callable[..., Any],
    storage: Callable[[], VoiceStorage],
    field: str,
) -> None:
    make(user)
    lost = make(user)
    storage().delete(getattr(lost, field))
    found = orphans_cleanup()
    assert (found.rows, found.rows_without_file) == (2, 1)
    assert str(lost.pk) in caplog.text
    assert type(lost).objects.count() == 2


def test_repaired_speech_keeps_its_entry_and_recordings_and_voices_go(user: User) -> None:
    sample, kept = ready_sample(user), ready_sample(user)
    voice_model, synthesis = ready_model(user, kept), completed_synthesis(user)
    sample_storage().delete(sample.audio_name)
    voice_model_storage().delete(voice_model.profile_name)
    output_storage().delete(synthesis.audio_name)
    assert orphans_cleanup(repair_rows=True, dry_run=True).rows_without_file == 3
    assert orphans_cleanup(repair_rows=True).rows_without_file == 3
    assert list(VoiceSample.objects.all()) == [kept]
    assert not VoiceModel.objects.exists()
    assert Synthesis.objects.get().audio_removed_at is not None
    assert orphans_cleanup(repair_rows=True).rows_without_file == 0


@pytest.mark.usefixtures("a_day_later")
def test_more_files_than_a_batch(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "BATCH", 2)
    kept = {completed_synthesis(user).audio_name for _ in range(5)}
    for _ in range(5):
        output_storage().save(f"{user.pk}/{uuid.uuid4()}/1.mp3", ContentFile(b"x"))
    found = orphans_cleanup()
    assert (found.files, found.orphans) == (10, 5)
    assert set(names(output_storage())) == kept


def test_an_orphan_needs_a_grace_that_outlasts_an_attempt(settings: Settings) -> None:
    from voice.checks import orphans_have_their_grace

    settings.ORPHAN_GRACE_S = 2 * settings.JOB_TIMEOUT_S
    assert orphans_have_their_grace() == []
    settings.ORPHAN_GRACE_S -= 1
    assert [problem.id for problem in orphans_have_their_grace()] == ["voice.E008"]
