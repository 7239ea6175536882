"""Words typed after `make` arrive as they were typed."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import environ
import pytest

from podstream.environment import Environment
from tests.rig.processes import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)


@pytest.fixture
def python_that_tells(tmp_path: Path) -> Path:
    """Stands where `.venv/bin/python` does, and prints what it is called with."""
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    program.chmod(0o755)
    return program


def arguments_of(python: Path, *words: str, **environment: str) -> list[str]:
    """The arguments of the last program of a recipe."""
    command = ["make", "-o", "setup", "-o", "setup-dev", f"venv={python}", *words]
    env = {**os.environ, "ENV_FILE": os.devnull, **environment}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    arguments = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(arguments, list)
    return arguments


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $HOME, $(shell touch pwned) `touch pwned` $$",
        """It's "quoted", and back\\slashed; touch pwned""",
        "Two lines\nof text # not a comment",
        "--help",
        "日本語 – ünïcödé %s *",
    ],
)
def test_a_text_reaches_the_demo_untouched(python_that_tells: Path, text: str) -> None:
    arguments = arguments_of(python_that_tells, "demo", f"TEXT={text}", f"SAMPLE={text}")
    assert arguments == [
        "-m",
        "local.demo",
        f"--sample={text}",
        f"--text={text}",
        "--language=en",
        "--output=podstream-demo.mp3",
    ]
    assert not (ROOT / "pwned").exists()


def test_the_language_of_the_desktop_is_not_taken_for_that_of_the_demo(python_that_tells: Path) -> None:
    assert "--language=en" in arguments_of(python_that_tells, "demo", LANGUAGE="de_DE:de")
    assert "--language=fr" in arguments_of(python_that_tells, "demo", "LANGUAGE=fr", LANGUAGE="de_DE:de")


def test_the_port_is_8000_unless_it_is_given(python_that_tells: Path) -> None:
    assert arguments_of(python_that_tells, "run") == ["-m", "local.stack", "run", "--port", "8000"]
    assert arguments_of(python_that_tells, "run", "PORT=8001")[-1] == "8001"


@pytest.fixture
def started_by(tmp_path: Path) -> Callable[..., str]:
    """Runs make with a `.env` and an environment; says which of two Pythons the last program of the recipe got."""
    for name in ("light", "xtts"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name}\n")
        (tmp_path / name).chmod(0o755)
    recipes = ["-o", "setup", "-o", "setup-xtts", f"venv={tmp_path / 'light'}", f"venv_xtts={tmp_path / 'xtts'}"]
    file = tmp_path / "of one's own.env"

    def start(*words: str, env_file: str = "", **environment: str) -> str:
        file.write_text(env_file)
        usual = {name: value for name, value in os.environ.items() if name != "VOICE_ENGINE"}
        env = {**usual, "ENV_FILE": str(file), **environment}
        command = ["make", *recipes, *words]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout.strip()

    return start


@pytest.mark.parametrize("target", ["run", "demo"])
def test_the_programs_run_where_the_engine_is_installed_that_the_settings_will_find(
    started_by: Callable[..., str], target: str
) -> None:
    assert started_by(target) == "light"
    assert started_by(target, "ENGINE=xtts") == "xtts"
    assert started_by(target, VOICE_ENGINE="xtts") == "xtts"
    assert started_by(target, env_file="LOG_LEVEL=INFO\nVOICE_ENGINE=xtts\n") == "xtts"
    assert started_by(target, env_file="VOICE_ENGINE=xtts\n", VOICE_ENGINE="embedded") == "light"
    assert started_by(target, "ENGINE=embedded", env_file="VOICE_ENGINE=xtts\n") == "light"


@pytest.mark.parametrize(
    "lines",
    [
        "VOICE_ENGINE='xtts'",
        'export VOICE_ENGINE="xtts"',
        "VOICE_ENGINE= xtts \r",
        "VOICE_ENGINE=embedded\nVOICE_ENGINE=xtts",
        "#VOICE_ENGINE=xtts",
        "VOICE_ENGINE=xtts\nVOICE_ENGINE=",
        "MY_VOICE_ENGINE=xtts",
        "VOICE_ENGINE=xttsx",
    ],
)
def test_the_file_is_read_as_the_settings_read_it(
    started_by: Callable[..., str], lines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: dict[str, str] = {}
    monkeypatch.setattr(environ.Env, "ENVIRON", read)
    environ.Env.read_env(StringIO(lines))
    is_xtts = Environment(read).text("VOICE_ENGINE", "embedded") == "xtts"
    assert started_by("run", env_file=lines) == ("xtts" if is_xtts else "light")


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["/usr/bin/env", "make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"setup", "demo", "run", "test", "lint", "bench", "clean"} <= set(TARGETS)
    for target in TARGETS:
        assert re.search(rf"^  make {target} ", listed, re.MULTILINE), target


def test_every_target_is_in_the_documentation() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    words = " ".join(page.read_text() for page in pages)
    assert [target for target in TARGETS if f"make {target}" not in words] == []


def test_a_python_that_is_too_old_is_told_so() -> None:
    program = ROOT / "scripts" / "bootstrap.py"
    pretend = f"""
import pathlib, runpy, shutil, sys
sys.version_info = (3, 9, 1, "final", 0)
shutil.which = lambda name: None
sys.argv = ["bootstrap.py", "--venv=.venv-that-is-not-there", "locks/runtime.txt"]
code = pathlib.Path({str(program)!r}).read_text()
exec(compile(code, {str(program)!r}, "exec"), {{"__name__": "__main__", "__file__": {str(program)!r}}})
"""
    done = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or 3.12" in done.stdout
    assert "make setup PYTHON=" in done.stdout
