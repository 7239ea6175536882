"""Takes an upload in, as a file in the work folder."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class WorkFileUploadHandler(TemporaryFileUploadHandler):
    """Django's own, but that on a full disk the half of a file goes at once, not when garbage is collected."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        with self._gone_on_error():
            return super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        with self._gone_on_error():
            return super().file_complete(file_size)

    @contextmanager
    def _gone_on_error(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            with suppress(OSError):  # closing writes what is left of the buffer, then deletes the file in any case
                self.file.close()
            raise
