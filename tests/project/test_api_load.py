"""The benchmark of the API under load measures what it says, on the production form."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.api_load import MIX, Sent, figures
from tests.rig.processes import ROOT


@pytest.mark.worker
def test_the_load_runs_without_and_beside_a_worker_and_nothing_fails(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    options = ["--clients=2", "--turns=1", "--seconds=2", f"--json={target}"]
    command = [sys.executable, "-m", "benchmarks.api_load", *options]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(target.read_text())
    assert [row["request"] for row in rows] == [*MIX, "all"] * 2
    assert [row["beside"] for row in rows[::4]] == ["no worker", "a worker of 2 processes"]
    assert all(row["errors"] == {} for row in rows)
    for run in (rows[:4], rows[4:]):
        assert run[-1]["count"] == sum(row["count"] for row in run[:-1]) > 0


def test_errors_are_counted_by_their_kind_and_do_not_count_as_answers() -> None:
    sent = [Sent("read", float(ms)) for ms in range(100, 0, -1)]
    sent += [Sent("read", 1.0, "503 busy"), Sent("read", 90_000.0, "ReadTimeout"), Sent("read", 1.0, "503 busy")]
    found = figures("read", sent, elapsed_s=10, beside="no worker")
    assert (found.count, found.per_second) == (103, 10.0)
    assert (found.p50_ms, found.p95_ms, found.max_ms) == (50.5, 96.0, 100.0)
    assert found.errors == {"503 busy": 2, "ReadTimeout": 1}


def test_where_nothing_succeeded_there_is_no_latency() -> None:
    found = figures("read", [Sent("read", 1.0, "ConnectError")], elapsed_s=1, beside="no worker")
    assert (found.per_second, found.p50_ms, found.p95_ms, found.max_ms) == (0.0, None, None, None)
