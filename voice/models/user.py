"""Accounts, and the answers that are given again to a request which is repeated with its Idempotency-Key."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models


class User(AbstractUser):
    """A podcaster or an operator. Django's own user, with an id that cannot be counted up.

    Names that differ only in case are one name. Databases fold case differently, so the folded name is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username_folded = models.CharField(max_length=500, unique=True, editable=False)  # folding makes some letters three

    def clean(self) -> None:
        """Raises ValidationError where somebody else has the name. Only the constraint decides between two at once."""
        super().clean()
        others = User.objects.filter(username_folded=username_fold(self.username)).exclude(pk=self.pk)
        if others.exists():
            raise ValidationError(
                {"username": ValidationError("This name belongs to somebody already.", "username_taken")}
            )

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Write it with the folded name. Raises IntegrityError where somebody else has the name."""
        folded = username_fold(self.username)
        if self.username_folded != username_fold_of_namesake(folded, self.pk):
            self.username_folded = folded
        if update_fields is not None and "username" in update_fields:
            update_fields = {*update_fields, "username_folded"}
        super().save(*args, update_fields=update_fields, **kwargs)


def username_fold(username: str) -> str:
    """The form in which names are compared."""
    return User.normalize_username(username).casefold()


def username_fold_of_namesake(folded: str, pk: uuid.UUID) -> str:
    """For an account older than the rule that one name is given once: `#` is in no name, so this one is free."""
    return f"{folded}#{pk}"


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
