"""The Celery application. Its settings are the CELERY_ ones in podstream/settings.py."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podstream.settings")

app = Celery("podstream")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
