"""One live stack for all tests of the project that only need one to talk to."""

import signal
from collections.abc import Iterator

import pytest

from tests.rig.processes import living
from tests.rig.stacks import SmallStack, assert_nothing_left


@pytest.fixture(scope="session")
def live_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallStack]:
    """Web, worker and Redis as `make run` starts them; stopped at the end of the tests."""
    with SmallStack(tmp_path_factory.mktemp("live-stack"), {}) as stack:
        yield stack
        started = stack.family()
        stack.supervisor.process.send_signal(signal.SIGINT)
        assert stack.status_at_end() == 0
    assert living(started) == []
    assert_nothing_left(stack.var_dir)
