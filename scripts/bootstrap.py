"""Makes a virtual environment from a lock file. Run as a program, with nothing installed:
`python3 scripts/bootstrap.py [--venv=.venv] LOCK`.

Idempotent: the environment keeps a copy of the lock that it was made from, and nothing is done for a lock whose every
line is in it. Imports only the standard library, and runs on Pythons that are too old for the product, to say so.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

MINIMUM = (3, 11)
TESTED_END = (3, 13)  # the Pythons below are those that the tests ran on
TESTED = ("python3.12", "python3.11")
ROOT = Path(__file__).resolve().parent.parent
USUAL_SIZE = "some 200 MB the first time; a minute or two"
XTTS_SIZE = "some 6 GB the first time, most of it CUDA; several minutes"


def main(arguments: "list[str]") -> int:
    """Install the lock that is named, unless it is installed. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="bootstrap.py")
    parser.add_argument("--venv", default=".venv", help="folder of the environment, in the project's")
    parser.add_argument("lock", metavar="LOCK", help="lock file, in the project's folder")
    options = parser.parse_args(arguments)
    venv = ROOT / options.venv
    if not venv_works(venv):
        if not MINIMUM <= sys.version_info[:2] < TESTED_END:
            continue_on_tested_python(arguments)
        if not make_venv(venv):
            return 1
    return 0 if is_installed(venv, options.lock) or install(venv, options.lock) else 1


def continue_on_tested_python(arguments: "list[str]") -> None:
    """Start again on a Python that the tests ran on. Returns only if this machine has no such Python."""
    for candidate in TESTED:
        path = shutil.which(candidate)
        if path and subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            os.execv(path, [path, "-I", str(Path(__file__).resolve()), *arguments])  # noqa: S606 (no shell is meant)


def python_of(venv: Path) -> Path:
    """The environment's own Python."""
    return venv / "bin" / "python"


def venv_works(venv: Path) -> bool:
    """True if `venv` runs and is new enough; an upgrade of the system may have taken its Python away."""
    if not python_of(venv).exists():
        return False
    check = f"import sys, pip; sys.exit(sys.version_info < {MINIMUM!r})"
    return subprocess.call([str(python_of(venv)), "-c", check], stderr=subprocess.DEVNULL) == 0


def make_venv(venv: Path) -> bool:
    """Create `venv`. Says what to install where this Python cannot."""
    version = ".".join(str(number) for number in sys.version_info[:2])
    if sys.version_info < MINIMUM:
        say(f"PodStream voice needs Python 3.11 or 3.12; {sys.executable} is Python {version}.")
        say("Install one of them, or say where it is: make setup PYTHON=/path/to/python3.12")
        return False
    if sys.version_info >= TESTED_END:
        say(f"Python {version}: not tested with it; Python 3.12 is.")
    say(f"Creating {venv.name} with Python {version}")
    command = [sys.executable, "-m", "venv", "--clear", str(venv)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if result.returncode == 0:
        return True
    say(result.stdout.decode(errors="replace").rstrip())
    say("Python could not create a virtual environment. On Debian and Ubuntu: sudo apt install python3-venv")
    return False


def is_installed(venv: Path, lock: str) -> bool:
    """True if the environment was made from this lock, or from one that holds all of it, as a developer's does."""
    return stamp(venv).exists() and lines_of(ROOT / lock) <= lines_of(stamp(venv))


def lines_of(path: Path) -> "set[str]":
    """The packages and hashes of a lock, one a line."""
    return {line.strip() for line in path.read_text().splitlines() if not line.lstrip().startswith("#")}


def install(venv: Path, lock: str) -> bool:
    """Run pip in silence, behind one line that shows the seconds passing. Prints all of its output if it fails.

    pip takes only files whose hashes are in the lock, and refuses a package that is not in it.
    """
    say(f"Installing {lock} ({XTTS_SIZE if 'xtts' in lock else USUAL_SIZE})")
    log_path = venv / "setup.log"
    pip = [str(python_of(venv)), "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes"]
    started = time.monotonic()
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [*pip, "-r", str(ROOT / lock)], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        while process.poll() is None:
            time.sleep(0.2)
            show(f"  {time.monotonic() - started:.0f} s")
    show("")
    if process.returncode != 0:
        say(log_path.read_text(errors="replace").rstrip())
        say("pip failed; its own words are above. When the cause is mended, the same command goes on from here.")
        return False
    stamp(venv).write_text((ROOT / lock).read_text())
    say(f"Installed {lock} in {time.monotonic() - started:.0f} s")
    return True


def stamp(venv: Path) -> Path:
    """The environment's copy of the lock that it was made from."""
    return venv / "installed-lock.txt"


def show(line: str) -> None:
    """Redraw the last line of a terminal."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\033[K{line}")
        sys.stdout.flush()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
