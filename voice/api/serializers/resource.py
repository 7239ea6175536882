"""What every resource shows."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from voice.models import Job
from voice.models.resource import Resource

READY = frozenset({"ready", "completed"})


class ErrorSerializer(serializers.Serializer[Any]):
    """Why a resource failed or was rejected, so that a person can act on it."""

    code = serializers.CharField(help_text="Stable, for machines.")
    message = serializers.CharField(help_text="A sentence for people.")


class ResourceSerializer(serializers.Serializer[Any]):
    """The fields that samples, voice models and syntheses share."""

    id = serializers.UUIDField()
    progress = serializers.SerializerMethodField(help_text="Share of the work that is done, 0 to 1.")
    phase = serializers.SerializerMethodField(help_text="What is being done right now.")
    error = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_progress(self, resource: Resource) -> float:
        job = _job_of(resource)
        if _status_of(resource) in READY:
            return 1.0
        return round(job.progress, 4) if job else 0.0

    @extend_schema_field({"type": ["string", "null"], "example": "speaking"})
    def get_phase(self, resource: Resource) -> str | None:
        job = _job_of(resource)
        return (job.phase or None) if job else None

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, resource: Resource) -> dict[str, str] | None:
        if not resource.error_code:
            return None
        return {"code": resource.error_code, "message": resource.error_message}


def link(name: str, resource: Resource) -> str:
    """The absolute path of one of a resource's routes."""
    return reverse(name, kwargs={"id": resource.pk})


def _status_of(resource: Resource) -> str:
    return str(resource.status)  # type: ignore[attr-defined]


def _job_of(resource: Resource) -> Job | None:
    return getattr(resource, "job", None)
