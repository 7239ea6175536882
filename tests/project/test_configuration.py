"""The settings read the same variables that .env.example lists and CONFIGURATION.md explains."""

import ast
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.rig.processes import ROOT
from voice.engines.registry import engine_specs
from voice.engines.spec import EngineSetting

READERS = {"text", "items", "flag", "integer", "number", "choice", "url", "origins"}  # of podstream/environment.py


def variables_read() -> dict[str, object]:
    """Each variable that podstream/settings.py reads, with its default where that is a constant."""
    found: dict[str, object] = {
        setting.name: None if isinstance(setting.default, Path) else setting.default for setting in engine_settings()
    }
    for node in ast.walk(ast.parse((ROOT / "podstream" / "settings.py").read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in READERS:
            continue
        if not isinstance(node.func.value, ast.Name) or node.func.value.id != "env":
            continue
        name, *defaults = node.args
        assert isinstance(name, ast.Constant)
        found.setdefault(str(name.value), _constant(defaults[0]) if defaults else None)
    return found


def engine_settings() -> list[EngineSetting]:
    return [setting for engine in engine_specs().values() for setting in engine.settings]


def _constant(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None  # computed, such as a folder in VAR_DIR


def example_values() -> dict[str, str]:
    return dict(re.findall(r"^#([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))


def documented_values() -> dict[str, str]:
    page = (ROOT / "docs" / "CONFIGURATION.md").read_text()
    return dict(re.findall(r"^\| `([A-Z0-9_]+)` \| ([^|]*?) \|", page, re.MULTILINE))


def test_the_three_name_the_same_variables() -> None:
    read = set(variables_read())
    assert len(read) > 25
    assert set(example_values()) == read
    assert set(documented_values()) == read


@pytest.mark.parametrize(
    ("name", "default"), [(name, value) for name, value in variables_read().items() if value not in (None, "", [])]
)
def test_the_documented_default_is_the_one_that_is_used(name: str, default: object) -> None:
    words = ",".join(default) if isinstance(default, list) else str(default)
    assert example_values()[name] == words
    assert documented_values()[name] == f"`{words}`"


def test_every_line_of_the_example_has_its_explanation() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    for before, line in pairwise(lines):
        if re.match(r"#[A-Z0-9_]+=", line):
            assert before.startswith("# "), line


def test_an_engine_explains_its_settings_as_the_example_does() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    for setting in engine_settings():
        (line,) = [number for number, line in enumerate(lines) if line.startswith(f"#{setting.name}=")]
        assert lines[line - 1] == f"# {setting.help}"


def test_an_example_with_every_line_uncommented_is_accepted(tmp_path: Path) -> None:
    lines = [re.sub(r"^#([A-Z0-9_]+=)", r"\1", line) for line in (ROOT / ".env.example").read_text().splitlines()]
    (tmp_path / ".env").write_text("\n".join(lines))
    env = {name: value for name, value in os.environ.items() if name not in variables_read()}

    plan = [sys.executable, str(ROOT / "manage.py"), "migrate", "--plan"]
    env["ENV_FILE"] = str(tmp_path / ".env")
    done = subprocess.run(plan, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "voice.0001_initial" in done.stdout
    assert (tmp_path / "var" / "uploads").is_dir()
