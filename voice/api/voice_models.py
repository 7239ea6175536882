"""Voices: POST /clone, /models."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from voice.api.samples import SAMPLE_ID
from voice.api.schema import Operation
from voice.api.serializers import (
    CREATED_AT,
    ChoiceField,
    FlagField,
    IdField,
    IdsField,
    LanguageField,
    NameField,
    ResourceSerializer,
    StrictSerializer,
    TextOrNullField,
    link,
    links_schema,
)
from voice.api.views import ResourceViewSet, named_in_body
from voice.engines.registry import engine_names
from voice.models import VoiceModel
from voice.models.lifecycle import VoiceModelStatus
from voice.selectors import sample_visible_to, voice_model_visible_to
from voice.services.voice_model import voice_model_clone, voice_model_delete, voice_model_update

MAX_SAMPLES = 20
MODEL_ID = "5a0f8f34-9d7d-4a53-8a0e-2f6f0f0a6c22"


class CloneSerializer(StrictSerializer):
    """From which recordings a voice is cloned: one `sample_id`, or up to 20 `sample_ids` of one speaker."""

    example = {"sample_id": SAMPLE_ID, "name": "My Voice", "language": "en"}
    constraints = {"oneOf": [{"required": ["sample_id"]}, {"required": ["sample_ids"]}]}
    sample_id = IdField(required=False)
    sample_ids = IdsField(required=False, min_length=1, max_length=MAX_SAMPLES)
    name = NameField(max_length=100)
    language = LanguageField()
    engine = ChoiceField(choices=engine_names(), required=False, help_text="Default: the server's.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Leaves only `sample_ids`, whichever of the two was sent."""
        if ("sample_id" in attrs) == ("sample_ids" in attrs):
            raise serializers.ValidationError(
                {"sample_id": ["Send either `sample_id` or `sample_ids`."]}, code="one_of_two"
            )
        if "sample_id" in attrs:
            attrs["sample_ids"] = [attrs.pop("sample_id")]
        if len(set(attrs["sample_ids"])) < len(attrs["sample_ids"]):
            raise serializers.ValidationError({"sample_ids": ["The same recording is named twice."]}, code="duplicate")
        return attrs


class VoiceModelUpdateSerializer(StrictSerializer):
    """The fields of a voice that can be changed."""

    example = {"name": "My Voice"}
    name = NameField(max_length=100)


class VoiceModelDeleteQuery(StrictSerializer):
    """What goes with a voice."""

    with_speech = FlagField(help_text="true: also delete all that was spoken in it, with its audio. Else that stays.")


class VoiceModelSerializer(ResourceSerializer):
    """A cloned voice: pending → cloning → ready | failed."""

    example = {"id": MODEL_ID, "created_at": CREATED_AT, "updated_at": "2026-11-22T12:00:04Z"}
    accepted = ("pending", "quality")

    status = serializers.ChoiceField(choices=VoiceModelStatus.choices, initial="ready")
    name = serializers.CharField(initial="My Voice")
    language = serializers.CharField(initial="en")
    engine = serializers.CharField(initial="embedded")
    sample_ids = serializers.SerializerMethodField(
        initial=[SAMPLE_ID], help_text="Recordings that it was made from and that still exist."
    )
    quality = serializers.SerializerMethodField(initial={"similarity": 0.94})
    blocked = serializers.BooleanField(source="is_blocked", help_text="A moderator keeps it from speaking.")
    blocked_reason = TextOrNullField()
    links = serializers.SerializerMethodField(
        initial={"self": f"/api/voice/models/{MODEL_ID}", "history": f"/api/voice/history?model_id={MODEL_ID}"}
    )

    @extend_schema_field({"type": "array", "items": {"type": "string", "format": "uuid"}})
    def get_sample_ids(self, voice_model: VoiceModel) -> list[str]:
        return [str(sample.pk) for sample in voice_model.samples.all()]

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
    def get_quality(self, voice_model: VoiceModel) -> dict[str, Any] | None:
        return voice_model.quality

    @extend_schema_field(links_schema("self", "history"))
    def get_links(self, voice_model: VoiceModel) -> dict[str, str]:
        return {
            "self": link("voice-model", voice_model),
            "history": f"{reverse('history')}?model_id={voice_model.pk}",
        }


class VoiceModelViewSet(ResourceViewSet):
    """The user's voices."""

    noun, word, tag = "model", "voice", "models"
    serializer_class, create_class, update_class = VoiceModelSerializer, CloneSerializer, VoiceModelUpdateSerializer
    delete_class = VoiceModelDeleteQuery
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
            "What was spoken in it stays in the history, with its audio, unless you send `with_speech=true`; what is "
            "still to be spoken fails. Deleting is never rate-limited.",
            problems=(401, 404, 422, 503),
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

    def destroy(self, request: Request, id: UUID) -> Response:
        wish = self.query(self.delete_class)
        voice_model_delete(voice_model=self.found(id), **wish)
        return Response(status=204)
