"""With LOG_FORMAT=json every process of production writes one object on each line of stderr."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import end_process_tree, wait_until
from tests.project.stacks import ROOT, answers, free_port, stack_environment

pytestmark = pytest.mark.worker
PYTHON = sys.executable
Start = Callable[[str, list[str]], Path]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return stack_environment(tmp_path, SWEEP_INTERVAL_S="0.5", LOG_FORMAT="json", LOG_LEVEL="INFO")


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Iterator[Start]:
    """Starts a program; answers where its stderr goes."""
    started: list[subprocess.Popen[bytes]] = []

    def start_one(name: str, command: list[str]) -> Path:
        log = tmp_path / f"{name}.stderr"
        with log.open("wb") as f:
            process = subprocess.Popen(
                [PYTHON, "-m", *command], cwd=ROOT, env=environment, stderr=f, stdout=subprocess.DEVNULL
            )
        started.append(process)
        return log

    yield start_one
    for process in started:
        end_process_tree(process)


def objects(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_web_worker_and_beat_write_nothing_but_objects(
    start: Start, environment: dict[str, str], tmp_path: Path
) -> None:
    migrate = [PYTHON, "manage.py", "migrate"]
    subprocess.run(migrate, cwd=ROOT, env=environment, capture_output=True, check=True)
    port = free_port()
    web = start("web", ["uvicorn", "podstream.asgi:application", "--port", str(port), "--no-access-log"])
    worker = start("worker", ["celery", "-A", "podstream", "worker", "--concurrency", "1"])
    beat = start("beat", ["celery", "-A", "podstream", "beat", "--schedule", str(tmp_path / "schedule")])
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{url}/health/live"), timeout_s=40)
    account = {"username": "ada", "password": "correct horse battery staple"}
    token = httpx.post(f"{url}/api/auth/register", json=account).json()["access"]
    found = httpx.get(
        f"{url}/api/voice/history?q=my-secret-words",
        headers={"Authorization": f"Bearer {token}", "X-Request-ID": "find-me"},
    )
    assert found.status_code == 200
    wait_until(lambda: "voice.sweep" in worker.read_text() and "due task" in beat.read_text(), timeout_s=40)

    lines = {log: objects(log) for log in (web, worker, beat)}
    for each in (line for log in lines.values() for line in log):
        assert {"time", "level", "logger", "message"} <= set(each)
    (asked,) = [line for line in lines[web] if line.get("request_id") == "find-me"]
    assert (asked["route"], asked["status"]) == ("/api/voice/history", 200)
    assert re.fullmatch(r"[0-9a-f-]{36}", asked["user_id"])
    written = "".join(log.read_text() for log in lines)
    for secret in ("my-secret-words", account["password"], token, "ada"):
        assert secret not in written
    assert any(line["logger"].startswith("uvicorn") for line in lines[web]), "uvicorn's own lines too"
    assert any(line["logger"].startswith("celery") for line in lines[worker])
