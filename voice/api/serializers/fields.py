"""Fields that take exactly what they say, and a serializer that knows all that it is sent."""

import math
import unicodedata
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from voice.engines.base import LANGUAGES

LANGUAGE_ALIASES = {"zh": "zh-cn"}


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
