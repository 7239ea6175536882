"""Voices: POST /clone, /models."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from voice.api.schema import Operation
from voice.api.serializers.voice_models import (
    CloneSerializer,
    VoiceModelAnswer,
    VoiceModelSerializer,
    VoiceModelUpdateSerializer,
)
from voice.api.views.base import ResourceViewSet, named_in_body
from voice.models import VoiceModel
from voice.selectors import sample_visible_to, voice_model_visible_to
from voice.services.voice_model import voice_model_clone, voice_model_delete, voice_model_update


class VoiceModelViewSet(ResourceViewSet):
    """The user's voices."""

    noun, tag = "model", "models"
    serializer_class, answer_class = VoiceModelSerializer, VoiceModelAnswer
    create_class, update_class = CloneSerializer, VoiceModelUpdateSerializer
    operations = {
        "create": Operation(
            "clone_voice",
            "Clone a voice from recordings",
            "The recordings may still be in preparation: the job waits for them.",
        ),
        "list": Operation("list_models", "My voices, newest first"),
        "retrieve": Operation("show_model", "One voice"),
        "partial_update": Operation("change_model", "Rename a voice"),
        "destroy": Operation(
            "delete_model",
            "Delete a voice",
            "What was spoken in it stays in the history. Deleting is never rate-limited.",
        ),
    }

    def visible(self) -> QuerySet[VoiceModel]:
        return voice_model_visible_to(self.user)

    def make(self, *, sample_ids: Sequence[UUID], **fields: Any) -> VoiceModel:
        samples = named_in_body(
            sample_visible_to(self.user), *sample_ids, field="sample_id", message="There is no such recording."
        )
        return voice_model_clone(owner=self.user, samples=samples, **{"engine": "", **fields})

    def update_one(self, resource: VoiceModel, **fields: Any) -> None:
        voice_model_update(voice_model=resource, **fields)

    def delete_one(self, resource: VoiceModel) -> None:
        voice_model_delete(voice_model=resource)
