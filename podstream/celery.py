"""The Celery application. Its settings are the CELERY_ ones in podstream/settings.py."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podstream.settings")

app = Celery("podstream")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """Workers log as the web does: with a receiver here, Celery leaves the LOGGING of the settings alone."""
