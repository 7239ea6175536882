"""The engines that there are, and the one instance of each in this process."""

import pkgutil
import threading
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import voice.engines
from voice.engines.spec import LANGUAGES, EngineSpec
from voice.errors import EngineUnavailable, InvalidRequest

if TYPE_CHECKING:
    from voice.engines.base import SpeechEngine

_instances: dict[str, "SpeechEngine"] = {}
_values: dict[str, Mapping[str, Any]] = {}
_lock = threading.Lock()
_refuses_shared = False


@cache
def engine_specs() -> Mapping[str, EngineSpec]:
    """Every engine of this code base by name, installed or not: the ENGINE of each package in voice.engines."""
    packages = [module.name for module in pkgutil.iter_modules(voice.engines.__path__) if module.ispkg]
    return {name: cast(EngineSpec, import_module(f"voice.engines.{name}").ENGINE) for name in packages}


def engine_names() -> tuple[str, ...]:
    """The names of `engine_specs`."""
    return tuple(engine_specs())


def is_shared_by_threads(name: str) -> bool:
    """True if one process speaks for many jobs at once with this engine; False for a name that no engine has."""
    return name in engine_specs() and engine_specs()[name].is_shared_by_threads


def engine_get(name: str) -> "SpeechEngine":
    """The shared instance of `name`, made at the first call. Thread-safe.

    Raises EngineUnavailable: `engine_unknown`, what the engine's `make` says, or `NAME_needs_threads` after
    `shared_engines_refuse`.
    """
    with _lock:
        if name not in _instances:
            _instances[name] = _make(name)
        if _refuses_shared and is_shared_by_threads(name):
            raise EngineUnavailable(
                f"{name}_needs_threads",
                f"The worker that took this has many processes, and {engine_specs()[name].title} speaks in one "
                "process of threads (`--pool threads`). Tell the operator.",
            )
        return _instances[name]


def _make(name: str) -> "SpeechEngine":
    if name not in engine_specs():
        raise EngineUnavailable("engine_unknown", f"There is no engine called {name!r} here.")
    defaults = {setting.name: setting.default for setting in engine_specs()[name].settings}
    module = import_module(f"voice.engines.{name}.engine")  # heavy imports only where it is used
    return cast("SpeechEngine", module.make({**defaults, **_values.get(name, {})}))


def engine_configure(name: str, **values: object) -> None:
    """Set what `name` is made with, before its first use; settings that are left out have their defaults. Thread-safe.

    An instance that was made before is handed out no more.
    """
    with _lock:
        _values[name] = values
        _instances.pop(name, None)


def shared_engines_refuse() -> None:
    """Hand out no engine that threads share in this process any more. For each process of a pool of processes."""
    global _refuses_shared
    with _lock:
        _refuses_shared = True


def engines_made() -> "Mapping[str, SpeechEngine]":
    """The instances that this process has made so far, by name. Thread-safe."""
    with _lock:
        return dict(_instances)


def engine_check_language(engine_name: str, language: str) -> None:
    """Raise InvalidRequest where an engine does not speak a language, EngineUnavailable where it is not here."""
    if language not in engine_get(engine_name).spec.languages:
        raise InvalidRequest(
            "language_unsupported",
            f"The engine {engine_name!r} does not speak {LANGUAGES.get(language, language)}.",
        )
