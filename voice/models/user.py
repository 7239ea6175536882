"""Accounts, and the answers that are given again to a request which is repeated with its Idempotency-Key."""

import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A podcaster or an operator. Django's own user, with an id that cannot be counted up."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)


class IdempotencyKey(models.Model):
    """The answer to a creating request, written in the transaction that created.

    So a key exists exactly when its resource was committed, and two requests with one key wait for each other on
    the unique constraint.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of route and payload
    status_code = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True)
    location = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)  # the sweeper drops old ones

    class Meta:
        db_table = "voice_idempotency_keys"
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_once_per_owner")]

    def __str__(self) -> str:
        return f"{self.owner_id} {self.status_code}"
