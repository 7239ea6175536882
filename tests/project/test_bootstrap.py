"""`make setup`: an environment is made once from its lock, and what is installed already is not installed again."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.rig.processes import ROOT


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stands where a clone of the project does. Its locks know two small packages, which lie in `wheels`."""
    folder = tmp_path_factory.mktemp("clone")
    for part in ("scripts", "locks", "wheels"):
        (folder / part).mkdir()
    shutil.copy(ROOT / "scripts" / "bootstrap.py", folder / "scripts")
    product, tool = wheel(folder / "wheels", "product"), wheel(folder / "wheels", "tool")
    (folder / "locks" / "runtime.txt").write_text(f"# one comment\n{locked(product)}")
    (folder / "locks" / "dev.txt").write_text(f"# another\n{locked(product)}{locked(tool)}")
    (folder / "locks" / "xtts.txt").write_text("# nothing yet\n")
    return folder


def wheel(folder: Path, name: str, *, needs: str = "") -> Path:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + (f"Requires-Dist: {needs}\n" if needs else "")
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def locked(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{path.name.split('-')[0]}==1.0 \\\n    --hash=sha256:{digest}\n"


def set_up(clone: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run what `make setup` runs, without a network: pip may not ask an index."""
    program = [sys.executable, "-I", str(clone / "scripts" / "bootstrap.py")]
    env = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(clone / "wheels")}
    return subprocess.run([*program, *arguments], env=env, capture_output=True, text=True, check=False)


def test_a_second_setup_has_nothing_to_do_until_the_lock_changes(clone: Path) -> None:
    first = set_up(clone, "locks/runtime.txt")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Creating .venv" in first.stdout
    assert "Installed locks/runtime.txt" in first.stdout
    log = clone / ".venv" / "setup.log"
    log.unlink()

    second = set_up(clone, "locks/runtime.txt")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert not log.exists(), "pip did not run"

    tools = set_up(clone, "locks/dev.txt")
    assert tools.returncode == 0, tools.stdout + tools.stderr
    assert "Creating" not in tools.stdout
    assert "Installed locks/dev.txt" in tools.stdout
    assert set_up(clone, "locks/runtime.txt").stdout == "", "a developer's environment has all that the product needs"

    with (clone / "locks" / "runtime.txt").open("a") as lock:
        lock.write(f"there-is-no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    failed = set_up(clone, "locks/runtime.txt")
    assert failed.returncode == 1
    assert "there-is-no-such-package" in failed.stdout
    assert "the same command goes on from here" in failed.stdout


def test_a_file_that_is_not_the_one_in_the_lock_is_refused(clone: Path) -> None:
    wheel(clone / "wheels", "swapped")
    (clone / "locks" / "swapped.txt").write_text(f"swapped==1.0 --hash=sha256:{'0' * 64}\n")
    done = set_up(clone, "locks/swapped.txt")
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stdout


def test_a_package_that_the_lock_does_not_name_is_refused(clone: Path) -> None:
    wheel(clone / "wheels", "helper")
    needy = wheel(clone / "wheels", "needy", needs="helper")
    (clone / "locks" / "needy.txt").write_text(locked(needy))
    done = set_up(clone, "locks/needy.txt")
    assert done.returncode == 1
    assert "all requirements must have their versions pinned" in done.stdout


def test_xtts_gets_an_environment_of_its_own_and_its_size_is_told(clone: Path) -> None:
    done = set_up(clone, "--venv=.venv-xtts", "locks/xtts.txt")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Creating .venv-xtts" in done.stdout
    assert "Installing locks/xtts.txt (some 6 GB" in done.stdout
    assert (clone / ".venv-xtts" / "bin" / "python").exists()
    assert (clone / ".venv-xtts" / "installed-lock.txt").read_text() == "# nothing yet\n"
