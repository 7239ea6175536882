"""Removes files that no row names, and reports rows whose file is missing."""

from typing import Any

from django.core.management.base import CommandParser

from voice.management.maintenance import MaintenanceCommand
from voice.services.cleanup import orphans_cleanup


class Command(MaintenanceCommand):
    help = "Remove files without rows, older than ORPHAN_GRACE_S, and find rows without files. On disk and on S3."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--repair-rows",
            action="store_true",
            help="Where a file is lost for good: mark speech as removed, delete recordings and voices.",
        )

    def handle(self, *args: Any, dry_run: bool, repair_rows: bool, **options: Any) -> None:
        with self.progress("looking") as step:
            found = orphans_cleanup(dry_run=dry_run, repair_rows=repair_rows, on_step=step)
        words = {
            "files": found.files,
            "orphans": found.orphans,
            "bytes in them": found.orphan_bytes,
            "not ours": found.foreign,
            "rows": found.rows,
            "rows without their file": found.rows_without_file,
        }
        self.report(words, dry_run=dry_run)
