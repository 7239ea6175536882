"""Celery's tasks: each calls a service."""

from celery import shared_task

from voice.jobs.recovery import job_sweep
from voice.jobs.run import job_run_next
from voice.services.cleanup import expired_cleanup, orphans_cleanup
from voice.services.user_delete import closed_account_remove


@shared_task(name="voice.run_job")
def run_job(kind: str) -> None:
    """Do the job of a kind whose turn it is, if one is due."""
    job_run_next(kind=kind)


@shared_task(name="voice.sweep", time_limit=120)
def sweep() -> None:
    """Wake what was lost, and remove closed accounts (called by beat)."""
    job_sweep()
    closed_account_remove()


# A message of these is taken as done when it is received: they are longer than the broker waits, and beat sends more.
@shared_task(name="voice.cleanup_expired", acks_late=False, time_limit=6 * 3600)
def cleanup_expired() -> None:
    """Remove what is older than it may get (called by beat)."""
    expired_cleanup()


@shared_task(name="voice.cleanup_orphans", acks_late=False, time_limit=6 * 3600)
def cleanup_orphans() -> None:
    """Remove files that no row names (called by beat)."""
    orphans_cleanup()
