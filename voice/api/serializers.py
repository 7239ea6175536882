"""Fields that take exactly what they say, query strings, and what every resource shows.

The published schema shows examples. That of a request is its `example`. That of an answer has each field's `initial`,
which DRF uses for nothing else here, or what `example` has for it: ids and times, whose `initial` is no JSON.
"""

import sys
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ValidationError as DjangoValidationError
from django.urls import reverse
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from voice.engines.spec import LANGUAGES
from voice.jobs.line import Place, job_places
from voice.models import Job
from voice.models.lifecycle import Resource

LANGUAGE_ALIASES = {"zh": "zh-cn"}
READY = frozenset({"ready", "completed"})
CREATED_AT = "2026-11-22T12:00:00Z"


def printable(value: str) -> None:
    """Names are one line without control characters."""
    if any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in value):
        raise DjangoValidationError(
            "This may not contain control characters or line breaks.", code="control_characters"
        )


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know: a typo must not pass for a default."""

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
    """A JSON string."""


class IdField(_OfType, serializers.UUIDField):
    """A UUID as a string."""


class WholeNumberField(_OfType, serializers.IntegerField):
    """A JSON integer."""

    json_types = (int,)


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


class PageQuery(StrictSerializer):
    """The part of a list that is shown."""

    page = serializers.IntegerField(required=False, min_value=1, max_value=10**9, help_text="From 1.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100, help_text="Default: 20.")


class AudioQuery(StrictSerializer):
    """The way in which audio is sent."""

    download = serializers.BooleanField(default=False, help_text="1: browsers save it instead of playing it.")


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
