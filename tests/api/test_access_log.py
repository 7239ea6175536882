"""One line a request, without what the person asked for."""

import json
import logging

import pytest
from django.test import Client
from rest_framework.test import APIClient

from podstream.log_format import JsonFormatter
from voice.models import User


@pytest.mark.django_db
def test_a_request_is_logged_by_its_route_and_never_by_its_query(
    api: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="voice.api.middleware"):
        api.get("/api/voice/history?q=my-secret-words")
        api.get("/nowhere/my-secret-words")
    lines = [record.getMessage() for record in caplog.records if record.name == "voice.api.middleware"]
    assert lines[0].startswith("GET /api/voice/history 200 ")
    assert lines[1].startswith("GET (no route) 404 ")
    assert "my-secret-words" not in caplog.text


@pytest.mark.django_db
def test_as_json_the_line_of_a_request_says_who_asked_for_what_and_how_it_went(
    api: APIClient, user: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="voice.api.middleware"):
        api.get("/api/voice/history?q=my-secret-words")
        APIClient().post("/api/auth/token", {"username": "ada", "password": "my-secret-words"})
    lines = [JsonFormatter().format(each) for each in caplog.records if each.name == "voice.api.middleware"]
    asked, refused = (json.loads(line) for line in lines)
    assert asked["duration_ms"] > 0
    shown = {name: asked[name] for name in ("method", "route", "status", "user_id")}
    assert shown == {"method": "GET", "route": "/api/voice/history", "status": 200, "user_id": str(user.pk)}
    assert (refused["route"], refused["status"]) == ("/api/auth/token", 401)
    assert "user_id" not in refused
    assert "my-secret-words" not in "".join(lines)


@pytest.mark.django_db
def test_logging_asks_the_database_for_nobody(user: User, django_assert_num_queries: object) -> None:
    client = Client()
    client.force_login(user)
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert client.get("/").status_code == 200
