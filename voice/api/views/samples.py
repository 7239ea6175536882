"""Recordings: POST /upload, /samples."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db.models import QuerySet
from django.http import HttpResponseBase
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from voice.api import examples
from voice.api.audio_response import AnyAccept, audio_response
from voice.api.creation import Creation
from voice.api.schema import IDEMPOTENCY_KEY, PREFER, audio_operation, operation
from voice.api.serializers.queries import AudioQuery, PageQuery
from voice.api.serializers.samples import SampleAnswer, SampleSerializer, SampleUpdateSerializer, UploadSerializer
from voice.api.views.base import VoiceViewSet
from voice.errors import Conflict, ServiceUnavailable, TooLarge
from voice.models import VoiceSample
from voice.selectors import sample_visible_to
from voice.services.sample import sample_create, sample_delete, sample_update, upload_judge
from voice.storage import sample_storage

MAX_DECODERS = 4
DECODER_WAIT_S = 30.0
_decoders = threading.BoundedSemaphore(MAX_DECODERS)  # each is a child process of up to some hundred megabytes


class SampleViewSet(VoiceViewSet):
    """The user's recordings."""

    serializer_class = SampleSerializer

    def visible(self) -> QuerySet[VoiceSample]:
        return sample_visible_to(self.user)

    def represent(self, resource: VoiceSample) -> dict[str, Any]:
        return {"sample": SampleSerializer(resource).data}

    @operation(
        "list_samples",
        summary="My recordings, newest first",
        tag="samples",
        parameters=[PageQuery],
        answers={200: (SampleSerializer(many=True), examples.SAMPLE)},
        problems=(401, 404, 422, 503),
    )
    def list(self, request: Request) -> Response:
        self.query(PageQuery)
        return self.page(self.visible())

    @operation(
        "show_sample",
        summary="One recording, with its quality",
        tag="samples",
        answers={200: (SampleAnswer, {"sample": examples.SAMPLE})},
        problems=(401, 404, 503),
    )
    def retrieve(self, request: Request, id: UUID) -> Response:
        return Response(self.represent(self.found(id)))

    @operation(
        "change_sample",
        summary="Rename a recording, or say its language",
        tag="samples",
        request=(SampleUpdateSerializer, {"name": "Episode 12, intro"}),
        answers={200: (SampleAnswer, {"sample": examples.SAMPLE})},
        problems=(400, 401, 404, 422, 429, 503),
    )
    def partial_update(self, request: Request, id: UUID) -> Response:
        self.found(id)
        fields = self.valid(SampleUpdateSerializer, request.data)
        return self.changed(id, lambda sample: sample_update(sample=sample, **fields))

    @operation(
        "delete_sample",
        summary="Delete a recording and its files",
        description="Voices that were made from it stay. Deleting is never rate-limited.",
        tag="samples",
        answers={204: (None, None)},
        problems=(401, 404, 503),
    )
    def destroy(self, request: Request, id: UUID) -> Response:
        sample_delete(sample=self.found(id))
        return Response(status=204)


class UploadViewSet(SampleViewSet):
    """POST /upload: a recording is judged during the request and prepared afterwards."""

    parser_classes = [MultiPartParser]

    @operation(
        "upload_sample",
        summary="Upload a recording of a voice",
        description="Format, size and duration are judged at once; quality is measured afterwards, by a job.",
        tag="samples",
        request=(UploadSerializer, examples.UPLOAD_REQUEST),
        request_type="multipart/form-data",
        parameters=[IDEMPOTENCY_KEY, PREFER],
        answers={201: (SampleAnswer, {"sample": examples.SAMPLE_ACCEPTED})},
        problems=(400, 401, 413, 415, 422, 429, 503, 507),
    )
    def upload(self, request: Request) -> HttpResponseBase:
        fields = self.valid(UploadSerializer, request.data)
        audio: TemporaryUploadedFile = fields["audio"]
        _check_size(audio)
        name = fields.get("name") or _name_of(audio)
        language = fields.get("language", "")
        creation = Creation(
            request=request,
            owner=self.user,
            payload={"sha256": _sha256(audio), "name": name, "language": language},
            visible=self.visible(),
            represent=self.represent,
            accepted_status=201,
            waited_status=201,
        )
        if (replayed := creation.replay()) is not None:
            return replayed
        self.check_writes()
        with _decoder(), upload_judge(Path(audio.temporary_file_path()), owner=self.user) as judged:

            def make() -> VoiceSample:
                sample = sample_create(judged=judged, name=name, language=language)
                self.spend_write(rows_written=1)
                return sample

            answer, is_replay = creation.made(make)
        return creation.respond(answer, is_replay=is_replay)  # it may wait: the decoder is for the next upload


class SampleAudioViewSet(SampleViewSet):
    """GET /samples/{id}/audio."""

    content_negotiation_class = AnyAccept

    @audio_operation(
        "download_sample", summary="The recording as it is used for cloning", tag="samples", query=AudioQuery
    )
    def audio(self, request: Request, id: UUID) -> HttpResponseBase:
        query = self.query(AudioQuery)
        sample = self.found(id)
        if not sample.audio_name:
            raise Conflict("not_ready", f"There is no audio: the recording is {sample.status}.")
        return audio_response(
            request._request,
            storage=sample_storage(),
            name=sample.audio_name,
            label=sample.name,
            as_attachment=query["download"],
        )


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
