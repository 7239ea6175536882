"""Speech."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from voice.api.serializers.base import (
    DONE,
    ChoiceField,
    IdField,
    LanguageField,
    NumberField,
    PageQuery,
    ResourceSerializer,
    StrictSerializer,
    StringField,
    WholeNumberField,
    accepted,
    link,
    links_schema,
)
from voice.api.serializers.voice_models import MODEL_ID
from voice.models import OutputFormat, Synthesis
from voice.models.lifecycle import SynthesisStatus

MAX_SEED = 2**53 - 1  # what a JavaScript number holds exactly
HISTORY_LINK = "/api/voice/history/c7f2b6a8-3e0b-47f1-8b1c-6f1f2a9d3d33"


class SynthesizeSerializer(StrictSerializer):
    """What is to be spoken, in which voice, and how."""

    example = {"model_id": MODEL_ID, "text": "Hello, world!", "output_format": "mp3"}
    model_id = IdField()
    text = StringField(trim_whitespace=False, help_text="At most MAX_SYNTHESIS_TEXT_LENGTH code points after NFC.")
    language = LanguageField(required=False, help_text="Default: the voice's language.")
    output_format = ChoiceField(choices=OutputFormat.choices, default=OutputFormat.MP3)
    speed = NumberField(min_value=0.5, max_value=2.0, default=1.0, help_text="1 is the voice's own pace.")
    seed = WholeNumberField(
        min_value=0, max_value=MAX_SEED, default=0, help_text="The same seed and input give the same speech."
    )
    options = serializers.DictField(
        child=NumberField(), default=dict, help_text="The engine's own parameters: see /api/voice/engines."
    )


class HistoryQuery(PageQuery):
    """Which syntheses are listed."""

    model_id = serializers.UUIDField(required=False)
    status = ChoiceField(choices=SynthesisStatus.choices, required=False)
    created_after = serializers.DateTimeField(required=False, help_text="At this time or later.")
    created_before = serializers.DateTimeField(required=False, help_text="Before this time.")
    q = serializers.CharField(required=False, max_length=200, help_text="Text that was spoken contains this.")
    ordering = ChoiceField(choices=["created_at", "-created_at", "duration_s"], default="-created_at")


class SynthesisSerializer(ResourceSerializer):
    """A text in a voice: queued → running → completed | failed | cancelled."""

    example = {
        **DONE,
        "id": HISTORY_LINK.rpartition("/")[2],
        "status": "completed",
        "updated_at": "2026-11-22T12:00:01Z",
        "model_id": MODEL_ID,
        "model_name": "My Voice",
        "text": "Hello, world!",
        "language": "en",
        "output_format": "mp3",
        "speed": 1.0,
        "seed": 0,
        "options": {},
        "duration_s": 1.12,
        "size_bytes": 9_405,
        "processing_s": 0.2,
        "completed_at": "2026-11-22T12:00:01Z",
        "links": {"self": HISTORY_LINK, "audio": f"{HISTORY_LINK}/audio", "cancel": f"{HISTORY_LINK}/cancel"},
    }
    accepted_example = accepted(example, "queued", "duration_s", "size_bytes", "processing_s", "completed_at")
    cancelled_example = {**accepted_example, "status": "cancelled", "queue_position": None, "estimated_wait_s": None}

    status = serializers.ChoiceField(choices=SynthesisStatus.choices)
    model_id = serializers.UUIDField(source="voice_model_id", allow_null=True, help_text="Null once it was deleted.")
    model_name = serializers.CharField(source="voice_model_label")
    text = serializers.CharField()
    language = serializers.CharField()
    output_format = serializers.ChoiceField(choices=OutputFormat.choices)
    speed = serializers.FloatField()
    seed = serializers.IntegerField()
    options = serializers.DictField(child=serializers.FloatField())
    duration_s = serializers.FloatField(allow_null=True)
    size_bytes = serializers.IntegerField(allow_null=True)
    processing_s = serializers.FloatField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    links = serializers.SerializerMethodField()

    @extend_schema_field(links_schema("self", "audio?", "cancel"))
    def get_links(self, synthesis: Synthesis) -> dict[str, str | None]:
        return {
            "self": link("synthesis", synthesis),
            "audio": link("synthesis-audio", synthesis) if synthesis.audio_name else None,
            "cancel": link("synthesis-cancel", synthesis),
        }


class SynthesisAnswer(serializers.Serializer[Any]):
    """One synthesis."""

    synthesis = SynthesisSerializer()
