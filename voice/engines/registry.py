"""Which engines there are, and the one instance of each in this process."""

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from voice.engines.base import LANGUAGES, SpeechEngine
from voice.engines.xtts.options import XttsConfiguration, require_available
from voice.errors import EngineUnavailable, InvalidRequest

SHARED_BY_THREADS = frozenset({"xtts"})
"""Engines that decode the sentences of all threads of a process in one batch; each further process would hold the
weights once more."""


def _embedded() -> SpeechEngine:
    from voice.engines.embedded.engine import EmbeddedEngine  # heavy imports only where it is used

    return EmbeddedEngine()


def _xtts(configuration: XttsConfiguration) -> SpeechEngine:
    require_available(configuration)
    from voice.engines.xtts.engine import XttsEngine  # imports torch no earlier than it works

    return XttsEngine(configuration)


_factories: dict[str, Callable[[], SpeechEngine]] = {
    "embedded": _embedded,
    "xtts": partial(_xtts, XttsConfiguration(Path("xtts"), is_licence_accepted=False)),  # until xtts_configure
}
_instances: dict[str, SpeechEngine] = {}
_lock = threading.Lock()
_refuses_shared = False


def engine_names() -> tuple[str, ...]:
    """Every engine this code base knows, installed or not."""
    return tuple(_factories)


def engine_get(name: str) -> SpeechEngine:
    """The shared instance of `name`, made at the first call. Thread-safe.

    Raises EngineUnavailable: `engine_unknown`, what its factory says, or `xtts_needs_threads` after
    `shared_engines_refuse`.
    """
    with _lock:
        if name not in _instances:
            if name not in _factories:
                raise EngineUnavailable("engine_unknown", f"There is no engine called {name!r} here.")
            _instances[name] = _factories[name]()
        if _refuses_shared and name in SHARED_BY_THREADS:
            raise EngineUnavailable(
                "xtts_needs_threads",
                "The worker that took this has many processes, and XTTS speaks in one process of threads "
                "(`--pool threads`). Tell the operator.",
            )
        return _instances[name]


def shared_engines_refuse() -> None:
    """Hand out no engine of SHARED_BY_THREADS in this process any more. For each process of a pool of processes."""
    global _refuses_shared
    with _lock:
        _refuses_shared = True


def engines_made() -> Mapping[str, SpeechEngine]:
    """The instances that this process has made so far, by name. Thread-safe."""
    with _lock:
        return dict(_instances)


def xtts_configure(configuration: XttsConfiguration) -> None:
    """Say where the weights of XTTS are and how to run them, before its first use. Thread-safe."""
    with _lock:
        _factories["xtts"] = partial(_xtts, configuration)
        _instances.pop("xtts", None)


def engine_check_language(engine_name: str, language: str) -> None:
    """Raise InvalidRequest where an engine does not speak a language, EngineUnavailable where it is not here."""
    if language not in engine_get(engine_name).languages:
        raise InvalidRequest(
            "language_unsupported",
            f"The engine {engine_name!r} does not speak {LANGUAGES.get(language, language)}.",
        )
