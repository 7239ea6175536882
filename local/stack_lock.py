"""One stack per VAR_DIR: a lock that the kernel drops with its holder, and that contains the holder's address."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class RunningStack:
    """The holder of a VAR_DIR. `url` is empty until the stack is ready."""

    pid: int
    url: str = ""


class FolderTaken(Exception):
    """Another stack works in this folder."""

    def __init__(self, holder: RunningStack) -> None:
        super().__init__(f"process {holder.pid}")
        self.holder = holder


class StackLock:
    """The lock of a VAR_DIR, held until `release` or the end of the process."""

    def __init__(self, var_dir: Path) -> None:
        """Take the lock. Raises FolderTaken."""
        var_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file: IO[str] = _path(var_dir).open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(self._file)
            self._file.close()
            raise FolderTaken(holder) from None
        self.publish("")

    def publish(self, url: str) -> None:
        """Let other processes know the address of this stack."""
        self._file.seek(0)
        self._file.truncate()
        json.dump(asdict(RunningStack(os.getpid(), url)), self._file)
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def running_stack(var_dir: Path) -> RunningStack | None:
    """The stack that works in `var_dir` now, if there is one."""
    if not _path(var_dir).exists():
        return None
    with _path(var_dir).open() as f:
        try:
            fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(f)
    return None


def _path(var_dir: Path) -> Path:
    return var_dir / "stack.lock"


def _read(file: IO[str]) -> RunningStack:
    file.seek(0)
    try:
        return RunningStack(**json.load(file))
    except ValueError:  # read between truncate and write
        return RunningStack(0)
