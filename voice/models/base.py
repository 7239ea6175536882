"""The common base of samples, voice models and syntheses."""

import uuid

from django.conf import settings
from django.db import models


class Resource(models.Model):
    """Something that belongs to one user, has a status and may fail for a reason that a person can act on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Moderated(models.Model):
    """A voice that a moderator can block: it stays visible to its owner and cannot be used."""

    is_blocked = models.BooleanField(default=False)
    blocked_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True
