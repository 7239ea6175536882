"""Pages for people: the front page, the schema and its documentation. They work without the internet."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
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


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The front page."""
    return HttpResponse(render_to_string("voice/index.html"), headers={"Content-Security-Policy": CSP})


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
