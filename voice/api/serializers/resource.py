"""What every resource shows."""

from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from django.urls import reverse
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from voice.models import Job
from voice.models.resource import Resource
from voice.services.job_line import Place, job_places

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
    queue_position = serializers.SerializerMethodField(help_text="1 is next. Null unless its job is queued.")
    estimated_wait_s = serializers.SerializerMethodField(
        help_text="Until its job begins, by how long the last ones took. Null unless its job is queued, and before "
        "the first one was done."
    )
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

    @extend_schema_field({"type": ["integer", "null"], "minimum": 1})
    def get_queue_position(self, resource: Resource) -> int | None:
        place = self._place_of(resource)
        return place.position if place else None

    @extend_schema_field({"type": ["number", "null"], "minimum": 0})
    def get_estimated_wait_s(self, resource: Resource) -> float | None:
        place = self._place_of(resource)
        return None if place is None or place.wait_s is None else round(place.wait_s, 1)

    def _place_of(self, resource: Resource) -> Place | None:
        job = _job_of(resource)
        return self._places.get(job.pk) if job else None

    @cached_property
    def _places(self) -> Mapping[UUID, Place]:
        """Of all that is shown together, so that a list asks no more than one of its rows would."""
        is_list = isinstance(self.parent, serializers.ListSerializer)
        shown = cast(Iterable[Resource], self.parent.instance if is_list else [self.instance])
        return job_places(job for resource in shown if (job := _job_of(resource)))

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
