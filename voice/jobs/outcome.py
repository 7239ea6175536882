"""What one attempt of a job has made, not yet visible to anybody."""

from collections.abc import Callable
from dataclasses import dataclass

from voice.storage import StoredFile


@dataclass(frozen=True, slots=True)
class Outcome:
    """`file` is in its storage already; `write` makes it the resource's, and says whether it could."""

    file: StoredFile
    write: Callable[[], bool]
