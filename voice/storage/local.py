"""Files on a disk that web and workers share."""

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.core.files import File
from django.core.files.storage import FileSystemStorage

from voice.storage.base import Entry, VoiceStorage

FILE_MODE = 0o600
FOLDER_MODE = 0o700
TRIES = 20  # to write into a folder that somebody else removes because it has become empty


class LocalStorage(VoiceStorage, FileSystemStorage):
    """A folder. Files are private to the user that the processes run as; folders that become empty go away.

    A file is written beside its name, synced, and renamed: after a crash or on a full disk there is no half of one
    under a name that a row could hold. What a kill leaves of it ends in `.part` and is an orphan.
    """

    def open_part(self, name: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        file = Path(self.path(name)).open("rb")  # noqa: SIM115 (the caller closes it)
        file.seek(start)
        return file

    def signed_url(self, name: str, *, content_type: str, disposition: str) -> None:
        return None

    def entries(self, folder: str = "") -> Iterator[Entry]:
        for parent, _, names in os.walk(self.path(folder)):
            for name in names:
                path = Path(parent) / name
                with suppress(FileNotFoundError):  # its owner was quicker
                    found = path.stat()
                    relative = path.relative_to(self.base_location_path).as_posix()
                    yield Entry(relative, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete_folder(self, folder: str) -> int:
        deleted = 0
        for parent, _, names in os.walk(self.path(folder), topdown=False):
            for name in names:
                with suppress(FileNotFoundError):
                    (Path(parent) / name).unlink()
                    deleted += 1
            _remove_if_empty(Path(parent))
        self._remove_empty_above(Path(self.path(folder)))
        return deleted

    def delete(self, name: str) -> None:
        super().delete(name)
        self._remove_empty_above(Path(self.path(name)))

    @property
    def base_location_path(self) -> Path:
        return Path(self.location)

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(name))
        part, file = self._open_beside(target)
        try:
            with file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
            _sync_folder(target.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            self._remove_empty_above(part)
            raise
        return name

    def _open_beside(self, target: Path) -> tuple[Path, BinaryIO]:
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        for tries_left in reversed(range(TRIES)):
            try:
                self._make_folders(target.parent)
                return part, os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb")
            except (FileNotFoundError, FileExistsError):  # mkdir says so of a folder that goes while it looks
                if not tries_left:
                    raise
        raise AssertionError("not reached")

    def _make_folders(self, folder: Path) -> None:
        """Make a folder and those above it; os.makedirs would give the upper ones the mode of the umask."""
        for each in reversed([folder, *folder.parents]):
            if each.is_relative_to(self.base_location_path):
                each.mkdir(mode=FOLDER_MODE, exist_ok=True)

    def _remove_empty_above(self, path: Path) -> None:
        for folder in path.parents:
            if folder == self.base_location_path or not _remove_if_empty(folder):
                return


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:  # not empty, or somebody else has removed it
        return not folder.exists()
    return True


def _sync_folder(folder: Path) -> None:
    """Make a rename outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
