"""The verbs that we ask of a storage beyond Django's own: reading a part, and looking through its files."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.core.files.storage import Storage


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is in a storage, whether a row names it or not. `modified_at` is aware, in UTC."""

    name: str
    size_bytes: int
    modified_at: datetime


class VoiceStorage(Storage):
    """A storage of voices. A name is written once and never again, in one step: it is whole or it is not there.

    Safe to use from several threads.
    """

    @abstractmethod
    def open_part(self, name: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """The content of a file from byte `start`, read as it is asked for; the caller closes it.

        A caller that names a `length` reads no more than that, and may get more if it does. Raises FileNotFoundError.
        """

    @abstractmethod
    def signed_url(self, name: str, *, content_type: str, disposition: str) -> str | None:
        """An address from which anybody can read this file for some minutes, or None: then send it yourself.

        What is read from there has that Content-Type and Content-Disposition.
        """

    @abstractmethod
    def entries(self, folder: str = "") -> Iterator[Entry]:
        """Every file below `folder`, those of one folder one after the other, without holding them all in memory.

        What appears or goes meanwhile may be among them or not.
        """

    @abstractmethod
    def delete_folder(self, folder: str) -> int:
        """Delete everything below `folder`, and the folder. Returns how many files that were; 0 where it is not."""
