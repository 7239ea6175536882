"""Pages for people: the front page, the schema and its documentation. They work without the internet."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from voice.api.views import METHODS

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
INDEX = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>PodStream voice</title>
<style>
  body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 4rem auto; padding: 0 1rem;
         color-scheme: light dark; }
  code { font-size: .9em; }
</style>
<h1>PodStream voice</h1>
<p>Upload a recording of your voice, clone it, and have any text spoken in it.</p>
<ul>
  <li><a href="/api/docs">API documentation</a>: every request can be tried there</li>
  <li><a href="/api/schema">OpenAPI schema</a></li>
  <li><a href="/admin/">Moderation</a>, for operators</li>
  <li><a href="/health/ready">Health</a></li>
</ul>
</html>
"""


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The front page."""
    return HttpResponse(INDEX, headers={"Content-Security-Policy": CSP})


class SchemaView(SpectacularAPIView):
    """GET /api/schema: OpenAPI 3.1, as JSON unless YAML is asked for."""

    http_method_names = METHODS
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer2, OpenApiYamlRenderer]


class DocsView(SpectacularSwaggerSplitView):
    """GET /api/docs: Swagger UI, with its script apart so that no inline script need be allowed."""

    http_method_names = METHODS

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        response.headers["Content-Security-Policy"] = CSP
        return response
