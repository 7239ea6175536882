"""Every error is RFC 9457 problem details, and none says how the server is made."""

import json
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client, RequestFactory
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.test import APIClient

from tests.api.rows import ready_model
from voice import errors
from voice.api.exceptions import STATUS, problem_handler
from voice.models import User

MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(response.content)
    assert set(body) >= MEMBERS
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/problems/{code}")
    assert body["request_id"] == response.headers["X-Request-ID"]
    return body


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/nope", "/api/nope", "/api/voice/samples/", "/api/voice/samples/7", "/admin/nope"])
def test_an_unknown_address_is_not_found(api: APIClient, path: str) -> None:
    response = api.get(path)
    if path.startswith("/admin/"):
        assert response.status_code == 302  # to the login page
        return
    assert_problem(response, 404, "not_found")


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["post", "put", "options", "trace", "delete"])
def test_another_method_is_not_allowed(api: APIClient, method: str) -> None:
    response = api.generic(method.upper(), "/api/voice/samples")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, HEAD"


@pytest.mark.django_db
def test_json_is_all_there_is(api: APIClient) -> None:
    assert_problem(api.get("/api/voice/samples", headers={"Accept": "text/html"}), 406, "not_acceptable")


@pytest.mark.django_db
def test_another_type_of_body_is_not_supported(api: APIClient) -> None:
    response = api.post("/api/voice/clone", "name=x", content_type="application/x-www-form-urlencoded")
    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["{", "", "nul", '{"a": NaN}', "\xff", '{"a": 1,}', "[" * 100_000, "1" * 5000])
def test_a_body_that_is_no_json_is_malformed(api: APIClient, body: str) -> None:
    response = api.post("/api/voice/clone", body.encode("latin1"), content_type="application/json")
    if body == "":  # no body is an empty form: its fields are missing
        assert_problem(response, 422, "invalid")
        return
    assert_problem(response, 400, "malformed_json")


@pytest.mark.django_db
def test_a_form_that_expired_is_said_so(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert_problem(client.post("/admin/login/", {"username": "ada", "password": "x"}), 403, "csrf_failed")


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_refused(api: APIClient) -> None:
    response = api.get("/api/voice/samples", headers={"Host": "evil.example"})
    assert_problem(response, 400, "bad_request")


class _Bug(Exception):
    """Something that nobody foresaw."""


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/voice/samples", "/"])
def test_a_bug_is_500_without_internals(
    api: APIClient, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(*args: object, **kwargs: object) -> None:
        raise _Bug("password=hunter2 at /srv/secret")

    monkeypatch.setattr("voice.api.samples.sample_visible_to", stumble)
    monkeypatch.setattr("voice.api.pages.HttpResponse", stumble)
    api.raise_request_exception = False
    response = api.get(path)
    body = assert_problem(response, 500, "internal_error")
    assert "hunter2" not in json.dumps(body)
    assert "Bug" not in json.dumps(body)
    assert any(record.exc_info and record.exc_info[0] is _Bug for record in caplog.records)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_a_database_that_is_away_is_503(api: APIClient, kind: type[Exception]) -> None:
    def away(*args: object) -> None:
        raise kind("connection to server at 10.0.0.7 failed")

    with connection.execute_wrapper(away):
        response = api.get("/api/voice/samples")
        write = api.post("/api/voice/clone", {"sample_id": "x"})
    for each in (response, write):
        body = assert_problem(each, 503, "unavailable")
        assert "10.0.0.7" not in json.dumps(body)
        assert int(each.headers["Retry-After"]) >= 1


@pytest.mark.django_db
def test_a_redis_that_is_away_costs_no_reading(api: APIClient, user: User, settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock"}}
    ready_model(user)
    for path in ("samples", "models", "history", "limits"):
        assert api.get(f"/api/voice/{path}").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("sent", ["a", "abc-DEF_1.2", "x" * 64])
def test_a_sane_request_id_is_echoed(api: APIClient, sent: str) -> None:
    response = api.get("/api/voice/nope", headers={"X-Request-ID": sent})
    assert assert_problem(response, 404, "not_found")["request_id"] == sent


@pytest.mark.django_db
@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\tb", "<script>", "ü", "a;b"])
def test_another_request_id_is_replaced(api: APIClient, sent: str) -> None:
    response = api.get("/api/voice/limits", headers={"X-Request-ID": sent})
    assert response.headers["X-Request-ID"] != sent
    assert len(response.headers["X-Request-ID"]) == 32


def every_kind() -> list[type[errors.VoiceError]]:
    kinds: list[type[errors.VoiceError]] = []
    left = [errors.VoiceError]
    while left:
        kind = left.pop()
        kinds.append(kind)
        left += [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    return kinds


@pytest.mark.parametrize("kind", every_kind())
def test_every_kind_of_error_has_a_status(kind: type[errors.VoiceError]) -> None:
    request = Request(RequestFactory().get("/"))
    response = problem_handler(
        kind("some_code", "A sentence.", details={"limit": 3, "status": 200}), {"request": request}
    )
    assert response is not None
    expected = next((STATUS[each] for each in kind.__mro__ if each in STATUS), 500)
    assert response.status_code == expected
    assert (response.data["code"], response.data["detail"], response.data["limit"]) == ("some_code", "A sentence.", 3)
    assert response.data["status"] == expected
    assert ("Retry-After" in response.headers) == (expected in {429, 503})
    assert ("WWW-Authenticate" in response.headers) == (expected == 401)
