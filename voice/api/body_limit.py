"""Guards what clients may hold of this process before Django sees their request: bodies, time and connections."""

import asyncio
import io
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, close_old_connections
from django.urls import Resolver404, resolve
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from voice.api.exceptions import Refused, problem_parts
from voice.api.middleware import HEADER, request_id_from, request_observe
from voice.audio.rejections import file_too_large
from voice.disk_full import is_out_of_room, storage_full
from voice.errors import ServiceUnavailable, TooLarge, TooManyTries, VoiceError

logger = logging.getLogger(__name__)
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

UPLOAD_PATH = "/api/voice/upload"
MIN_RATE_BYTES_S = 16_384
DISCARD_BYTES = 64 * 1024 * 1024
DISCARD_S = 10.0
REFUSED = "(refused)"  # stands for the route, which nobody looked for
TOO_MANY_CONNECTIONS = TooManyTries(
    "too_many_connections", "Too many requests from your address are under way. Try again when some have ended."
)


class BodyLimit:
    """ASGI middleware: reads a body only for those who may send one, in bounds of size, time and number.

    Django reads a whole body before anything of ours runs. So here, before a byte of it:

    - A body for a view that wants a token is read only if the token is good. Otherwise Django answers, as if there
      were no body.
    - 413 for one beyond the limit of its route, by its declared or by its counted length.
    - 503 for a recording while UPLOADS_AT_ONCE others arrive; 429 beyond CONNECTIONS_PER_ADDRESS requests at once of
      one address; 408 for a body that stands still for CLIENT_TIMEOUT_S, or comes at less than 16 KiB a second.
    - 507 for one that the disk has no room for.

    Of a body that is not wanted nothing is kept; a bounded rest of it is read and dropped after the answer, because
    closing a connection with unread bytes resets it, and the client would see that instead of the answer. Also
    answers the lifespan events, which Django does not know.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self._under_way: Counter[str] = Counter()
        self._uploads = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        refusal, address = _Refusal(scope, receive, send), address_key(scope.get("client"))
        if address and self._under_way[address] >= settings.CONNECTIONS_PER_ADDRESS:
            await refusal.answer(TOO_MANY_CONNECTIONS)
            return
        self._under_way[address] += 1
        try:
            async with ThreadSensitiveContext():  # the token is checked in the thread that will answer
                await self._serve(scope, receive, send, refusal)
        finally:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]

    async def _serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send, refusal: "_Refusal") -> None:
        headers, limit = dict(scope["headers"]), _limit_of(scope["path"])
        if _declared_length(headers) > limit:
            await refusal.answer(_too_large(scope["path"]))
            return
        has_body = _declared_length(headers) > 0 or b"transfer-encoding" in headers
        if has_body and not await sync_to_async(_may_send_body)(scope):
            await self.app(scope, _NoBody().receive, _Unread(scope, receive, send).send)
            return
        is_upload = has_body and scope["path"] == UPLOAD_PATH
        if is_upload and self._uploads >= settings.UPLOADS_AT_ONCE:
            await refusal.answer(
                ServiceUnavailable("busy", "Too many recordings are arriving just now. Upload it again in a minute.")
            )
            return
        body = _Body(receive, limit, too_large=_too_large(scope["path"]), on_end=self._upload_ended(is_upload))
        try:
            await self.app(scope, body.receive, send)
        except OSError as error:  # a long body is the one thing that Django writes outside of its handlers of errors
            if not is_out_of_room(error):
                raise
            logger.error("storage_full: no room in %s for the body of a request", tempfile.gettempdir())
            await refusal.answer(storage_full())
        finally:
            body.end()
        if body.error is not None:
            await refusal.answer(body.error, is_read_on=body.error is not TOO_SLOW)

    def _upload_ended(self, is_upload: bool) -> Callable[[], None]:
        """Count an upload; what comes back ends it."""
        counted = int(is_upload)
        self._uploads += counted

        def end() -> None:
            self._uploads -= counted

        return end


class _Body:
    """Passes a body on, up to its limits; beyond them, the application gets to know that the client has gone.

    `on_end` is called once: when the body is whole or given up.
    """

    def __init__(self, receive: Receive, limit: int, *, too_large: VoiceError, on_end: Callable[[], None]) -> None:
        self._receive, self._limit, self._too_large, self._on_end = receive, limit, too_large, on_end
        self._began = self._last = time.monotonic()
        self._size = 0
        self._is_over = False
        self.error: VoiceError | None = None

    async def receive(self) -> Message:
        if self._is_over:
            return await self._receive()
        try:
            async with asyncio.timeout(self._left_s()):
                message = await self._receive()
        except TimeoutError:
            return self._give_up(TOO_SLOW)
        self._last = time.monotonic()
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            return self._give_up(self._too_large)
        if not message.get("more_body", False):
            self.end()
        return message

    def end(self) -> None:
        """Nothing more is waited for."""
        if not self._is_over:
            self._is_over = True
            self._on_end()

    def _left_s(self) -> float:
        grace_s = settings.CLIENT_TIMEOUT_S
        end = min(self._last, self._began + self._size / MIN_RATE_BYTES_S) + grace_s
        return max(0.0, end - time.monotonic())

    def _give_up(self, error: VoiceError) -> Message:
        self.error = error
        self.end()
        return {"type": "http.disconnect"}


class _NoBody:
    """Stands for the body that is not read."""

    def __init__(self) -> None:
        self._is_told = False

    async def receive(self) -> Message:
        if self._is_told:
            await asyncio.Event().wait()  # Django cancels this when it has answered
        self._is_told = True
        return {"type": "http.request", "body": b"", "more_body": False}


class _Unread:
    """Sends an answer whose request has a body that nobody read, then drops a bounded rest of that, and closes."""

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self._is_coming = b"expect" not in dict(scope["headers"])  # whoever expects "100 Continue" has not sent it
        self._receive, self._send = receive, send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [header for header in message["headers"] if header[0].lower() != b"connection"]
            message = {**message, "headers": [*kept, (b"connection", b"close")]}
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not is_last:
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        if self._is_coming:
            await _discard(self._receive)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


class _Refusal:
    """Answers a request in Django's stead."""

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._started = time.monotonic()

    async def answer(self, error: VoiceError, *, is_read_on: bool = True) -> None:
        """Send the problem; with `is_read_on` a rest of the body is dropped before the connection is closed."""
        headers = dict(self._scope["headers"])
        request_id = request_id_from(headers.get(HEADER.lower().encode(), b"").decode("latin1"))
        status, answer_headers, body = problem_parts(error, request_id=request_id)
        answer_headers[HEADER] = request_id
        duration_s = time.monotonic() - self._started
        request_observe(method=self._scope["method"], route=REFUSED, status=status, duration_s=duration_s)
        encoded = [(name.lower().encode(), value.encode()) for name, value in answer_headers.items()]
        send = _Unread(self._scope, self._receive, self._send).send if is_read_on else self._send
        start = [*encoded, *_cors_headers(headers)]
        await send({"type": "http.response.start", "status": status, "headers": start})
        await send({"type": "http.response.body", "body": body, "more_body": False})


TOO_SLOW = Refused("too_slow", "The body of this request came too slowly, or stood still.", status=408)


def address_key(client: tuple[str, int] | None) -> str:
    """The address that a client is counted by, "" for none: of IPv6 the network, which one subscriber has whole."""
    if client is None:
        return ""
    with suppress(ValueError):
        if isinstance(address := ip_address(client[0]), IPv6Address) and address.ipv4_mapped is None:
            return address.exploded[:19]  # its first 64 bits
    return client[0]


def _may_send_body(scope: MutableMapping[str, Any]) -> bool:
    """True unless nothing is at this path, or what is there wants a token, and there is no good one."""
    request = ASGIRequest(scope, io.BytesIO())
    try:
        view = getattr(resolve(request.path_info).func, "cls", None)
        wanted = view.authentication_classes if view is not None else []
        return not wanted or any(each().authenticate(Request(request)) for each in wanted)
    except (Resolver404, APIException, DatabaseError):
        return False  # the view finds the same, and says so
    finally:
        close_old_connections()


def _limit_of(path: str) -> int:
    if path == UPLOAD_PATH:
        return int(settings.MAX_VOICE_FILE_SIZE + settings.UPLOAD_OVERHEAD)
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)


def _declared_length(headers: dict[bytes, bytes]) -> int:
    declared = headers.get(b"content-length", b"")
    return int(declared) if declared.isdigit() else 0


def _too_large(path: str) -> VoiceError:
    if path == UPLOAD_PATH:
        return file_too_large(limit_bytes=settings.MAX_VOICE_FILE_SIZE)
    limit = _limit_of(path)
    return TooLarge(
        "body_too_large", f"The body of this request may have {limit} bytes.", details={"limit_bytes": limit}
    )


def _cors_headers(headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """So that a front end on another origin sees why, as where Django answers."""
    origin = headers.get(b"origin", b"")
    if origin.decode("latin1") not in settings.CORS_ALLOWED_ORIGINS:
        return []
    exposed = ", ".join(settings.CORS_EXPOSE_HEADERS).encode()
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", exposed),
        (b"vary", b"origin"),
    ]


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
