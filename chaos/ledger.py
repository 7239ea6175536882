"""The account of what the clients were promised and answered, and of how long each answer took."""

import json
import statistics
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path


class Expected(StrEnum):
    """The end that a promise must have."""

    COMPLETED = "completed"
    WORKER_LOST = "worker_lost"  # it kills its workers
    WITH_REASON = "with_reason"  # completed, or failed with a reason that a person can act on


@dataclass(frozen=True, slots=True)
class Promise:
    """A resource whose creation was acknowledged with 201 or 202. `what` is its name in that answer."""

    what: str
    id: str
    key: str
    expected: Expected = Expected.COMPLETED


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request. `status` is 0 where no answer came."""

    what: str
    status: int
    ms: float
    code: str = ""
    has_retry_after: bool = False

    @property
    def is_fair(self) -> bool:
        """A user may be told this while servers come and go: done, a later time to try, or no room left."""
        is_later = self.status in (429, 503) and self.has_retry_after
        return 200 <= self.status < 300 or is_later or self.status == HTTPStatus.INSUFFICIENT_STORAGE


class Ledger:
    """All promises and answers. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._promises: dict[str, Promise] = {}
        self._exchanges: list[Exchange] = []
        self._uncertain: set[str] = set()

    def answered(self, exchange: Exchange) -> None:
        """Note an answer, or that none came."""
        with self._lock:
            self._exchanges.append(exchange)

    def promised(self, promise: Promise) -> None:
        """Note an acknowledgement. A replayed one is the same promise."""
        with self._lock:
            self._promises[promise.id] = promise

    def given_up(self, key: str) -> None:
        """Note a request that may have been done without its client knowing."""
        with self._lock:
            self._uncertain.add(key)

    @property
    def promises(self) -> list[Promise]:
        with self._lock:
            return list(self._promises.values())

    @property
    def uncertain(self) -> int:
        with self._lock:
            return len(self._uncertain)

    def unfair(self) -> list[Exchange]:
        """Answers that no user should have got; a connection that a kill cut off is none."""
        with self._lock:
            return [exchange for exchange in self._exchanges if exchange.status and not exchange.is_fair]

    def statuses(self) -> dict[str, int]:
        """The number of answers with each status."""
        with self._lock:
            found = Counter(str(exchange.status or "no answer") for exchange in self._exchanges)
        return dict(sorted(found.items()))

    def p95_ms(self, path: str) -> float:
        """Of the answers to reads below a path. 0 where there were none."""
        with self._lock:
            reads = [each for each in self._exchanges if each.what.startswith(f"GET {path}")]
        times = [read.ms for read in reads if read.status]
        return round(statistics.quantiles(times, n=20)[-1], 1) if len(times) > 1 else 0.0

    def save(self, path: Path) -> None:
        """Write what the audit needs."""
        found = {"promises": [asdict(promise) for promise in self.promises], "uncertain": self.uncertain}
        path.write_text(json.dumps(found, indent=1) + "\n")


def load(path: Path) -> tuple[list[Promise], int]:
    """The promises of a saved ledger, and how many requests may have been done unknown to their client."""
    found = json.loads(path.read_text())
    promises = [
        Promise(each["what"], each["id"], each["key"], Expected(each["expected"])) for each in found["promises"]
    ]
    return promises, found["uncertain"]
