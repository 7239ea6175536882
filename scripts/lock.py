"""Renews the lock files from `requirements*.txt`. Run by `make lock`: `python -m scripts.lock [--upgrade]`.

A lock names every package of an environment, down to the last, at one version with the hashes of its files. The four
agree with each other: the largest is resolved first, and the others take their versions from it.
"""

import argparse
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHOLE = "locks/xtts-dev.txt"
SOURCES = {  # what each lock is resolved from; the first holds all of the others
    WHOLE: ("requirements-xtts.txt", "requirements-dev.txt"),
    "locks/xtts.txt": ("requirements-xtts.txt",),
    "locks/dev.txt": ("requirements-dev.txt",),
    "locks/runtime.txt": ("requirements.txt",),
}
UV = ("-m", "uv", "pip", "compile", "--quiet", "--no-config", "--no-header", "--generate-hashes")
FOR_EVERY_PYTHON = ("--universal", "--python-version=3.11", "--fork-strategy=fewest")  # one version, 3.11 and later
PIN = re.compile(r"^(?P<name>[\w.-]+)(\[[\w,-]+\])?==(?P<version>[\w.+!-]+)( *; *(?P<marker>[^\\]*?))? *\\?$")
HASH = re.compile(r"^ +--hash=sha256:[0-9a-f]{64}( \\)?$")
DIGEST = "# From requirements with the digest "


@dataclass(frozen=True, slots=True)
class Pin:
    """A package at its version. `marker` is the condition under which it is installed, if there is one."""

    name: str
    version: str
    marker: str | None = None
    hashes: int = 0


def main(arguments: list[str]) -> int:
    """Resolve each lock anew. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="make lock")
    parser.add_argument("--upgrade", action="store_true", help="also take the newest of what only others depend on")
    upgrade = ["--upgrade"] if parser.parse_args(arguments).upgrade else []
    for lock, sources in SOURCES.items():
        if lock != WHOLE:
            (ROOT / lock).write_text((ROOT / WHOLE).read_text())  # uv keeps the versions that it finds in its output
        command = [sys.executable, *UV, *FOR_EVERY_PYTHON, *(upgrade if lock == WHOLE else []), "-o", lock, *sources]
        if subprocess.call(command, cwd=ROOT, stdout=subprocess.DEVNULL) != 0:
            return 1
        (ROOT / lock).write_text(header(lock) + (ROOT / lock).read_text())
        print(f"{lock}: {sum(1 for _ in pins(ROOT / lock))} packages")
    return 0


def header(lock: str) -> str:
    return (
        f"# Every package of an environment, with the hashes of its files. Made by `make lock`, not by hand.\n"
        f"# For Python 3.11 and 3.12 on Linux, x86-64 and 64-bit ARM.\n"
        f"{DIGEST}{digest(SOURCES[lock])}\n\n"
    )


def digest(sources: tuple[str, ...]) -> str:
    """SHA-256 over the requirements in these files and in those that they include; comments do not count."""
    lines = sorted(set(requirements(sources)))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def requirements(sources: tuple[str, ...]) -> Iterator[str]:
    """The requirements in these files and in those that they include, without comments."""
    for source in sources:
        for line in (ROOT / source).read_text().splitlines():
            requirement = line.split("#")[0].strip()
            if requirement.startswith("-r "):
                yield from requirements((requirement.removeprefix("-r ").strip(),))
            elif requirement:
                yield requirement


def pins(path: Path) -> Iterator[Pin]:
    """The packages of a lock, in its order. Raises ValueError on a line that neither pins nor is a hash or comment."""
    found: Pin | None = None
    for line in path.read_text().splitlines():
        if not line or line.lstrip().startswith("#"):
            continue
        if found and HASH.match(line):
            found = Pin(found.name, found.version, found.marker, found.hashes + 1)
        elif match := PIN.match(line):
            if found:
                yield found
            found = Pin(match["name"], match["version"], match["marker"])
        else:
            raise ValueError(f"{path.name}: {line}")
    if found:
        yield found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
