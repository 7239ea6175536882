"""What every account has on this server: a table, JSON or CSV."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
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
        table = Table(*(column.replace("_", " ") for column in COLUMNS[1:]))
        totals: dict[str, float] = dict.fromkeys(COLUMNS[2:], 0)
        users = 0
        for row in rows:
            users += 1
            table.add_row(*(str(row[column]) for column in COLUMNS[1:]))
            totals = {column: round(total + float(row[column]), 3) for column, total in totals.items()}
        table.add_section()
        table.add_row(f"{users} accounts", *(f"{total:g}" for total in totals.values()))
        console = Console(width=None if self.stdout.isatty() else 200)
        with console.capture() as text:
            console.print(table)
        self.stdout.write(text.get())


def _figures(usage: UserUsage) -> Figures:
    row = asdict(usage)
    jobs = row.pop("jobs")
    return {**row, "user_id": str(usage.user_id), **{f"jobs_{state}": jobs[state] for state in JobState.values}}


def _inert(name: str) -> str:
    """A name that no spreadsheet takes for a formula; names may begin with + - @."""
    return f"'{name}" if name[:1] in "=+-@" else name
