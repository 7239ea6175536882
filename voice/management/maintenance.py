"""The base of the commands that look after the data."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class MaintenanceCommand(BaseCommand):
    """A command with --dry-run, a progress bar where somebody watches, and its counts in one line at the end."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Count what would be done, and do nothing.")

    @contextmanager
    def progress(self, words: str, *, total: int | None = None) -> Iterator[Callable[[], None]]:
        """A bar on stderr while the block runs; call what it yields once per step. Nothing where stderr is a file."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(file=sys.stderr)
        with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task(words, total=total)
            yield lambda: bar.advance(task)

    def report(self, counts: Mapping[str, int], *, dry_run: bool) -> None:
        """The counts, in one line."""
        words = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.stdout.write(f"dry run, nothing was changed: {words}" if dry_run else words)
