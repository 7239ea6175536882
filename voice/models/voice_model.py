"""Voice models: voices cloned from samples."""

from django.db import models
from django.db.models import Q

from voice.models.lifecycle import Moderated, Resource, Searched, VoiceModelStatus
from voice.models.sample import VoiceSample


class VoiceModel(Resource, Moderated, Searched):
    """A cloned voice: pending -> cloning -> ready | failed.

    `profile_name` is the engine's profile in the model storage. It outlives its samples: deleting a sample keeps
    the voices that were made from it, deleting the model removes the voice.
    """

    searched = "name"
    name = models.CharField(max_length=100)
    language = models.CharField(max_length=8)
    engine = models.CharField(max_length=32)
    engine_version = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=16, choices=VoiceModelStatus.choices, default=VoiceModelStatus.PENDING)
    samples = models.ManyToManyField(VoiceSample, related_name="voice_models", db_table="voice_model_samples")
    profile_name = models.CharField(max_length=200, blank=True)
    quality = models.JSONField(null=True)

    class Meta:
        db_table = "voice_models"
        ordering = ["-created_at", "-id"]
        indexes = [
            # GET /models: WHERE owner ORDER BY created_at DESC
            models.Index(fields=["owner", "-created_at"], name="voice_model_owner_created"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=VoiceModelStatus.values), name="voice_model_status_known"),
            models.CheckConstraint(
                condition=~Q(status=VoiceModelStatus.READY) | ~Q(profile_name=""),
                name="voice_model_ready_has_profile",
            ),
        ]

    def __str__(self) -> str:
        return f"voice {self.pk} ({self.status})"  # the admin's log keeps this: no name, which is the person's
