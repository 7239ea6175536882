"""Rows and files in the states that jobs leave behind, without running the jobs."""

import uuid
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from tests.waveforms import speech_like, wav_bytes
from voice.models import Job, JobKind, Synthesis, User, VoiceModel, VoiceSample
from voice.models.lifecycle import JobState
from voice.storage import output_storage, sample_storage, voice_model_storage

AUDIO = wav_bytes(speech_like(1.0))


def ended_job(owner: User, kind: JobKind, **fields: Any) -> Job:
    return Job.objects.create(
        owner=owner,
        kind=kind,
        **{"state": JobState.COMPLETED, "progress": 1.0, "finished_at": timezone.now(), **fields},
    )


def ready_sample(owner: User, **fields: Any) -> VoiceSample:
    id = uuid.uuid4()
    defaults = {
        "name": "Intro",
        "language": "en",
        "status": "ready",
        "audio_format": "wav",
        "size_bytes": len(AUDIO),
        "sha256": "0" * 64,
        "duration_s": 12.0,
        "rate_hz": 24_000,
        "channels": 1,
        "audio_name": sample_storage().save(f"{owner.pk}/{id}/1.wav", ContentFile(AUDIO)),
    }
    sample = VoiceSample.objects.create(id=id, owner=owner, **{**defaults, **fields})
    ended_job(owner, JobKind.PREPROCESS, sample=sample)
    return sample


def ready_model(owner: User, *samples: VoiceSample, **fields: Any) -> VoiceModel:
    id = uuid.uuid4()
    name = voice_model_storage().save(f"{owner.pk}/{id}/1.safetensors", ContentFile(b"profile"))
    defaults = {"name": "My Voice", "language": "en", "engine": "embedded", "status": "ready", "profile_name": name}
    voice_model = VoiceModel.objects.create(id=id, owner=owner, **{**defaults, **fields})
    voice_model.samples.set(samples)
    ended_job(owner, JobKind.CLONE, voice_model=voice_model)
    return voice_model


def completed_synthesis(owner: User, voice_model: VoiceModel | None = None, **fields: Any) -> Synthesis:
    id = uuid.uuid4()
    defaults = {
        "voice_model": voice_model,
        "voice_model_label": "My Voice",
        "text": "Hello, world!",
        "language": "en",
        "output_format": "wav",
        "status": "completed",
        "audio_name": output_storage().save(f"{owner.pk}/{id}/1.wav", ContentFile(AUDIO)),
        "size_bytes": len(AUDIO),
        "duration_s": 1.0,
        "processing_s": 0.1,
        "completed_at": timezone.now(),
    }
    synthesis = Synthesis.objects.create(id=id, owner=owner, **{**defaults, **fields})
    ended_job(owner, JobKind.SYNTHESIS, synthesis=synthesis)
    return synthesis


def queued_synthesis(owner: User, voice_model: VoiceModel | None = None, **fields: Any) -> Synthesis:
    waiting = {"status": "queued", "audio_name": "", "duration_s": None, "completed_at": None}
    synthesis = Synthesis.objects.create(
        owner=owner,
        voice_model=voice_model,
        **{
            "voice_model_label": "My Voice",
            "text": "Hello, world!",
            "language": "en",
            "output_format": "mp3",
            **waiting,
            **fields,
        },
    )
    Job.objects.create(owner=owner, kind=JobKind.SYNTHESIS, synthesis=synthesis)
    return synthesis
