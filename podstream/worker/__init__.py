"""The life of a Celery worker around its tasks: its start, its chores, its end. CELERY_IMPORTS names the modules."""
