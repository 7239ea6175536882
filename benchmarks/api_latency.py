"""The time that the API takes to answer, from outside: a real stack, real HTTP, one connection per client.

`python -m benchmarks.api_latency [--json PATH]` starts a stack of its own in a temporary folder, makes one voice and
one piece of speech, and repeats each request. Nothing is spoken while reading is measured.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from local.client import ApiClient
from local.demo_voice import demo_recording
from tests.rig.stacks import SmallStack

PARALLEL_CLIENTS = 8
SYNTHESIZE = "/api/voice/synthesize"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of `count` requests, sent one after the other by each of `clients`."""

    request: str
    clients: int
    count: int
    p50_ms: float
    p95_ms: float
    max_ms: float
    per_second: float


def measure(name: str, clients: Sequence[ApiClient], count: int, method: str, path: str, **arguments: Any) -> Latency:
    """Send a request `count` times from each client."""

    def times_ms(client: ApiClient, count: int) -> list[float]:
        found = []
        for _ in range(count):
            started = time.perf_counter()
            client.ask(method, path, **arguments).raise_for_status()
            found.append((time.perf_counter() - started) * 1000)
        return found

    times_ms(clients[0], 1)  # the first one opens the connection
    started = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        times = sorted(ms for row in pool.map(lambda client: times_ms(client, count), clients) for ms in row)
    elapsed_s = time.perf_counter() - started
    return Latency(
        request=name,
        clients=len(clients),
        count=len(times),
        p50_ms=round(statistics.median(times), 1),
        p95_ms=round(times[int(len(times) * 0.95)], 1),
        max_ms=round(times[-1], 1),
        per_second=round(len(times) / elapsed_s, 1),
    )


def measure_all(url: str, recording: Path) -> Iterator[Latency]:
    """Reading, then writing."""
    clients = [ApiClient(url) for _ in range(PARALLEL_CLIENTS)]
    account = clients[0].register()
    for client in clients[1:]:
        client.http.headers = clients[0].http.headers
    model = clients[0].clone(sample_id=clients[0].upload(recording)["id"])
    wish = {"model_id": model["id"], "text": "Hello, world!"}
    wait = {"Prefer": "wait=60"}
    speech = clients[0].create(SYNTHESIZE, json=wish, headers=wait)
    assert speech["status"] == "completed", speech
    reads = {
        "GET /health/live": "/health/live",
        "GET /api/auth/me": "/api/auth/me",
        "GET /api/voice/history": "/api/voice/history",
        "GET /api/voice/history/{id}": speech["links"]["self"],
        "GET /api/voice/history/{id}/audio": speech["links"]["audio"],
    }
    for some in (clients[:1], clients):
        for name, path in reads.items():
            yield measure(name, some, 100, "GET", path)
    one = clients[:1]
    yield measure("POST /api/auth/token", one, 10, "POST", "/api/auth/token", json=account)
    yield measure(f"POST {SYNTHESIZE} (202)", one, 20, "POST", SYNTHESIZE, json=wish)
    yield measure(f"POST {SYNTHESIZE}, wait for the speech", one, 10, "POST", SYNTHESIZE, json=wish, headers=wait)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    target = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "recording.wav"
        demo_recording(recording)
        with SmallStack(Path(folder), {}, processes=2) as stack:
            rows = list(measure_all(stack.url, recording))
    table = Table("Request", "Clients", "Count", "p50 ms", "p95 ms", "max ms", "per second", title="API latency")
    for row in rows:
        table.add_row(*map(str, asdict(row).values()))
    Console(width=120).print(table)
    if target:
        target.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
