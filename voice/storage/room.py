"""No room left: what says so, in the words of each part that writes."""

import errno
import sqlite3

from voice.errors import StorageFull

FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT}
POSTGRESQL_DISK_FULL = "53100"


def storage_full() -> StorageFull:
    """The one error for it."""
    return StorageFull(
        "storage_full", "The server has no room left to store this. Tell its operator, and try again later."
    )


def is_out_of_room(error: BaseException | None) -> bool:
    """Whether an error, or one from which it came, says that a disk, a quota or the database is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL_ERRNOS:
            return True
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        if getattr(error, "sqlstate", None) == POSTGRESQL_DISK_FULL:  # of psycopg, which a web process may lack
            return True
        error = error.__cause__ or error.__context__
    return False
