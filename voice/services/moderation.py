"""Blocking voices: the owner still sees a blocked recording or voice, and why; nobody can use it."""

from voice.models import VoiceModel, VoiceSample


def voice_block(*, row: VoiceSample | VoiceModel, reason: str) -> None:
    """Keep a recording from being cloned, or a voice from speaking. What waits in a queue fails when it starts."""
    row.is_blocked, row.blocked_reason = True, reason
    row.save(update_fields=["is_blocked", "blocked_reason", "updated_at"])


def voice_allow(*, row: VoiceSample | VoiceModel) -> None:
    """Allow a blocked recording or voice again."""
    row.is_blocked, row.blocked_reason = False, ""
    row.save(update_fields=["is_blocked", "blocked_reason", "updated_at"])
