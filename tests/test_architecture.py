"""Reads the imports of the product and holds its arrows: doors, services, what they work with, arrays, errors."""

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = {
    "podstream": 7,
    "local": 6,
    "scripts": 6,
    "voice.api": 5,
    "voice.admin": 5,
    "voice.tasks": 5,
    "voice.management": 5,
    "voice.services": 4,
    "voice.checks": 4,
    "voice.apps": 4,
    "voice.jobs": 3,
    "voice.selectors": 2,
    "voice.models": 2,
    "voice.migrations": 2,
    "voice.storage": 2,
    "voice.redis_client": 2,
    "voice.engines": 2,
    "voice.audio": 1,
    "voice.text": 1,
    "voice.disk_full": 1,
    "voice.errors": 0,
}
DOORS = {part for part, layer in LAYERS.items() if layer == 5}
WITHOUT_DJANGO = ("voice.engines", "voice.audio", "voice.text", "voice.errors", "voice.disk_full")
DJANGO = {"django", "rest_framework", "celery", "redis", "podstream", "local", "environ"}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for folder in ("voice", "podstream", "local", "scripts")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
PROGRAMS = {"scripts.bootstrap", "voice.engines.embedded.espeak_child"}  # run by themselves, standard library only


def imports_of(name: str) -> set[str]:
    """Every module that `name` imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            assert node.module is not None
            found.update(_full_name(node.module, alias.name) for alias in node.names)
    return found


def _full_name(module: str, name: str) -> str:
    return f"{module}.{name}" if f"{module}.{name}" in MODULES else module


def part_of(module: str) -> str | None:
    """The part of the product that a module belongs to."""
    return next((part for part in LAYERS if module == part or module.startswith(f"{part}.")), None)


def test_every_module_belongs_to_a_part() -> None:
    assert [name for name in MODULES if name != "voice" and part_of(name) is None] == []


@pytest.mark.parametrize("name", [name for name in MODULES if part_of(name)])
def test_imports_go_downward(name: str) -> None:
    here = part_of(name)
    assert here is not None
    for imported in imports_of(name):
        there = part_of(imported)
        if there is None or there == here:
            continue
        assert LAYERS[there] <= LAYERS[here], f"{name} imports {imported}, which is above it"
        assert there not in DOORS or LAYERS[here] > LAYERS[there], (
            f"{name} imports {imported}: doors do not import each other"
        )


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith(WITHOUT_DJANGO)])
def test_engines_audio_and_text_know_nothing_of_django(name: str) -> None:
    assert {imported.split(".")[0] for imported in imports_of(name)} & DJANGO == set()
    if name.startswith("voice.engines"):
        assert {part_of(imported) for imported in imports_of(name)} <= {
            None,
            "voice.engines",
            "voice.audio",
            "voice.text",
            "voice.disk_full",
            "voice.errors",
        }


def test_no_modules_import_each_other_in_a_circle() -> None:
    sorter = TopologicalSorter({name: imports_of(name) & MODULES.keys() - {name} for name in MODULES})
    sorter.prepare()  # raises CycleError, which names the circle


def test_only_the_xtts_engine_imports_torch() -> None:
    heavy = {"torch", "torchaudio", "TTS", "transformers"}
    importers = {name for name in MODULES if {part.split(".")[0] for part in imports_of(name)} & heavy}
    assert {name for name in importers if not name.startswith("voice.engines.xtts")} == set()


def test_the_settings_alone_read_the_environment() -> None:
    readers = {name for name, path in MODULES.items() if _reads_environment(path)}
    assert readers == {"podstream.settings"}, "read it there, through `env`"


def _reads_environment(path: Path) -> bool:
    """Setting a default for processes that are started later is no reading."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv", "environb"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and not _sets_default(path, node)
        for node in ast.walk(ast.parse(path.read_text()))
    )


def _sets_default(path: Path, environ: ast.Attribute) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "setdefault"
        and isinstance(node.value, ast.Attribute)
        and (node.value.lineno, node.value.col_offset) == (environ.lineno, environ.col_offset)
        for node in ast.walk(ast.parse(path.read_text()))
    )


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_programs_that_run_alone_import_the_standard_library_alone(name: str) -> None:
    assert {imported.split(".")[0] for imported in imports_of(name)} <= sys.stdlib_module_names


@pytest.mark.parametrize("name", sorted(MODULES))
def test_files_stay_readable(name: str) -> None:
    assert MODULES[name].read_text().count("\n") <= 500
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno <= 60, f"{name}.{node.name}"
