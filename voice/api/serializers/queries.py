"""Query strings. What is not known here is refused."""

from rest_framework import serializers

from voice.api.serializers.base import ChoiceField, StrictSerializer
from voice.models.lifecycle import SynthesisStatus


class PageQuery(StrictSerializer):
    """Which part of a list is shown."""

    page = serializers.IntegerField(required=False, min_value=1, max_value=10**9, help_text="From 1.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100, help_text="Default: 20.")


class HistoryQuery(PageQuery):
    """Which syntheses are listed."""

    model_id = serializers.UUIDField(required=False)
    status = ChoiceField(choices=SynthesisStatus.choices, required=False)
    created_after = serializers.DateTimeField(required=False, help_text="At this time or later.")
    created_before = serializers.DateTimeField(required=False, help_text="Before this time.")
    q = serializers.CharField(required=False, max_length=200, help_text="Text that was spoken contains this.")
    ordering = ChoiceField(choices=["created_at", "-created_at", "duration_s"], default="-created_at")


class AudioQuery(StrictSerializer):
    """How audio is sent."""

    download = serializers.BooleanField(default=False, help_text="1: browsers save it instead of playing it.")
