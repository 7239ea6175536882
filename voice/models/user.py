"""Accounts, and the answers that are given again to a request which is repeated with its Idempotency-Key."""

import uuid
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models


class User(AbstractUser):
    """A podcaster or an operator. Django's own user, with an id that cannot be counted up.

    Names that differ only in case, or in letters that look alike, are one name. Databases fold differently, so the
    folded name is kept. `closed_at`: its owner closed the account then, and the sweep is removing it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username_folded = models.CharField(max_length=500, unique=True, editable=False)  # folding makes some letters three
    closed_at = models.DateTimeField(null=True, editable=False)

    class Meta(AbstractUser.Meta):
        abstract = False
        indexes = [  # the sweep's search for closed accounts
            models.Index(fields=["closed_at"], name="users_closed", condition=models.Q(closed_at__isnull=False))
        ]

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
    """The form in which names are compared: without case, and letters that look like those of ASCII as these."""
    folded = User.normalize_username(username).casefold()
    return folded if folded.isascii() else folded.translate(_ascii_lookalikes())


@cache
def _ascii_lookalikes() -> Mapping[int, str]:
    """From letters beyond ASCII to the letter of ASCII that they look like, after UTS 39. Takes 0.1 s and 4 MB."""
    from confusable_homoglyphs.confusables import confusables_data

    found: dict[int, str] = {}
    for character, lookalikes in confusables_data.items():
        if len(character) == 1 and character.isalpha() and not character.isascii():
            ascii_ones = [each["c"].casefold() for each in lookalikes if each["c"].isascii() and each["c"].isalpha()]
            if ascii_ones:
                found[ord(character)] = min(ascii_ones)
    return found


def username_fold_of_namesake(folded: str, pk: uuid.UUID) -> str:
    """For an account older than the rule that one name is given once: `#` is in no name, so this one is free."""
    return f"{folded}#{pk}"


class LoginSession(models.Model):
    """One login: its tokens carry this id, and are valid as long as the row is there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)  # with its newest refresh token; the sweep drops old ones

    class Meta:
        db_table = "voice_login_sessions"

    def __str__(self) -> str:
        return f"{self.owner_id} {self.created_at:%Y-%m-%d %H:%M}"


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
