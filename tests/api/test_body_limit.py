"""Bodies that are too long are refused before they are read, and the client sees why."""

import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings

from voice.models import User

MEGABYTE = 1024 * 1024


@pytest.fixture
def headers(user: User) -> dict[str, str]:
    from voice.services.account import token_pair_issue

    return {"Authorization": f"Bearer {token_pair_issue(user=user).access}"}


def assert_too_large(response: httpx.Response, code: str) -> None:
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_an_upload_of_11_megabytes_is_told_413_and_not_a_reset(live_url: str, headers: dict[str, str]) -> None:
    response = httpx.post(
        f"{live_url}/api/voice/upload", files={"audio": b"\0" * 11 * MEGABYTE}, headers=headers, timeout=20
    )
    assert_too_large(response, "file_too_large")
    assert response.json()["limit_bytes"] == settings.MAX_VOICE_FILE_SIZE


def test_an_upload_of_40_megabytes_is_told_413_and_not_a_reset(live_url: str, headers: dict[str, str]) -> None:
    response = httpx.post(
        f"{live_url}/api/voice/upload", files={"audio": b"\0" * 40 * MEGABYTE}, headers=headers, timeout=20
    )
    assert_too_large(response, "file_too_large")


def test_a_file_one_byte_too_long_is_told_413_too(live_url: str, headers: dict[str, str]) -> None:
    content = b"\0" * (settings.MAX_VOICE_FILE_SIZE + 1)
    response = httpx.post(f"{live_url}/api/voice/upload", files={"audio": content}, headers=headers, timeout=20)
    assert_too_large(response, "file_too_large")
    assert response.json()["size_bytes"] == len(content)


def test_a_file_of_the_greatest_size_is_judged_by_its_content(live_url: str, headers: dict[str, str]) -> None:
    content = b"\0" * settings.MAX_VOICE_FILE_SIZE
    response = httpx.post(f"{live_url}/api/voice/upload", files={"audio": content}, headers=headers, timeout=20)
    assert response.json()["code"] == "unsupported_audio"


def test_a_body_without_a_declared_length_is_counted_and_cut(live_url: str, headers: dict[str, str]) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(400):
            yield b"\0" * 65_536

    response = httpx.post(
        f"{live_url}/api/voice/upload",
        content=endless(),
        headers={**headers, "Content-Type": "multipart/form-data; boundary=b"},
        timeout=20,
    )
    assert_too_large(response, "file_too_large")


def test_json_beyond_256_kilobytes_is_refused(live_url: str, headers: dict[str, str]) -> None:
    response = httpx.post(
        f"{live_url}/api/voice/synthesize", json={"text": "a" * MEGABYTE}, headers=headers, timeout=20
    )
    assert_too_large(response, "body_too_large")


def test_chunked_json_beyond_256_kilobytes_is_refused(live_url: str, headers: dict[str, str]) -> None:
    response = httpx.post(
        f"{live_url}/api/voice/synthesize",
        content=iter([b'{"text": "', b"a" * MEGABYTE, b'"}']),
        headers={**headers, "Content-Type": "application/json"},
        timeout=20,
    )
    assert_too_large(response, "body_too_large")


def test_the_answer_comes_before_the_body(live_url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(live_url).netloc, timeout=20)
    connection.putrequest("POST", "/api/voice/upload")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 413
    assert json.loads(response.read(int(response.headers["Content-Length"])))["code"] == "file_too_large"
    connection.close()


def test_a_client_that_expects_100_continue_never_sends_the_body(live_url: str) -> None:
    host, port = urlsplit(live_url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(
            b"POST /api/voice/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        answer = b"".join(iter(lambda: client.recv(65_536), b""))  # until the server closes
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_sees_the_413(live_url: str, headers: dict[str, str], tmp_path: Path) -> None:
    big = tmp_path / "big.wav"
    big.write_bytes(b"\0" * 20 * MEGABYTE)
    command = ["curl", "--silent", "--show-error", "--form", f"audio=@{big}", "--header", "Expect:"]
    command += ["--header", f"Authorization: {headers['Authorization']}", "--write-out", "\n%{http_code}"]
    result = subprocess.run([*command, f"{live_url}/api/voice/upload"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    body, status = result.stdout.rsplit("\n", 1)
    assert status == "413"
    assert json.loads(body)["code"] == "file_too_large"


def test_the_same_connection_serves_small_requests_one_after_the_other(live_url: str, headers: dict[str, str]) -> None:
    with httpx.Client(base_url=live_url, headers=headers) as client:
        assert [client.get("/api/voice/limits").status_code for _ in range(3)] == [200, 200, 200]
