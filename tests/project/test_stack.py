"""`make run`: it starts everything, heals what crashes, and leaves nothing behind."""

import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from local.client import ApiClient
from local.demo_voice import demo_recording
from tests.rig.processes import command_of, living, wait_until
from tests.rig.stacks import SmallStack, assert_nothing_left

pytestmark = pytest.mark.worker


def refused(stack: SmallStack) -> str:
    """The words of a stack that does not start."""
    stack.supervisor.start()
    assert stack.status_at_end() == 1
    return stack.supervisor.log


def test_nothing_outlives_a_supervisor_that_is_killed(live_stack: SmallStack, tmp_path: Path) -> None:
    with SmallStack(tmp_path, {}) as stack:
        assert stack.url != live_stack.url, "two stacks side by side"
        assert stack.is_ready()
        assert live_stack.is_ready()
        started = stack.family()
        assert len(started) >= 5, "keeper, Redis, web, worker, its pool"

        stack.supervisor.process.kill()

        wait_until(lambda: living(started) == [], timeout_s=30)
        wait_until(lambda: stack.supervisor.process.poll() is not None)
    assert_nothing_left(stack.var_dir)


def test_a_stack_tells_where_it_is_and_how_to_get_in(live_stack: SmallStack) -> None:
    wait_until(lambda: "Ctrl-C" in live_stack.supervisor.log)  # it says so once all else is said
    account = live_stack.var_dir / "first_account"
    assert stat.S_IMODE(account.stat().st_mode) == 0o600
    words = live_stack.supervisor.log
    name, password = account.read_text().split()
    login = f"{name} / {password}"
    for said in (live_stack.url, f"{live_stack.url}/api/docs", f"{live_stack.url}/admin/", login, "Ctrl-C"):
        assert said in words


def test_a_second_stack_in_the_same_folder_is_refused(live_stack: SmallStack, tmp_path: Path) -> None:
    words = refused(SmallStack(tmp_path, {"VAR_DIR": str(live_stack.var_dir)}))
    pid = str(live_stack.supervisor.process.pid)
    for said in (f"already running in {live_stack.var_dir}", pid, live_stack.url, "VAR_DIR="):
        assert said in words


@pytest.mark.parametrize("program", ["local.web", "valkey-server", "celery"])
def test_work_goes_on_after_a_process_was_killed(live_stack: SmallStack, program: str, tmp_path: Path) -> None:
    victims = [process for process in live_stack.family() if program in command_of(process)]
    parents = {process.ppid() for process in victims}
    (leader,) = [process for process in victims if process.pid in parents or len(victims) == 1]
    os.kill(leader.pid, signal.SIGKILL)
    wait_until(lambda: living(victims) == [])  # a worker takes its pool with it
    wait_until(live_stack.is_ready, timeout_s=30)

    demo_recording(tmp_path / "voice.wav")
    with ApiClient(live_stack.url) as client:
        client.register()
        sample = client.upload(tmp_path / "voice.wav")
        client.wait(f"/api/voice/samples/{sample['id']}", done="ready")


def test_a_taken_port_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        words = refused(SmallStack(tmp_path, {}, port=port))
    assert f"Port {port}" in words
    assert "PORT=" in words


def test_a_stack_whose_engine_may_not_be_used_says_so_and_leaves_nothing_behind(tmp_path: Path) -> None:
    stack = SmallStack(tmp_path, {"VOICE_ENGINE": "xtts"})
    words = refused(stack)
    assert "The speech process ended at once" in words
    assert "XTTS_LICENCE_ACCEPTED" in words
    assert_nothing_left(stack.var_dir)
