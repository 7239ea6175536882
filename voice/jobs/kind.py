"""The kinds of work: one frozen description each, which everything that handles jobs reads.

A service registers the kind of its resource when it is imported (`voice/apps.py` imports them all). Claiming,
recovery, orphans, purge, retention, queues, worker start, health, metrics and the chaos audit all go by this list.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from django.db.models import Q, QuerySet, TextChoices
from django.utils.module_loading import import_string

from voice.errors import InvalidAudio, VoiceError
from voice.jobs.lease import Lease
from voice.models import Job
from voice.models.lifecycle import Resource, terminal_statuses
from voice.storage import StoredFile
from voice.storage.base import VoiceStorage


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one attempt, not yet visible to anybody.

    `file` is in its storage already; `write` makes it the resource's, and says whether it could.
    """

    file: StoredFile
    write: Callable[[], bool]


Run = Callable[[Lease, Path], Outcome]
"""Does the work of a job in a private folder. Raises VoiceError for every failure that is foreseen."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work, on the rows of one model.

    `name`: the value of `Job.kind`. `queue`: Celery's queue for it. `waits_for`: the kind that its jobs depend on.
    `link`: the attribute of a Job that leads to its row, a field of Job or the `related_name` of a OneToOneField to
    Job. `working`, `done`, `failed`: statuses of the row; `rejected`: the one instead of `failed` where InvalidAudio
    is to blame.
    `storage`: where its files are; `file_fields`: the row's fields that name them; `main_file`: the one without which
    a row that is `done` is worthless. `lose_file(row)`: called where that file is lost or has grown too old.
    `run`: the dotted path of its Run, imported when it is first needed, because that is where numpy and scipy are.
    `needs_engine`: whether the work needs a speech engine. `delete(row)`: removes a row with its files and job.
    `after_end(row)`: called after the commit that ended a job, well or badly.
    `noun`, `plural`: for messages. `retention`, `file_retention`: names of the settings that say after how many days
    rows, and their main files, may go (these by `completed_at`); empty for never. `is_needed`: the condition of rows
    that stay all the same.
    """

    name: str
    queue: str
    model: type[Resource]
    link: str
    noun: str
    plural: str
    working: TextChoices
    done: TextChoices
    failed: TextChoices
    storage: Callable[[], VoiceStorage]
    file_fields: tuple[str, ...]
    main_file: str
    run: str
    delete: Callable[[Any], None]
    lose_file: Callable[[Any], object]
    waits_for: str = ""
    rejected: TextChoices | None = None
    needs_engine: bool = False
    retention: str = ""
    file_retention: str = ""
    is_needed: Callable[[], Q] = Q
    after_end: Callable[[Any], None] = field(default=lambda row: None)

    @property
    def terminal(self) -> frozenset[str]:
        """The statuses that a row never leaves."""
        return terminal_statuses(type(self.done))

    @property
    def rows(self) -> QuerySet[Any]:
        """All rows of its model."""
        return self.model._default_manager.all()

    def failed_by(self, error: VoiceError) -> TextChoices:
        """The status of a row whose job failed for this reason."""
        return self.rejected if self.rejected is not None and isinstance(error, InvalidAudio) else self.failed

    def work(self) -> Run:
        """The function that does the work. Imports its module at the first call."""
        return cast(Run, import_string(self.run))


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known."""
    _kinds[kind.name] = kind
    Job.links[kind.name] = kind.link
    return kind


def kinds() -> tuple[Kind, ...]:
    """All kinds, each behind the one that it waits for, whichever was registered first."""
    return tuple(sorted(_kinds.values(), key=_depth))


def _depth(kind: Kind) -> int:
    return 1 + _depth(_kinds[kind.waits_for]) if kind.waits_for else 0


def kind_named(name: str) -> Kind:
    """The kind of that name. Raises KeyError."""
    return _kinds[name]


def kind_of(resource: Resource) -> Kind:
    """The kind of work that is done on a row. Raises KeyError."""
    return next(kind for kind in _kinds.values() if kind.model is type(resource))


def with_resources(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Jobs together with the rows that they work on, in one query."""
    return jobs.select_related(*Job.links.values())


def queues() -> tuple[str, ...]:
    """The queues of all kinds, each once."""
    return tuple(dict.fromkeys(kind.queue for kind in kinds()))


def kinds_by_storage() -> dict[VoiceStorage, list[Kind]]:
    """Every storage that holds files of rows, with the kinds that share it."""
    found: dict[VoiceStorage, list[Kind]] = {}
    for kind in kinds():
        found.setdefault(kind.storage(), []).append(kind)
    return found
