"""The connections of a process to Redis."""

import contextvars
import threading
from collections.abc import Callable

import pytest
from django.core.cache import cache

from voice.redis_client import redis_client


def connections_opened(do: Callable[[], object]) -> int:
    """How many connections Redis accepted meanwhile."""
    client = redis_client()
    before = client.info("stats")["total_connections_received"]
    do()
    opened: int = client.info("stats")["total_connections_received"] - before
    return opened


def use_cache() -> None:
    cache.set("key", "a value", 60)
    assert cache.get("key") == "a value"


def in_a_new_thread() -> None:
    thread = threading.Thread(target=use_cache)
    thread.start()
    thread.join()


def in_a_new_context() -> None:
    """As a request under ASGI."""
    contextvars.Context().run(use_cache)


@pytest.mark.parametrize("use", [in_a_new_thread, in_a_new_context])
def test_the_cache_opens_no_connection_for_each_request(use: Callable[[], None]) -> None:
    use_cache()
    assert connections_opened(lambda: [use() for _ in range(20)]) == 0
