"""Uploaded recordings of a voice."""

from django.db import models
from django.db.models import Q

from voice.models.lifecycle import Moderated, Resource, SampleStatus, Searched


class AudioFormat(models.TextChoices):
    WAV = "wav"
    MP3 = "mp3"
    FLAC = "flac"
    AIFF = "aiff"
    OGG = "ogg"
    W64 = "w64"
    CAF = "caf"
    AU = "au"
    MP2 = "mp2"
    MP1 = "mp1"
    M4A = "m4a"
    AAC = "aac"
    WEBM = "webm"


class VoiceSample(Resource, Moderated, Searched):
    """A recording: uploaded -> processing -> ready | rejected | failed.

    `pcm_name` is the decoded upload, which lives until preprocessing is done; `audio_name` is what cloning reads;
    `original_name` is the upload itself, kept only where KEEP_ORIGINAL_UPLOADS says so. All three are names in the
    sample storage, made by us. `sha256` is of the upload's bytes, `pcm_sha256` of
    what they decode to, empty for recordings older than it.
    """

    searched = "name"
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=8, blank=True)
    status = models.CharField(max_length=16, choices=SampleStatus.choices, default=SampleStatus.UPLOADED)
    audio_format = models.CharField(max_length=8, choices=AudioFormat.choices)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    pcm_sha256 = models.CharField(max_length=64, blank=True, db_default="")
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
            # a block looks for copies: WHERE sha256 IN (..) OR pcm_sha256 IN (..)
            models.Index(fields=["sha256"], name="sample_sha256"),
            models.Index(fields=["pcm_sha256"], name="sample_pcm_sha256"),
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


class SampleSound(models.Model):
    """The acoustic fingerprint of a recording (voice/audio/fingerprint.py); apart, so that lists need not read it.

    It has been compared with all blocks that were made up to `compared_until`.
    """

    sample = models.OneToOneField(VoiceSample, primary_key=True, on_delete=models.CASCADE, related_name="sound")
    bits = models.BinaryField()
    compared_until = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "voice_sample_sounds"

    def __str__(self) -> str:
        return f"sound of recording {self.sample_id}"
