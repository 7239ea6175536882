"""Moderators' decisions that a voice must not be used, and what blocked recordings are known by."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Block(models.Model):
    """One decision: it reaches the recording or voice that it was made of, and all that was made from that.

    What it reaches has it among its `blocks`. `sample` or `voice_model` is what a moderator looked at, null once that
    was deleted: the block stays, with its `audio`, until a moderator lifts it, which deletes the row.
    `reason` is shown to the owner, `note` to the staff alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reason = models.CharField(max_length=300)
    note = models.TextField(blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    sample = models.ForeignKey("voice.VoiceSample", null=True, on_delete=models.SET_NULL, related_name="+")
    voice_model = models.ForeignKey("voice.VoiceModel", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "voice_blocks"
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"block {self.pk}"


class BlockedAudio(models.Model):
    """What one blocked recording is known by when it comes again. It names no account, and outlives the recording.

    `sha256` is of the upload's bytes, `pcm_sha256` of what they decode to, `sound` the acoustic fingerprint of
    voice/audio/fingerprint.py; these two are empty for recordings older than they.
    """

    block = models.ForeignKey(Block, on_delete=models.CASCADE, related_name="audio")
    sha256 = models.CharField(max_length=64, db_index=True)
    pcm_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    sound = models.BinaryField(default=bytes)

    class Meta:
        db_table = "voice_blocked_audio"
        constraints = [models.UniqueConstraint(fields=["block", "sha256"], name="blocked_audio_once_per_block")]
        verbose_name_plural = "blocked audio"

    def __str__(self) -> str:
        return f"audio {self.pk} of block {self.block_id}"


class Match(models.TextChoices):
    """How an upload was known again."""

    FILE = "file", "the same file"
    PCM = "pcm", "the same samples in another file"
    SOUND = "sound", "the same sound, encoded anew"


class BlockHit(models.Model):
    """Somebody uploaded what is blocked: once for each person and kind of match, with the number of `times`."""

    block = models.ForeignKey(Block, on_delete=models.CASCADE, related_name="hits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    match = models.CharField(max_length=8, choices=Match.choices)
    times = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "voice_block_hits"
        ordering = ["-last_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(match__in=Match.values), name="block_hit_match_known"),
            models.UniqueConstraint(fields=["block", "user", "match"], name="block_hit_once_per_user"),
        ]

    def __str__(self) -> str:
        return f"hit {self.pk} of block {self.block_id}"
