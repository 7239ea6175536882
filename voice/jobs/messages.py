"""Messages about jobs, over Redis: wake-ups for workers, notices for those who wait.

The row is the truth: a wake-up that is lost is sent again by the sweeper, a lost notice costs a second.
"""

import logging
import time
from uuid import UUID

import redis
from celery import current_app
from django.conf import settings
from django.db import connection

from voice.jobs.kind import kind_named
from voice.models import Job
from voice.models.lifecycle import JOB_TERMINAL
from voice.redis_client import redis_client

logger = logging.getLogger(__name__)
RECHECK_S = 1.0


def wake_up_send(*, kind: str) -> None:
    """Have a worker take the next job of a kind. Raises RedisError or kombu's OperationalError."""
    redis_client().ping()  # says at once that Redis is away; kombu would take 6 s of redis-py's retries to see it
    current_app.send_task("voice.run_job", args=[kind], queue=kind_named(kind).queue, retry=False)


def queue_is_empty(queue: str) -> bool:
    """True while no wake-up waits in a queue. Raises RedisError."""
    # kombu keeps a queue as a Redis list of its name
    return redis_client().llen(f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}{queue}") == 0


def _channel(job_id: UUID) -> str:
    return f"podstream:job:{job_id}"


def job_publish(job_id: UUID, state: str) -> None:
    """Send the state of a job to those who wait for it. With Redis away they find it in the row."""
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
