"""The history of everything that was spoken."""

from django.db import models
from django.db.models import Q

from voice.audio.formats import FORMATS
from voice.models.lifecycle import Moderated, Resource, Searched, SynthesisStatus
from voice.models.voice_model import VoiceModel
from voice.text.markup import Markup


def output_format_choices() -> list[tuple[str, str]]:
    """The table of formats as choices; the database takes any name, so that a new format needs no migration."""
    return [(name, name.upper()) for name in FORMATS]


class Synthesis(Resource, Moderated, Searched):
    """One text in one voice: queued -> running -> completed | failed | cancelled.

    `audio_name` is the encoded speech in the output storage, set when the status is completed, until the audio is
    removed for its age or found missing: then `audio_removed_at` says when, and the entry stays.
    """

    searched = "text"
    voice_model = models.ForeignKey(VoiceModel, null=True, on_delete=models.SET_NULL, related_name="syntheses")
    voice_model_label = models.CharField(max_length=100)  # survives the deletion of the model
    text = models.TextField()
    markup = models.CharField(max_length=16, choices=[(way.value, way.value) for way in Markup], default="plain")
    language = models.CharField(max_length=8)
    output_format = models.CharField(max_length=8, choices=output_format_choices)
    bitrate_kbps = models.PositiveSmallIntegerField(null=True)  # null for the format's own way
    speed = models.FloatField(default=1.0)
    seed = models.PositiveBigIntegerField(default=0)
    options = models.JSONField(default=dict)
    status = models.CharField(max_length=16, choices=SynthesisStatus.choices, default=SynthesisStatus.QUEUED)
    audio_name = models.CharField(max_length=200, blank=True)
    size_bytes = models.PositiveIntegerField(null=True)
    rate_hz = models.PositiveIntegerField(null=True)  # of the speech; raw PCM says it nowhere else
    duration_s = models.FloatField(null=True)
    processing_s = models.FloatField(null=True)
    completed_at = models.DateTimeField(null=True)
    audio_removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "voice_synthesis_history"
        ordering = ["-created_at", "-id"]
        indexes = [
            # GET /history: WHERE owner ORDER BY created_at DESC
            models.Index(fields=["owner", "-created_at"], name="synthesis_owner_created"),
            # GET /history?status=..: WHERE owner AND status ORDER BY created_at DESC
            models.Index(fields=["owner", "status", "-created_at"], name="synthesis_owner_status"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=SynthesisStatus.values), name="synthesis_status_known"),
            models.CheckConstraint(condition=~Q(output_format=""), name="synthesis_format_known"),
            models.CheckConstraint(condition=Q(speed__gte=0.5, speed__lte=2.0), name="synthesis_speed_in_range"),
            models.CheckConstraint(
                condition=(
                    Q(status=SynthesisStatus.COMPLETED, duration_s__isnull=False, audio_removed_at=None)
                    & ~Q(audio_name="")
                    | Q(status=SynthesisStatus.COMPLETED, audio_name="", audio_removed_at__isnull=False)
                    | ~Q(status=SynthesisStatus.COMPLETED) & Q(audio_name="", audio_removed_at=None)
                ),
                name="synthesis_completed_has_audio",
            ),
        ]
        verbose_name_plural = "synthesis history"

    def __str__(self) -> str:
        return f"{self.id} ({self.status})"
