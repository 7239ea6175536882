"""The commands run without pause and without any grace while real workers work: nothing of theirs is touched."""

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.conftest import wait_until
from tests.jobs.test_worker import StartWorker, speak, upload
from voice.jobs.recovery import job_recover
from voice.models import Job, User
from voice.models.lifecycle import JOB_TERMINAL, JobState
from voice.services.cleanup import expired_cleanup, orphans_cleanup
from voice.services.voice_model import voice_model_clone
from voice.storage import output_storage, sample_storage, voice_model_storage

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


def test_upkeep_beside_workers_costs_nobody_anything(
    user: User, recording: Path, settings: Settings, start_worker: StartWorker
) -> None:
    settings.ORPHAN_GRACE_S = 0
    settings.RETENTION_UPLOAD_DAYS = settings.RETENTION_AUDIO_DAYS = settings.RETENTION_HISTORY_DAYS = 1
    orphans_cleanup()  # what other tests have left
    sample = upload(user, recording)
    voice_model = voice_model_clone(owner=user, samples=[sample], name="Ada", language="en")
    spoken = [speak(user, voice_model, f"This is sentence number {number}.") for number in range(12)]
    start_worker(concurrency=2)
    orphans = rounds = 0

    def is_done_after_another_round() -> bool:
        nonlocal orphans, rounds
        orphans += orphans_cleanup(repair_rows=True).orphans
        job_recover()
        expired_cleanup()
        rounds += 1
        return not Job.objects.exclude(state__in=JOB_TERMINAL).exists()

    wait_until(is_done_after_another_round, timeout_s=100)

    assert rounds > 5, "it was beside them"
    assert orphans == 0
    assert set(Job.objects.values_list("state", "attempt")) == {(JobState.COMPLETED, 1)}
    for row in (sample, voice_model, *spoken):
        row.refresh_from_db()
    assert sample_storage().exists(sample.audio_name)
    assert voice_model_storage().exists(voice_model.profile_name)
    assert all(output_storage().exists(synthesis.audio_name) for synthesis in spoken)
    assert [entry.name for entry in output_storage().entries(str(user.pk))] != []
