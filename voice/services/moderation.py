"""Blocking voices: the owner still sees a blocked recording or voice, and why; nobody can use it."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from voice.models import VoiceModel, VoiceSample


def voice_block(*, row: VoiceSample | VoiceModel, reason: str) -> None:
    """Keep a recording from being cloned, or a voice from speaking. What waits in a queue fails when it starts."""
    _rows(row).update(is_blocked=True, blocked_reason=reason, updated_at=timezone.now())


def voice_allow(*, row: VoiceSample | VoiceModel) -> None:
    """Allow a blocked recording or voice again."""
    _rows(row).update(is_blocked=False, blocked_reason="", updated_at=timezone.now())


def _rows(row: VoiceSample | VoiceModel) -> QuerySet[Any]:
    return type(row)._default_manager.filter(pk=row.pk)
