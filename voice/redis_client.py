"""One Redis connection pool per process and address."""

from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


@cache
def redis_client() -> redis.Redis:
    """The shared client. Thread-safe; a forked child opens connections of its own."""
    return redis.Redis(connection_pool=_pool(settings.REDIS_URL))


class CachePool:
    """Stands in for the class of pools of Django's cache, so that all caches of an address share one.

    Django makes a cache per thread, under ASGI per request: each would open a connection of its own.
    """

    @staticmethod
    def from_url(url: str, **_: Any) -> redis.ConnectionPool:
        """The process's pool; Django's options, which are its defaults, do not matter."""
        return _pool(url)


@cache
def _pool(url: str) -> redis.ConnectionPool:
    """Tries twice, because a pooled connection may be stale after a restart of Redis; redis-py's own default keeps
    a user waiting for 4 s of retries.
    """
    return redis.ConnectionPool.from_url(url, socket_connect_timeout=2, socket_timeout=5, retry=Retry(NoBackoff(), 1))
