"""Wakes jobs that were lost, fails those that cannot end, now instead of in the sweeper's rounds."""

from typing import Any

import redis
from django.core.management.base import CommandError

from voice.jobs.recovery import job_recover, recovery_count
from voice.management.maintenance import MaintenanceCommand


class Command(MaintenanceCommand):
    help = "Wake or end every job that is stuck: lost wake-ups, expired leases, dead workers, torn rows."

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        try:
            found = recovery_count()
            if not dry_run:
                with self.progress("recovering", total=found.total) as step:
                    found = job_recover(on_row=step)
        except redis.RedisError as error:
            raise CommandError("Redis is away: nobody can be woken. Start it, and run this again.") from error
        words = {
            "woken": found.woken,
            "failed because they lost their worker too often": found.lost,
            "failed with what they waited for": found.doomed,
            "torn": found.torn,
        }
        self.report(words, dry_run=dry_run)
