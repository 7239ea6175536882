"""Pages for people: the front page, the schema and its documentation. They work without the internet."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from voice.api.audio_response import blocks_async
from voice.api.views import METHODS


class PageView:
    """Its errors are problems like all others, whatever it renders otherwise."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A method that there is not is refused first, before anybody asks in which form to answer it."""
        if request.method not in self.allowed_methods:  # type: ignore[attr-defined]
            self.http_method_not_allowed(request)  # type: ignore[attr-defined]
        super().initial(request, *args, **kwargs)  # type: ignore[misc]

    def handle_exception(self, exc: Exception) -> Response:
        response: Response = super().handle_exception(exc)  # type: ignore[misc]
        request = self.request  # type: ignore[attr-defined]
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return response


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # it has no types
    """WhiteNoise, whose answers Django would read to their end under ASGI, with a warning for each."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponseBase:
        """The file, the part of it that is asked for, or the word that it has not changed."""
        if not isinstance(request, ASGIRequest):
            whole: HttpResponseBase = WhiteNoiseMiddleware.serve(static_file, request)
            return whole
        answer = static_file.get_response(request.method, request.META)
        status, headers = int(answer.status), dict(answer.headers)
        if answer.file is None:
            empty = HttpResponse(status=status, headers=headers)
            if "Content-Type" not in headers:
                del empty.headers["Content-Type"]
            return empty
        content = blocks_async(answer.file, sys.maxsize)
        response = StreamingHttpResponse(content, status=status, headers=headers)
        response._resource_closers.append(answer.file.close)  # type: ignore[attr-defined]
        return response


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The front page."""
    return HttpResponse(render_to_string("voice/index.html"))


@cache
def _icon() -> bytes:
    return (Path(__file__).parents[1] / "static/voice/favicon.svg").read_bytes()


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """GET /favicon.ico, which browsers ask for unless a page names another."""
    return HttpResponse(_icon(), content_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


class SchemaView(PageView, SpectacularAPIView):
    """GET /api/schema: OpenAPI 3.1, as JSON unless YAML is asked for."""

    http_method_names = METHODS
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer2, OpenApiYamlRenderer]


class DocsView(PageView, SpectacularSwaggerSplitView):
    """GET /api/docs: Swagger UI, with its script apart so that no inline script need be allowed."""

    http_method_names = METHODS
    template_name = "voice/docs.html"
