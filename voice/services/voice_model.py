"""Voice models: cloned from samples, renamed, deleted."""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from voice.engines.registry import engine_check_language
from voice.errors import Blocked, Conflict, VoiceError
from voice.jobs.kind import Kind, register
from voice.jobs.line import job_limits_hold
from voice.jobs.transitions import job_cancel, job_create, job_fail, jobs_lock
from voice.models import Job, JobKind, User, VoiceModel, VoiceSample
from voice.models.lifecycle import SAMPLE_TERMINAL, SYNTHESIS_TERMINAL, SampleStatus, VoiceModelStatus, search_form
from voice.selectors import row_walk
from voice.services.idempotency import idempotency_forget
from voice.services.synthesis import synthesis_delete
from voice.storage import resource_folder, voice_model_storage


def voice_model_clone(
    *, owner: User, samples: Sequence[VoiceSample], name: str, language: str, engine: str = ""
) -> VoiceModel:
    """Start a voice from recordings that are ready or still being prepared. Runs in the caller's transaction.

    Raises Blocked, Conflict `sample_unusable`, InvalidRequest, EngineUnavailable, and what `job_limits_check` raises.
    """
    engine_name = engine or settings.VOICE_ENGINE
    engine_check_language(engine_name, language)
    for sample in samples:
        _check_usable(sample)
    voice_model = VoiceModel(owner=owner, name=name, language=language, engine=engine_name)
    with transaction.atomic():
        jobs = jobs_lock(Job.objects.filter(sample__in=samples))
        if len(jobs) < len(samples):
            raise Conflict("sample_deleted", "A recording was deleted meanwhile.")
        for sample in VoiceSample.objects.filter(pk__in=[sample.pk for sample in samples], is_blocked=True):
            _check_usable(sample)  # whoever blocks one takes the lock of its job first
        job_limits_hold(owner=owner)
        voice_model.save(force_insert=True)
        voice_model.samples.set(samples)
        job_create(owner=owner, resource=voice_model, depends_on=jobs)
    return voice_model


def voice_model_update(*, voice_model: VoiceModel, name: str) -> None:
    """Rename a voice. One that is gone meanwhile stays gone."""
    VoiceModel.objects.filter(pk=voice_model.pk).update(
        name=name, search_form=search_form(name), updated_at=timezone.now()
    )


def voice_model_delete(*, voice_model: VoiceModel, with_speech: bool = False) -> None:
    """Delete a voice and its profile. What waits to be spoken in it fails; what was spoken stays in the history.

    `with_speech`: all of that is deleted before, one after the other. Where something breaks in between, the voice is
    still there: call it again.
    """
    reason = VoiceError("voice_model_deleted", "The voice model was deleted.")
    if with_speech:
        _speech_delete(voice_model)
    with transaction.atomic():
        jobs_lock(Job.objects.filter(voice_model=voice_model))
        if with_speech:
            _speech_delete(voice_model)  # what came meanwhile; nothing more can come
        job_cancel(job=voice_model.job, error=reason)
        for synthesis in voice_model.syntheses.exclude(status__in=SYNTHESIS_TERMINAL).select_related("job"):
            job_fail(job=synthesis.job, error=reason)
        idempotency_forget(resource=voice_model)
        folder = resource_folder(owner_id=voice_model.owner_id, resource_id=voice_model.pk)
        voice_model.delete()
        transaction.on_commit(lambda: voice_model_storage().delete_folder(folder), robust=True)


def _speech_delete(voice_model: VoiceModel) -> None:
    for synthesis in row_walk(voice_model.syntheses.select_related("job")):
        synthesis_delete(synthesis=synthesis)


def _check_usable(sample: VoiceSample) -> None:
    if sample.is_blocked:
        reason = sample.blocked_reason
        raise Blocked("sample_blocked", f"A moderator has blocked the recording “{sample.name}”. {reason}".strip())
    if sample.status in SAMPLE_TERMINAL - {SampleStatus.READY}:
        raise Conflict(
            "sample_unusable",
            f"The recording “{sample.name}” was not accepted: {sample.error_message} Upload another one.",
        )


register(
    Kind(
        name=JobKind.CLONE,
        waits_for=JobKind.PREPROCESS,
        queue="clone",
        model=VoiceModel,
        link="voice_model",
        noun="voice model",
        plural="voice models",
        working=VoiceModelStatus.CLONING,
        done=VoiceModelStatus.READY,
        failed=VoiceModelStatus.FAILED,
        storage=voice_model_storage,
        file_fields=("profile_name",),
        main_file="profile_name",
        run="voice.jobs.clone.clone_run",
        needs_engine=True,
        delete=lambda row: voice_model_delete(voice_model=row),
        lose_file=lambda row: voice_model_delete(voice_model=row),
    )
)
