"""Signs of life: every worker writes one to Redis every few seconds, where it expires.

Ages follow from the time that Redis leaves a sign to live, so that the clocks of machines need not agree.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import cast

from voice.redis_client import redis_client

INTERVAL_S = 5.0
LIFE_S = 20.0  # three beats may get lost
INDEX = "podstream:workers"  # keys by the time of their last beat: to look for them in all of Redis would be slow
FORGET_S = 3600.0


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The description that a worker gives of itself.

    `engines`: the figures of each engine's report, by the engine's name. `age_s`: time since the worker sent it.
    """

    name: str
    pid: int
    pool: str
    concurrency: int
    queues: tuple[str, ...]
    engines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    age_s: float = 0.0

    @property
    def key(self) -> str:
        """Of the process: one that is stopping does not take back the sign of its successor."""
        return f"podstream:worker:{self.name}:{self.pid}"


def heartbeat_send(heartbeat: Heartbeat) -> None:
    """Report that a worker is alive. Raises RedisError."""
    now = time.time()
    with redis_client().pipeline() as pipe:
        pipe.set(heartbeat.key, json.dumps(asdict(heartbeat)), px=int(1000 * LIFE_S))
        pipe.zadd(INDEX, {heartbeat.key: now})
        pipe.zremrangebyscore(INDEX, "-inf", now - FORGET_S)
        pipe.execute()


def heartbeat_end(heartbeat: Heartbeat) -> None:
    """Report that a worker takes no more work. Raises RedisError."""
    with redis_client().pipeline() as pipe:
        pipe.delete(heartbeat.key)
        pipe.zrem(INDEX, heartbeat.key)
        pipe.execute()


def workers_seen() -> list[Heartbeat]:
    """The latest sign of life of every worker that is alive, by name. Raises RedisError."""
    client = redis_client()
    keys = cast(list[bytes], client.zrange(INDEX, 0, -1))
    with client.pipeline() as pipe:
        for key in keys:
            pipe.get(key)
            pipe.pttl(key)
        answers = pipe.execute()
    found: dict[str, Heartbeat] = {}
    for word, left_ms in zip(answers[::2], answers[1::2], strict=True):
        if word is None:
            continue  # it was killed, or has lost sight of Redis
        heartbeat = _read(word, age_s=max(0.0, LIFE_S - left_ms / 1000))
        known = found.get(heartbeat.name)
        if known is None or heartbeat.age_s < known.age_s:  # a successor beside its killed predecessor
            found[heartbeat.name] = heartbeat
    return [found[name] for name in sorted(found)]


def _read(word: bytes, *, age_s: float) -> Heartbeat:
    said = json.loads(word)
    return Heartbeat(
        name=said["name"],
        pid=said["pid"],
        pool=said["pool"],
        concurrency=said["concurrency"],
        queues=tuple(said["queues"]),
        engines=said["engines"],
        age_s=age_s,
    )
