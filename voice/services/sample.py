"""Recordings: accepted, renamed, deleted."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from voice.audio.decode import DecodedAudio, DecodeLimits, decode_upload
from voice.errors import VoiceError
from voice.models import User, VoiceSample
from voice.services.idempotency import idempotency_forget
from voice.services.job import job_cancel, job_create
from voice.storage import StoredFile, drop_folder, resource_folder, sample_storage, store, work_folder


@dataclass(frozen=True, slots=True)
class JudgedUpload:
    """An upload that was found to be a recording within the limits, and its decoded form."""

    source: Path
    pcm: Path
    decoded: DecodedAudio
    size_bytes: int
    sha256: str


@contextmanager
def upload_judge(source: Path) -> Iterator[JudgedUpload]:
    """Decode an upload in the sandbox; its PCM lives until the block ends.

    Call it outside of a transaction: it takes up to some seconds. Raises UnsupportedAudio, InvalidAudio, TooLarge.
    """
    limits = DecodeLimits(
        max_bytes=settings.MAX_VOICE_FILE_SIZE,
        min_duration_s=settings.MIN_VOICE_DURATION,
        max_duration_s=settings.MAX_VOICE_DURATION,
    )
    with work_folder() as folder:
        pcm = folder / "decoded.wav"
        decoded = decode_upload(source, pcm, limits=limits)
        with source.open("rb") as f:
            sha256 = hashlib.file_digest(f, "sha256").hexdigest()
        yield JudgedUpload(source, pcm, decoded, source.stat().st_size, sha256)


def sample_create(*, owner: User, judged: JudgedUpload, name: str, language: str) -> VoiceSample:
    """Keep a judged upload as a sample and have it preprocessed. Runs in the caller's transaction."""
    sample = VoiceSample(
        id=uuid4(),
        owner=owner,
        name=name,
        language=language,
        audio_format=judged.decoded.format,
        size_bytes=judged.size_bytes,
        sha256=judged.sha256,
        duration_s=judged.decoded.duration_s,
        rate_hz=judged.decoded.rate_hz,
        channels=judged.decoded.channels,
    )
    kept: list[StoredFile] = []
    try:
        kept.append(_keep(sample, "decoded.wav", judged.pcm))
        sample.pcm_name = kept[-1].name
        if settings.KEEP_ORIGINAL_UPLOADS:
            kept.append(_keep(sample, f"original.{judged.decoded.format}", judged.source))
            sample.original_name = kept[-1].name
        with transaction.atomic():
            sample.save(force_insert=True)
            job_create(owner=owner, resource=sample)
    except BaseException:
        for file in kept:
            file.delete()
        raise
    return sample


def sample_update(*, sample: VoiceSample, name: str | None = None, language: str | None = None) -> VoiceSample:
    """Rename a sample, or say which language is spoken in it."""
    changed = {"name": name, "language": language}
    fields = [field for field, value in changed.items() if value is not None]
    for field in fields:
        setattr(sample, field, changed[field])
    sample.save(update_fields=[*fields, "updated_at"])
    return sample


def sample_delete(*, sample: VoiceSample) -> None:
    """Delete a recording and its files. Voices that were made from it stay; one that still waits for it fails."""
    with transaction.atomic():
        job_cancel(job=sample.job, error=VoiceError("sample_deleted", "The recording was deleted."))
        idempotency_forget(resource=sample)
        folder = resource_folder(owner_id=sample.owner_id, resource_id=sample.pk)
        sample.delete()
        transaction.on_commit(lambda: drop_folder(sample_storage(), folder), robust=True)


def _keep(sample: VoiceSample, file_name: str, source: Path) -> StoredFile:
    folder = resource_folder(owner_id=sample.owner_id, resource_id=sample.pk)
    return store(sample_storage(), f"{folder}/{file_name}", source)
