"""Fields that take exactly what they say, and what every resource shows."""

import math
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
from voice.models.base import Resource

LANGUAGE_ALIASES = {"zh": "zh-cn"}
READY = frozenset({"ready", "completed"})


def printable(value: str) -> None:
    """Names are one line without control characters."""
    if any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in value):
        raise DjangoValidationError(
            "This may not contain control characters or line breaks.", code="control_characters"
        )


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know: a typo must not pass for a default."""

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


class StringField(serializers.CharField):
    """A JSON string. Numbers are not strings."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class ChoiceField(serializers.ChoiceField):
    """One of some strings. The refusal names them, and does not repeat what was sent."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            choices = ", ".join(map(str, self.choices))
            raise serializers.ValidationError(f"This must be one of: {choices}.", code="invalid_choice")
        return data


class NumberField(serializers.FloatField):
    """A finite JSON number."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        try:
            value = float(data)
        except OverflowError:
            self.fail("invalid")
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class WholeNumberField(serializers.IntegerField):
    """A JSON integer."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class IdField(serializers.UUIDField):
    """A UUID as a string."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "enum": [*LANGUAGES, *LANGUAGE_ALIASES], "example": "en"})
class LanguageField(StringField):
    """One of the product's languages; "zh" is understood as "zh-cn"."""

    default_error_messages = {"language_unsupported": "Not a language of this product: see /api/voice/languages."}

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data).lower()
        code = LANGUAGE_ALIASES.get(code, code)
        if code and code not in LANGUAGES:
            self.fail("language_unsupported")
        return code


class ErrorSerializer(serializers.Serializer[Any]):
    """Why a resource failed or was rejected, so that a person can act on it."""

    code = serializers.CharField(help_text="Stable, for machines.")
    message = serializers.CharField(help_text="A sentence for people.")


class ResourceSerializer(serializers.Serializer[Any]):
    """The fields that samples, voice models and syntheses share."""

    id = serializers.UUIDField()
    progress = serializers.SerializerMethodField(help_text="Share of the work that is done, 0 to 1.")
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
        if _status_of(resource) in READY:
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


def _status_of(resource: Resource) -> str:
    return str(resource.status)  # type: ignore[attr-defined]


def _job_of(resource: Resource) -> Job | None:
    return getattr(resource, "job", None)
