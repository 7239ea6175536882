"""ASGI entry point."""

import os
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podstream.settings")
django.setup(set_prefix=False)  # the imports below need the settings and the apps

from django.conf import settings  # noqa: E402

from local.local_redis import ensure_redis  # noqa: E402
from podstream.start import start_process  # noqa: E402
from voice.api.body_limit import BodyLimit  # noqa: E402


class SyncHandler(ASGIHandler):
    """Django's handler, which answers in one go in the request's thread.

    Our views and middleware are all synchronous. Django would run each middleware on the event loop and hand its every
    half to the thread: some twenty handovers, which took more time than most requests.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: Any) -> Any:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)


start_process()
if settings.REDIS_IS_EMBEDDED:
    ensure_redis(settings.VAR_DIR)

django_application: Any = SyncHandler()
application = BodyLimit(django_application)
