"""The limit on writes per user and hour.

Reading, polling, cancelling and deleting never count: a person may always withdraw their voice.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import redis
from django.conf import settings
from django.db.models import Min
from django.http import HttpRequest
from django.utils import timezone
from django_ratelimit.core import get_usage

from voice.api.exceptions import RateLimited
from voice.models import Job, User

logger = logging.getLogger(__name__)
HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Usage:
    """Where a user stands: `used` of `limit` writes, all given back in `reset_s` seconds."""

    limit: int
    used: int
    reset_s: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def headers(self) -> Mapping[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }


def writes_usage(request: HttpRequest, user: User) -> Usage:
    """How much of the user's hour is used. Counts nothing."""
    return _counted(request, user, increment=False) or _usage_by_rows(user)


def writes_check(request: HttpRequest, user: User) -> Usage:
    """Raise RateLimited where no write is left. Counts nothing, so it can come before expensive work."""
    usage = writes_usage(request, user)
    if usage.remaining == 0:
        raise _rate_limited(usage)
    return usage


def writes_spend(request: HttpRequest, user: User, *, rows_written: int) -> Usage:
    """Count one write, or raise RateLimited. Exact under any number of parallel requests.

    Call it in the transaction of the write, so that what came too late is rolled back. While Redis is away the
    user's jobs of the last hour are counted instead; `rows_written` says how many of them this write has added
    by now.
    """
    usage = _counted(request, user, increment=True)
    if usage is None:
        # one at a time, or each would miss the others' rows; no key is changed, so that their inserts need not wait
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        by_rows = _usage_by_rows(user)
        usage = Usage(by_rows.limit, by_rows.used + 1 - rows_written, by_rows.reset_s)
    if usage.used > usage.limit:
        raise _rate_limited(usage)
    return usage


def _counted(request: HttpRequest, user: User, *, increment: bool) -> Usage | None:
    """The count in Redis; None while it is away."""
    try:
        found = get_usage(
            request,
            group="writes",
            key=lambda group, request: str(user.pk),
            rate=f"{settings.WRITES_PER_HOUR}/h",
            increment=increment,
        )
    except redis.RedisError as error:
        logger.warning("rate limit by rows, Redis is away: %s", type(error).__name__)
        return None
    return Usage(settings.WRITES_PER_HOUR, found["count"], max(0, found["time_left"]))


def _usage_by_rows(user: User) -> Usage:
    since = timezone.now() - timedelta(seconds=HOUR_S)
    jobs = Job.objects.filter(owner=user, created_at__gte=since)
    oldest = jobs.aggregate(at=Min("created_at"))["at"]
    reset_s = HOUR_S if oldest is None else int(oldest.timestamp() + HOUR_S - time.time()) + 1
    return Usage(settings.WRITES_PER_HOUR, jobs.count(), max(0, reset_s))


def _rate_limited(usage: Usage) -> RateLimited:
    return RateLimited(
        f"{usage.limit} uploads, clones, syntheses and changes an hour are allowed. "
        f"The next one is possible in {max(1, usage.reset_s)} seconds. Reading and deleting stay possible.",
        retry_after_s=usage.reset_s,
    )
