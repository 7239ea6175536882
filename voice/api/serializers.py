"""Fields that take exactly what they say, query strings, and what every resource shows.

The published schema shows examples. That of a request is its `example`. That of an answer has each field's `initial`,
which DRF uses for nothing else here, or what `example` has for it: ids and times, whose `initial` is no JSON.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from django.urls import reverse
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from voice.engines.spec import LANGUAGES
from voice.jobs.line import Place, job_places
from voice.models import Job
from voice.models.lifecycle import Resource

LANGUAGE_ALIASES = {"zh": "zh-cn"}
READY = frozenset({"ready", "completed"})
CREATED_AT = "2026-11-22T12:00:00Z"


KEY_PATTERN = "^[!-~]([ -~]*[!-~])?$"  # white space at its ends would be lost on the way
UUID_PATTERN = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_CONTROLS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"  # and ends of lines
_WHITE = r"\t-\r\u001c- \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # as str.strip() has it


def text_pattern(*, without: str = r"\u0000", may_be_white: bool = False) -> str:
    """A regular expression (ECMA-262) of texts without some characters, and of more than white space."""
    allowed = f"[^{without}]*"
    return f"^{allowed}$" if may_be_white else f"^{allowed}[^{without}{_WHITE}]{allowed}$"


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know: a typo must not pass for a default."""

    constraints: Mapping[str, Any] = {}
    """What the schema says of the object as a whole."""

    @classmethod
    def read(cls, data: Any) -> dict[str, Any]:
        """`data` in this shape, or 422."""
        serializer = cls(data=data)
        serializer.is_valid(raise_exception=True)
        return dict(cast(Mapping[str, Any], serializer.validated_data))

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            unknown = [str(name) for name in data if name not in known]
            if unknown:
                allowed = ", ".join(sorted(known)) or "none"
                message = f"There is no such field here. Known are: {allowed}."
                raise serializers.ValidationError(
                    {_shown(name): [serializers.ErrorDetail(message, code="unknown_field")] for name in unknown[:20]}
                )
        return super().to_internal_value(data)


def _shown(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode()[:100]


class _OfType(serializers.Field[Any, Any, Any, Any]):
    """Takes values of some JSON types: a number is no string, and true is no number."""

    json_types: tuple[type, ...] = (str,)

    def to_internal_value(self, data: Any) -> Any:
        if type(data) not in self.json_types:
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class StringField(_OfType, serializers.CharField):
    """A JSON string. Its length is that of what is sent, white space around it included, as the schema has it."""

    @property
    def described(self) -> dict[str, Any]:
        """What the schema says beside what it finds by itself."""
        return {"pattern": text_pattern(may_be_white=self.allow_blank or not self.trim_whitespace)}

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, str):
            self.check_sent(data)
        return super().run_validation(data)

    def check_sent(self, sent: str) -> None:
        """Raises ValidationError for what the schema does not allow, though it might after trimming."""
        if self.max_length is not None and len(sent) > self.max_length:
            self.fail("max_length", max_length=self.max_length)


class NameField(StringField):
    """A name is one line without control characters."""

    default_error_messages = {"control_characters": "This may not contain control characters or line breaks."}

    @property
    def described(self) -> dict[str, Any]:
        pattern = text_pattern(without=_CONTROLS, may_be_white=self.allow_blank)
        return {"pattern": pattern, **({"example": ""} if self.allow_blank else {})}  # else forms are prefilled

    def check_sent(self, sent: str) -> None:
        super().check_sent(sent)
        is_blank = not self.allow_blank and not sent.strip()  # which is the better word for it
        if not is_blank and re.search(f"[{_CONTROLS}]", sent):
            self.fail("control_characters")


class IdField(_OfType, serializers.UUIDField):
    """A UUID as a string, in its usual form alone."""

    described = {"pattern": UUID_PATTERN}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and not (data.isascii() and re.fullmatch(UUID_PATTERN, data)):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class IdsField(serializers.ListField):
    """Different UUIDs."""

    described = {"uniqueItems": True, "items": {"type": "string", "format": "uuid", "pattern": UUID_PATTERN}}
    child = IdField()


class WholeNumberField(_OfType, serializers.IntegerField):
    """A JSON integer: a number without a fraction, as 7 or 7.0."""

    json_types = (int,)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(int(data) if isinstance(data, float) and data.is_integer() else data)


class NumberField(_OfType, serializers.FloatField):
    """A finite JSON number."""

    json_types = (int, float)

    def to_internal_value(self, data: Any) -> Any:
        if type(data) in self.json_types and not abs(data) <= sys.float_info.max:  # nor is NaN
            self.fail("invalid")
        return super().to_internal_value(data)


class ChoiceField(serializers.ChoiceField):
    """One of some strings. The refusal names them, and does not repeat what was sent."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            choices = ", ".join(map(str, self.choices))
            raise serializers.ValidationError(f"This must be one of: {choices}.", code="invalid_choice")
        return data


@extend_schema_field({"type": "string", "enum": [*LANGUAGES, *LANGUAGE_ALIASES], "example": "en"})
class LanguageField(StringField):
    """One of the product's languages; "zh" is understood as "zh-cn"."""

    default_error_messages = {"language_unsupported": "Not a language of this product: see /api/voice/languages."}

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    @property
    def described(self) -> dict[str, Any]:
        return {"enum": [*LANGUAGES, *LANGUAGE_ALIASES, *([""] if self.allow_blank else [])]}

    def to_internal_value(self, data: Any) -> str:
        code: str = super().to_internal_value(data).lower()
        code = LANGUAGE_ALIASES.get(code, code)
        if code and code not in LANGUAGES:
            self.fail("language_unsupported")
        return code


@extend_schema_field({"type": ["string", "null"]})
class TextOrNullField(serializers.ReadOnlyField):
    """A text of a row; null where it is empty."""

    def to_representation(self, value: str) -> str | None:
        return value or None


class CountField(serializers.IntegerField):
    """A whole number of a query string, in plain digits."""

    def to_internal_value(self, data: Any) -> int:
        if not re.fullmatch("-?[0-9]{1,40}", data):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "enum": ["true", "false", "1", "0"]})
class FlagField(serializers.BooleanField):
    """Yes or no, of a query string. No unless it is sent."""

    described = {"default": "false"}

    def __init__(self, **options: Any) -> None:
        super().__init__(default=False, **options)

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("true", "false", "1", "0"):
            self.fail("invalid", input=data)
        return data in ("true", "1")


@extend_schema_field({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]})
class TimeField(serializers.DateTimeField):
    """A time of a query string as RFC 3339 has it, or a day: its first moment, in UTC."""

    default_error_messages = {"invalid": f"Write a time with its zone, as {CREATED_AT}, or a day, as 2026-11-22."}

    def to_internal_value(self, value: Any) -> Any:
        if not re.fullmatch(_TIME, value):
            self.fail("invalid", format="RFC 3339")
        return super().to_internal_value(value.upper())


_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,20})?(Z|[+-]\d{2}:\d{2}))?", re.ASCII | re.IGNORECASE)


class PageQuery(StrictSerializer):
    """The part of a list that is shown."""

    page = CountField(required=False, min_value=1, max_value=10**9, help_text="From 1.")
    page_size = CountField(required=False, min_value=1, max_value=100, help_text="Default: 20.")


class AudioQuery(StrictSerializer):
    """The way in which audio is sent."""

    download = FlagField(help_text="1: browsers save it instead of playing it.")


class ErrorSerializer(serializers.Serializer[Any]):
    """The reason why a resource failed or was rejected, so that a person can act on it."""

    code = serializers.CharField(help_text="Stable, for machines.")
    message = serializers.CharField(help_text="A sentence for people.")


class ResourceSerializer(serializers.Serializer[Any]):
    """The fields that samples, voice models and syntheses share."""

    accepted: tuple[str, ...]
    """Its first status, and the fields that are null until its job is done."""

    id = serializers.UUIDField()
    progress = serializers.SerializerMethodField(initial=1.0, help_text="Share of the work that is done, 0 to 1.")
    phase = serializers.SerializerMethodField(help_text="What is being done right now.")
    queue_position = serializers.SerializerMethodField(help_text="1 is next. Null unless its job is queued.")
    estimated_wait_s = serializers.SerializerMethodField(
        help_text="Until its job begins, by how long the last ones took. Null unless its job is queued, and before "
        "the first one was done."
    )
    error = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_progress(self, resource: Resource) -> float:
        job = _job_of(resource)
        if resource.status in READY:  # type: ignore[attr-defined]
            return 1.0
        return round(job.progress, 4) if job else 0.0

    @extend_schema_field({"type": ["string", "null"], "example": "speaking"})
    def get_phase(self, resource: Resource) -> str | None:
        job = _job_of(resource)
        return (job.phase or None) if job else None

    @extend_schema_field({"type": ["integer", "null"], "minimum": 1})
    def get_queue_position(self, resource: Resource) -> int | None:
        place = self._place_of(resource)
        return place.position if place else None

    @extend_schema_field({"type": ["number", "null"], "minimum": 0})
    def get_estimated_wait_s(self, resource: Resource) -> float | None:
        place = self._place_of(resource)
        return None if place is None or place.wait_s is None else round(place.wait_s, 1)

    def _place_of(self, resource: Resource) -> Place | None:
        job = _job_of(resource)
        return self._places.get(job.pk) if job else None

    @cached_property
    def _places(self) -> Mapping[UUID, Place]:
        """Of all that is shown together, so that a list asks no more than one of its rows would."""
        is_list = isinstance(self.parent, serializers.ListSerializer)
        shown = cast(Iterable[Resource], self.parent.instance if is_list else [self.instance])
        return job_places(job for resource in shown if (job := _job_of(resource)))

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, resource: Resource) -> dict[str, str] | None:
        if not resource.error_code:
            return None
        return {"code": resource.error_code, "message": resource.error_message}


def link(name: str, resource: Resource) -> str:
    """The absolute path of one of a resource's routes."""
    return reverse(name, kwargs={"id": resource.pk})


def links_schema(*names: str) -> dict[str, Any]:
    """An object of paths; one whose name ends with "?" may be null."""
    types = {name.rstrip("?"): ["string", "null"] if name.endswith("?") else "string" for name in names}
    return {"type": "object", "required": [*types], "properties": {name: {"type": types[name]} for name in types}}


def _job_of(resource: Resource) -> Job | None:
    return getattr(resource, "job", None)
