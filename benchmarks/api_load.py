"""The API under load: clients that read states, submit texts and upload recordings, all at once.

`python -m benchmarks.api_load [--clients N] [--turns N] [--seconds S] [--json PATH]` starts the production form in a
temporary folder (see `tests.rig.stacks`). Each client is a person with a voice of their own; it sends its next request
when the one before is answered. Turns without a worker alternate with turns beside one that works off what was
accepted, so that whatever else the machine does meets both.
"""

import argparse
import json
import random
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from local.client import ApiClient
from local.demo_voice import demo_recording
from tests.rig.stacks import SERVICES, ProductionStack

SYNTHESIZE = "/api/voice/synthesize"
READ, SUBMIT, UPLOAD = "GET /api/voice/history/{id}", "POST /api/voice/synthesize", "POST /api/voice/upload"
MIX = {READ: 80, SUBMIT: 15, UPLOAD: 5}  # of a hundred requests


@dataclass(frozen=True, slots=True)
class Sent:
    """One request: how long its answer took, and what kind of error that was, if any."""

    request: str
    ms: float
    error: str = ""


@dataclass(slots=True)
class Turns:
    """All that was sent in the turns of one side, and how long those took."""

    sent: list[Sent] = field(default_factory=list)
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Of all requests of a kind. Latencies are of those that succeeded; None where none did."""

    beside: str
    request: str
    count: int
    per_second: float
    p50_ms: float | None
    p95_ms: float | None
    max_ms: float | None
    errors: dict[str, int]


class Person(ApiClient):
    """A user with a voice, on one connection."""

    def __init__(self, url: str, number: int, recording: Path) -> None:
        super().__init__(url)
        self._random = random.Random(number)  # noqa: S311 (no secret)
        self._files = {"audio": (recording.name, recording.read_bytes())}
        self.register()
        model = self.clone(sample_id=self.upload(recording)["id"])
        self._wish = {"model_id": model["id"], "text": "Hello, world!"}
        self._latest: str = self.create(SYNTHESIZE, json=self._wish)["links"]["self"]
        self.wait(self._latest, done="completed")

    def send_until(self, end_s: float) -> list[Sent]:
        """Send requests of the mix, one after the other."""
        sent = []
        while time.monotonic() < end_s:
            (request,) = self._random.choices(list(MIX), list(MIX.values()))
            started = time.perf_counter()
            error = self._send(request)
            sent.append(Sent(request, (time.perf_counter() - started) * 1000, error))
        return sent

    def _send(self, request: str) -> str:
        try:
            response = self._answer(request)
        except httpx.HTTPError as error:
            return type(error).__name__
        if response.is_success:
            return ""
        is_problem = "problem+json" in response.headers.get("content-type", "")
        return f"{response.status_code} {response.json()['code']}" if is_problem else str(response.status_code)

    def _answer(self, request: str) -> httpx.Response:
        if request == READ:
            return self.ask("GET", self._latest)
        if request == UPLOAD:
            return self.ask("POST", "/api/voice/upload", files=self._files)
        response = self.ask("POST", SYNTHESIZE, json=self._wish)
        if response.is_success:
            self._latest = response.json()["synthesis"]["links"]["self"]
        return response


def take_turn(turns: Turns, people: Sequence[Person], *, seconds: float) -> None:
    """Let all people send for so long."""
    started = time.monotonic()
    with ThreadPoolExecutor(len(people)) as pool:
        for sent in pool.map(lambda person: person.send_until(started + seconds), people):
            turns.sent += sent
    turns.elapsed_s += time.monotonic() - started


def figures_of(turns: Turns, *, beside: str) -> Iterator[Figures]:
    """Those of each kind of request, then of all."""
    for request in (*MIX, "all"):
        of_kind = [each for each in turns.sent if request in (each.request, "all")]
        yield figures(request, of_kind, elapsed_s=turns.elapsed_s, beside=beside)


def figures(request: str, sent: Sequence[Sent], *, elapsed_s: float, beside: str) -> Figures:
    """Count and sort what was sent."""
    times = sorted(each.ms for each in sent if not each.error)
    return Figures(
        beside=beside,
        request=request,
        count=len(sent),
        per_second=round(len(times) / elapsed_s, 1),
        p50_ms=round(statistics.median(times), 1) if times else None,
        p95_ms=round(times[int(len(times) * 0.95)], 1) if times else None,
        max_ms=round(times[-1], 1) if times else None,
        errors=dict(Counter(each.error for each in sent if each.error)),
    )


def measure_all(folder: Path, *, clients: int, turns: int, seconds: float) -> Iterator[Figures]:
    """Both sides in turns, on the same servers."""
    alone, beside_worker = Turns(), Turns()
    recording = folder / "recording.wav"
    demo_recording(recording)
    words = SERVICES["worker-cpu"]["command"]
    processes = int(words[words.index("--concurrency") + 1])
    with ProductionStack(folder, {}, workers=1, concurrency=processes) as stack:
        with ThreadPoolExecutor(clients) as pool:
            people = list(pool.map(lambda number: Person(stack.url, number, recording), range(clients)))
        for _ in range(turns):
            stack.workers[-1].stop(grace_s=30)
            take_turn(alone, people, seconds=seconds)
            stack.wait_for_worker(stack.add_worker(concurrency=processes))
            take_turn(beside_worker, people, seconds=seconds)
    yield from figures_of(alone, beside="no worker")
    yield from figures_of(beside_worker, beside=f"a worker of {processes} processes")


def show(rows: Sequence[Figures]) -> None:
    """Print the table."""
    table = Table("Beside", "Request", "Count", "per second", "p50 ms", "p95 ms", "max ms", "Errors", title="API load")
    for row in rows:
        *cells, errors = asdict(row).values()
        table.add_row(*map(str, cells), ", ".join(f"{count} x {kind}" for kind, count in errors.items()) or "none")
    Console(width=140).print(table)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--turns", type=int, default=3, help="of each side")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each turn")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us, our servers end
    with tempfile.TemporaryDirectory() as folder:
        rows = list(measure_all(Path(folder), clients=options.clients, turns=options.turns, seconds=options.seconds))
    show(rows)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
