"""Recordings: POST /upload, /samples."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from voice.api.schema import Operation
from voice.api.serializers import (
    CREATED_AT,
    LanguageField,
    NameField,
    ResourceSerializer,
    StrictSerializer,
    TextOrNullField,
    link,
    links_schema,
)
from voice.api.views import AudioViewSet, is_withheld
from voice.audio.rejections import file_too_large
from voice.errors import ServiceUnavailable
from voice.models import AudioFormat, VoiceSample
from voice.models.lifecycle import SampleStatus
from voice.selectors import sample_visible_to
from voice.services.sample import sample_create, sample_delete, sample_update, upload_judge
from voice.storage import sample_storage
from voice.storage.base import VoiceStorage

MAX_DECODERS = 4
DECODER_WAIT_S = 30.0
_decoders = threading.BoundedSemaphore(MAX_DECODERS)  # each is a child process of up to some hundred megabytes
SAMPLE_ID = "0b9d6f3e-5f0f-4c9e-9d0c-0f6f6f1b7a11"
SAMPLE_LINK = f"/api/voice/samples/{SAMPLE_ID}"
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
QUALITY_EXAMPLE = {
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
}


class UploadSerializer(StrictSerializer):
    """A recording of one voice."""

    example = {"audio": "(the bytes of a FLAC, MP3 or WAV file)", "name": "Episode 12, intro", "language": "en"}
    audio = serializers.FileField(
        allow_empty_file=True,  # an empty file is judged as audio, like any other
        help_text="WAV, MP3, FLAC, or another of the `audio_formats` of `GET /api/voice/limits`, recognised by its "
        "content. At most `max_voice_file_size_mb` (by default 10 MB), and 10 to 300 seconds long: a minute of stereo "
        "WAV at 48 kHz and 24 bit has 17 MB, as FLAC about half as much.",
    )
    name = NameField(max_length=200, required=False, allow_blank=True, help_text="Default: the file's name.")
    language = LanguageField(required=False, allow_blank=True, help_text="What is spoken in it.")


class SampleUpdateSerializer(StrictSerializer):
    """The fields of a recording that can be changed."""

    example = {"name": "Episode 12, intro"}
    constraints = {"minProperties": 1}
    name = NameField(max_length=200, required=False)
    language = LanguageField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Name at least one field to change.", code="nothing_to_change")
        return attrs


class SampleSerializer(ResourceSerializer):
    """A recording: uploaded → processing → ready | rejected | failed."""

    example = {"id": SAMPLE_ID, "created_at": CREATED_AT, "updated_at": "2026-11-22T12:00:02Z"}
    accepted = ("uploaded", "speech_duration_s", "quality")

    status = serializers.ChoiceField(choices=SampleStatus.choices, initial="ready")
    name = serializers.CharField(initial="Episode 12, intro")
    language = serializers.CharField(initial="en")
    format = serializers.ChoiceField(choices=AudioFormat.choices, source="audio_format", initial="flac")
    size_bytes = serializers.IntegerField(initial=812_344)
    duration_s = serializers.FloatField(initial=31.4)
    rate_hz = serializers.IntegerField(initial=44_100)
    channels = serializers.IntegerField(initial=1)
    speech_duration_s = serializers.FloatField(allow_null=True, initial=27.9)
    quality = serializers.SerializerMethodField(initial=QUALITY_EXAMPLE)
    blocked = serializers.BooleanField(source="is_blocked", help_text="A moderator keeps it from being used.")
    blocked_reason = TextOrNullField()
    links = serializers.SerializerMethodField(initial={"self": SAMPLE_LINK, "audio": f"{SAMPLE_LINK}/audio"})

    @extend_schema_field(QUALITY_SCHEMA)
    def get_quality(self, sample: VoiceSample) -> dict[str, Any] | None:
        return sample.quality

    @extend_schema_field(links_schema("self", "audio?"))
    def get_links(self, sample: VoiceSample) -> dict[str, str | None]:
        audio = link("sample-audio", sample) if sample.audio_name and not is_withheld(sample) else None
        return {"self": link("sample", sample), "audio": audio}


class SampleViewSet(AudioViewSet):
    """The user's recordings."""

    noun, word, tag = "sample", "recording", "samples"
    audio_label = "name"
    serializer_class, create_class, update_class = SampleSerializer, UploadSerializer, SampleUpdateSerializer
    accepted_status, waited_status = 201, 201
    operations = {
        "create": Operation(
            "upload_sample",
            "Upload a recording of a voice",
            "Format, size and duration are judged at once; quality is measured afterwards, by a job.",
            problems=(400, 401, 403, 413, 415, 422, 429, 503, 507),
        ),
        "list": Operation("list_samples", "My recordings, newest first"),
        "retrieve": Operation("show_sample", "One recording, with its quality"),
        "partial_update": Operation("change_sample", "Rename a recording, or say its language"),
        "destroy": Operation(
            "delete_sample",
            "Delete a recording and its files",
            "Voices that were made from it stay. Deleting is never rate-limited.",
        ),
        "audio": Operation("download_sample", "The recording as it is used for cloning"),
    }

    def visible(self) -> QuerySet[VoiceSample]:
        return sample_visible_to(self.user)

    def create(self, request: Request) -> HttpResponse:
        """A recording is judged during the request, and prepared afterwards."""
        fields = UploadSerializer.read(request.data)
        audio: TemporaryUploadedFile = fields["audio"]
        _check_size(audio)
        names = {"name": fields.get("name") or _name_of(audio), "language": fields.get("language", "")}
        payload = {"sha256": _sha256(audio), **names}
        if (replayed := self.replay(payload)) is not None:
            return replayed
        self.check_writes()
        with _decoder(), upload_judge(Path(audio.temporary_file_path()), owner=self.user) as judged:
            answer, is_replay = self.made(payload, lambda: sample_create(judged=judged, **names))
        return self.respond(answer, is_replay=is_replay)  # it may wait: the decoder is for the next upload

    def update_one(self, resource: VoiceSample, **fields: Any) -> None:
        sample_update(sample=resource, **fields)

    def delete_one(self, resource: VoiceSample) -> None:
        sample_delete(sample=resource)

    def audio_storage(self) -> VoiceStorage:
        return sample_storage()


class WorkFileUploadHandler(TemporaryFileUploadHandler):
    """Django's own, but that on a full disk the half of a file goes at once, not when garbage is collected."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        with self._gone_on_error():
            return super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        with self._gone_on_error():
            return super().file_complete(file_size)

    @contextmanager
    def _gone_on_error(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            with suppress(OSError):  # closing writes what is left of the buffer, then deletes the file in any case
                self.file.close()
            raise


@contextmanager
def _decoder() -> Iterator[None]:
    """A turn to decode; a burst of uploads must not become a burst of child processes."""
    if not _decoders.acquire(timeout=DECODER_WAIT_S):
        raise ServiceUnavailable("busy", "Too many recordings are being read just now. Upload it again in a minute.")
    try:
        yield
    finally:
        _decoders.release()


def _check_size(audio: TemporaryUploadedFile) -> None:
    limit = settings.MAX_VOICE_FILE_SIZE
    if (audio.size or 0) > limit:
        raise file_too_large(size_bytes=audio.size, limit_bytes=limit)


def _name_of(audio: TemporaryUploadedFile) -> str:
    """The client's name of the file, for people only: it never becomes part of a path."""
    stem = PurePath(audio.name or "").stem
    return "".join(c for c in stem if c.isprintable()).strip()[:200] or "Recording"


def _sha256(audio: TemporaryUploadedFile) -> str:
    with open(audio.temporary_file_path(), "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
