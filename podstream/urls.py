"""All routes."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from voice.api.health import HealthView
from voice.api.metrics import MetricsView
from voice.api.pages import DocsView, SchemaView, favicon, index

urlpatterns = [
    path("", index, name="index"),
    path("api/", include("voice.api.urls")),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", DocsView.as_view(url_name="schema"), name="docs"),
    path("health/live", HealthView.as_view({"get": "live"}), name="live"),
    path("health/ready", HealthView.as_view({"get": "ready"}), name="ready"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("favicon.ico", favicon, name="favicon"),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
]

handler400 = handler403 = handler404 = "voice.api.exceptions.refused"
handler500 = "voice.api.exceptions.server_error"
