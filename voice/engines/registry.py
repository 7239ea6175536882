"""Which engines there are, and the one instance of each in this process."""

import threading
from collections.abc import Callable

from voice.engines.base import SpeechEngine
from voice.errors import EngineUnavailable


def _embedded() -> SpeechEngine:
    from voice.engines.embedded.engine import EmbeddedEngine  # heavy imports only where it is used

    return EmbeddedEngine()


_factories: dict[str, Callable[[], SpeechEngine]] = {"embedded": _embedded}
_instances: dict[str, SpeechEngine] = {}
_lock = threading.Lock()


def engine_names() -> tuple[str, ...]:
    """Every engine this code base knows, installed or not."""
    return tuple(_factories)


def engine_get(name: str) -> SpeechEngine:
    """The shared instance of `name`, made at the first call. Thread-safe. Raises EngineUnavailable."""
    with _lock:
        if name not in _instances:
            if name not in _factories:
                raise EngineUnavailable("engine_unknown", f"There is no engine called {name!r} here.")
            _instances[name] = _factories[name]()
        return _instances[name]
