"""How long the API takes to answer, measured from outside: a real stack, real HTTP, one connection per client.

`python -m benchmarks.api_latency [--json PATH]` starts a stack of its own in a temporary folder, makes one voice and
one piece of speech, and repeats each request. Nothing is spoken while reading is measured.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from local.demo_voice import demo_recording
from local.stack_lock import running_stack

PARALLEL_CLIENTS = 8


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


@contextmanager
def fresh_stack(var_dir: Path) -> Iterator[str]:
    """The URL of a stack with limits that do not end a benchmark."""
    env = {**os.environ, "VAR_DIR": str(var_dir), "WRITES_PER_HOUR": "100000", "LOGINS_PER_MINUTE": "100000"}
    command = [sys.executable, "-m", "local.stack", "run", "--port=0", "--until-stdin-closes"]
    process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        while (running := running_stack(var_dir)) is None or not running.url:
            assert process.poll() is None, "the stack did not start"
            time.sleep(0.1)
        yield running.url
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


class Caller:
    """One client: sends a request and says how long it took."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._http = httpx.Client(base_url=url, headers=headers, timeout=90, trust_env=False)

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        response = self._http.request(method, path, **arguments)
        response.raise_for_status()
        return response.json() if "json" in response.headers["content-type"] else response.content

    def timed_ms(self, method: str, path: str, **arguments: Any) -> float:
        started = time.perf_counter()
        self.call(method, path, **arguments)
        return (time.perf_counter() - started) * 1000


def measure(name: str, *, clients: int, count: int, send: Callable[[int], float]) -> Latency:
    """Send `count` requests from each client; `send` is told which client it is for."""
    send(0)  # the first one opens the connection
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        rows = pool.map(lambda client: [send(client) for _ in range(count)], range(clients))
        times = sorted(ms for row in rows for ms in row)
    elapsed_s = time.perf_counter() - started
    return Latency(
        request=name,
        clients=clients,
        count=len(times),
        p50_ms=round(statistics.median(times), 1),
        p95_ms=round(times[int(len(times) * 0.95)], 1),
        max_ms=round(times[-1], 1),
        per_second=round(len(times) / elapsed_s, 1),
    )


def measure_all(url: str, recording: Path) -> Iterator[Latency]:
    """Reading, then writing."""
    account = {"username": "bench", "password": "a sentence nobody guesses"}
    token = Caller(url, {}).call("POST", "/api/auth/register", json=account)["access"]
    callers = [Caller(url, {"Authorization": f"Bearer {token}"}) for _ in range(PARALLEL_CLIENTS)]
    call = callers[0].call
    with recording.open("rb") as f:
        sample = call("POST", "/api/voice/upload", files={"audio": f})["sample"]
    model = call("POST", "/api/voice/clone", json={"sample_id": sample["id"], "name": "Bench", "language": "en"})[
        "model"
    ]
    wish = {"model_id": model["id"], "text": "Hello, world!"}
    speech = call("POST", "/api/voice/synthesize", json=wish, headers={"Prefer": "wait=60"})["synthesis"]
    assert speech["status"] == "completed", speech

    reads = {
        "GET /health/live": "/health/live",
        "GET /api/auth/me": "/api/auth/me",
        "GET /api/voice/history": "/api/voice/history",
        "GET /api/voice/history/{id}": speech["links"]["self"],
        "GET /api/voice/history/{id}/audio": speech["links"]["audio"],
    }
    for clients in (1, PARALLEL_CLIENTS):
        for name, path in reads.items():
            yield measure(name, clients=clients, count=100, send=lambda i, p=path: callers[i].timed_ms("GET", p))
    yield measure(
        "POST /api/auth/token",
        clients=1,
        count=10,
        send=lambda i: callers[i].timed_ms("POST", "/api/auth/token", json=account),
    )
    path = "/api/voice/synthesize"
    yield measure(
        f"POST {path} (202)", clients=1, count=20, send=lambda i: callers[i].timed_ms("POST", path, json=wish)
    )
    wait = {"Prefer": "wait=60"}
    yield measure(
        f"POST {path}, wait for the speech",
        clients=1,
        count=10,
        send=lambda i: callers[i].timed_ms("POST", path, json=wish, headers=wait),
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    target = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "recording.wav"
        demo_recording(recording)
        with fresh_stack(Path(folder) / "var") as url:
            rows = list(measure_all(url, recording))
    table = Table("Request", "Clients", "Count", "p50 ms", "p95 ms", "max ms", "per second", title="API latency")
    for row in rows:
        table.add_row(*map(str, asdict(row).values()))
    Console(width=120).print(table)
    if target:
        target.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
