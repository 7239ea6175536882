"""The first steps of a web, worker or beat process."""

import logging
import sys

from django.core.checks import Tags, run_checks

from podstream.sentry import report_to_sentry


def start_process() -> None:
    """Stop if a setting makes no sense; then send bugs and Python's warnings where everything else is logged."""
    refuse_nonsense()
    logging.captureWarnings(True)
    report_to_sentry()


def refuse_nonsense() -> None:
    """End this process, with what is wrong and no traceback, where a setting makes no sense.

    Only the checks of settings run: those of models, URLs and the admin are for `manage.py check`, which `make run`
    and every deployment go through, and would slow down each start.
    """
    errors = [
        found for found in run_checks(tags=[Tags.compatibility]) if found.is_serious() and not found.is_silenced()
    ]
    if errors:
        sys.exit("The settings are not usable.\n" + "\n".join(str(error) for error in errors))
