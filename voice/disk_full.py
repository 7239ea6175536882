"""No room left on a disk, in a quota or in the database: the signs of each, and our one error for them."""

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voice.errors import StorageFull

FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT}
POSTGRESQL_DISK_FULL = "53100"
_PROBE_BYTES = 65_536


def storage_full() -> StorageFull:
    """The one error for it."""
    return StorageFull(
        "storage_full", "The server has no room left to store this. Tell its operator, and try again later."
    )


def is_out_of_room(error: BaseException | None) -> bool:
    """True where an error, or one from which it came, says that a disk, a quota or the database is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL_ERRNOS:
            return True
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        if getattr(error, "sqlstate", None) == POSTGRESQL_DISK_FULL:  # of psycopg, which a web process may lack
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def disk_errors_raised(path: Path) -> Iterator[None]:
    """Raise OSError for what fails in the block because the disk takes no more, whatever the library says that writes.

    libsndfile says "System error". So after any failure a block of our own is written beside `path`, while the other's
    still stand there: it fails as they did.
    """
    try:
        yield
    except Exception:
        with tempfile.TemporaryFile(dir=path.parent) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
        raise
