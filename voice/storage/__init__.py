"""The storages of files. Names are made here, from ids only; nothing that a user wrote is ever part of one."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import cast
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages

from voice.storage.base import VoiceStorage


def sample_storage() -> VoiceStorage:
    """Decoded uploads, kept originals and preprocessed audio."""
    return cast(VoiceStorage, storages["samples"])


def voice_model_storage() -> VoiceStorage:
    """Voice profiles."""
    return cast(VoiceStorage, storages["models"])


def output_storage() -> VoiceStorage:
    """Synthesised speech."""
    return cast(VoiceStorage, storages["output"])


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in one of the storages."""

    storage: VoiceStorage
    name: str

    def of_attempt(self, attempt: int) -> "StoredFile":
        """The file that another attempt of the same job would have made."""
        path = PurePosixPath(self.name)
        return StoredFile(self.storage, str(path.with_name(f"{attempt}{path.suffix}")))

    def delete(self) -> None:
        """Remove it; a file that is gone already is fine."""
        self.storage.delete(self.name)


def resource_folder(*, owner_id: UUID, resource_id: UUID) -> str:
    """The folder of all files of one resource, in its storage."""
    return f"{owner_id}/{resource_id}"


def attempt_name(*, owner_id: UUID, resource_id: UUID, attempt: int, suffix: str) -> str:
    """The name of what one attempt of a job makes: no two attempts share it."""
    return f"{resource_folder(owner_id=owner_id, resource_id=resource_id)}/{attempt}.{suffix}"


def store(storage: VoiceStorage, name: str, source: Path) -> StoredFile:
    """Put a finished local file into a storage."""
    with source.open("rb") as f:
        return StoredFile(storage, storage.save(name, File(f)))


@contextmanager
def work_folder() -> Iterator[Path]:
    """A private folder for unfinished files, gone afterwards."""
    folder = Path(mkdtemp(dir=settings.WORK_DIR))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def work_sweep(*, older_than_s: float) -> None:
    """Remove what killed processes left in the work folder: decoded voices, half-finished speech, uploads."""
    oldest = time.time() - older_than_s
    for path in Path(settings.WORK_DIR).iterdir():
        try:
            if path.stat().st_mtime < oldest:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        except FileNotFoundError:  # its owner was quicker
            continue


def fetch(storage: VoiceStorage, name: str, folder: Path) -> Path:
    """A local path with the content of a stored file: itself on a local disk, a copy in `folder` elsewhere."""
    try:
        return Path(storage.path(name))
    except NotImplementedError:
        target = folder / name.replace("/", "-")
        with storage.open_part(name) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        return target
