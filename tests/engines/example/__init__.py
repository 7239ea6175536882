"""A folder of engines that is not voice/engines: what is in it becomes one by being found there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import voice.engines
from voice.engines import registry


@contextmanager
def with_example_engine() -> Iterator[None]:
    """Let the registry find the packages of this folder as if they were in voice/engines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(voice.engines, "__path__", [*voice.engines.__path__, str(Path(__file__).parent)])
        registry.engine_specs.cache_clear()
        try:
            yield
        finally:
            registry._instances.pop("hum", None)
            registry.engine_specs.cache_clear()
