"""A new account, uploads, and the real server in a thread."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from tests.conftest import ALL_QUEUES, wait_until
from tests.waveforms import flac_bytes, speech_like
from voice.jobs.heartbeat import INDEX, Heartbeat, heartbeat_end, heartbeat_send
from voice.redis_client import redis_client

RECORDING = flac_bytes(speech_like(11.0, 16_000))
NEW = {"username": "grace", "password": "a compiler for everyone", "email": "grace@example.com"}
"""What somebody registers with."""


@pytest.fixture(autouse=True)
def living_worker(redis_server: None) -> Iterator[Heartbeat]:
    """As far as the web can see, somebody serves every queue."""
    queues = tuple(ALL_QUEUES.split(","))
    heartbeat = Heartbeat(name="worker@test", pid=1, pool="prefork", concurrency=2, queues=queues)
    redis_client().delete(INDEX)  # nobody of an earlier test that was killed is believed to live
    heartbeat_send(heartbeat)
    yield heartbeat
    heartbeat_end(heartbeat)


@pytest.fixture
def anybody() -> APIClient:
    """Who has not signed in."""
    return APIClient()


@pytest.fixture
def upload(api: APIClient) -> Callable[..., Any]:
    """Sends a recording as the signed-in user."""

    def send(
        content: bytes = RECORDING,
        file_name: str = "intro.flac",
        *,
        headers: dict[str, str] | None = None,
        client: APIClient = api,
        **fields: str,
    ) -> Any:
        form = {"audio": SimpleUploadedFile(file_name, content), **fields}
        return client.post("/api/voice/upload", form, format="multipart", headers=headers)

    return send


@pytest.fixture
def live_url(transactional_db: None) -> Iterator[str]:
    """The whole ASGI application on a port, as in production; same process, same test database."""
    import uvicorn

    from podstream.asgi import application
    from podstream.connections import Connection

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, http=Connection, timeout_graceful_shutdown=3))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
