"""Cuts request bodies that are too long, before Django writes them to a disk."""

import asyncio
import json
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from voice.api.exceptions import MEDIA_TYPE, problem_of
from voice.api.middleware import HEADER, request_id_from, request_observe
from voice.disk_full import is_out_of_room, storage_full
from voice.errors import TooLarge, VoiceError

logger = logging.getLogger(__name__)
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

UPLOAD_PATH = "/api/voice/upload"
DISCARD_BYTES = 64 * 1024 * 1024
DISCARD_S = 10.0
BODY_REFUSED = "(body refused)"  # stands for the route, which nobody looked for


class BodyLimit:
    """ASGI middleware: 413 for a body beyond the limit of its route, by its declared or by its counted length; 507 for
    one that the disk has no room for.

    Django reads a whole body before anything of ours runs. Of a body that is too long nothing is kept; a bounded
    rest of it is read and dropped after the answer, because closing a connection with unread bytes resets it, and
    the client would see that instead of the answer. Also answers the lifespan events, which Django does not know.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        started = time.monotonic()
        headers = dict(scope["headers"])
        limit = _limit_of(scope["path"])
        if _declared_length(headers) > limit:
            await _refuse(scope, receive, send, error=_too_large(scope["path"]), started=started)
            return
        counter = _Counter(receive, limit)
        try:
            await self.app(scope, counter.receive, send)
        except OSError as error:  # a long body is the one thing that Django writes outside of its handlers of errors
            if not is_out_of_room(error):
                raise
            logger.error("storage_full: no room in %s for the body of a request", tempfile.gettempdir())
            await _refuse(scope, receive, send, error=storage_full(), started=started)
        if counter.is_over:
            await _refuse(scope, receive, send, error=_too_large(scope["path"]), started=started)


class _Counter:
    """Passes a body on up to its limit; beyond it, the application gets to know that the client has gone."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self.is_over = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.is_over = True
            return {"type": "http.disconnect"}
        return message


def _limit_of(path: str) -> int:
    if path == UPLOAD_PATH:
        return int(settings.MAX_VOICE_FILE_SIZE + settings.UPLOAD_OVERHEAD)
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)


def _declared_length(headers: dict[bytes, bytes]) -> int:
    declared = headers.get(b"content-length", b"")
    return int(declared) if declared.isdigit() else 0


async def _refuse(
    scope: MutableMapping[str, Any], receive: Receive, send: Send, *, error: VoiceError, started: float
) -> None:
    headers = dict(scope["headers"])
    request_id = request_id_from(headers.get(HEADER.lower().encode(), b"").decode("latin1"))
    answer = problem_of(error, request_id=request_id)
    status = answer["status"]
    request_observe(method=scope["method"], route=BODY_REFUSED, status=status, duration_s=time.monotonic() - started)
    body = json.dumps(answer).encode()
    answer_headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (HEADER.encode(), request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": answer_headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    if b"expect" not in headers:  # whoever expects "100 Continue" has not sent the body, and now will not
        await _discard(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _too_large(path: str) -> VoiceError:
    if path == UPLOAD_PATH:
        limit, code = settings.MAX_VOICE_FILE_SIZE, "file_too_large"
        message = f"A recording may have {limit} bytes. Send a shorter one, or compress it as FLAC or MP3."
    else:
        limit, code = _limit_of(path), "body_too_large"
        message = f"The body of this request may have {limit} bytes."
    return TooLarge(code, message, details={"limit_bytes": limit})


async def _discard(receive: Receive) -> None:
    left = DISCARD_BYTES
    try:
        async with asyncio.timeout(DISCARD_S):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return  # a client that sends nothing more has its answer by now


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
