"""The usage of every account on this server: a table, JSON or CSV."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voice.models.lifecycle import JobState
from voice.selectors import UserUsage, usage_by_user

Figures = dict[str, str | int | float]
WORDS = ("user_id", "username")
SUMMED = ("samples", "sample_s", "sample_bytes", "voices", "syntheses", "speech_s", "speech_bytes")
COLUMNS = (*WORDS, *SUMMED, *(f"jobs_{state}" for state in JobState.values))


class Command(BaseCommand):
    help = "Recordings, voices, speech and jobs of every account. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="One JSON object per line and account.")
        form.add_argument("--csv", action="store_true", help="CSV with a header.")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = (_figures(usage) for usage in usage_by_user())
        if options["json"]:
            for row in rows:
                self.stdout.write(json.dumps(row, ensure_ascii=False))
        elif options["csv"]:
            writer = csv.DictWriter(self.stdout, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({**row, "username": _inert(str(row["username"]))} for row in rows)
        else:
            self._print_table(rows)

    def _print_table(self, rows: Iterator[Figures]) -> None:
        """The figures that fit a terminal: the seconds are of speech, the bytes of recordings and speech."""
        table = Table("account", "recordings", "voices", "speech", "seconds", "megabytes", "jobs")
        total: Figures = dict.fromkeys(COLUMNS, 0)
        accounts = 0
        for row in rows:
            accounts += 1
            table.add_row(*_cells(row))
            total = {name: float(total[name]) + float(row[name]) for name in COLUMNS if name not in WORDS}
        table.add_section()
        table.add_row(*_cells({**total, "username": f"{accounts} accounts"}))
        console = Console(width=None if self.stdout.isatty() else 120)
        with console.capture() as text:
            console.print(table)
        self.stdout.write(text.get())


def _cells(row: Figures) -> tuple[str, ...]:
    jobs = {state: int(row[f"jobs_{state}"]) for state in JobState.values}
    return (
        escape(str(row["username"])),
        *(f"{float(row[name]):.0f}" for name in ("samples", "voices", "syntheses", "speech_s")),
        f"{(float(row['sample_bytes']) + float(row['speech_bytes'])) / 1e6:.1f}",
        ", ".join(f"{count} {state}" for state, count in jobs.items() if count),
    )


def _figures(usage: UserUsage) -> Figures:
    row = asdict(usage)
    jobs = row.pop("jobs")
    return {**row, "user_id": str(usage.user_id), **{f"jobs_{state}": jobs[state] for state in JobState.values}}


def _inert(name: str) -> str:
    """A name that no spreadsheet takes for a formula; names may begin with + - @."""
    return f"'{name}" if name[:1] in "=+-@" else name
