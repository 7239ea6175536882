"""The body of every error: RFC 9457 problem details."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"
_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "errors", "request_id"})


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    request_id: str,
    errors: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Problem details as a JSON-able dict.

    `code` is stable and for machines, `detail` is a sentence for people. `errors` maps a field to a list of
    {code, message}. `details` are figures that belong to the sentence, shown as members of their own.
    """
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    body.update({name: value for name, value in (details or {}).items() if name not in _OWN_MEMBERS})
    body["request_id"] = request_id
    return body
