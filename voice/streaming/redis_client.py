"""One Redis connection pool per process."""

from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


@cache
def redis_client() -> redis.Redis:
    """The shared client. Thread-safe; a forked child opens connections of its own.

    It tries twice, because a pooled connection may be stale after a restart of Redis; redis-py's own default keeps
    a user waiting for 4 s of retries.
    """
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5, retry=Retry(NoBackoff(), 1)
    )
