"""Recordings."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from voice.api.serializers.base import (
    DONE,
    LanguageField,
    ResourceSerializer,
    StrictSerializer,
    StringField,
    TextOrNullField,
    accepted,
    link,
    links_schema,
    printable,
)
from voice.models import AudioFormat, VoiceSample
from voice.models.lifecycle import SampleStatus

SAMPLE_ID = "0b9d6f3e-5f0f-4c9e-9d0c-0f6f6f1b7a11"
QUIETER_ROOM = "Record in a quieter room, closer to the microphone, with fans and air conditioning off."
SCORE = {"type": "number", "minimum": 0, "maximum": 100}
QUALITY_PARTS = ("snr", "clipping", "speech_share", "bandwidth", "level", "length")


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object that has these properties, all of them and no others."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


QUALITY_PART_SCHEMA = _closed(
    {
        "value": {"type": "number"},
        "unit": {"type": "string"},
        "score": SCORE,
        "advice": {"type": ["string", "null"], "description": "What to do about a weak part; null for a good one."},
    }
)
QUALITY_SCHEMA = {
    **_closed(
        {
            "score": SCORE,
            "parts": _closed(dict.fromkeys(QUALITY_PARTS, QUALITY_PART_SCHEMA)),
            "advice": {"type": "array", "items": {"type": "string"}, "description": "The advice of all weak parts."},
        }
    ),
    "type": ["object", "null"],
    "description": "Null until the recording was preprocessed.",
}


class UploadSerializer(StrictSerializer):
    """A recording of one voice."""

    example = {"audio": "(the bytes of a WAV, MP3 or FLAC file)", "name": "Episode 12, intro", "language": "en"}
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

    example = {"name": "Episode 12, intro"}
    name = StringField(max_length=200, required=False, validators=[printable])
    language = LanguageField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Name at least one field to change.", code="nothing_to_change")
        return attrs


class SampleSerializer(ResourceSerializer):
    """A recording: uploaded → processing → ready | rejected | failed."""

    example = {
        **DONE,
        "id": SAMPLE_ID,
        "status": "ready",
        "updated_at": "2026-11-22T12:00:02Z",
        "name": "Episode 12, intro",
        "language": "en",
        "format": "flac",
        "size_bytes": 812_344,
        "duration_s": 31.4,
        "rate_hz": 44_100,
        "channels": 1,
        "speech_duration_s": 27.9,
        "quality": {
            "score": 86.5,
            "parts": {
                "snr": {"value": 22.898, "unit": "dB", "score": 67.6, "advice": QUIETER_ROOM},
                "clipping": {"value": 0.0, "unit": "%", "score": 100.0, "advice": None},
                "speech_share": {"value": 95.7489, "unit": "%", "score": 100.0, "advice": None},
                "bandwidth": {"value": 7350.0, "unit": "Hz", "score": 82.3, "advice": None},
                "level": {"value": -22.3581, "unit": "LUFS", "score": 100.0, "advice": None},
                "length": {"value": 38.29, "unit": "s", "score": 92.8, "advice": None},
            },
            "advice": [QUIETER_ROOM],
        },
        "blocked": False,
        "blocked_reason": None,
        "links": {"self": f"/api/voice/samples/{SAMPLE_ID}", "audio": f"/api/voice/samples/{SAMPLE_ID}/audio"},
    }
    accepted_example = accepted(example, "uploaded", "speech_duration_s", "quality")

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
    blocked_reason = TextOrNullField()
    links = serializers.SerializerMethodField()

    @extend_schema_field(QUALITY_SCHEMA)
    def get_quality(self, sample: VoiceSample) -> dict[str, Any] | None:
        return sample.quality

    @extend_schema_field(links_schema("self", "audio?"))
    def get_links(self, sample: VoiceSample) -> dict[str, str | None]:
        return {
            "self": link("sample", sample),
            "audio": link("sample-audio", sample) if sample.audio_name else None,
        }


class SampleAnswer(serializers.Serializer[Any]):
    """One recording."""

    sample = SampleSerializer()
