"""The screen of the demo: bars on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

DECIMALS = {"Hz": 0, "%": 2}


class SecondsColumn(ProgressColumn):
    """The time that a step has taken, to a tenth of a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.elapsed or 0.0:.1f} s")


@dataclass(slots=True)
class Screen:
    """Shows steps, and remembers how long each took."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    timings: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[float], None]]:
        """One step with its bar; yields a function to call with the share that is done, 0..1."""
        started = time.monotonic()
        if self.console.is_terminal:
            with self._bar(title) as update:
                yield update
                update(1.0)
        else:
            yield lambda share: None
        elapsed_s = time.monotonic() - started
        self.timings.append((title, elapsed_s))
        if not self.console.is_terminal:
            self.console.print(f"{title}: {elapsed_s:.1f} s", markup=False)

    @contextmanager
    def _bar(self, title: str) -> Iterator[Callable[[float], None]]:
        columns = (
            TextColumn("{task.description:<24}"),
            BarColumn(),
            TaskProgressColumn(),
            SecondsColumn(),
        )
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(title, total=1.0)

            def update(share: float) -> None:
                progress.update(task, completed=share)

            yield update

    def say(self, text: str = "") -> None:
        """One line, as it is."""
        self.console.print(text, markup=False)

    def total_s(self) -> float:
        """The time that all steps took together."""
        return sum(elapsed_s for _, elapsed_s in self.timings)

    def quality_table(self, quality: dict[str, Any]) -> None:
        """The recording's score, its parts, and what would make it better."""
        title = f"Quality of the recording: {quality['score']:.0f} of 100"
        table = Table("Part", "Measured", "Score", "Advice", title=title, title_justify="left")
        for name, part in quality["parts"].items():
            measured = f"{part['value']:,.{DECIMALS.get(part['unit'], 1)}f} {part['unit']}"
            table.add_row(name.replace("_", " "), measured, f"{part['score']:.0f}", part["advice"] or "good")
        self.console.print(table)
