"""Removes recordings, audio and history that are older than the RETENTION_ settings say."""

from collections import Counter
from typing import Any

from voice.management.maintenance import MaintenanceCommand
from voice.services.cleanup import AUDIO_FILES, expired_cleanup, expired_count


class Command(MaintenanceCommand):
    help = "Remove recordings, audio and history beyond RETENTION_UPLOAD_DAYS, _AUDIO_DAYS and _HISTORY_DAYS."

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        found = expired_count()
        if dry_run:
            self.report(_words(found), dry_run=True)
            return
        with self.progress("removing", total=found.total()) as step:
            done = expired_cleanup(on_row=step)
        self.report(_words(done), dry_run=False)


def _words(counts: Counter[str]) -> dict[str, int]:
    """Speech as the API calls it, whatever else can expire as it is called, and never a kind that is always kept."""
    names = {"syntheses": "entries of the history", AUDIO_FILES: AUDIO_FILES, "samples": "recordings"}
    return {names.get(name, name): counts[name] for name in (*names, *counts) if name in names or counts[name]}
