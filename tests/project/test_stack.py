"""`make run`: it starts everything, heals what crashes, and leaves nothing behind."""

import os
import signal
import socket
import stat
from pathlib import Path

import httpx
import pytest

from local.demo_client import DemoClient
from local.demo_voice import demo_recording
from tests.conftest import wait_until
from tests.project.stacks import LiveStack, assert_nothing_left, family, living, start_stack, url_of, words_of

pytestmark = pytest.mark.worker


def test_nothing_outlives_a_supervisor_that_is_killed(live_stack: LiveStack, tmp_path: Path) -> None:
    stack = start_stack(tmp_path)
    url = url_of(stack, tmp_path)
    assert url != live_stack.url, "two stacks side by side"
    assert is_ready(url)
    assert is_ready(live_stack.url)
    started = family(stack.pid)
    assert len(started) >= 5, "keeper, Redis, web, worker, its pool"

    stack.kill()
    words_of(stack)

    wait_until(lambda: living(started) == [], timeout_s=30)
    assert_nothing_left(tmp_path)


def test_a_stack_tells_where_it_is_and_how_to_get_in(live_stack: LiveStack) -> None:
    wait_until(lambda: "Ctrl-C" in live_stack.words_path.read_text())  # it says so once all else is said
    account = live_stack.var_dir / "first_account"
    assert stat.S_IMODE(account.stat().st_mode) == 0o600
    words = live_stack.words_path.read_text()
    name, password = account.read_text().split()
    login = f"{name} / {password}"
    for said in (live_stack.url, f"{live_stack.url}/api/docs", f"{live_stack.url}/admin/", login, "Ctrl-C"):
        assert said in words


def test_a_second_stack_in_the_same_folder_is_refused(live_stack: LiveStack) -> None:
    second = start_stack(live_stack.var_dir)
    words = words_of(second)
    assert second.returncode == 1
    for said in (f"already running in {live_stack.var_dir}", str(live_stack.process.pid), live_stack.url, "VAR_DIR="):
        assert said in words


@pytest.mark.parametrize("program", ["local.web", "redis-server", "celery"])
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


def test_a_stack_whose_engine_may_not_be_used_says_so_and_leaves_nothing_behind(tmp_path: Path) -> None:
    stack = start_stack(tmp_path, VOICE_ENGINE="xtts")
    words = words_of(stack)
    assert stack.returncode == 1
    assert "The speech process ended at once" in words
    assert "XTTS_LICENCE_ACCEPTED" in words
    assert_nothing_left(tmp_path)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
