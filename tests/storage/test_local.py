"""The folder on a disk: whole files or none, private ones, and no empty folders left."""

import errno
import os
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files import File
from django.core.files.base import ContentFile

from voice.storage.local import LocalStorage


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(location=tmp_path / "voices")


class BrokenOff(File):  # type: ignore[type-arg]
    """Content that ends as it does on a full disk."""

    def chunks(self, chunk_size: int | None = None) -> Any:
        yield b"the first half"
        raise OSError(errno.ENOSPC, "No space left on device")


def test_what_was_saved_is_read_back_from_any_byte(storage: LocalStorage) -> None:
    name = storage.save("owner/voice/1.wav", ContentFile(b"0123456789"))
    with storage.open_part(name, start=4) as file:
        assert file.read() == b"456789"
    assert storage.size(name) == 10


def test_files_and_folders_are_private(storage: LocalStorage) -> None:
    path = Path(storage.path(storage.save("owner/voice/1.wav", ContentFile(b"x"))))
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert {oct(folder.stat().st_mode & 0o777) for folder in (path.parent, path.parent.parent)} == {"0o700"}


def test_a_save_that_breaks_off_leaves_nothing(storage: LocalStorage) -> None:
    with pytest.raises(OSError, match="No space left"):
        storage.save("owner/voice/1.wav", BrokenOff(None))
    assert list(storage.entries()) == []
    assert storage.listdir("") == ([], [])


def test_half_a_file_is_never_under_its_name(storage: LocalStorage) -> None:
    seen: list[bool] = []

    class Watched(BrokenOff):
        def chunks(self, chunk_size: int | None = None) -> Any:
            yield b"half"
            seen.append(storage.exists("owner/voice/1.wav"))
            yield b", and half"

    storage.save("owner/voice/1.wav", Watched(None))
    assert seen == [False]
    assert storage.size("owner/voice/1.wav") == 14


def test_the_last_file_takes_its_folders_along(storage: LocalStorage) -> None:
    first = storage.save("owner/voice/1.wav", ContentFile(b"x"))
    second = storage.save("owner/other/1.wav", ContentFile(b"x"))
    storage.delete(first)
    assert storage.listdir("owner") == (["other"], [])
    storage.delete(second)
    assert storage.listdir("") == ([], [])


def test_deleting_what_is_not_there_is_fine(storage: LocalStorage) -> None:
    os.makedirs(storage.location)
    storage.delete("owner/voice/1.wav")
    assert storage.delete_folder("owner") == 0


def test_a_folder_goes_with_all_that_is_below_it_and_nothing_beside_it(storage: LocalStorage) -> None:
    for name in ("a/x/1.wav", "a/x/2.wav", "a/y/1.wav", "ab/x/1.wav"):
        storage.save(name, ContentFile(b"x"))
    assert storage.delete_folder("a") == 3
    assert [entry.name for entry in storage.entries()] == ["ab/x/1.wav"]


def test_entries_say_name_size_and_time(storage: LocalStorage) -> None:
    storage.save("a/x/1.wav", ContentFile(b"12345"))
    os.utime(storage.path("a/x/1.wav"), (1_000_000_000, 1_000_000_000))
    (entry,) = storage.entries()
    assert (entry.name, entry.size_bytes) == ("a/x/1.wav", 5)
    assert entry.modified_at.isoformat() == "2001-09-09T01:46:40+00:00"


def test_saving_wins_against_the_removal_of_a_folder_that_has_become_empty(storage: LocalStorage) -> None:
    failed: list[Exception] = []

    def save_and_delete() -> None:
        try:
            for _ in range(200):
                storage.delete(storage.save(f"owner/{uuid.uuid4()}/1.wav", ContentFile(b"x")))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=save_and_delete) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert storage.listdir("") == ([], [])
