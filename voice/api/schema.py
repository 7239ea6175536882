"""The OpenAPI schema of each operation, from its view and its action.

A view names its `operations`: by action, or by method where it has no actions. The rest follows from the view
(serializers, tag, query) and from what the action is; a view without operations is left out of the schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from voice.api.exceptions import MEDIA_TYPE, Refused, problem_of
from voice.api.serializers import CREATED_AT, KEY_PATTERN, AudioQuery, ResourceSerializer, StrictSerializer
from voice.audio.formats import FORMATS

Shape = type[serializers.Serializer[Any]]
REQUEST_ID = "7f0f4f0e6d2b4b8f9a3c5d1e0b6a9c44"
AUDIO_TYPES = tuple(dict.fromkeys(form.content_type.partition(";")[0] for form in FORMATS.values()))


class FieldProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem details. Figures that belong to `detail` come as further members."""

    type = serializers.CharField(help_text="Stable; differs for every code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="Stable, for machines.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=FieldProblemSerializer(many=True), required=False
    )
    request_id = serializers.CharField()


@dataclass(frozen=True, slots=True)
class Operation:
    """The things about an operation that cannot be derived; None stands for what its action usually has.

    `problems` are the error statuses that can come. `example` is of the answer, where its serializer has another.
    """

    id: str
    summary: str
    description: str | None = None
    request: Shape | None = None
    answer: Shape | None = None
    status: int = 200
    problems: tuple[int, ...] | None = None
    example: Mapping[str, Any] | None = None


def _header(name: str, description: str, kind: Any = OpenApiTypes.STR, *, is_answered: bool = False) -> Any:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=description, response=is_answered)


IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    "1 to 255 printable ASCII characters. The same key and request get the same answer again, and have "
    "no second effect; the answer then carries `Idempotency-Replayed: true`.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": KEY_PATTERN},
)
PREFER = _header("Prefer", "`wait=N` (RFC 7240): hold the answer until the job has ended, at most N seconds.")
RANGE = _header("Range", "One range of bytes, such as `bytes=0-65535`.")
IF_MATCH = _header("If-Match", "Entity tags: 412 where the audio has none of them.")
IF_NONE_MATCH = _header("If-None-Match", "Entity tags: 304 where the audio has one of them.")
RATE_HEADERS = [
    _header("RateLimit-Limit", "Writes per hour.", OpenApiTypes.INT, is_answered=True),
    _header("RateLimit-Remaining", "Writes that are left.", OpenApiTypes.INT, is_answered=True),
    _header("RateLimit-Reset", "Seconds until all are given back.", OpenApiTypes.INT, is_answered=True),
]
PROBLEMS: Mapping[int, tuple[str, str]] = {
    400: ("malformed_json", "The body is not valid JSON."),
    401: ("not_authenticated", "Authentication credentials were not provided."),
    403: ("sample_blocked", "A moderator has blocked the recording “Episode 12, intro”."),
    404: ("not_found", "There is nothing at this address that you can see."),
    409: ("not_ready", "There is no audio: the synthesis is queued."),
    410: ("audio_gone", "This audio is no longer on the server. Make it again."),
    412: ("precondition_failed", "This audio is another one than `If-Match` names."),
    413: ("file_too_large", "The recording has 16.5 MB; at most 10 MB are allowed."),
    415: ("unsupported_audio", "This is an AMR file, which is not read here. Send a WAV, MP3 or FLAC file."),
    416: ("range_not_satisfiable", "The audio ends before this range."),
    422: ("invalid", "Some fields are not valid: see errors."),
    429: ("rate_limited", "20 uploads, clones, syntheses and changes an hour are allowed."),
    503: ("unavailable", "A part that this server needs is away. Try again in a few seconds."),
    507: ("storage_full", "The server has no room left to store this. Tell its operator, and try again later."),
}
USUAL_PROBLEMS: Mapping[str, tuple[int, ...]] = {
    "get": (401, 503),
    "post": (400, 401, 422, 503),
    "list": (401, 404, 422, 503),
    "create": (400, 401, 403, 404, 409, 422, 429, 503, 507),
    "retrieve": (401, 404, 503),
    "partial_update": (400, 401, 404, 422, 429, 503),
    "destroy": (401, 404, 503),
    "cancel": (401, 404, 503),
    "audio": (401, 403, 404, 409, 410, 412, 416, 422, 503),
}
PARAMETERS: Mapping[str, list[Any]] = {
    "create": [IDEMPOTENCY_KEY, PREFER],
    "audio": [AudioQuery, RANGE, IF_MATCH, IF_NONE_MATCH],
}
AUDIO_ANSWERS: Mapping[Any, OpenApiResponse] = {
    **{(200, kind): OpenApiResponse(OpenApiTypes.BINARY, description="The audio.") for kind in AUDIO_TYPES},
    **{(206, kind): OpenApiResponse(OpenApiTypes.BINARY, description="A part.") for kind in AUDIO_TYPES},
    302: OpenApiResponse(description="It is at the address in `Location`, for some minutes and without token."),
    304: OpenApiResponse(description="Not changed since the ETag in `If-None-Match`."),
}


class AccessTokenScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]
    """How a request says who asks; registered by its being defined."""

    target_class = "voice.api.views.AccessTokenAuthentication"


class VoiceSchema(AutoSchema):
    """Describes an operation of a view; see the module."""

    view: Any

    @property
    def action(self) -> str:
        return getattr(self.view, "action", None) or self.method.lower()

    @property
    def operation(self) -> Operation:
        found: Operation = self.view.operations[self.action]
        return found

    @property
    def problems(self) -> tuple[int, ...]:
        usual = USUAL_PROBLEMS.get(self.action) or USUAL_PROBLEMS[self.method.lower()]
        return usual if self.operation.problems is None else self.operation.problems

    @property
    def is_public(self) -> bool:
        return not self.view.authentication_classes

    def is_excluded(self) -> bool:
        return not hasattr(self.view, "operations")

    def get_operation_id(self) -> str:
        return self.operation.id

    def get_summary(self) -> str:
        return self.operation.summary

    def get_description(self) -> str:  # type: ignore[override]
        return self.operation.description or super().get_description()

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_auth(self) -> list[Any]:
        return [] if self.is_public else super().get_auth()

    def get_override_parameters(self) -> list[Any]:
        shape = {"list": "query_class", "destroy": "delete_class"}.get(self.action, "")
        query = [getattr(self.view, shape)] if hasattr(self.view, shape) else []
        is_limited_write = 429 in self.problems and not self.is_public
        return [*query, *PARAMETERS.get(self.action, ()), *(RATE_HEADERS if is_limited_write else ())]

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        """As strict as the server: what a field of ours says of itself, and no fields that nobody knows."""
        shape: dict[str, Any] = super()._map_serializer(serializer, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        serializer = force_instance(serializer)  # type: ignore[no-untyped-call]
        if isinstance(serializer, StrictSerializer):
            for name, field in serializer.fields.items():
                shape["properties"][name].update(getattr(field, "described", {}))
            shape.update(serializer.constraints, additionalProperties=False)
        return shape

    def _get_request_body(self, direction: Any = "request") -> Any:
        body = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        return body and {**body, "required": True}  # where each field may be missing, an object may not

    def get_request_serializer(self) -> Shape | None:
        of_action = {"create": "create_class", "partial_update": "update_class"}.get(self.action)
        return getattr(self.view, of_action) if of_action else self.operation.request

    def get_examples(self) -> list[OpenApiExample]:
        request = self.get_request_serializer()
        if request is None:
            return []
        return [OpenApiExample("Request", example_of(request), request_only=True, media_type=self.map_parsers()[0])]

    def get_response_serializers(self) -> Any:
        answers = AUDIO_ANSWERS if self.action == "audio" else self._answers()
        return {**answers, **{(status, MEDIA_TYPE): _problem(status, *PROBLEMS[status]) for status in self.problems}}

    def _answers(self) -> dict[Any, OpenApiResponse]:
        view, operation = self.view, self.operation
        match self.action:
            case "list":
                return {200: _answer(200, view.serializer_class(many=True), example_of(view.serializer_class))}
            case "create":
                accepted = {view.noun: accepted_example_of(view.serializer_class)}
                done = {view.waited_status: _answer(view.waited_status, self._wrapped())}
                return {**done, view.accepted_status: _answer(view.accepted_status, self._wrapped(), accepted)}
        if self.action == "destroy" or operation.status == 204:
            return {204: OpenApiResponse(description=HTTPStatus(204).phrase)}
        return {operation.status: _answer(operation.status, operation.answer or self._wrapped(), operation.example)}

    def _wrapped(self) -> Shape:
        return wrapped(self.view.serializer_class, self.view.noun, self.view.word)


@cache
def wrapped(shape: Shape, noun: str, word: str) -> Shape:
    """The shape of an answer about one resource, which is its member `noun`."""
    name = shape.__name__.removesuffix("Serializer")
    return type(f"{name}Answer", (serializers.Serializer,), {noun: shape(), "__doc__": f"One {word}."})


def example_of(shape: Any) -> Any:
    """The example of a serializer or of a field; see voice/api/serializers.py."""
    match shape:
        case serializers.ListSerializer():
            return [example_of(shape.child)]
        case serializers.Serializer():
            return example_of(type(shape))
        case serializers.Field():
            return shape.initial or None if isinstance(shape.initial, str) else shape.initial
    own = getattr(shape, "example", {})
    if issubclass(shape, StrictSerializer):
        return own
    return {**{name: example_of(field) for name, field in shape._declared_fields.items()}, **own}


def accepted_example_of(shape: type[ResourceSerializer]) -> dict[str, Any]:
    """The example of a resource before its job begins."""
    example = example_of(shape)
    status, *unknown = shape.accepted
    begun = {"status": status, "progress": 0.0, "queue_position": 3, "estimated_wait_s": 4.2}
    links = {name: None if name == "audio" else link for name, link in example["links"].items()}
    return {**example, **dict.fromkeys(unknown), **begun, "updated_at": CREATED_AT, "links": links}


def _answer(status: int, shape: Any, example: Any = None) -> OpenApiResponse:
    shown = OpenApiExample(f"{status}", example or example_of(shape), response_only=True, status_codes=[f"{status}"])
    return OpenApiResponse(shape, description=HTTPStatus(status).phrase, examples=[shown])


def _problem(status: int, code: str, detail: str) -> OpenApiResponse:
    required = [{"code": "required", "message": "This field is required."}]
    details = {"errors": {"name": required}} if status == 422 else {}
    value = problem_of(Refused(code, detail, status=status, details=details), request_id=REQUEST_ID)
    example = OpenApiExample(code, value=value, response_only=True, media_type=MEDIA_TYPE, status_codes=[str(status)])
    return OpenApiResponse(ProblemSerializer, description=HTTPStatus(status).phrase, examples=[example])
