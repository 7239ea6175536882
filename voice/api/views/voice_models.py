"""Voices: POST /clone, /models."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from voice.api.creation import Creation
from voice.api.exceptions import ReferenceNotFound
from voice.api.serializers.queries import PageQuery
from voice.api.serializers.voice_models import CloneRequest, VoiceModelSerializer, VoiceModelUpdateRequest
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

    def clone(self, request: Request) -> HttpResponseBase:
        fields = self.valid(CloneRequest, request.data)
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

    def list(self, request: Request) -> Response:
        self.valid(PageQuery, request.query_params)
        return self.page(self.visible())

    def retrieve(self, request: Request, id: UUID) -> Response:
        return Response(self.represent(self.found(id)))

    def partial_update(self, request: Request, id: UUID) -> Response:
        self.found(id)
        fields = self.valid(VoiceModelUpdateRequest, request.data)
        return self.changed(id, lambda voice_model: voice_model_update(voice_model=voice_model, **fields))

    def destroy(self, request: Request, id: UUID) -> Response:
        voice_model_delete(voice_model=self.found(id))
        return Response(status=204)

    def _samples(self, ids: Sequence[UUID]) -> Sequence[VoiceSample]:
        found = sample_visible_to(self.user).in_bulk(ids)
        if len(found) < len(ids):
            raise ReferenceNotFound("sample_id", "There is no such recording.")
        return [found[id] for id in ids]
