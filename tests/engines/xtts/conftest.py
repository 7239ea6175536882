"""Tests of the XTTS engine: they need torch, which `make setup-xtts` installs and `make test` does without."""

from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("torch") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder with a small random model, shared by the tests of one process: do not write to it."""
    from tests.engines.xtts.random_checkpoint import make_checkpoint

    return make_checkpoint(tmp_path_factory.mktemp("xtts") / "tiny")
