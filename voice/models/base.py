"""The common base of samples, voice models and syntheses, and the time by the database's clock."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Expression
from django.db.models.sql.compiler import SQLCompiler


class FromNow(Expression):
    """The time at which the database got the statement, plus `seconds`. For what one host writes and another judges.

    PostgreSQL: neither the time of the transaction, which may be long past, nor the clock's at each row, which no
    index could serve. A statement that has waited for another's lock works with a time that is too early: it finds a
    lease alive that has just ended, or takes one that ends sooner. Both are safe.
    SQLite: the clock of its one host, in milliseconds, as text with the six digits that Django writes, so that texts
    compare as their times do.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(output_field=DateTimeField())
        self.seconds = seconds

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any
    ) -> tuple[str, list[object]]:
        return "(STATEMENT_TIMESTAMP() + MAKE_INTERVAL(secs => %s))", [self.seconds]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, list[object]]:
        return "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f000', 'NOW', %s)", [f"{self.seconds:+.3f} seconds"]


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
