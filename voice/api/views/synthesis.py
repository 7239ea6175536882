"""Speech: POST /synthesize, /history."""

from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from voice.api import examples
from voice.api.audio_response import AnyAccept, audio_response
from voice.api.creation import Creation
from voice.api.exceptions import AudioGone, ReferenceNotFound
from voice.api.schema import CREATING, IDEMPOTENCY_KEY, PREFER, audio_operation, operation
from voice.api.serializers.queries import AudioQuery, HistoryQuery
from voice.api.serializers.synthesis import SynthesisAnswer, SynthesisSerializer, SynthesizeSerializer
from voice.api.views.base import VoiceViewSet
from voice.errors import Conflict
from voice.models import Synthesis, VoiceModel
from voice.selectors import synthesis_visible_to, voice_model_visible_to
from voice.services.synthesis import synthesis_cancel, synthesis_create, synthesis_delete
from voice.storage import output_storage

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


class SynthesisViewSet(VoiceViewSet):
    """What the user had spoken."""

    serializer_class = SynthesisSerializer

    def visible(self) -> QuerySet[Synthesis]:
        return synthesis_visible_to(self.user)

    def represent(self, resource: Synthesis) -> dict[str, Any]:
        return {"synthesis": SynthesisSerializer(resource).data}

    @operation(
        "synthesize",
        summary="Have a text spoken in a voice",
        description="The voice may still be in the making: the job waits for it.",
        tag="history",
        request=(SynthesizeSerializer, examples.SYNTHESIZE_REQUEST),
        parameters=[IDEMPOTENCY_KEY, PREFER],
        answers={
            202: (SynthesisAnswer, {"synthesis": examples.SYNTHESIS_ACCEPTED}),
            200: (SynthesisAnswer, {"synthesis": examples.SYNTHESIS}),
        },
        problems=CREATING,
    )
    def synthesize(self, request: Request) -> HttpResponseBase:
        fields = self.valid(SynthesizeSerializer, request.data)
        creation = Creation(
            request=request, owner=self.user, payload=dict(fields), visible=self.visible(), represent=self.represent
        )
        model_id = fields.pop("model_id")

        def make() -> Synthesis:
            self.check_writes()
            voice_model = self._voice_model(model_id)
            synthesis = synthesis_create(
                owner=self.user, voice_model=voice_model, language=fields.pop("language", ""), **fields
            )
            self.spend_write(rows_written=1)
            return synthesis

        return creation.run(make)

    @operation(
        "list_history",
        summary="What was spoken, newest first",
        tag="history",
        parameters=[HistoryQuery],
        answers={200: (SynthesisSerializer(many=True), examples.SYNTHESIS)},
        problems=(401, 404, 422, 503),
    )
    def list(self, request: Request) -> Response:
        query = self.query(HistoryQuery)
        rows = self.visible().filter(**{FILTERS[name]: value for name, value in query.items() if name in FILTERS})
        return self.page(rows.order_by(*ORDERINGS[query["ordering"]]))

    @operation(
        "show_synthesis",
        summary="One synthesis",
        tag="history",
        answers={200: (SynthesisAnswer, {"synthesis": examples.SYNTHESIS})},
        problems=(401, 404, 503),
    )
    def retrieve(self, request: Request, id: UUID) -> Response:
        return Response(self.represent(self.found(id)))

    @operation(
        "delete_synthesis",
        summary="Delete a synthesis and its audio",
        description="One that is still being made is stopped. Deleting is never rate-limited.",
        tag="history",
        answers={204: (None, None)},
        problems=(401, 404, 503),
    )
    def destroy(self, request: Request, id: UUID) -> Response:
        synthesis_delete(synthesis=self.found(id))
        return Response(status=204)

    @operation(
        "cancel_synthesis",
        summary="Stop a synthesis",
        description="One that has ended stays as it is. Cancelling is never rate-limited.",
        tag="history",
        answers={200: (SynthesisAnswer, {"synthesis": examples.SYNTHESIS_CANCELLED})},
        problems=(401, 404, 503),
    )
    def cancel(self, request: Request, id: UUID) -> Response:
        synthesis_cancel(synthesis=self.found(id))
        return Response(self.represent(self.found(id)))

    def _voice_model(self, id: UUID) -> VoiceModel:
        found = voice_model_visible_to(self.user).filter(pk=id).first()
        if found is None:
            raise ReferenceNotFound("model_id", "There is no such voice model.")
        return found


class SynthesisAudioViewSet(SynthesisViewSet):
    """GET /history/{id}/audio."""

    content_negotiation_class = AnyAccept

    @audio_operation("download_synthesis", summary="The speech", tag="history", query=AudioQuery)
    def audio(self, request: Request, id: UUID) -> HttpResponseBase:
        query = self.query(AudioQuery)
        synthesis = self.found(id)
        if synthesis.audio_removed_at is not None:
            raise AudioGone
        if not synthesis.audio_name:
            raise Conflict("not_ready", f"There is no audio: the synthesis is {synthesis.status}.")
        return audio_response(
            request._request,
            storage=output_storage(),
            name=synthesis.audio_name,
            label=synthesis.voice_model_label,
            as_attachment=query["download"],
            rate_hz=synthesis.rate_hz,
        )
