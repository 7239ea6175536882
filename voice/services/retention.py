"""Letting go of recordings, audio and history that are older than the operator keeps them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils import timezone

from voice.models import Job, Synthesis, VoiceModel, VoiceSample
from voice.models.lifecycle import SAMPLE_TERMINAL, SYNTHESIS_TERMINAL, VOICE_MODEL_TERMINAL, SynthesisStatus
from voice.services.job import jobs_lock
from voice.services.row_walk import row_walk
from voice.services.sample import sample_delete
from voice.services.synthesis import synthesis_audio_remove, synthesis_delete

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class ExpiredCounts:
    """How many entries of the history, audio files and recordings are beyond their age, or were removed for it."""

    history: int = 0
    audio: int = 0
    samples: int = 0

    @property
    def total(self) -> int:
        return self.history + self.audio + self.samples


def expired_count() -> ExpiredCounts:
    """What `expired_cleanup` would remove now."""
    now = timezone.now()
    return ExpiredCounts(
        history=_expired_history(now).count(),
        audio=_expired_audio(now).exclude(pk__in=_expired_history(now)).count(),
        samples=_expired_samples(now).count(),
    )


def expired_cleanup(*, on_row: Callable[[], None] = lambda: None) -> ExpiredCounts:
    """Remove what is older than RETENTION_HISTORY_DAYS, RETENTION_AUDIO_DAYS and RETENTION_UPLOAD_DAYS; 0 keeps all.

    Work that has not ended is never touched, nor a recording that a voice is being made from. Any number of
    processes may do this at once: each row is removed by one of them, in a transaction of its own.
    """
    now = timezone.now()
    history = audio = samples = 0
    for entry in row_walk(_expired_history(now).select_related("job")):
        synthesis_delete(synthesis=entry)
        history += 1
        on_row()
    for synthesis in row_walk(_expired_audio(now)):
        audio += synthesis_audio_remove(synthesis=synthesis)
        on_row()
    for sample in row_walk(_expired_samples(now).select_related("job")):
        samples += _sample_expire(sample)
        on_row()
    return ExpiredCounts(history=history, audio=audio, samples=samples)


def _expired_history(now: datetime) -> QuerySet[Synthesis]:
    ended = Synthesis.objects.filter(status__in=SYNTHESIS_TERMINAL)
    return _older(ended, "created_at", now, days=settings.RETENTION_HISTORY_DAYS)


def _expired_audio(now: datetime) -> QuerySet[Synthesis]:
    heard = Synthesis.objects.filter(status=SynthesisStatus.COMPLETED).exclude(audio_name="")
    return _older(heard, "completed_at", now, days=settings.RETENTION_AUDIO_DAYS)


def _expired_samples(now: datetime) -> QuerySet[VoiceSample]:
    ended = VoiceSample.objects.filter(~Exists(_voices_in_the_making()), status__in=SAMPLE_TERMINAL)
    return _older(ended, "created_at", now, days=settings.RETENTION_UPLOAD_DAYS)


def _voices_in_the_making() -> QuerySet[VoiceModel]:
    return VoiceModel.objects.filter(samples=OuterRef("pk")).exclude(status__in=VOICE_MODEL_TERMINAL)


def _older(rows: "QuerySet[Row]", field: str, now: datetime, *, days: int) -> "QuerySet[Row]":
    return rows.filter(**{f"{field}__lt": now - timedelta(days=days)}) if days else rows.none()


def _sample_expire(sample: VoiceSample) -> bool:
    with transaction.atomic():
        jobs_lock(Job.objects.filter(sample=sample))  # who clones from it now has either begun, or finds it gone
        if sample.voice_models.exclude(status__in=VOICE_MODEL_TERMINAL).exists():
            return False
        sample_delete(sample=sample)
    return True
