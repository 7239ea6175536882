"""One live stack for all tests of the project that only need one to talk to, and servers that a test starts alone."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import end_process_tree
from tests.project.stacks import (
    ROOT,
    LiveStack,
    StartServer,
    assert_nothing_left,
    family,
    living,
    start_stack,
    url_of,
)


@pytest.fixture(scope="session")
def live_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """Web, worker and Redis as `make run` starts them; stopped at the end of the tests."""
    var_dir = tmp_path_factory.mktemp("live-stack")
    words_path = tmp_path_factory.mktemp("words") / "stack.txt"
    with words_path.open("w") as words:
        process = start_stack(var_dir, words=words.fileno())
    started: list[psutil.Process] = []
    try:
        yield LiveStack(process, var_dir, url_of(process, var_dir), words_path)
        started = family(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(60)
    assert status == 0
    assert living(started) == []
    assert_nothing_left(var_dir)


@pytest.fixture
def start_server(tmp_path: Path, environment: dict[str, str]) -> Iterator[StartServer]:
    """Starts a server in the test's `environment`; answers where its log is."""
    started: list[subprocess.Popen[bytes]] = []

    def start_one(command: list[str]) -> Path:
        log = tmp_path / f"server-{len(started)}.log"
        with log.open("wb") as f:
            started.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=f, stderr=f))
        return log

    yield start_one
    for process in started:
        end_process_tree(process)
