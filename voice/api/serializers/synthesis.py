"""Speech."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from voice.api.serializers.base import (
    ChoiceField,
    IdField,
    LanguageField,
    NumberField,
    ResourceSerializer,
    StrictSerializer,
    StringField,
    WholeNumberField,
    link,
)
from voice.audio.formats import DEFAULT_FORMAT, FORMATS
from voice.models import Synthesis
from voice.models.lifecycle import SynthesisStatus

MAX_SEED = 2**53 - 1  # what a JavaScript number holds exactly


class OutputFormatField(ChoiceField):
    """A name of the table of formats, as the table is when the field is made."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=list(FORMATS), **options)


class SynthesizeSerializer(StrictSerializer):
    """What is to be spoken, in which voice, and how."""

    model_id = IdField()
    text = StringField(trim_whitespace=False, help_text="At most MAX_SYNTHESIS_TEXT_LENGTH code points after NFC.")
    language = LanguageField(required=False, help_text="Default: the voice's language.")
    output_format = OutputFormatField(default=DEFAULT_FORMAT)
    bitrate_kbps = WholeNumberField(
        required=False, allow_null=True, help_text="A constant one, for formats that have them: see /api/voice/limits."
    )
    speed = NumberField(min_value=0.5, max_value=2.0, default=1.0, help_text="1 is the voice's own pace.")
    seed = WholeNumberField(
        min_value=0, max_value=MAX_SEED, default=0, help_text="The same seed and input give the same speech."
    )
    options = serializers.DictField(
        child=NumberField(), default=dict, help_text="The engine's own parameters: see /api/voice/engines."
    )


class SynthesisSerializer(ResourceSerializer):
    """A text in a voice: queued → running → completed | failed | cancelled."""

    status = serializers.ChoiceField(choices=SynthesisStatus.choices)
    model_id = serializers.UUIDField(source="voice_model_id", allow_null=True, help_text="Null once it was deleted.")
    model_name = serializers.CharField(source="voice_model_label")
    text = serializers.CharField()
    language = serializers.CharField()
    output_format = OutputFormatField()
    bitrate_kbps = serializers.IntegerField(allow_null=True)
    speed = serializers.FloatField()
    seed = serializers.IntegerField()
    options = serializers.DictField(child=serializers.FloatField())
    duration_s = serializers.FloatField(allow_null=True)
    size_bytes = serializers.IntegerField(allow_null=True)
    rate_hz = serializers.IntegerField(allow_null=True, help_text="Samples per second.")
    processing_s = serializers.FloatField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    links = serializers.SerializerMethodField()

    @extend_schema_field(
        {
            "type": "object",
            "required": ["self", "audio", "cancel"],
            "properties": {
                "self": {"type": "string"},
                "audio": {"type": ["string", "null"]},
                "cancel": {"type": "string"},
            },
        }
    )
    def get_links(self, synthesis: Synthesis) -> dict[str, str | None]:
        return {
            "self": link("synthesis", synthesis),
            "audio": link("synthesis-audio", synthesis) if synthesis.audio_name else None,
            "cancel": link("synthesis-cancel", synthesis),
        }


class SynthesisAnswer(serializers.Serializer[Any]):
    """One synthesis."""

    synthesis = SynthesisSerializer()
