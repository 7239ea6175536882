"""The routes of the API. No trailing slashes: a POST to one would be redirected, and lose its body."""

from collections.abc import Mapping
from typing import Any

from django.urls import path
from rest_framework.parsers import MultiPartParser

from voice.api.audio_response import AnyAccept
from voice.api.auth import AccountView, MeView
from voice.api.samples import SampleViewSet
from voice.api.server import ServerView
from voice.api.synthesis import SynthesisViewSet
from voice.api.views import ResourceViewSet
from voice.api.voice_models import VoiceModelViewSet

MAKE = {"post": "create"}
ALL = {"get": "list"}
ONE = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
LASTING = {"get": "retrieve", "delete": "destroy"}
AUDIO = {"get": "audio"}


def route(at: str, view: type[ResourceViewSet], actions: Mapping[str, str], name: str, **settings: Any) -> Any:
    """A route to actions of a resource; `settings` stand for attributes of its view."""
    return path(f"voice/{at}", view.as_view(dict(actions), **settings), name=name)


urlpatterns = [
    path("auth/register", AccountView.as_view({"post": "register"}), name="register"),
    path("auth/token", AccountView.as_view({"post": "log_in"}), name="token"),
    path("auth/token/refresh", AccountView.as_view({"post": "refresh"}), name="token-refresh"),
    path("auth/logout", AccountView.as_view({"post": "log_out"}), name="logout"),
    path("auth/me", MeView.as_view({"get": "me"}), name="me"),
    path("auth/me/password", MeView.as_view({"post": "change_password"}), name="password"),
    path("auth/me/close", MeView.as_view({"post": "close"}), name="close-account"),
    route("upload", SampleViewSet, MAKE, "upload", parser_classes=[MultiPartParser]),
    route("samples", SampleViewSet, ALL, "samples"),
    route("samples/<uuid:id>", SampleViewSet, ONE, "sample"),
    route("samples/<uuid:id>/audio", SampleViewSet, AUDIO, "sample-audio", content_negotiation_class=AnyAccept),
    route("clone", VoiceModelViewSet, MAKE, "clone"),
    route("models", VoiceModelViewSet, ALL, "voice-models"),
    route("models/<uuid:id>", VoiceModelViewSet, ONE, "voice-model"),
    route("synthesize", SynthesisViewSet, MAKE, "synthesize"),
    route("history", SynthesisViewSet, ALL, "history"),
    route("history/<uuid:id>", SynthesisViewSet, LASTING, "synthesis"),
    route("history/<uuid:id>/audio", SynthesisViewSet, AUDIO, "synthesis-audio", content_negotiation_class=AnyAccept),
    route("history/<uuid:id>/cancel", SynthesisViewSet, {"post": "cancel"}, "synthesis-cancel"),
    path("voice/languages", ServerView.as_view({"get": "languages"}), name="languages"),
    path("voice/engines", ServerView.as_view({"get": "engines"}), name="engines"),
    path("voice/limits", ServerView.as_view({"get": "limits"}), name="limits"),
]
