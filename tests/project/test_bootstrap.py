"""`make setup`: a virtual environment is made once, and what is installed already is not installed again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.processes import ROOT


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stands where a clone of the project does, with nothing to install."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "podstream").mkdir()
    shutil.copy(ROOT / "podstream" / "bootstrap.py", folder / "podstream")
    (folder / "requirements.txt").write_text("# nothing yet\n")
    (folder / "requirements-dev.txt").write_text("-r requirements.txt\n")
    (folder / "requirements-xtts.txt").write_text("# nothing yet\n")
    return folder


def set_up(clone: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """What `make setup` and its like run. Without a network: pip may not ask an index."""
    program = [sys.executable, "-I", str(clone / "podstream" / "bootstrap.py")]
    env = {**os.environ, "PIP_NO_INDEX": "1"}
    names = arguments or ("requirements.txt", "requirements-dev.txt")
    return subprocess.run([*program, *names], env=env, capture_output=True, text=True, check=False)


def test_a_second_setup_has_nothing_to_do_until_a_requirement_changes(clone: Path) -> None:
    first = set_up(clone)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Creating .venv" in first.stdout
    assert "Installed requirements-dev.txt" in first.stdout
    log = clone / ".venv" / "setup.log"
    log.unlink()

    second = set_up(clone)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert not log.exists(), "pip did not run"

    (clone / "requirements.txt").write_text("# something else\n")
    third = set_up(clone)
    assert third.returncode == 0
    assert "Creating" not in third.stdout
    assert "Installed requirements.txt" in third.stdout
    assert "Installed requirements-dev.txt" in third.stdout, "it includes what changed"

    (clone / "requirements.txt").write_text("there-is-no-such-package==1.0\n")
    failed = set_up(clone)
    assert failed.returncode == 1
    assert "there-is-no-such-package" in failed.stdout
    assert "the same command goes on from here" in failed.stdout


def test_xtts_gets_an_environment_of_its_own_and_its_size_is_told(clone: Path) -> None:
    done = set_up(clone, "--venv=.venv-xtts", "requirements-xtts.txt")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Creating .venv-xtts" in done.stdout
    assert "Installing requirements-xtts.txt (some 6 GB" in done.stdout
    assert (clone / ".venv-xtts" / "bin" / "python").exists()
    assert not (clone / ".venv" / ".installed-requirements-xtts.txt").exists()
