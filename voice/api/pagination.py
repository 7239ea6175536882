"""Pages of lists: {count, next, previous, results}."""

from typing import Any
from urllib.parse import urlsplit

from rest_framework import pagination


def _path_of(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class PageNumberPagination(pagination.PageNumberPagination):
    """`?page=` from 1, `?page_size=` up to 100. Links are absolute paths: right behind any proxy."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_next_link(self) -> str | None:
        return _path_of(super().get_next_link())

    def get_previous_link(self) -> str | None:
        return _path_of(super().get_previous_link())

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "description": "Absolute path of that page."}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "example": 42},
                "next": {**link, "example": "/api/voice/history?page=3"},
                "previous": {**link, "example": "/api/voice/history?page=1"},
                "results": schema,
            },
        }
