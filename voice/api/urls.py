"""The routes of the API. No trailing slashes: a POST to one would be redirected, and lose its body."""

from typing import Any

from django.urls import path

from voice.api.views.auth import LogoutView, MeView, RegisterView, TokenRefreshView, TokenView
from voice.api.views.samples import SampleAudioViewSet, SampleViewSet, UploadViewSet
from voice.api.views.server import EnginesView, LanguagesView, LimitsView
from voice.api.views.synthesis import SynthesisAudioViewSet, SynthesisViewSet
from voice.api.views.voice_models import VoiceModelViewSet

ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("auth/register", RegisterView.as_view(), name="register"),
    path("auth/token", TokenView.as_view(), name="token"),
    path("auth/token/refresh", TokenRefreshView.as_view(), name="token-refresh"),
    path("auth/logout", LogoutView.as_view(), name="logout"),
    path("auth/me", MeView.as_view(), name="me"),
    path("voice/upload", UploadViewSet.as_view({"post": "upload"}), name="upload"),
    path("voice/samples", SampleViewSet.as_view({"get": "list"}), name="samples"),
    path("voice/samples/<uuid:id>", SampleViewSet.as_view(ONE), name="sample"),
    path("voice/samples/<uuid:id>/audio", SampleAudioViewSet.as_view({"get": "audio"}), name="sample-audio"),
    path("voice/clone", VoiceModelViewSet.as_view({"post": "clone"}), name="clone"),
    path("voice/models", VoiceModelViewSet.as_view({"get": "list"}), name="voice-models"),
    path("voice/models/<uuid:id>", VoiceModelViewSet.as_view(ONE), name="voice-model"),
    path("voice/synthesize", SynthesisViewSet.as_view({"post": "synthesize"}), name="synthesize"),
    path("voice/history", SynthesisViewSet.as_view({"get": "list"}), name="history"),
    path(
        "voice/history/<uuid:id>",
        SynthesisViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="synthesis",
    ),
    path("voice/history/<uuid:id>/audio", SynthesisAudioViewSet.as_view({"get": "audio"}), name="synthesis-audio"),
    path("voice/history/<uuid:id>/cancel", SynthesisViewSet.as_view({"post": "cancel"}), name="synthesis-cancel"),
    path("voice/languages", LanguagesView.as_view(), name="languages"),
    path("voice/engines", EnginesView.as_view(), name="engines"),
    path("voice/limits", LimitsView.as_view(), name="limits"),
]
