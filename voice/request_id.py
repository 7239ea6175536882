"""The id of the request that a log line belongs to: of the one that is answered, or the one that asked for the job.

The middleware binds it while a request is answered. A job's row keeps the one of the request that made it, and its
worker binds that while the job runs. Celery's messages carry none: each wakes a worker for one more job of a kind,
which need not be the job for whose request it was sent.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_id", default="")


def request_id_current() -> str:
    """The id that is bound here; "" outside of requests and of their jobs."""
    return _current.get()


@contextmanager
def request_id_bound(request_id: str) -> Iterator[None]:
    """Log lines that are written inside, by this thread, carry the id."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)


class RequestIdFilter(logging.Filter):
    """Makes `%(request_id)s` available to log formats; "-" where none is bound."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _current.get() or "-"
        return True
