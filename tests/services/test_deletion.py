"""Deleting a voice leaves nothing of it, whatever happened before."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection
from voice.jobs.outcome import Outcome

from tests.api.rows import completed_synthesis, ready_model, ready_sample
from tests.jobs.test_job import make_sample
from voice.errors import InvalidAudio
from voice.jobs.run import _finish
from voice.jobs.transitions import job_claim, job_fail
from voice.models import IdempotencyKey, Job, Synthesis, User, VoiceModel, VoiceSample
from voice.models.lifecycle import SampleStatus, SynthesisStatus, advance
from voice.services.sample import sample_delete
from voice.services.synthesis import synthesis_cancel, synthesis_delete
from voice.services.voice_model import voice_model_delete
from voice.storage import StoredFile, output_storage, sample_storage, voice_model_storage, work_sweep
from voice.storage.base import VoiceStorage

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., VoiceSample | VoiceModel | Synthesis]
EACH = pytest.mark.parametrize(
    ("make", "delete", "argument", "storage"),
    [
        (ready_sample, sample_delete, "sample", sample_storage),
        (ready_model, voice_model_delete, "voice_model", voice_model_storage),
        (completed_synthesis, synthesis_delete, "synthesis", output_storage),
    ],
    ids=["sample", "voice model", "synthesis"],
)


@EACH
def test_what_a_killed_attempt_left_goes_too(
    user: User, make: Make, delete: Callable[..., None], argument: str, storage: Callable[[], VoiceStorage]
) -> None:
    row = make(user)
    folder = f"{user.pk}/{row.pk}"
    storage().save(f"{folder}/2.bin", ContentFile(b"left by a killed worker"))
    delete(**{argument: row})
    assert not storage().exists(folder)


@EACH
def test_two_deletes_at_once_both_succeed(
    user: User, make: Make, delete: Callable[..., None], argument: str, storage: Callable[[], VoiceStorage]
) -> None:
    row = make(user)
    barrier, failed = threading.Barrier(4), []

    def run() -> None:
        mine = type(row).objects.select_related("job").get(pk=row.pk)
        barrier.wait()
        try:
            delete(**{argument: mine})
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert not type(row).objects.exists()
    assert not storage().exists(f"{user.pk}/{row.pk}")


def test_a_cancel_that_comes_after_the_delete_does_nothing(user: User) -> None:
    synthesis = completed_synthesis(user)
    stale = Synthesis.objects.select_related("job").get(pk=synthesis.pk)
    synthesis_delete(synthesis=synthesis)
    assert synthesis_cancel(synthesis=stale).status == SynthesisStatus.COMPLETED


def test_the_kept_answer_to_an_idempotency_key_is_forgotten_with_its_resource(user: User) -> None:
    synthesis, other = completed_synthesis(user), completed_synthesis(user)
    for row in (synthesis, other):
        IdempotencyKey.objects.create(
            owner=user, key=str(row.pk), fingerprint="0", body=row.text, location=f"/api/voice/history/{row.pk}"
        )
    deleted = str(synthesis.pk)
    synthesis_delete(synthesis=synthesis)
    assert dict(IdempotencyKey.objects.values_list("key", "body")) == {
        deleted: "",
        str(other.pk): other.text,
    }


def test_a_rejected_recording_keeps_no_decoded_copy(user: User) -> None:
    sample = make_sample(user)
    sample.pcm_name = sample_storage().save(f"{user.pk}/{sample.pk}/decoded.wav", ContentFile(b"pcm"))
    sample.save(update_fields=["pcm_name"])
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    assert job_fail(job=lease.job, error=InvalidAudio("no_speech", "There is no speech."), only=lease.is_mine())
    assert not sample_storage().exists(sample.pcm_name)
    sample.refresh_from_db()
    assert (sample.status, sample.pcm_name) == (SampleStatus.REJECTED, "")


def test_the_attempt_that_finishes_removes_what_killed_ones_left(user: User) -> None:
    sample = make_sample(user)
    VoiceSample.objects.filter(pk=sample.pk).update(status=SampleStatus.PROCESSING)
    Job.objects.filter(pk=sample.job.pk).update(attempt=1)
    folder = f"{user.pk}/{sample.pk}"
    sample_storage().save(f"{folder}/1.flac", ContentFile(b"left by a killed worker"))
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    assert lease.job.attempt == 2
    file = StoredFile(sample_storage(), sample_storage().save(f"{folder}/2.flac", ContentFile(b"made")))
    _finish(lease, Outcome(file, lambda: advance(lease.job.resource, SampleStatus.READY, audio_name=file.name)))
    assert sample_storage().listdir(folder)[1] == ["2.flac"]


def test_the_sweeper_removes_what_killed_processes_left_in_the_work_folder() -> None:
    old_folder, old_file = Path(settings.WORK_DIR) / "old", Path(settings.WORK_DIR) / "old.upload"
    young = Path(settings.WORK_DIR) / "young"
    old_folder.mkdir()
    (old_folder / "decoded.wav").write_bytes(b"a voice")
    old_file.write_bytes(b"an upload")
    young.mkdir()
    for path in (old_folder, old_file):
        os.utime(path, (time.time() - 100, time.time() - 100))
    work_sweep(older_than_s=50)
    assert not old_folder.exists()
    assert not old_file.exists()
    assert young.exists()
    young.rmdir()
