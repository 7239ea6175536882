"""Accounts."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A podcaster or an operator. Django's own user, with an id that cannot be counted up."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
