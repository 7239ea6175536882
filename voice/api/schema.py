"""How an operation is described in the OpenAPI schema."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from voice.api import examples
from voice.api.exceptions import MEDIA_TYPE, problem
from voice.api.serializers.server import ProblemSerializer
from voice.audio.formats import FORMATS

F = TypeVar("F", bound=Callable[..., Any])

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 255 printable ASCII characters. The same key and request get the same answer again, and have "
    "no second effect; the answer then carries `Idempotency-Replayed: true`.",
)
PREFER = OpenApiParameter(
    "Prefer",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="`wait=N` (RFC 7240): hold the answer until the job has ended, at most N seconds.",
)
RANGE = OpenApiParameter(
    "Range", OpenApiTypes.STR, OpenApiParameter.HEADER, description="One range of bytes, such as `bytes=0-65535`."
)
RATE_HEADERS = [
    OpenApiParameter(
        name,
        OpenApiTypes.INT,
        OpenApiParameter.HEADER,
        description=description,
        response=True,
    )
    for name, description in {
        "RateLimit-Limit": "Writes per hour.",
        "RateLimit-Remaining": "Writes that are left.",
        "RateLimit-Reset": "Seconds until all are given back.",
    }.items()
]

PROBLEMS: Mapping[int, tuple[str, str]] = {
    400: ("malformed_json", "The body is not valid JSON."),
    401: ("not_authenticated", "Authentication credentials were not provided."),
    403: ("sample_blocked", "A moderator has blocked the recording “Episode 12, intro”."),
    404: ("not_found", "There is nothing at this address that you can see."),
    409: ("not_ready", "There is no audio: the synthesis is queued."),
    410: ("audio_gone", "This audio is no longer on the server. Make it again."),
    413: ("file_too_large", "The recording has 11534336 bytes, 10485760 are allowed."),
    415: ("unsupported_audio", "This is not a WAV, MP3 or FLAC file."),
    416: ("range_not_satisfiable", "The audio ends before this range."),
    422: ("invalid", "Some fields are not valid: see errors."),
    429: ("rate_limited", "20 uploads, clones, syntheses and changes an hour are allowed."),
    503: ("unavailable", "A part that this server needs is away. Try again in a few seconds."),
    507: ("storage_full", "The server has no room left to store this. Tell its operator, and try again later."),
}
READING = (401, 503)
CREATING = (400, 401, 403, 404, 409, 422, 429, 503, 507)
AUDIO_TYPES = tuple(dict.fromkeys(form.content_type.partition(";")[0] for form in FORMATS.values()))


def operation(
    operation_id: str,
    *,
    summary: str,
    tag: str,
    answers: Mapping[int, tuple[Any, Any]],
    description: str = "",
    request: tuple[Any, Any] | None = None,
    request_type: str = "application/json",
    parameters: Iterable[Any] = (),
    problems: Sequence[int] = READING,
    is_public: bool = False,
) -> Callable[[F], F]:
    """Describe a view's method.

    `answers` maps a status to (serializer, example), `request` is (serializer, example); `problems` are the error
    statuses that can come, all of one shape.
    """
    is_limited_write = 429 in problems and not is_public
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description or None,
        tags=[tag],
        request={request_type: request[0]} if request else None,
        parameters=[*parameters, *(RATE_HEADERS if is_limited_write else ())],
        auth=[] if is_public else None,
        responses=_answers(answers) | _problems(problems),
        examples=[_request_example(request[1], request_type)] if request else None,
    )


def audio_operation(operation_id: str, *, summary: str, tag: str, query: Any) -> Callable[[F], F]:
    """Describe a route that answers with audio."""
    whole = {(200, kind): OpenApiResponse(OpenApiTypes.BINARY, description="The audio.") for kind in AUDIO_TYPES}
    part = {(206, kind): OpenApiResponse(OpenApiTypes.BINARY, description="A part.") for kind in AUDIO_TYPES}
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        tags=[tag],
        parameters=[query, RANGE],
        responses=whole
        | part
        | {302: OpenApiResponse(description="It is at the address in `Location`, for some minutes and without token.")}
        | {304: OpenApiResponse(description="Not changed since the ETag in `If-None-Match`.")}
        | _problems((401, 404, 409, 410, 416, 422, 503)),
    )


def _answers(answers: Mapping[int, tuple[Any, Any]]) -> dict[Any, OpenApiResponse]:
    found: dict[Any, OpenApiResponse] = {}
    for status, (shape, example) in answers.items():
        if shape is None:
            found[status] = OpenApiResponse(description=HTTPStatus(status).phrase)
            continue
        shown = OpenApiExample(f"{status}", value=example, response_only=True, status_codes=[str(status)])
        found[status] = OpenApiResponse(shape, description=HTTPStatus(status).phrase, examples=[shown])
    return found


def _request_example(example: Any, request_type: str) -> OpenApiExample:
    return OpenApiExample("Request", value=example, request_only=True, media_type=request_type)


def _problems(statuses: Iterable[int]) -> dict[Any, OpenApiResponse]:
    return {(status, MEDIA_TYPE): _problem(status, *PROBLEMS[status]) for status in statuses}


def _problem(status: int, code: str, detail: str) -> OpenApiResponse:
    errors = {"name": [{"code": "required", "message": "This field is required."}]} if status == 422 else None
    value = problem(status=status, code=code, detail=detail, errors=errors, request_id=examples.REQUEST_ID)
    example = OpenApiExample(code, value=value, response_only=True, media_type=MEDIA_TYPE, status_codes=[str(status)])
    return OpenApiResponse(ProblemSerializer, description=HTTPStatus(status).phrase, examples=[example])
