"""What a Prometheus server scrapes."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.utils.crypto import constant_time_compare
from drf_spectacular.utils import extend_schema
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.views import APIView

from voice.api.methods import METHODS
from voice.api.metrics_collector import SharedFigures
from voice.api.negotiation import AnyAccept
from voice.api.request_metrics import request_registry
from voice.errors import NotAuthenticated


class MetricsView(APIView):
    """GET /metrics, for who has METRICS_TOKEN; without that setting there is no such page."""

    authentication_classes: list[Any] = []
    permission_classes = [permissions.AllowAny]
    content_negotiation_class = AnyAccept
    http_method_names = METHODS

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        _check_token(request)
        registry = request_registry()
        registry.register(SharedFigures())
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _check_token(request: Request) -> None:
    if not settings.METRICS_TOKEN:
        raise Http404
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        raise NotAuthenticated("token_not_valid", "Send the METRICS_TOKEN of this server as a bearer token.")
