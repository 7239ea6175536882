"""Recordings: POST /upload, /samples."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from voice.api.schema import Operation
from voice.api.serializers.samples import SampleAnswer, SampleSerializer, SampleUpdateSerializer, UploadSerializer
from voice.api.views.base import AudioViewSet
from voice.errors import ServiceUnavailable, TooLarge
from voice.models import VoiceSample
from voice.selectors import sample_visible_to
from voice.services.sample import sample_create, sample_delete, sample_update, upload_judge
from voice.storage import sample_storage
from voice.storage.base import VoiceStorage

MAX_DECODERS = 4
DECODER_WAIT_S = 30.0
_decoders = threading.BoundedSemaphore(MAX_DECODERS)  # each is a child process of up to some hundred megabytes


class SampleViewSet(AudioViewSet):
    """The user's recordings."""

    noun, tag = "sample", "samples"
    audio_noun, audio_label = "recording", "name"
    serializer_class, answer_class = SampleSerializer, SampleAnswer
    create_class, update_class = UploadSerializer, SampleUpdateSerializer
    accepted_status, waited_status = 201, 201
    operations = {
        "create": Operation(
            "upload_sample",
            "Upload a recording of a voice",
            "Format, size and duration are judged at once; quality is measured afterwards, by a job.",
            problems=(400, 401, 413, 415, 422, 429, 503, 507),
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
        raise TooLarge(
            "file_too_large",
            f"The recording has {audio.size} bytes, {limit} are allowed. Send a shorter one, or FLAC or MP3.",
            details={"size_bytes": audio.size, "limit_bytes": limit},
        )


def _name_of(audio: TemporaryUploadedFile) -> str:
    """The client's name of the file, for people only: it never becomes part of a path."""
    stem = PurePath(audio.name or "").stem
    return "".join(c for c in stem if c.isprintable()).strip()[:200] or "Recording"


def _sha256(audio: TemporaryUploadedFile) -> str:
    with open(audio.temporary_file_path(), "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
