"""ASGI entry point."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podstream.settings")

_django: Any = get_asgi_application()  # loads the settings and the apps, which the imports below need

from django.conf import settings  # noqa: E402

from podstream.embedded import ensure_redis  # noqa: E402
from podstream.start import start_process  # noqa: E402
from voice.api.body_limit import BodyLimit  # noqa: E402

start_process()
if settings.REDIS_IS_EMBEDDED:
    ensure_redis(settings.VAR_DIR)

application = BodyLimit(_django)
