"""What a Celery worker does beside its tasks: how it starts, lives and ends. Celery imports it by CELERY_IMPORTS."""
