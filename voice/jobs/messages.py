"""Tells whoever waits for a job that it has moved. The row is the truth: a lost notice costs a second, no more."""

import logging
import time
from uuid import UUID

import redis
from django.db import connection

from voice.models import Job
from voice.models.lifecycle import JOB_TERMINAL
from voice.redis_client import redis_client

logger = logging.getLogger(__name__)
RECHECK_S = 1.0


def _channel(job_id: UUID) -> str:
    return f"podstream:job:{job_id}"


def job_publish(job_id: UUID, state: str) -> None:
    """Tell the waiters of a job its state. With Redis away they find it in the row."""
    try:
        redis_client().publish(_channel(job_id), state)
    except redis.RedisError as error:
        logger.warning("job %s: state not published: %s", job_id, type(error).__name__)


def job_wait(job_id: UUID, *, timeout_s: float) -> None:
    """Return when the job is terminal or gone, at the latest after `timeout_s`.

    Holds no database connection while it waits, so call it outside of transactions.
    """
    end = time.monotonic() + timeout_s
    pubsub = redis_client().pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    try:
        _subscribe(pubsub, job_id)
        while not _is_over(job_id) and (left := end - time.monotonic()) > 0:
            _sleep_until_notice(pubsub, min(left, RECHECK_S))
    finally:
        pubsub.close()


def _subscribe(pubsub: "redis.client.PubSub", job_id: UUID) -> None:
    try:
        pubsub.subscribe(_channel(job_id))
    except redis.RedisError as error:
        logger.warning("job %s: waiting without notices: %s", job_id, type(error).__name__)


def _sleep_until_notice(pubsub: "redis.client.PubSub", at_most_s: float) -> None:
    end = time.monotonic() + at_most_s
    while (left := end - time.monotonic()) > 0:
        if not pubsub.subscribed:
            time.sleep(left)
            return
        try:
            if pubsub.get_message(timeout=left) is not None:  # None also for the confirmation of the subscription
                return
        except redis.RedisError:  # the row is asked again, Redis or not
            pubsub.reset()


def _is_over(job_id: UUID) -> bool:
    over = not Job.objects.filter(pk=job_id).exclude(state__in=JOB_TERMINAL).exists()
    if not connection.in_atomic_block:
        connection.close()
    return over
