"""Speech: POST /synthesize, /history."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from voice.api.schema import Operation, accepted_example_of
from voice.api.serializers import (
    CREATED_AT,
    ChoiceField,
    IdField,
    LanguageField,
    NumberField,
    PageQuery,
    ResourceSerializer,
    StrictSerializer,
    StringField,
    TextOrNullField,
    TimeField,
    WholeNumberField,
    link,
    links_schema,
)
from voice.api.views import AudioViewSet, is_withheld, named_in_body
from voice.api.voice_models import MODEL_ID
from voice.audio.formats import DEFAULT_FORMAT, FORMATS, bitrates_kbps
from voice.models import Synthesis
from voice.models.lifecycle import SynthesisStatus
from voice.selectors import synthesis_visible_to, texts_with, voice_model_visible_to
from voice.services.synthesis import synthesis_cancel, synthesis_create, synthesis_delete
from voice.storage import output_storage
from voice.storage.base import VoiceStorage
from voice.text.markup import NOTICES, Markup, notices_of

MAX_SEED = 2**53 - 1  # what a JavaScript number holds exactly
HISTORY_LINK = "/api/voice/history/c7f2b6a8-3e0b-47f1-8b1c-6f1f2a9d3d33"
ORDERINGS = {
    "created_at": (F("created_at").asc(), F("id").asc()),
    "-created_at": (F("created_at").desc(), F("id").desc()),
    "duration_s": (F("duration_s").asc(nulls_last=True), F("created_at").desc(), F("id").desc()),
}


class OutputFormatField(ChoiceField):
    """A name of the table of formats, as the table is when the field is made."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=list(FORMATS), **options)


class BitrateField(WholeNumberField):
    """A bitrate of the table of formats; which of them the format has is for the service to know."""

    @property
    def described(self) -> dict[str, Any]:
        return {"enum": [*sorted({rate for rates in bitrates_kbps().values() for rate in rates}), None]}


class SynthesizeSerializer(StrictSerializer):
    """A text to be spoken, the voice for it, and the way."""

    example = {"model_id": MODEL_ID, "text": "Hello, world!", "output_format": "mp3"}
    model_id = IdField()
    text = StringField(trim_whitespace=False, help_text="At most MAX_SYNTHESIS_TEXT_LENGTH code points after NFC.")
    markup = ChoiceField(choices=[way.value for way in Markup], default="plain", help_text="How the text is written.")
    language = LanguageField(required=False, help_text="Default: the voice's language.")
    output_format = OutputFormatField(default=DEFAULT_FORMAT)
    bitrate_kbps = BitrateField(
        required=False, allow_null=True, help_text="A constant one, for formats that have them: see /api/voice/limits."
    )
    speed = NumberField(min_value=0.5, max_value=2.0, default=1.0, help_text="1 is the voice's own pace.")
    seed = WholeNumberField(
        min_value=0, max_value=MAX_SEED, default=0, help_text="The same seed and input give the same speech."
    )
    options = serializers.DictField(
        child=NumberField(), default=dict, help_text="The engine's own parameters: see /api/voice/engines."
    )


class HistoryQuery(PageQuery):
    """The syntheses that are listed; each filter's `source` is its look-up."""

    model_id = IdField(required=False, source="voice_model")
    status = ChoiceField(choices=SynthesisStatus.choices, required=False)
    created_after = TimeField(required=False, source="created_at__gte", help_text="At this time or later.")
    created_before = TimeField(required=False, source="created_at__lt", help_text="Before this time.")
    q = StringField(required=False, max_length=200, help_text="Text that was spoken contains this, in any case.")
    ordering = ChoiceField(choices=[*ORDERINGS], default="-created_at")


class NoticeSerializer(serializers.Serializer[Any]):
    """Something about the text that its author should know."""

    code = serializers.ChoiceField(choices=list(NOTICES))
    message = serializers.CharField()


class SynthesisSerializer(ResourceSerializer):
    """A text in a voice: queued → running → completed | failed | cancelled."""

    example = {
        "id": HISTORY_LINK.rpartition("/")[2],
        "created_at": CREATED_AT,
        **dict.fromkeys(("updated_at", "completed_at"), "2026-11-22T12:00:01Z"),
        "model_id": MODEL_ID,
    }
    accepted = ("queued", "duration_s", "size_bytes", "rate_hz", "processing_s", "completed_at")

    status = serializers.ChoiceField(choices=SynthesisStatus.choices, initial="completed")
    model_id = serializers.UUIDField(source="voice_model_id", allow_null=True, help_text="Null once it was deleted.")
    model_name = serializers.CharField(source="voice_model_label", initial="My Voice")
    text = serializers.CharField(initial="Hello, world!")
    markup = serializers.ChoiceField(choices=[way.value for way in Markup], initial="plain")
    notices = serializers.SerializerMethodField(
        initial=[], help_text="What was left out of the text before it is spoken."
    )
    language = serializers.CharField(initial="en")
    output_format = OutputFormatField(initial=DEFAULT_FORMAT)
    bitrate_kbps = serializers.IntegerField(allow_null=True)
    speed = serializers.FloatField(initial=1.0)
    seed = serializers.IntegerField(initial=0)
    options = serializers.DictField(child=serializers.FloatField())
    duration_s = serializers.FloatField(allow_null=True, initial=1.12)
    size_bytes = serializers.IntegerField(allow_null=True, initial=9_405)
    rate_hz = serializers.IntegerField(allow_null=True, initial=24_000, help_text="Samples per second.")
    processing_s = serializers.FloatField(allow_null=True, initial=0.2)
    completed_at = serializers.DateTimeField(allow_null=True)
    blocked = serializers.BooleanField(source="is_blocked", help_text="A moderator keeps its audio back.")
    blocked_reason = TextOrNullField()
    links = serializers.SerializerMethodField(
        initial={"self": HISTORY_LINK, "audio": f"{HISTORY_LINK}/audio", "cancel": f"{HISTORY_LINK}/cancel"}
    )

    @extend_schema_field(NoticeSerializer(many=True))
    def get_notices(self, synthesis: Synthesis) -> list[dict[str, str]]:
        return [{"code": code, "message": NOTICES[code]} for code in notices_of(synthesis.text)]

    @extend_schema_field(links_schema("self", "audio?", "cancel"))
    def get_links(self, synthesis: Synthesis) -> dict[str, str | None]:
        has_audio = synthesis.audio_name and not is_withheld(synthesis)
        return {
            "self": link("synthesis", synthesis),
            "audio": link("synthesis-audio", synthesis) if has_audio else None,
            "cancel": link("synthesis-cancel", synthesis),
        }


CANCELLED = {
    **accepted_example_of(SynthesisSerializer),
    "status": "cancelled",
    "queue_position": None,
    "estimated_wait_s": None,
}


class SynthesisViewSet(AudioViewSet):
    """The texts that the user had spoken."""

    noun, word, tag = "synthesis", "synthesis", "history"
    audio_label = "voice_model_label"
    serializer_class, create_class, query_class = SynthesisSerializer, SynthesizeSerializer, HistoryQuery
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
            example={noun: CANCELLED},
        ),
        "audio": Operation("download_synthesis", "The speech"),
    }

    def visible(self) -> QuerySet[Synthesis]:
        return synthesis_visible_to(self.user)

    def narrowed(self, rows: QuerySet[Synthesis], query: Mapping[str, Any]) -> QuerySet[Synthesis]:
        filters = {name: value for name, value in query.items() if name not in {"page", "page_size", "ordering", "q"}}
        found = rows.filter(**filters).order_by(*ORDERINGS[query["ordering"]])
        return texts_with(found, query["q"]) if "q" in query else found

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
