"""One line a request, without what the person asked for."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from podstream.log_format import JsonFormatter
from voice.jobs.run import job_run_next
from voice.models import Job, User
from voice.request_id import RequestIdFilter, request_id_current


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


@pytest.mark.django_db(transaction=True)
def test_the_lines_of_a_job_carry_the_id_of_the_request_that_made_it(
    upload: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(RequestIdFilter())
    caplog.set_level(logging.INFO)
    for sent in ("the-first", "the-second"):
        assert upload(headers={"X-Request-ID": sent}).status_code == 201
    assert request_id_current() == ""
    made_by = {str(job.pk): job.request_id for job in Job.objects.all()}
    assert sorted(made_by.values()) == ["the-first", "the-second"]
    caplog.clear()
    for _ in made_by:
        job_run_next(kind="preprocess")  # whose turn it is, whichever request's message woke this worker
    lines = [each for each in caplog.records if each.getMessage().startswith("job ")]
    assert len(lines) == 4, "claimed and completed"
    for line in lines:
        job_id = line.getMessage().split()[1].rstrip(":")
        assert line.request_id == made_by[job_id]  # type: ignore[attr-defined]
