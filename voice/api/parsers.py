"""Reads bodies of JSON as RFC 8259 has it, up to a limit."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.parsers import BaseParser

from voice.errors import Malformed

MAX_DEPTH = 20


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _depth_exceeds(value: object, limit: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return limit == 0 or any(_depth_exceeds(item, limit - 1) for item in inner)


class JSONParser(BaseParser):
    """Parses a JSON body of at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes.

    Refuses what Python's parser lets through and PostgreSQL or a float does not: NaN, Infinity, endless nesting.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise RequestDataTooBig
        try:
            data = json.loads(raw, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise Malformed("malformed_json", "The body is not valid JSON.") from error
        if _depth_exceeds(data, MAX_DEPTH):
            raise Malformed("malformed_json", "The body is nested too deeply.")
        return data
