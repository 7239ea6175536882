"""Several web processes of one server answer /metrics with the same figures, whichever of them is asked."""

import os
import re
import signal
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import ROOT, StartWeb, wait_until
from tests.rig.processes import answers, is_alive
from tests.rig.stacks import stack_environment

pytestmark = pytest.mark.worker
TOKEN = "scrape-scrape-scrape"
COUNT = re.compile(r"^podstream_http_request_duration_seconds_count\{(.*)\} (\S+)$", re.MULTILINE)


def counted(url: str, route: str) -> float:
    answer = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
    assert answer.status_code == 200, answer.text
    return sum(float(value) for labels, value in COUNT.findall(answer.text) if f'route="{route}"' in labels)


def ask(url: str, times: int) -> set[str]:
    """Ask that often, each time over a new connection. Returns the process ids of those that answered."""
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
    environment: dict[str, str], start_web: StartWeb
) -> None:
    url, server = start_web(environment, "--workers", "2")
    wait_until(lambda: len(ask(url, 1) | ask(url, 1)) == 2 or len(ask(url, 10)) == 2, timeout_s=40)
    before = counted(url, "/health/live")
    who = ask(url, 40)
    assert len(who) == 2, "both have answered"
    assert [counted(url, "/health/live") - before for _ in range(10)] == [40] * 10

    victim = int(min(who))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not psutil.pid_exists(victim) or not is_alive(psutil.Process(victim)))
    wait_until(lambda: answers(f"{url}/health/live"), timeout_s=40)
    left = counted(url, "/health/live")
    assert left >= before + 40, "what it has answered was answered"
    server.stop()

    url, _ = start_web(environment)
    assert counted(url, "/health/live") < left, "nobody was left: counted anew"
    seen = counted(url, "/health/live")
    ask(url, 5)
    assert counted(url, "/health/live") == seen + 5
