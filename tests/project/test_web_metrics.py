"""Several web processes of one server answer /metrics with the same figures, whichever of them is asked."""

import os
import re
import signal
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import end_process_tree, wait_until
from tests.project.stacks import ROOT, answers, free_port, stack_environment

pytestmark = pytest.mark.worker
TOKEN = "scrape-scrape-scrape"
COUNT = re.compile(r"^podstream_http_request_duration_seconds_count\{(.*)\} (\S+)$", re.MULTILINE)


def counted(url: str, route: str) -> float:
    answer = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
    assert answer.status_code == 200, answer.text
    return sum(float(value) for labels, value in COUNT.findall(answer.text) if f'route="{route}"' in labels)


def ask(url: str, times: int) -> set[str]:
    """Ask that often over connections of their own; who answered, by process id."""
    return {httpx.get(f"{url}/health/live").headers["X-Answered-By"] for _ in range(times)}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    program = tmp_path / "sitecustomize.py"  # so that the test sees which process has answered
    program.write_text(
        "import os\n"
        "from django.http import HttpResponseBase\n"
        "made = HttpResponseBase.__init__\n"
        "def init(self, *args, **kwargs):\n"
        "    made(self, *args, **kwargs)\n"
        "    self.headers['X-Answered-By'] = str(os.getpid())\n"
        "HttpResponseBase.__init__ = init\n"
    )
    return stack_environment(tmp_path, METRICS_TOKEN=TOKEN, PYTHONPATH=f"{tmp_path}:{ROOT}")


def test_all_requests_to_all_processes_are_counted_and_survive_the_end_of_one(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    import subprocess

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", "podstream.asgi:application", "--port", str(port), "--no-access-log"]

    def start(*options: str) -> "subprocess.Popen[bytes]":
        with (tmp_path / "web.log").open("ab") as log:
            process = subprocess.Popen([*command, *options], cwd=ROOT, env=environment, stdout=log, stderr=log)
        wait_until(lambda: answers(f"{url}/health/live"), timeout_s=40)
        return process

    server = start("--workers", "2")
    try:
        wait_until(lambda: len(ask(url, 1) | ask(url, 1)) == 2 or len(ask(url, 10)) == 2, timeout_s=40)
        before = counted(url, "/health/live")
        who = ask(url, 40)
        assert len(who) == 2, "both have answered"
        assert [counted(url, "/health/live") - before for _ in range(10)] == [40] * 10

        victim = int(min(who))
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: not psutil.pid_exists(victim) or psutil.Process(victim).status() == "zombie")
        wait_until(lambda: answers(f"{url}/health/live"), timeout_s=40)
        left = counted(url, "/health/live")
        assert left >= before + 40, "what it has answered was answered"
    finally:
        end_process_tree(server)

    server = start()
    try:
        assert counted(url, "/health/live") < left, "nobody was left: counted anew"
        seen = counted(url, "/health/live")
        ask(url, 5)
        assert counted(url, "/health/live") == seen + 5
    finally:
        end_process_tree(server)
