"""The server about itself: languages, engines, limits, health, pages."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import OperationalError, connection
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, ready_model, ready_sample
from tests.conftest import redis_away
from voice.audio.formats import FORMATS
from voice.engines.registry import engine_names
from voice.engines.spec import LANGUAGES
from voice.jobs.heartbeat import Heartbeat, heartbeat_end, heartbeat_send
from voice.models import User

pytestmark = pytest.mark.django_db


def test_all_languages_are_listed_with_who_speaks_them(api: APIClient) -> None:
    languages = api.get("/api/voice/languages").json()["languages"]
    assert {each["code"]: each["name"] for each in languages} == LANGUAGES
    assert all("embedded" in each["engines"] for each in languages)


def test_engines_are_listed_with_their_options(api: APIClient) -> None:
    engines = {each["name"]: each for each in api.get("/api/voice/engines").json()["engines"]}
    assert set(engines) == set(engine_names())
    embedded = engines["embedded"]
    assert (embedded["is_available"], embedded["reason"]) == (True, None)
    assert [name for name, each in engines.items() if each["is_default"]] == [settings.VOICE_ENGINE]
    for option in embedded["options"]:
        assert option["minimum"] <= option["default"] <= option["maximum"]


def test_limits_are_the_settings_and_usage_is_mine(api: APIClient, user: User, other_user: User) -> None:
    ready_sample(other_user)
    completed_synthesis(user, ready_model(user, ready_sample(user)), duration_s=12.5)
    body = api.get("/api/voice/limits").json()
    assert body["limits"]["max_voice_file_size_bytes"] == settings.MAX_VOICE_FILE_SIZE
    assert body["limits"]["max_voice_file_size_mb"] == settings.MAX_VOICE_FILE_SIZE / 2**20
    assert body["limits"]["max_synthesis_text_length"] == settings.MAX_SYNTHESIS_TEXT_LENGTH
    assert body["limits"]["output_formats"] == list(FORMATS)
    assert body["limits"]["bitrates_kbps"] == {"mp3": list(FORMATS["mp3"].bitrates_kbps)}
    assert body["limits"]["max_wait_s"] == settings.TTS_TIMEOUT / 1000
    assert body["usage"] == {"samples": 1, "models": 1, "syntheses": 1, "speech_s": 12.5}
    assert body["rate_limit"]["remaining"] == settings.WRITES_PER_HOUR
    api.patch(f"/api/voice/samples/{user.pk}", {"name": "x"})
    assert api.get("/api/voice/limits").json()["rate_limit"]["remaining"] == settings.WRITES_PER_HOUR


def test_a_process_that_reaches_everything_is_ready() -> None:
    response = APIClient().get("/health/ready")
    checks = {"database": "ok", "redis": "ok", "storage": "ok", "worker": "ok"}
    assert response.json() == {"status": "ok", "checks": checks}


def test_without_workers_what_is_accepted_is_not_done_so_a_process_is_not_ready(living_worker: Heartbeat) -> None:
    heartbeat_end(living_worker)
    response = APIClient().get("/health/ready")
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert response.json()["checks"]["worker"] == "none for preprocess, clone, synthesis"
    assert response.json()["detail"] == "Away: worker."
    assert APIClient().get("/health/live").status_code == 200


def test_two_workers_may_share_the_queues_and_each_queue_needs_one(living_worker: Heartbeat) -> None:
    heartbeat_end(living_worker)
    speech = Heartbeat(name="gpu@test", pid=2, pool="threads", concurrency=32, queues=("clone", "synthesis"))
    cpu = Heartbeat(name="cpu@test", pid=3, pool="prefork", concurrency=2, queues=("maintenance", "preprocess"))
    try:
        heartbeat_send(speech)
        assert APIClient().get("/health/ready").json()["checks"]["worker"] == "none for preprocess"
        heartbeat_send(cpu)
        assert APIClient().get("/health/ready").status_code == 200
    finally:
        heartbeat_end(speech)
        heartbeat_end(cpu)


def test_without_redis_nobody_knows_of_workers(settings: Settings) -> None:
    with redis_away(settings):
        checks = APIClient().get("/health/ready").json()["checks"]
    assert checks == {"database": "ok", "redis": "ConnectionError", "storage": "ok", "worker": "ConnectionError"}


def test_a_process_without_a_database_is_alive_and_not_ready() -> None:
    def away(*args: object) -> None:
        raise OperationalError("host 10.0.0.7 is away")

    with connection.execute_wrapper(away):
        assert APIClient().get("/health/live").json() == {"status": "ok"}
        response = APIClient().get("/health/ready")
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert [name for name, state in response.json()["checks"].items() if state != "ok"] == ["database"]
    assert response.json()["checks"]["database"] == "OperationalError"
    assert "10.0.0.7" not in response.content.decode()


def test_a_process_without_its_files_is_not_ready(settings: Settings, tmp_path: Path) -> None:
    missing = {"BACKEND": "voice.storage.local.LocalStorage", "OPTIONS": {"location": tmp_path / "missing"}}
    settings.STORAGES = {**settings.STORAGES, "output": missing}
    assert APIClient().get("/health/ready").json()["checks"]["storage"] == "PermissionError"


@pytest.mark.parametrize("path", ["/", "/api/docs"])
def test_the_pages_need_no_internet_and_no_inline_script(path: str) -> None:
    response = APIClient().get(path)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self';" in response.headers["Content-Security-Policy"]
    html = response.content.decode()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert addresses
    assert all(address.startswith("/") and not address.startswith("//") for address in addresses)
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    for address in addresses:
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address


def test_the_script_of_the_docs_page_is_served(api: APIClient) -> None:
    page = api.get("/api/docs").content.decode()
    script = next(address for address in re.findall(r'src="([^"]+)"', page) if "script=" in address)
    response = api.get(script)
    assert response.headers["Content-Type"].startswith("application/javascript")
    assert "SwaggerUIBundle" in response.content.decode()
