"""A real web process, and real sockets that hold it up: each is let go, and others are served meanwhile."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.conftest import StartWeb, process_environment, wait_until
from tests.rig.processes import Server
from voice.api.body_limit import address_key
from voice.models import User
from voice.services.account import token_pair_issue

SOON = {"CLIENT_TIMEOUT_S": "1"}
NEVER = {"CLIENT_TIMEOUT_S": "600"}
Connect = Callable[[str], socket.socket]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens sockets that end with the test, and that wait 30 s for an answer."""
    with ExitStack() as opened:

        def to(url: str) -> socket.socket:
            port = urlsplit(url).port
            assert port
            return opened.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=30)))

        yield to


@pytest.fixture
def token(user: User) -> str:
    return token_pair_issue(user=user).access


def head(*lines: str, path: str = "/api/voice/upload", method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def until_closed(client: socket.socket) -> bytes:
    """All that the server sends before it closes."""
    return b"".join(iter(lambda: client.recv(65_536), b""))


def problem_in(answer: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


def work_bytes(server: Server) -> int:
    """What the server holds in files: Django's temporary ones have no names."""
    found = 0
    for process in server.tree():
        for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                if "(deleted)" in str(descriptor.readlink()):
                    found += descriptor.stat().st_size
            except OSError:
                continue
    return found


def test_a_head_that_does_not_end_is_answered_408_and_closed(
    transactional_db: None, start_web: StartWeb, connect: Connect
) -> None:
    url, _ = start_web(process_environment(**SOON))
    silent, slow = connect(url), connect(url)
    slow.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-A: ")
    for client in (silent, slow):
        answer = until_closed(client)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert problem_in(answer)["code"] == "too_slow"


def test_bytes_now_and_then_do_not_keep_a_head_open(
    transactional_db: None, start_web: StartWeb, connect: Connect
) -> None:
    url, _ = start_web(process_environment(**SOON))
    client = connect(url)
    client.settimeout(0.1)
    client.sendall(b"GET /health/live HTTP/1.1\r\n")
    answer = b""
    for number in range(300):
        try:
            client.sendall(f"X-{number}: a\r\n".encode())
            answer += client.recv(65_536)
        except TimeoutError:
            continue
        except OSError:
            break
        if answer:
            break
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_second_request_of_a_connection_has_its_time_too(
    transactional_db: None, start_web: StartWeb, connect: Connect
) -> None:
    url, _ = start_web(process_environment(**SOON))
    client = connect(url)
    client.sendall(head(path="/health/live", method="GET"))
    assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")
    client.sendall(b"GET /health/live")
    assert b"HTTP/1.1 408 " in until_closed(client)


def test_a_body_that_stands_still_is_answered_408(
    transactional_db: None, start_web: StartWeb, connect: Connect, token: str
) -> None:
    url, server = start_web(process_environment(**SOON))
    client = connect(url)
    client.sendall(
        head(
            "Content-Type: multipart/form-data; boundary=b",
            "Content-Length: 5000000",
            f"Authorization: Bearer {token}",
        )
    )
    client.sendall(b"a" * 3_000_000)
    answer = until_closed(client)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert problem_in(answer)["code"] == "too_slow"
    wait_until(lambda: work_bytes(server) == 0)


def test_a_body_without_a_token_is_refused_before_it_is_read_and_nothing_is_kept(
    transactional_db: None, start_web: StartWeb, connect: Connect
) -> None:
    url, server = start_web(process_environment(**NEVER))
    clients = [connect(url) for _ in range(12)]
    before = sum(process.memory_info().rss for process in server.tree())
    for number, client in enumerate(clients):
        wrong = [] if number % 2 else ["Authorization: Bearer x.y.z"]
        client.sendall(head("Content-Type: multipart/form-data; boundary=b", "Content-Length: 10000000", *wrong))
    for client in clients:  # the answer comes while the body is still to come
        assert client.recv(65_536).startswith(b"HTTP/1.1 401 ")
    for client in clients:
        client.sendall(b"a" * 9_000_000)
    assert work_bytes(server) == 0
    assert sum(process.memory_info().rss for process in server.tree()) - before < 64_000_000


def test_an_anonymous_upload_that_is_sent_whole_sees_its_401(transactional_db: None, start_web: StartWeb) -> None:
    url, _ = start_web(process_environment(**NEVER))
    answer = httpx.post(f"{url}/api/voice/upload", files={"audio": b"a" * 9_000_000}, timeout=30)
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_more_uploads_at_once_than_allowed_are_told_503_and_a_place_is_free_again(
    transactional_db: None, start_web: StartWeb, connect: Connect, token: str
) -> None:
    url, server = start_web(process_environment(UPLOADS_AT_ONCE="2", **NEVER))
    begun = head(
        "Content-Type: multipart/form-data; boundary=b", "Content-Length: 5000000", f"Authorization: Bearer {token}"
    )
    held = [connect(url) for _ in range(2)]
    for client in held:
        client.sendall(begun + b"a" * 3_000_000)
    wait_until(lambda: work_bytes(server) > 5_000_000)
    headers = {"Authorization": f"Bearer {token}"}

    def upload() -> httpx.Response:
        return httpx.post(f"{url}/api/voice/upload", files={"audio": b"a" * 1000}, headers=headers, timeout=30)

    refused = upload()
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    held[0].close()
    wait_until(lambda: upload().status_code == 415)


def test_one_address_has_so_many_connections_and_no_more(
    transactional_db: None, start_web: StartWeb, connect: Connect
) -> None:
    url, _ = start_web(process_environment(CONNECTIONS_PER_ADDRESS="5", **NEVER), "--forwarded-allow-ips", "")
    clients = [connect(url) for _ in range(5)]
    refused = until_closed(connect(url))
    assert refused.startswith(b"HTTP/1.1 429 ")
    assert problem_in(refused)["code"] == "too_many_connections"
    assert b"Retry-After: " in refused
    clients[0].close()
    wait_until(lambda: httpx.get(f"{url}/health/live", timeout=30).status_code == 200)


def test_behind_the_proxy_the_clients_are_counted_and_not_the_proxy(
    transactional_db: None, start_web: StartWeb, connect: Connect
) -> None:
    environment = process_environment(CONNECTIONS_PER_ADDRESS="3", FORWARDED_ALLOW_IPS="127.0.0.1", **NEVER)
    url, _ = start_web(environment, "--forwarded-allow-ips", "127.0.0.1")
    body = ["Content-Type: application/json", "Content-Length: 100", "X-Forwarded-For: 192.0.2.1"]
    held = [connect(url) for _ in range(3)]
    for client in held:
        client.sendall(head(*body, path="/api/auth/token") + b"{")

    def status_for(address: str) -> int:
        return httpx.get(f"{url}/health/live", headers={"X-Forwarded-For": address}, timeout=30).status_code

    wait_until(lambda: status_for("192.0.2.1") == 429)
    assert status_for("192.0.2.2") == 200


def test_a_client_that_does_not_read_its_answer_is_let_go(
    transactional_db: None, start_web: StartWeb, connect: Connect
) -> None:
    url, server = start_web(process_environment(**SOON))
    client = connect(url)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for _ in range(40):  # some megabytes of answers, in one go
        client.sendall(head(path="/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js", method="GET"))
    process = psutil.Process(server.process.pid)
    port = client.getsockname()[1]
    wait_until(lambda: all(not each.raddr or each.raddr.port != port for each in process.net_connections()))


@pytest.mark.parametrize(
    ("client", "key"),
    [
        (None, ""),
        (("192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:0db8:0001:0002"),
        (("2001:db8:1:2::9", 1), "2001:0db8:0001:0002"),
        (("unknown", 1), "unknown"),
    ],
)
def test_a_subscriber_of_ipv6_is_one_address(client: tuple[str, int] | None, key: str) -> None:
    assert address_key(client) == key
