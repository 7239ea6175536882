"""One live stack for all tests of the project that only need one to talk to."""

import signal
from collections.abc import Iterator

import psutil
import pytest

from tests.project.stacks import LiveStack, assert_nothing_left, family, living, start_stack, url_of


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
