"""What a disk says to libraries that do not pass it on."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROBE_BYTES = 65_536


@contextmanager
def disk_errors_told(path: Path) -> Iterator[None]:
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
