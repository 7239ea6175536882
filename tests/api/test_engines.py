"""An engine that is not available here: requests for it are refused with a reason, and the other one serves on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.api.rows import ready_model, ready_sample
from voice.engines.registry import engine_configure, engine_get
from voice.models import Job, Synthesis, User, VoiceModel

pytestmark = pytest.mark.django_db
FILES = ("config.json", "vocab.json", "model.safetensors")
CAUSES = ["xtts_licence_missing", "xtts_weights_missing"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Makes this a server that lacks what the code says, or nothing."""

    def lacks(code: str | None) -> None:
        if code != "xtts_weights_missing":
            for name in FILES:
                (tmp_path / name).write_text("{}")
        is_accepted = code != "xtts_licence_missing"
        engine_configure("xtts", XTTS_CHECKPOINT=tmp_path, XTTS_LICENCE_ACCEPTED=is_accepted)

    yield lacks
    engine_configure("xtts", XTTS_CHECKPOINT=tmp_path)


def described(api: APIClient, name: str) -> Any:
    (engine,) = [each for each in api.get("/api/voice/engines").json()["engines"] if each["name"] == name]
    return engine


@pytest.mark.parametrize("code", CAUSES)
def test_cloning_on_an_engine_that_is_not_available_makes_nothing_and_costs_nothing(
    api: APIClient, user: User, server: Callable[..., None], code: str
) -> None:
    server(code)
    body = {"sample_id": str(ready_sample(user).pk), "name": "Me", "language": "en"}
    before = Job.objects.count()
    response = api.post("/api/voice/clone", {**body, "engine": "xtts"})
    assert (response.status_code, response.json()["code"]) == (503, code)
    assert (VoiceModel.objects.count(), Job.objects.count()) == (0, before)
    assert response.headers["RateLimit-Remaining"] == response.headers["RateLimit-Limit"]
    assert api.post("/api/voice/clone", {**body, "engine": "embedded"}).status_code == 202


@pytest.mark.parametrize("code", CAUSES)
def test_a_voice_whose_engine_is_gone_stays_and_does_not_speak(
    api: APIClient, user: User, server: Callable[..., None], code: str
) -> None:
    server(code)
    voice_model = ready_model(user, engine="xtts")
    response = api.post("/api/voice/synthesize", {"model_id": str(voice_model.pk), "text": "Hello!"})
    assert (response.status_code, response.json()["code"]) == (503, code)
    assert Synthesis.objects.count() == 0
    assert response.headers["RateLimit-Remaining"] == response.headers["RateLimit-Limit"]
    assert api.get(f"/api/voice/models/{voice_model.pk}").json()["model"]["status"] == "ready"
    spoken = {"model_id": str(ready_model(user).pk), "text": "Hello!"}
    assert api.post("/api/voice/synthesize", spoken).status_code == 202


@pytest.mark.parametrize("code", CAUSES)
def test_the_list_of_engines_says_why_one_is_not_available_and_names_no_path(
    api: APIClient, server: Callable[..., None], tmp_path: Path, code: str
) -> None:
    server(code)
    engine = described(api, "xtts")
    assert (engine["is_available"], engine["languages"], engine["options"]) == (False, [], [])
    assert "not available here" in engine["reason"]
    assert str(tmp_path) not in engine["reason"]
    assert described(api, "embedded")["is_available"]


def test_an_engine_becomes_available_when_its_weights_arrive(
    api: APIClient, server: Callable[..., None], tmp_path: Path
) -> None:
    server("xtts_weights_missing")
    assert not described(api, "xtts")["is_available"]
    for name in FILES:
        (tmp_path / name).write_text("{}")
    engine = described(api, "xtts")
    assert (engine["is_available"], engine["reason"], len(engine["languages"])) == (True, None, 17)
    assert "temperature" in {option["name"] for option in engine["options"]}


def test_requests_for_xtts_are_taken_by_a_process_without_torch(
    api: APIClient, user: User, server: Callable[..., None]
) -> None:
    server(None)
    body = {"sample_id": str(ready_sample(user).pk), "name": "Me", "language": "de", "engine": "xtts"}
    assert api.post("/api/voice/clone", body).status_code == 202
    text = {"model_id": str(ready_model(user, engine="xtts").pk), "text": "Hallo!"}
    assert api.post("/api/voice/synthesize", {**text, "options": {"temperature": 0.6}}).status_code == 202
    refused = api.post("/api/voice/synthesize", {**text, "options": {"clarity": 0.3}})
    assert (refused.status_code, refused.json()["code"]) == (422, "option_unknown")
    assert engine_get("xtts").report() == {}, "nothing is loaded"
