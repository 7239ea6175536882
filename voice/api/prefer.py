"""`Prefer: wait=N` (RFC 7240): hold the answer until the job has ended."""

import re
import threading
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from voice.streaming.progress import job_wait

MAX_WAITERS = 32
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=[,;]|$)", re.IGNORECASE)
_waiters = threading.BoundedSemaphore(MAX_WAITERS)  # each holds a thread of this process


def wait_s_preferred(request: HttpRequest) -> int | None:
    """How many seconds the client would wait, at most TTS_TIMEOUT; None where it does not say."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), settings.TTS_TIMEOUT // 1000) if found else None


def wait_for_job(job_id: UUID, *, timeout_s: int) -> bool:
    """Wait until the job has ended or the time is over. False, at once, where too many wait here already.

    Call it outside of transactions.
    """
    if not _waiters.acquire(blocking=False):
        return False
    try:
        job_wait(job_id, timeout_s=timeout_s)
    finally:
        _waiters.release()
    return True
