"""Which job a worker takes when it is woken. See docs/adr/0006-fair-turns.md."""

import logging
from collections.abc import Collection
from uuid import UUID

from django.db.models import Count, F, IntegerField, OuterRef, Subquery, Value, Window
from django.db.models.functions import Coalesce, RowNumber

from voice.services.job import TornJob, job_claim, jobs_claimable
from voice.services.job_line import jobs_in_hand, last_served_at
from voice.services.lease import Lease

logger = logging.getLogger(__name__)
CANDIDATES = 32  # read at once, for as many workers as may be woken at the same moment


def job_take(*, kind: str) -> Lease | None:
    """Claim the job of a kind whose turn it is; None when none is due.

    Whoever loses a claim goes on to the next job, so that no wake-up is lost on a job that another one has taken.
    """
    tried: set[UUID] = set()
    while candidates := _in_turn(kind, without=tried):
        for job_id in candidates:
            tried.add(job_id)
            lease = _claim(job_id)
            if lease is not None:
                return lease
    return None


def _in_turn(kind: str, *, without: Collection[UUID]) -> list[UUID]:
    """The first claimable jobs of a kind: each owner's oldest, then each one's next.

    In each round that owner comes first who has the fewest jobs in hand, and among equals who was served longest ago.
    """
    ranked = (
        jobs_claimable()
        .filter(kind=kind)
        .exclude(pk__in=without)
        .alias(
            turn=Window(RowNumber(), partition_by="owner", order_by=["created_at", "pk"]),
            in_hand=_in_hand(kind),
            served_at=last_served_at(kind=kind, owner="owner"),
        )
    )
    first = ranked.order_by("turn", "in_hand", F("served_at").asc(nulls_first=True), "created_at", "pk")
    return list(first.values_list("pk", flat=True)[:CANDIDATES])


def _in_hand(kind: str) -> Coalesce:
    """How many jobs of a kind workers have in hand for the owner of the row."""
    theirs = jobs_in_hand(kind=kind).filter(owner=OuterRef("owner")).order_by().values("owner")
    return Coalesce(Subquery(theirs.annotate(n=Count("pk")).values("n")), Value(0), output_field=IntegerField())


def _claim(job_id: UUID) -> Lease | None:
    try:
        return job_claim(job_id=job_id)
    except TornJob as error:  # the others must not wait behind it until somebody mends the rows
        logger.error("%s: run manage.py recover_stuck", error)
        return None
