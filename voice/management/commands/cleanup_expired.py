"""Removes recordings, audio and history that are older than the RETENTION_ settings say."""

from typing import Any

from voice.management.maintenance import MaintenanceCommand
from voice.services.cleanup import ExpiredCounts, expired_cleanup, expired_count


class Command(MaintenanceCommand):
    help = "Remove recordings, audio and history beyond RETENTION_UPLOAD_DAYS, _AUDIO_DAYS and _HISTORY_DAYS."

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        found = expired_count()
        if dry_run:
            self._tell(found, dry_run=True)
            return
        with self.progress("removing", total=found.total) as step:
            done = expired_cleanup(on_row=step)
        self._tell(done, dry_run=False)

    def _tell(self, counts: ExpiredCounts, *, dry_run: bool) -> None:
        words = {
            "entries of the history": counts.history,
            "audio files": counts.audio,
            "recordings": counts.samples,
        }
        self.tell(words, dry_run=dry_run)
