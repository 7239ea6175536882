"""Uploaded recordings of a voice."""

from django.db import models
from django.db.models import Q

from voice.models.lifecycle import Moderated, Resource, SampleStatus


class AudioFormat(models.TextChoices):
    WAV = "wav"
    MP3 = "mp3"
    FLAC = "flac"


class VoiceSample(Resource, Moderated):
    """A recording: uploaded -> processing -> ready | rejected | failed.

    `pcm_name` is the decoded upload, which lives until preprocessing is done; `audio_name` is what cloning reads;
    `original_name` is the upload itself, kept only where KEEP_ORIGINAL_UPLOADS says so. All three are names in the
    sample storage, made by us.
    """

    name = models.CharField(max_length=200)
    language = models.CharField(max_length=8, blank=True)
    status = models.CharField(max_length=16, choices=SampleStatus.choices, default=SampleStatus.UPLOADED)
    audio_format = models.CharField(max_length=8, choices=AudioFormat.choices)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    duration_s = models.FloatField()
    rate_hz = models.PositiveIntegerField()
    channels = models.PositiveSmallIntegerField()
    speech_duration_s = models.FloatField(null=True)
    quality = models.JSONField(null=True)
    original_name = models.CharField(max_length=200, blank=True)
    pcm_name = models.CharField(max_length=200, blank=True)
    audio_name = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "voice_samples"
        ordering = ["-created_at", "-id"]
        indexes = [
            # GET /samples: WHERE owner ORDER BY created_at DESC
            models.Index(fields=["owner", "-created_at"], name="sample_owner_created"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=SampleStatus.values), name="sample_status_known"),
            models.CheckConstraint(condition=Q(duration_s__gt=0), name="sample_duration_positive"),
            models.CheckConstraint(
                condition=~Q(status=SampleStatus.READY) | ~Q(audio_name=""), name="sample_ready_has_audio"
            ),
        ]

    def __str__(self) -> str:
        return f"recording {self.pk} ({self.status})"  # the admin's log keeps this: no name, which is the person's
