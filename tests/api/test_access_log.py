"""One line a request, without what the person asked for."""

import logging

import pytest
from rest_framework.test import APIClient


@pytest.mark.django_db
def test_a_request_is_logged_by_its_route_and_never_by_its_query(
    api: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="voice.api.request_id"):
        api.get("/api/voice/history?q=my-secret-words")
        api.get("/nowhere/my-secret-words")
    lines = [record.getMessage() for record in caplog.records if record.name == "voice.api.request_id"]
    assert lines[0].startswith("GET /api/voice/history 200 ")
    assert lines[1].startswith("GET (no route) 404 ")
    assert "my-secret-words" not in caplog.text
