"""`make run`: it starts everything, heals what crashes, and leaves nothing behind."""

import os
import signal
import socket
import stat
from pathlib import Path

import httpx
import psutil
import pytest

from podstream.demo_client import DemoClient
from podstream.demo_voice import demo_recording
from podstream.embedded import redis_socket
from podstream.stack_lock import running_stack
from tests.conftest import wait_until
from tests.project.stacks import LiveStack, family, living, start_stack, url_of, words_of

pytestmark = pytest.mark.worker


def test_a_stack_leaves_nothing_behind_whether_it_is_stopped_or_killed(live_stack: LiveStack, tmp_path: Path) -> None:
    stack = start_stack(tmp_path)
    url = url_of(stack, tmp_path)
    assert url != live_stack.url, "two stacks side by side"
    assert httpx.get(f"{url}/health/ready").json()["status"] == "ok"
    started = family(stack.pid)
    assert len(started) >= 5, "keeper, Redis, web, worker, its pool"

    stack.send_signal(signal.SIGINT)
    words = words_of(stack)

    assert stack.returncode == 0
    assert_gone(started, tmp_path)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=1)
    account = tmp_path / "first_account"
    assert stat.S_IMODE(account.stat().st_mode) == 0o600
    login = f"admin / {account.read_text().strip()}"
    for said in (url, f"{url}/api/docs", f"{url}/admin/", login, "Ctrl-C"):
        assert said in words
    for log in ("web.log", "worker.log"):
        assert "Traceback" not in (tmp_path / "log" / log).read_text()

    again = start_stack(tmp_path)
    url_of(again, tmp_path)
    started = family(again.pid)
    again.kill()
    words_of(again)

    wait_until(lambda: living(started) == [], timeout_s=30)
    assert_gone(started, tmp_path)
    assert login == f"admin / {account.read_text().strip()}", "the first account stays as it is"


def test_a_second_stack_in_the_same_folder_is_refused(live_stack: LiveStack) -> None:
    second = start_stack(live_stack.var_dir)
    words = words_of(second)
    assert second.returncode == 1
    for said in (f"already running in {live_stack.var_dir}", str(live_stack.process.pid), live_stack.url, "VAR_DIR="):
        assert said in words


@pytest.mark.parametrize("program", ["podstream.web", "redis-server", "celery"])
def test_work_goes_on_after_a_process_was_killed(live_stack: LiveStack, program: str, tmp_path: Path) -> None:
    victims = [process for process in family(live_stack.process.pid) if program in " ".join(process.cmdline())]
    parents = {process.ppid() for process in victims}
    (leader,) = [process for process in victims if process.pid in parents or len(victims) == 1]
    os.kill(leader.pid, signal.SIGKILL)
    wait_until(lambda: living(victims) == [])  # a worker takes its pool with it
    wait_until(lambda: is_ready(live_stack.url), timeout_s=30)

    demo_recording(tmp_path / "voice.wav")
    with DemoClient(live_stack.url) as client:
        client.register()
        sample = client.upload(tmp_path / "voice.wav")
        client.wait(f"/api/voice/samples/{sample['id']}", done="ready", progress=lambda share: None)


def test_a_taken_port_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        stack = start_stack(tmp_path, port=port)
        words = words_of(stack)
    assert stack.returncode == 1
    assert f"Port {port}" in words
    assert "PORT=" in words


def assert_gone(started: list[psutil.Process], var_dir: Path) -> None:
    assert living(started) == []
    assert not redis_socket(var_dir).parent.exists()
    assert running_stack(var_dir) is None


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
