"""Recordings: accepted, renamed, deleted."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from voice.audio.upload_sandbox import DecodedAudio, DecodeLimits, decode_upload
from voice.errors import Blocked, VoiceError
from voice.jobs.blocks import hit_note
from voice.jobs.kind import Kind, register
from voice.jobs.line import job_limits_check, job_limits_hold
from voice.jobs.transitions import job_cancel, job_create, job_fail, jobs_lock
from voice.models import BlockedAudio, Job, JobKind, Match, User, VoiceModel, VoiceSample
from voice.models.lifecycle import VOICE_MODEL_TERMINAL, SampleStatus, search_form
from voice.services.idempotency import idempotency_forget
from voice.storage import resource_folder, sample_storage, store, work_folder


@dataclass(frozen=True, slots=True)
class JudgedUpload:
    """An upload that was found to be a recording within the limits, stored but not yet a sample.

    `original_name` is empty unless KEEP_ORIGINAL_UPLOADS is set.
    """

    sample_id: UUID
    owner: User
    decoded: DecodedAudio
    size_bytes: int
    sha256: str
    pcm_sha256: str
    pcm_name: str
    original_name: str


@contextmanager
def upload_judge(source: Path, *, owner: User) -> Iterator[JudgedUpload]:
    """Decode an upload in the sandbox and store it; unless the block makes it a sample, it is gone afterwards.

    Call it outside of a transaction: it takes up to some seconds. Raises UnsupportedAudio, InvalidAudio, TooLarge,
    Blocked `recording_blocked`, and what `job_limits_check` raises.
    """
    job_limits_check(owner=owner)
    limits = DecodeLimits(
        max_bytes=settings.MAX_VOICE_FILE_SIZE,
        min_duration_s=settings.MIN_VOICE_DURATION,
        max_duration_s=settings.MAX_VOICE_DURATION,
        ffmpeg=settings.FFMPEG_UPLOADS,
    )
    sample_id = uuid4()
    folder = resource_folder(owner_id=owner.pk, resource_id=sample_id)
    with work_folder() as work:
        decoded = decode_upload(source, work / "decoded.wav", limits=limits)
        sha256, pcm_sha256 = _sha256(source), _sha256(work / "decoded.wav")
        _check_allowed(sha256, pcm_sha256, owner)
        try:
            pcm = store(sample_storage(), f"{folder}/decoded.wav", work / "decoded.wav")
            original_name = ""
            if settings.KEEP_ORIGINAL_UPLOADS:
                original_name = store(sample_storage(), f"{folder}/original.{decoded.format}", source).name
            size = source.stat().st_size
            yield JudgedUpload(sample_id, owner, decoded, size, sha256, pcm_sha256, pcm.name, original_name)
        finally:
            if not VoiceSample.objects.filter(pk=sample_id).exists():
                sample_storage().delete_folder(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def _check_allowed(sha256: str, pcm_sha256: str, owner: User) -> None:
    same = Q(sha256=sha256) | Q(pcm_sha256=pcm_sha256)
    known = BlockedAudio.objects.filter(same).select_related("block").first()
    if known is not None:
        hit_note(block=known.block, user=owner, match=Match.FILE if known.sha256 == sha256 else Match.PCM)
        raise Blocked("recording_blocked", f"A moderator has blocked this recording: {known.block.reason}")


def sample_create(*, judged: JudgedUpload, name: str, language: str) -> VoiceSample:
    """Make a judged upload a sample and have it preprocessed. Runs in the caller's transaction.

    Raises what `job_limits_check` raises.
    """
    sample = VoiceSample(
        id=judged.sample_id,
        owner=judged.owner,
        name=name,
        language=language,
        audio_format=judged.decoded.format,
        size_bytes=judged.size_bytes,
        sha256=judged.sha256,
        pcm_sha256=judged.pcm_sha256,
        duration_s=judged.decoded.duration_s,
        rate_hz=judged.decoded.rate_hz,
        channels=judged.decoded.channels,
        pcm_name=judged.pcm_name,
        original_name=judged.original_name,
    )
    with transaction.atomic():
        job_limits_hold(owner=judged.owner)
        sample.save(force_insert=True)
        job_create(owner=judged.owner, resource=sample)
    return sample


def sample_update(*, sample: VoiceSample, name: str | None = None, language: str | None = None) -> None:
    """Rename a sample, or say which language is spoken in it. One that is gone meanwhile stays gone."""
    asked = {"name": name, "language": language}
    changed = {field: value for field, value in asked.items() if value is not None}
    if name is not None:
        changed["search_form"] = search_form(name)
    VoiceSample.objects.filter(pk=sample.pk).update(**changed, updated_at=timezone.now())


def sample_delete(*, sample: VoiceSample) -> None:
    """Delete a recording and its files. Voices that were made from it stay; one that still waits for it fails."""
    reason = VoiceError("sample_deleted", "The recording was deleted.")
    with transaction.atomic():
        jobs_lock(Job.objects.filter(sample=sample))
        job_cancel(job=sample.job, error=reason)
        for voice_model in sample.voice_models.exclude(status__in=VOICE_MODEL_TERMINAL).select_related("job"):
            job_fail(job=voice_model.job, error=reason)
        idempotency_forget(resource=sample)
        folder = resource_folder(owner_id=sample.owner_id, resource_id=sample.pk)
        sample.delete()
        transaction.on_commit(lambda: sample_storage().delete_folder(folder), robust=True)


def decoded_drop(*, sample: VoiceSample) -> None:
    """Delete the decoded upload of a recording whose preprocessing has ended, well or badly."""
    name = sample.pcm_name
    if name:
        VoiceSample.objects.filter(pk=sample.pk, pcm_name=name).update(pcm_name="")
        sample_storage().delete(name)


def _voices_in_the_making() -> QuerySet[VoiceModel]:
    return VoiceModel.objects.filter(samples=OuterRef("pk")).exclude(status__in=VOICE_MODEL_TERMINAL)


register(
    Kind(
        name=JobKind.PREPROCESS,
        queue="preprocess",
        model=VoiceSample,
        link="sample",
        noun="recording",
        plural="samples",
        working=SampleStatus.PROCESSING,
        done=SampleStatus.READY,
        failed=SampleStatus.FAILED,
        rejected=SampleStatus.REJECTED,
        storage=sample_storage,
        file_fields=("original_name", "pcm_name", "audio_name"),
        main_file="audio_name",
        run="voice.jobs.preprocess.preprocess_run",
        delete=lambda row: sample_delete(sample=row),
        lose_file=lambda row: sample_delete(sample=row),
        after_end=lambda row: decoded_drop(sample=row),
        retention="RETENTION_UPLOAD_DAYS",
        is_needed=lambda: Q(Exists(_voices_in_the_making())),
    )
)
