"""Recordings."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from voice.api.serializers.base import (
    LanguageField,
    ResourceSerializer,
    StrictSerializer,
    StringField,
    link,
    printable,
)
from voice.models import AudioFormat, VoiceSample
from voice.models.lifecycle import SampleStatus


class UploadSerializer(StrictSerializer):
    """A recording of one voice."""

    audio = serializers.FileField(
        allow_empty_file=True,  # an empty file is judged as audio, like any other
        help_text="WAV, MP3 or FLAC, told by its content.",
    )
    name = StringField(
        max_length=200, required=False, allow_blank=True, validators=[printable], help_text="Default: the file's name."
    )
    language = LanguageField(required=False, allow_blank=True, help_text="What is spoken in it.")


class SampleUpdateSerializer(StrictSerializer):
    """What can be changed on a recording."""

    name = StringField(max_length=200, required=False, validators=[printable])
    language = LanguageField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Name at least one field to change.", code="nothing_to_change")
        return attrs


QUALITY_PART_SCHEMA = {
    "type": "object",
    "properties": {
        "value": {"type": "number"},
        "unit": {"type": "string"},
        "score": {"type": "number", "minimum": 0, "maximum": 100},
        "advice": {"type": ["string", "null"], "description": "What to do about a weak part; null for a good one."},
    },
    "required": ["value", "unit", "score", "advice"],
    "additionalProperties": False,
}
QUALITY_PARTS = ("snr", "clipping", "speech_share", "bandwidth", "level", "length")
QUALITY_SCHEMA = {
    "type": ["object", "null"],
    "description": "Null until the recording was preprocessed.",
    "properties": {
        "score": {"type": "number", "minimum": 0, "maximum": 100},
        "parts": {
            "type": "object",
            "properties": dict.fromkeys(QUALITY_PARTS, QUALITY_PART_SCHEMA),
            "required": list(QUALITY_PARTS),
            "additionalProperties": False,
        },
        "advice": {"type": "array", "items": {"type": "string"}, "description": "The advice of all weak parts."},
    },
    "required": ["score", "parts", "advice"],
    "additionalProperties": False,
}


class SampleSerializer(ResourceSerializer):
    """A recording: uploaded → processing → ready | rejected | failed."""

    status = serializers.ChoiceField(choices=SampleStatus.choices)
    name = serializers.CharField()
    language = serializers.CharField()
    format = serializers.ChoiceField(choices=AudioFormat.choices, source="audio_format")
    size_bytes = serializers.IntegerField()
    duration_s = serializers.FloatField()
    rate_hz = serializers.IntegerField()
    channels = serializers.IntegerField()
    speech_duration_s = serializers.FloatField(allow_null=True)
    quality = serializers.SerializerMethodField()
    blocked = serializers.BooleanField(source="is_blocked", help_text="A moderator keeps it from being used.")
    blocked_reason = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    @extend_schema_field(QUALITY_SCHEMA)
    def get_quality(self, sample: VoiceSample) -> dict[str, Any] | None:
        return sample.quality

    @extend_schema_field({"type": ["string", "null"]})
    def get_blocked_reason(self, sample: VoiceSample) -> str | None:
        return sample.blocked_reason or None

    @extend_schema_field(
        {
            "type": "object",
            "required": ["self", "audio"],
            "properties": {"self": {"type": "string"}, "audio": {"type": ["string", "null"]}},
        }
    )
    def get_links(self, sample: VoiceSample) -> dict[str, str | None]:
        return {
            "self": link("sample", sample),
            "audio": link("sample-audio", sample) if sample.audio_name else None,
        }


class SampleAnswer(serializers.Serializer[Any]):
    """One recording."""

    sample = SampleSerializer()
