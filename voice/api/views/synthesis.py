"""Speech: POST /synthesize, /history."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from voice.api.schema import Operation
from voice.api.serializers.synthesis import HistoryQuery, SynthesisAnswer, SynthesisSerializer, SynthesizeSerializer
from voice.api.views.base import AudioViewSet, named_in_body
from voice.models import Synthesis
from voice.selectors import synthesis_visible_to, voice_model_visible_to
from voice.services.synthesis import synthesis_cancel, synthesis_create, synthesis_delete
from voice.storage import output_storage
from voice.storage.base import VoiceStorage

FILTERS = {
    "model_id": "voice_model",
    "status": "status",
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
    "q": "text__icontains",
}
ORDERINGS = {
    "created_at": (F("created_at").asc(), F("id").asc()),
    "-created_at": (F("created_at").desc(), F("id").desc()),
    "duration_s": (F("duration_s").asc(nulls_last=True), F("created_at").desc(), F("id").desc()),
}


class SynthesisViewSet(AudioViewSet):
    """What the user had spoken."""

    noun, tag = "synthesis", "history"
    audio_noun, audio_label = "synthesis", "voice_model_label"
    serializer_class, answer_class = SynthesisSerializer, SynthesisAnswer
    create_class, query_class = SynthesizeSerializer, HistoryQuery
    operations = {
        "create": Operation(
            "synthesize",
            "Have a text spoken in a voice",
            "The voice may still be in the making: the job waits for it.",
        ),
        "list": Operation("list_history", "What was spoken, newest first"),
        "retrieve": Operation("show_synthesis", "One synthesis"),
        "destroy": Operation(
            "delete_synthesis",
            "Delete a synthesis and its audio",
            "One that is still being made is stopped. Deleting is never rate-limited.",
        ),
        "cancel": Operation(
            "cancel_synthesis",
            "Stop a synthesis",
            "One that has ended stays as it is. Cancelling is never rate-limited.",
            example={noun: SynthesisSerializer.cancelled_example},
        ),
        "audio": Operation("download_synthesis", "The speech"),
    }

    def visible(self) -> QuerySet[Synthesis]:
        return synthesis_visible_to(self.user)

    def narrowed(self, rows: QuerySet[Synthesis], query: Mapping[str, Any]) -> QuerySet[Synthesis]:
        rows = rows.filter(**{FILTERS[name]: value for name, value in query.items() if name in FILTERS})
        return rows.order_by(*ORDERINGS[query["ordering"]])

    def make(self, *, model_id: UUID, language: str = "", **fields: Any) -> Synthesis:
        (voice_model,) = named_in_body(
            voice_model_visible_to(self.user), model_id, field="model_id", message="There is no such voice model."
        )
        return synthesis_create(owner=self.user, voice_model=voice_model, language=language, **fields)

    def delete_one(self, resource: Synthesis) -> None:
        synthesis_delete(synthesis=resource)

    def cancel(self, request: Request, id: UUID) -> Response:
        synthesis_cancel(synthesis=self.found(id))
        return self.retrieve(request, id)

    def audio_storage(self) -> VoiceStorage:
        return output_storage()
