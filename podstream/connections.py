"""The web server's connections: uvicorn's own, within bounds of time and number.

Uvicorn waits for ever for the head of a request, and for a client that does not read its answer; a few hundred such
clients hold a server. `--http podstream.connections:Connection` makes it use this class. Bodies are timed where they
are read (voice/api/body_limit.py).
"""

import asyncio
from collections.abc import Callable
from functools import cache

import h11
from django.conf import settings
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol

import podstream.asgi  # noqa: F401  (sets Django up; uvicorn imports this module first, which needs that)
from voice.api.body_limit import REFUSED, TOO_MANY_CONNECTIONS, address_key
from voice.api.exceptions import Refused, problem_parts
from voice.api.middleware import HEADER, request_id_from, request_observe
from voice.errors import Malformed, VoiceError

TOO_SLOW = Refused("too_slow", "The head of this request came too slowly, or not at all.", status=408)
UNCLEAR = Malformed("bad_request", "This is not HTTP that can be understood.")


class Connection(H11Protocol):
    """One connection. It is closed where its client takes CLIENT_TIMEOUT_S for a request's head or to read on, and
    refused while CONNECTIONS_PER_ADDRESS others of its address are open; those of the proxy are not counted.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._head = _Deadline(self.loop, lambda: self._refuse(TOO_SLOW))
        self._reading = _Deadline(self.loop, transport.abort)
        super().connection_made(transport)
        if self._is_one_too_many():
            self._refuse(TOO_MANY_CONNECTIONS)
        else:
            self._time_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head.lift()
        self._reading.lift()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():
            super().data_received(data)
            self._time_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading.set()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading.lift()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._reading.set()

    def send_400_response(self, msg: str) -> None:
        self._refuse(UNCLEAR)

    def _time_head(self) -> None:
        """Have the timer run from a head's beginning to its end: more of it does not wind it up again."""
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._head.lift()
        else:
            self._head.set()

    def _refuse(self, error: VoiceError) -> None:
        """Answer with a problem where an answer is still possible, and close."""
        status, headers, body = problem_parts(error, request_id=(request_id := request_id_from(None)))
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            request_observe(method="", route=REFUSED, status=status, duration_s=0.0)
            answer = h11.Response(status_code=status, headers=[*headers.items(), (HEADER, request_id)])
            for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._head.lift()
        self._reading.set()

    def _is_one_too_many(self) -> bool:
        address = address_key(self.client)
        if not address or self.client is None or _is_trusted(self.client[0], self.config.forwarded_allow_ips):
            return False
        of_others = (getattr(other, "client", None) for other in self.connections)  # this one is among them
        return sum(address_key(client) == address for client in of_others) > settings.CONNECTIONS_PER_ADDRESS


class _Deadline:
    """Calls `when_missed` after CLIENT_TIMEOUT_S. One that is set already is not put off by setting it again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, when_missed: Callable[[], object]) -> None:
        self._loop, self._when_missed = loop, when_missed
        self._timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(settings.CLIENT_TIMEOUT_S, self._when_missed)

    def lift(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _is_trusted(address: str, hosts: list[str] | str | None) -> bool:
    """True where `--forwarded-allow-ips` names the address, as uvicorn itself understands it."""
    return address in _middleware_of(hosts if isinstance(hosts, str) else ",".join(hosts or ())).trusted_hosts


@cache
def _middleware_of(hosts: str) -> ProxyHeadersMiddleware:
    return ProxyHeadersMiddleware(_no_app, hosts)


async def _no_app(*_: object) -> None:
    raise NotImplementedError
