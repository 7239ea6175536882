"""Going through a table that others write to, in bounded memory and without holding a cursor open."""

from collections.abc import Iterator
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
BATCH = 500


def row_batches(rows: "QuerySet[Row, Any]") -> Iterator[list[Row]]:
    """All rows by primary key, in lists of at most 500.

    A batch is asked for when the one before is done with, so that rows may be changed and deleted on the way. Rows
    that come meanwhile may be among them or not.
    """
    after: Any = None
    while True:
        left = rows if after is None else rows.filter(pk__gt=after)
        batch = list(left.order_by("pk")[:BATCH])
        if batch:
            after = batch[-1].pk  # taken first: a deleted row forgets its key
            yield batch
        if len(batch) < BATCH:
            return


def row_walk(rows: "QuerySet[Row, Any]") -> Iterator[Row]:
    """As `row_batches`, one by one."""
    for batch in row_batches(rows):
        yield from batch
