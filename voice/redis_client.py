"""Redis: one connection pool per process and address, and counts that a window slides over."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

CLOCK = "local time = redis.call('TIME'); local now_us = time[1] * 1000000 + time[2]"  # one for all who count
_WINDOW = """
local limit, period_us = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_us - period_us)
local used = redis.call('ZCARD', KEYS[1])
local fits = used < limit
if fits and ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[1], now_us, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.ceil(period_us / 1000))
  used = used + 1
end
local next_out = redis.call('ZRANGE', KEYS[1], math.max(0, used - limit), math.max(0, used - limit), 'WITHSCORES')
local reset_us = 0
if next_out[2] then reset_us = next_out[2] + period_us - now_us elseif not fits then reset_us = period_us end
return {used, fits and 1 or 0, reset_us}
"""


@cache
def redis_client() -> redis.Redis:
    """The shared client. Thread-safe; a forked child opens connections of its own."""
    return redis.Redis(connection_pool=_pool(settings.REDIS_URL))


@dataclass(frozen=True, slots=True)
class Window:
    """What the last `period_s` seconds hold of something that is limited.

    `used`: how often it was done. `fits`: whether it could be done once more. `reset_s`: in how many seconds, rounded
    up, one more becomes free; 0 where nothing is used.
    """

    used: int
    fits: bool
    reset_s: int


def window_count(key: str, *, limit: int, period_s: float, entry: str) -> Window:
    """Count one, under the name `entry`, if it fits; what does not fit is not counted, nor is an entry without a name.

    Each counts for exactly `period_s` seconds of Redis' clock, so that never more than `limit` lie in any such time,
    of however many callers on however many machines. Raises RedisError.
    """
    answer = redis_client().eval(CLOCK + _WINDOW, 1, key, str(limit), str(round(1e6 * period_s)), entry)
    used, fits, reset_us = cast(list[int], answer)
    return Window(used, bool(fits), math.ceil(reset_us / 1e6))


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
