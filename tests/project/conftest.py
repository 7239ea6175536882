"""One live stack for all tests of the project that only need one to talk to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.stacks import LiveStack, start_stack, url_of, words_of


@pytest.fixture(scope="session")
def live_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """Web, worker and Redis as `make run` starts them; stopped at the end of the tests."""
    var_dir: Path = tmp_path_factory.mktemp("live-stack")
    process = start_stack(var_dir)
    try:
        yield LiveStack(process, var_dir, url_of(process, var_dir))
    finally:
        process.terminate()
        words_of(process)
