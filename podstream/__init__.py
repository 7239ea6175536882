"""The Django project. Celery's application is imported here so that tasks bind to it."""

from podstream.celery import app

__all__ = ["app"]
