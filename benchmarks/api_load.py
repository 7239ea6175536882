"""What the API does under load: clients that read states, submit texts and upload recordings, all at once.

`python -m benchmarks.api_load [--clients N] [--seconds S] [--json PATH]` starts the production form in a temporary
folder (see `benchmarks.production`). Each client is a person with a voice of their own; it sends its next request when
the one before is answered. The load runs twice: while no worker runs, and while one works off what was accepted.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.production import SERVICES, end, production
from podstream.demo_voice import demo_recording

READ, SUBMIT, UPLOAD = "GET /api/voice/history/{id}", "POST /api/voice/synthesize", "POST /api/voice/upload"
MIX = {READ: 80, SUBMIT: 15, UPLOAD: 5}  # of a hundred requests


@dataclass(frozen=True, slots=True)
class Sent:
    """One request: how long its answer took, and what kind of error that was, if any."""

    request: str
    ms: float
    error: str = ""


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


class Client:
    """A person with a voice, on one connection."""

    def __init__(self, url: str, number: int, recording: bytes) -> None:
        self._random = random.Random(number)  # noqa: S311 (no secret)
        self._http = httpx.Client(base_url=url, timeout=90, trust_env=False)
        self._recording = recording
        account = {"username": f"bench{number}", "password": "a sentence nobody guesses"}
        token = self._made("/api/auth/register", json=account)["access"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        sample = self._made("/api/voice/upload", files={"audio": recording})["sample"]
        voice = {"sample_id": sample["id"], "name": "Bench", "language": "en"}
        model = self._made("/api/voice/clone", json=voice)["model"]
        self._wish = {"model_id": model["id"], "text": "Hello, world!"}
        first = self._made("/api/voice/synthesize", json=self._wish, headers={"Prefer": "wait=60"})["synthesis"]
        assert first["status"] == "completed", first
        self._latest: str = first["links"]["self"]

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
            return self._http.get(self._latest)
        if request == UPLOAD:
            return self._http.post("/api/voice/upload", files={"audio": self._recording})
        response = self._http.post("/api/voice/synthesize", json=self._wish)
        if response.is_success:
            self._latest = response.json()["synthesis"]["links"]["self"]
        return response

    def _made(self, path: str, **arguments: Any) -> Any:
        response = self._http.post(path, **arguments)
        response.raise_for_status()
        return response.json()


def load(clients: Sequence[Client], *, seconds: float, beside: str) -> Iterator[Figures]:
    """Let all clients send for so long; the figures of each kind of request, then of all."""
    started = time.monotonic()
    with ThreadPoolExecutor(len(clients)) as pool:
        rows = pool.map(lambda client: client.send_until(started + seconds), clients)
        sent = [each for row in rows for each in row]
    elapsed_s = time.monotonic() - started
    for request in (*MIX, "all"):
        of_kind = [each for each in sent if request in (each.request, "all")]
        yield figures(request, of_kind, elapsed_s=elapsed_s, beside=beside)


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


def measure_all(folder: Path, *, clients: int, seconds: float) -> Iterator[Figures]:
    """Both runs, on the same servers."""
    demo_recording(folder / "recording.wav")
    recording = (folder / "recording.wav").read_bytes()
    with production(folder) as servers:
        worker = servers.start_worker()
        with ThreadPoolExecutor(clients) as pool:
            people = list(pool.map(lambda number: Client(servers.url, number, recording), range(clients)))
        end(worker)
        yield from load(people, seconds=seconds, beside="no worker")
        servers.start_worker()
        words = SERVICES["worker-cpu"]["command"]
        processes = words[words.index("--concurrency") + 1]
        yield from load(people, seconds=seconds, beside=f"a worker of {processes} processes")


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
    parser.add_argument("--seconds", type=float, default=30.0, help="of each of the two runs")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(measure_all(Path(folder), clients=options.clients, seconds=options.seconds))
    show(rows)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
