"""Voices: POST /clone, /models."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from voice.api import examples
from voice.api.creation import Creation
from voice.api.exceptions import ReferenceNotFound
from voice.api.schema import CREATING, IDEMPOTENCY_KEY, PREFER, operation
from voice.api.serializers.queries import PageQuery
from voice.api.serializers.voice_models import (
    CloneSerializer,
    VoiceModelAnswer,
    VoiceModelSerializer,
    VoiceModelUpdateSerializer,
)
from voice.api.views.base import VoiceViewSet
from voice.models import VoiceModel, VoiceSample
from voice.selectors import sample_visible_to, voice_model_visible_to
from voice.services.voice_model import voice_model_clone, voice_model_delete, voice_model_update


class VoiceModelViewSet(VoiceViewSet):
    """The user's voices."""

    serializer_class = VoiceModelSerializer

    def visible(self) -> QuerySet[VoiceModel]:
        return voice_model_visible_to(self.user)

    def represent(self, resource: VoiceModel) -> dict[str, Any]:
        return {"model": VoiceModelSerializer(resource).data}

    @operation(
        "clone_voice",
        summary="Clone a voice from recordings",
        description="The recordings may still be in preparation: the job waits for them.",
        tag="models",
        request=(CloneSerializer, examples.CLONE_REQUEST),
        parameters=[IDEMPOTENCY_KEY, PREFER],
        answers={
            202: (VoiceModelAnswer, {"model": examples.MODEL_ACCEPTED}),
            200: (VoiceModelAnswer, {"model": examples.MODEL}),
        },
        problems=CREATING,
    )
    def clone(self, request: Request) -> HttpResponseBase:
        fields = self.valid(CloneSerializer, request.data)
        creation = Creation(
            request=request, owner=self.user, payload=fields, visible=self.visible(), represent=self.represent
        )

        def make() -> VoiceModel:
            self.check_writes()
            voice_model = voice_model_clone(
                owner=self.user,
                samples=self._samples(fields["sample_ids"]),
                name=fields["name"],
                language=fields["language"],
                engine=fields.get("engine", ""),
            )
            self.spend_write(rows_written=1)
            return voice_model

        return creation.run(make)

    @operation(
        "list_models",
        summary="My voices, newest first",
        tag="models",
        parameters=[PageQuery],
        answers={200: (VoiceModelSerializer(many=True), examples.MODEL)},
        problems=(401, 404, 422, 503),
    )
    def list(self, request: Request) -> Response:
        self.query(PageQuery)
        return self.page(self.visible())

    @operation(
        "show_model",
        summary="One voice",
        tag="models",
        answers={200: (VoiceModelAnswer, {"model": examples.MODEL})},
        problems=(401, 404, 503),
    )
    def retrieve(self, request: Request, id: UUID) -> Response:
        return Response(self.represent(self.found(id)))

    @operation(
        "change_model",
        summary="Rename a voice",
        tag="models",
        request=(VoiceModelUpdateSerializer, {"name": "My Voice"}),
        answers={200: (VoiceModelAnswer, {"model": examples.MODEL})},
        problems=(400, 401, 404, 422, 429, 503),
    )
    def partial_update(self, request: Request, id: UUID) -> Response:
        self.found(id)
        fields = self.valid(VoiceModelUpdateSerializer, request.data)
        return self.changed(id, lambda voice_model: voice_model_update(voice_model=voice_model, **fields))

    @operation(
        "delete_model",
        summary="Delete a voice",
        description="What was spoken in it stays in the history. Deleting is never rate-limited.",
        tag="models",
        answers={204: (None, None)},
        problems=(401, 404, 503),
    )
    def destroy(self, request: Request, id: UUID) -> Response:
        voice_model_delete(voice_model=self.found(id))
        return Response(status=204)

    def _samples(self, ids: Sequence[UUID]) -> Sequence[VoiceSample]:
        found = sample_visible_to(self.user).in_bulk(ids)
        if len(found) < len(ids):
            raise ReferenceNotFound("sample_id", "There is no such recording.")
        return [found[id] for id in ids]
