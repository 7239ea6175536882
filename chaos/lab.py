"""The scale, the stacks and the results of the rows of the table."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaos.trial import Trial, Verdict
from tests.rig.stacks import ProductionStack, SmallStack

LEASE_S = 30.0  # the product's default


@dataclass(frozen=True, slots=True)
class Scale:
    """The amount of work. With 1,000 jobs it is that of docs/RELIABILITY.md; with fewer, everything shrinks."""

    jobs: int

    @property
    def kills(self) -> int:
        return max(3, self.jobs * 3 // 10)

    @property
    def kills_of_the_small_size(self) -> int:
        """Fewer: its supervisor waits up to 30 s before it starts again what keeps dying."""
        return max(3, self.jobs // 10)

    @property
    def flushed(self) -> int:
        """Jobs in the queue when Redis forgets it."""
        return max(5, self.jobs // 5)

    @property
    def submits(self) -> int:
        """Requests while Redis is down."""
        return max(5, self.jobs // 10)

    @property
    def redis_down_s(self) -> float:
        return min(60.0, max(5.0, self.jobs * 0.06))

    @property
    def restarts(self) -> int:
        """Of PostgreSQL."""
        return max(2, self.jobs // 50)

    @property
    def stops(self) -> int:
        """SIGTERMs in mid-job."""
        return max(3, self.jobs // 20)

    @property
    def neighbours(self) -> int:
        """Jobs beside one that kills its worker."""
        return max(5, self.jobs // 10)

    @property
    def flood_s(self) -> float:
        """The time in which clients ask for far more than can be done."""
        return min(60.0, max(5.0, self.jobs * 0.2))

    @property
    def throughput_jobs(self) -> int:
        return max(8, self.jobs // 2)

    @property
    def drain_s(self) -> float:
        """The longest that the rig waits for the last job."""
        return 240.0 + 3.0 * self.jobs


@dataclass(frozen=True, slots=True)
class RowResult:
    """One row, measured. It passed where there are no failures; `not_measured` says why there was nothing to judge."""

    row: str
    what: str
    figures: dict[str, object] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    not_measured: str = ""

    @property
    def has_passed(self) -> bool:
        return not self.failures and not self.not_measured


@dataclass(frozen=True, slots=True)
class Lab:
    """The place where the rows run. `lease_s` goes to the stacks of all rows that do not need a shorter one."""

    folder: Path
    scale: Scale
    seed: int
    recording: Path
    say: Callable[[str], None]
    lease_s: float = LEASE_S

    def small(self, name: str, *, settings: Mapping[str, str]) -> Trial:
        """A trial of the small size."""
        return self._trial(name, SmallStack(self._folder(name), self._settings(settings), processes=2))

    def production(
        self,
        name: str,
        *,
        workers: int = 2,
        concurrency: int = 1,
        app: str = "podstream",
        postgresql_folder: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> Trial:
        """A trial of the production size."""
        stack = ProductionStack(
            self._folder(name),
            self._settings(settings or {}),
            workers=workers,
            concurrency=concurrency,
            app=app,
            postgresql_folder=postgresql_folder,
        )
        return self._trial(name, stack)

    def _settings(self, settings: Mapping[str, str]) -> dict[str, str]:
        return {"JOB_LEASE_S": str(self.lease_s), **settings}

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _trial(self, name: str, stack: SmallStack | ProductionStack) -> Trial:
        rng = random.Random(f"{self.seed} {name}")  # so that a row alone does what it does among the others
        return Trial(stack, recording=self.recording, rng=rng, say=lambda words: self.say(f"{name}: {words}"))


def production_stack(trial: Trial) -> ProductionStack:
    """The stack of a trial of the production size."""
    assert isinstance(trial.stack, ProductionStack)
    return trial.stack


def row_result(
    row: str, what: str, verdict: Verdict, *, figures: dict[str, object], failures: list[str] | None = None
) -> RowResult:
    """A row from its verdict and from what it measured itself."""
    return RowResult(row, what, {**figures, **verdict.figures}, verdict.findings + (failures or []))


def limits_broken(measured: dict[str, float], **limits: float) -> list[str]:
    """A sentence for each figure that is above its limit."""
    return [
        f"{name} is {measured[name]:g}, the limit is {limit:g}"
        for name, limit in limits.items()
        if measured[name] > limit
    ]
