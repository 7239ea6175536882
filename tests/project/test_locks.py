"""The lock files say what `requirements*.txt` say, agree with each other, and are all that is ever installed from."""

import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.lock import ROOT, SOURCES, WHOLE, Pin, header, main, pins, requirements

LOCKS = {lock: {pin.name: pin for pin in pins(ROOT / lock)} for lock in SOURCES}
INSTALLERS = [ROOT / "Makefile", ROOT / "Dockerfile", ROOT / ".ci" / "run", ROOT / "docker-compose.yml"]
PYTHONS = ("3.11.7", "3.12.1")
MACHINES = ("x86_64", "aarch64")


def test_every_lock_is_there_and_no_other() -> None:
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "locks").iterdir()} == set(SOURCES)


@pytest.mark.parametrize("lock", SOURCES)
def test_a_lock_is_made_from_what_its_sources_say_now(lock: str) -> None:
    assert (ROOT / lock).read_text().startswith(header(lock)), "run: make lock"
    for line in requirements(SOURCES[lock]):
        required = Requirement(line)
        pin = LOCKS[lock][canonicalize_name(required.name)]
        assert str(required.specifier) == f"=={pin.version}", f"{line}; run: make lock"


@pytest.mark.parametrize("lock", SOURCES)
def test_every_package_has_one_version_and_hashes(lock: str) -> None:
    found = list(pins(ROOT / lock))
    assert len({pin.name for pin in found}) == len(found)
    assert [pin.name for pin in found if not pin.hashes] == []


def test_the_locks_agree_and_the_largest_holds_them_all() -> None:
    for lock in SOURCES:
        assert LOCKS[lock].items() <= LOCKS[WHOLE].items(), lock


@pytest.mark.parametrize("lock", SOURCES)
def test_a_lock_names_no_place_to_fetch_from(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text()
    assert "--index" not in (ROOT / lock).read_text()


def test_what_is_installed_here_is_what_a_lock_says() -> None:
    """Of the environment that this test runs in; pip and a package that somebody added by hand are their own."""
    installed = {canonicalize_name(found.name): found.version for found in distributions()}
    lock = LOCKS[WHOLE if "torch" in installed else "locks/dev.txt"]
    expected = {pin.name: pin.version for pin in lock.values() if not pin.marker or Marker(pin.marker).evaluate()}
    assert {name: installed.get(name) for name in expected} == expected


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("machine", MACHINES)
def test_only_what_other_systems_and_pythons_need_has_a_condition(python: str, machine: str) -> None:
    """The packages left out on a supported machine, by name: a new marker is looked at before it is believed."""
    here = {"python_full_version": python, "platform_machine": machine, "sys_platform": "linux"}
    here |= {"implementation_name": "cpython", "platform_python_implementation": "CPython", "os_name": "posix"}
    left_out = {pin.name for pin in LOCKS[WHOLE].values() if pin.marker and not Marker(pin.marker).evaluate({**here})}
    of_windows = {"colorama", "pywin32", "tzdata"}
    of_python_3_13 = {"audioop-lts", "standard-aifc", "standard-chunk", "standard-sunau"}
    assert left_out == of_windows | of_python_3_13 | {"httpx2-jsfetch", "async-timeout"}


@pytest.mark.parametrize("path", INSTALLERS, ids=lambda path: path.name)
def test_nothing_is_installed_but_from_a_lock(path: Path) -> None:
    for line in path.read_text().splitlines():
        if re.search(r"\bpip3? install\b|\bbootstrap\.py\b", line):
            assert re.search(r"locks/([a-z-]+|\$\*)\.txt$", line), line
        if "pip install" in line:
            assert "--require-hashes" in line


def test_a_line_that_is_no_pin_is_not_passed_over(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("six==1.17.0 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via us\n")
    assert list(pins(lock)) == [Pin("six", "1.17.0", None, 1)]
    for line in ("six>=1", "--index-url somewhere", "six @ file:///six.whl", "    --hash=md5:00"):
        lock.write_text(f"{line}\n")
        with pytest.raises(ValueError, match=re.escape(line)):
            list(pins(lock))


def test_a_comment_is_no_reason_to_lock_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.lock.ROOT", tmp_path)
    source = tmp_path / "requirements.txt"
    headers = []
    for text in ("six==1.17.0", "# why\nsix==1.17.0  # here\n", "six==1.16.0"):
        source.write_text(text)
        headers.append(header("locks/runtime.txt"))
    assert headers[0] == headers[1] != headers[2]


def test_a_resolution_that_fails_leaves_the_lock_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "call", lambda *_, **__: 2)
    before = (ROOT / WHOLE).read_text()
    assert main([]) == 1
    assert (ROOT / WHOLE).read_text() == before
