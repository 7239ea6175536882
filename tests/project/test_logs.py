"""With LOG_FORMAT=json every process of production writes one object on each line of stderr."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT, StartServer, StartWeb, wait_until
from tests.rig.stacks import stack_environment

pytestmark = pytest.mark.worker
PYTHON = sys.executable
STDERR_ONLY = ["sh", "-c", 'exec "$@" >/dev/null', "sh"]


def objects(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


def test_web_worker_and_beat_write_nothing_but_objects(
    start_web: StartWeb, start_server: StartServer, tmp_path: Path
) -> None:
    environment = stack_environment(tmp_path, SWEEP_INTERVAL_S="0.5", LOG_FORMAT="json", LOG_LEVEL="INFO")
    subprocess.run([PYTHON, "manage.py", "migrate"], cwd=ROOT, env=environment, capture_output=True, check=True)
    celery = [*STDERR_ONLY, PYTHON, "-m", "celery", "-A", "podstream"]
    url, web = start_web(environment, prefix=STDERR_ONLY)
    worker = start_server("worker", [*celery, "worker", "--concurrency", "1"], environment)
    beat = start_server("beat", [*celery, "beat", "--schedule", str(tmp_path / "schedule")], environment)
    account = {"username": "hortensia", "password": "correct horse battery staple"}
    token = httpx.post(f"{url}/api/auth/register", json=account).json()["access"]
    found = httpx.get(
        f"{url}/api/voice/history?q=my-secret-words",
        headers={"Authorization": f"Bearer {token}", "X-Request-ID": "find-me"},
    )
    assert found.status_code == 200
    wait_until(lambda: "voice.sweep" in worker.log and "due task" in beat.log, timeout_s=40)

    lines = {server: objects(server.log) for server in (web, worker, beat)}
    for each in (line for written in lines.values() for line in written):
        assert {"time", "level", "logger", "message"} <= set(each)
    (asked,) = [line for line in lines[web] if line.get("request_id") == "find-me"]
    assert (asked["route"], asked["status"]) == ("/api/voice/history", 200)
    assert re.fullmatch(r"[0-9a-f-]{36}", asked["user_id"])
    written = "".join(server.log for server in lines)
    for secret in ("my-secret-words", account["password"], token, account["username"]):
        assert secret not in written
    assert any(line["logger"].startswith("uvicorn") for line in lines[web]), "uvicorn's own lines too"
    assert any(line["logger"].startswith("celery") for line in lines[worker])
