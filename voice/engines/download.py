"""Gets an engine's published weights: pinned to a revision, resumable, verified.

The engine's declaration says what each file must be, so a mirror needs no trust: a file is moved to its name only when
its SHA-256 is right. A part that another file's bytes were appended to is noticed the same way and thrown away.
"""

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx

from voice.engines.spec import PublishedFile

TIMEOUT_S = 30.0
RETRY_PAUSES_S = (1.0, 5.0, 15.0)
SPARE_BYTES = 256 * 2**20


Progress = Callable[[PublishedFile, int], None]
"""Called with a file and how many bytes of it are here by now."""


class DownloadFailed(Exception):
    """The download stopped; the message says why and what to do. What was received so far is kept."""


class _Interrupted(Exception):
    """The server or the connection failed in a way that trying again may mend."""


def download(
    folder: Path,
    *,
    progress: Progress,
    base_url: str,
    files: Sequence[PublishedFile],
    retry_pauses_s: Sequence[float] = RETRY_PAUSES_S,
) -> list[str]:
    """Bring every one of `files` into `folder` and return the names of those that were not there yet.

    A file that is there and right is left alone. One that is not goes to NAME.part first, which a later call continues
    from where it ended. Connections that break are taken up again after each of `retry_pauses_s`; the count starts
    anew when bytes have come. Raises DownloadFailed, also where another process downloads into the same folder.
    """
    if not base_url.startswith(("https://", "http://")):
        raise DownloadFailed(f"{base_url} is no address to download from. It begins with https://.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one(folder), httpx.Client(follow_redirects=True, timeout=TIMEOUT_S) as client:
            missing = [file for file in files if not _is_right(folder / file.name, file)]
            _check_space(folder, missing)
            for file in missing:
                _bring(client, f"{base_url.rstrip('/')}/{file.name}", folder, file, progress, retry_pauses_s)
    except OSError as error:
        raise DownloadFailed(f"{folder} cannot be written: {error.strerror or error}.") from error
    return [file.name for file in missing]


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    with (folder / ".download.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DownloadFailed(f"Another process downloads into {folder}. Wait until it is done.") from error
        yield


def _is_right(path: Path, file: PublishedFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size_bytes:
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def _check_space(folder: Path, missing: Sequence[PublishedFile]) -> None:
    """A model may need twice its size: it is converted to another form, and the original stays."""
    needed = 2 * sum(file.size_bytes for file in missing)
    here = sum(path.stat().st_size for file in missing if (path := _part(folder, file)).is_file())
    free = shutil.disk_usage(folder).free
    if missing and needed - here + SPARE_BYTES > free:
        raise DownloadFailed(
            f"{folder} has {free / 1e9:.1f} GB free, and {(needed - here + SPARE_BYTES) / 1e9:.1f} GB are needed. "
            "Make room, or choose another place with --folder."
        )


def _bring(
    client: httpx.Client,
    url: str,
    folder: Path,
    file: PublishedFile,
    progress: Progress,
    retry_pauses_s: Sequence[float],
) -> None:
    part = _part(folder, file)
    failures = 0
    while True:
        before = part.stat().st_size if part.is_file() else 0
        try:
            _receive(client, url, part, file, progress)
            break
        except (_Interrupted, httpx.RequestError) as error:
            came = part.is_file() and part.stat().st_size > before
            failures = 1 if came else failures + 1
            if failures > len(retry_pauses_s):
                raise DownloadFailed(
                    f"{url} cannot be read to its end: {error or type(error).__name__}. What is here is kept: run the "
                    "command again later, and it goes on from there."
                ) from error
            time.sleep(retry_pauses_s[failures - 1])
    if not _is_right(part, file):
        part.unlink()
        raise DownloadFailed(
            f"{url} is not the file that was published: its SHA-256 differs. It was removed. Run the command again; "
            "if that does not help, use another mirror with --from."
        )
    part.replace(folder / file.name)


def _receive(client: httpx.Client, url: str, part: Path, file: PublishedFile, progress: Progress) -> None:
    """Append to `part` until it has the size of `file`. Raises _Interrupted and httpx.RequestError."""
    here = part.stat().st_size if part.is_file() else 0
    if here > file.size_bytes:
        here = 0
    if here == file.size_bytes:
        return
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={here}-"} if here else {})}
    with client.stream("GET", url, headers=headers) as response, part.open("r+b" if here else "wb") as content:
        start = _start(response, url, here)
        length = response.headers.get("content-length")
        if length is not None and start + int(length) != file.size_bytes:
            raise DownloadFailed(
                f"{url} has {start + int(length):,} bytes, and {file.size_bytes:,} were published. Use another mirror "
                "with --from."
            )
        content.seek(start)
        content.truncate()
        _append(response, content, file, progress)
        content.flush()
        os.fsync(content.fileno())
    if part.stat().st_size < file.size_bytes:
        raise _Interrupted("the connection ended early")


def _start(response: httpx.Response, url: str, here: int) -> int:
    """The position that the bytes of `response` belong to: `here`, or 0 where the server does not continue files."""
    status = response.status_code
    if status == httpx.codes.PARTIAL_CONTENT:
        if re.match(rf"bytes {here}-", response.headers.get("content-range", "")):
            return here
        raise DownloadFailed(f"{url} answers with another part of the file than was asked for. Use another mirror.")
    if status == httpx.codes.OK:
        return 0
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
        raise _Interrupted(f"the server answers {status}")
    raise DownloadFailed(f"{url} answers {status}. Check the address that --from names, and that it needs no login.")


def _append(response: httpx.Response, content: BinaryIO, file: PublishedFile, progress: Progress) -> None:
    for block in response.iter_raw():
        if content.tell() + len(block) > file.size_bytes:
            content.truncate(0)
            raise DownloadFailed(
                f"{response.url} is longer than the {file.size_bytes:,} bytes that were published. Use another mirror."
            )
        content.write(block)
        progress(file, content.tell())


def _part(folder: Path, file: PublishedFile) -> Path:
    return folder / f"{file.name}.part"
