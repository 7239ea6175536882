"""deploy/Caddyfile in front of a real web process."""

import shutil
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from tests.conftest import ROOT, StartServer, process_environment
from tests.rig.processes import HOST, answers, free_port

SERVE = "import socket; from local.web import main; main(socket.create_server(('127.0.0.1', {port})).detach())"
CADDY = Path(sys.executable).with_name("caddy")


def speaks_tls(port: int, authority: Path) -> bool:
    """Whether the proxy has its certificate yet: it listens, and answers its own API, before it does."""
    trusting = ssl.create_default_context(cafile=str(authority))
    try:
        with socket.create_connection((HOST, port), timeout=5) as plain:
            trusting.wrap_socket(plain, server_hostname="localhost").close()
    except OSError:
        return False
    return True


@pytest.fixture
def proxied(start_server: StartServer, tmp_path: Path, transactional_db: None) -> Iterator[httpx.Client]:
    """A client of the proxy that trusts its certificate, in front of a web process that believes it."""
    web, proxy, admin = free_port(), free_port(), free_port()
    environment = process_environment(FORWARDED_ALLOW_IPS=HOST, HTTPS_ONLY="True")
    live = f"http://{HOST}:{web}/health/live"
    start_server("web", [sys.executable, "-c", SERVE.format(port=web)], environment, is_ready=lambda: answers(live))
    variables = {"SITE": "localhost", "WEB": f"{HOST}:{web}", "ADMIN": f"{HOST}:{admin}"}
    folders = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    ports = {"HTTP_PORT": str(free_port()), "HTTPS_PORT": str(proxy)}
    command = [str(CADDY), "run", "--config", str(ROOT / "deploy" / "Caddyfile")]
    certificate = tmp_path / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    start_server(
        "proxy",
        command,
        {**variables, **folders, **ports},
        is_ready=lambda: certificate.exists() and speaks_tls(proxy, certificate),
    )
    trusting = ssl.create_default_context(cafile=str(certificate))
    with httpx.Client(base_url=f"https://localhost:{proxy}", verify=trusting) as client:
        yield client


@pytest.mark.timeout(120)
def test_it_speaks_tls_and_says_who_asks(proxied: httpx.Client) -> None:
    assert proxied.get("/health/live").status_code == 200
    page = proxied.get("/admin/login/")
    assert page.status_code == 200, "no redirect to https: the web process knows that it was https"
    assert page.cookies["csrftoken"]
    statuses = []
    for number in range(2 * settings.LOGINS_PER_MINUTE + 1):  # a minute may end meanwhile
        claimed = {"X-Forwarded-For": f"203.0.113.{number}"}
        body = {"username": f"nobody{number}", "password": "guess"}
        statuses.append(proxied.post("/api/auth/token", json=body, headers=claimed).status_code)
    assert 429 in statuses, "what a client says of its own address is not passed on"


@pytest.mark.timeout(120)
def test_it_refuses_what_is_longer_than_any_recording(proxied: httpx.Client) -> None:
    answer = proxied.post("/api/voice/upload", content=b"x" * 11_500_000)
    assert answer.status_code in {401, 413}


@pytest.mark.timeout(120)
def test_it_ends_connections_whose_headers_never_come(proxied: httpx.Client) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    port = proxied.base_url.port
    assert port is not None
    plain = socket.create_connection((HOST, port), timeout=30)
    with trusting.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        assert connection.recv(1) == b"", "closed, after the 10 s of the Caddyfile"


def test_the_proxy_is_installed() -> None:
    assert shutil.which(str(CADDY))
