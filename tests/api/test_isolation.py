"""The things of somebody else do not exist, on every route there is."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, queued_synthesis, ready_model, ready_sample
from voice.models import Synthesis, User, VoiceModel, VoiceSample

MISSING = uuid.UUID("00000000-0000-4000-8000-000000000000")
PUBLIC = {"register", "token", "token-refresh", "logout", "schema", "docs", "index", "live", "ready", "favicon"}
OWN_LOGIN = re.compile(r"admin(/|$)|static/|metrics$")


def routes() -> Iterator[tuple[str, str, Any]]:
    """(method, path template, name) of every route of the site but those whose login is their own."""

    def walk(patterns: Any, prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for each in patterns:
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, prefix + str(each.pattern))
            else:
                yield prefix + str(each.pattern), each

    for path, pattern in walk(get_resolver().url_patterns, ""):
        if OWN_LOGIN.match(path):
            continue
        actions = getattr(pattern.callback, "actions", None) or {}
        view = getattr(pattern.callback, "cls", None)
        methods = actions or [m for m in ("get", "post") if hasattr(view, m)] or ["get"]
        for method in methods:
            yield method, f"/{path}", pattern.name


ROUTES = list(routes())
WITH_ID = [(method, path) for method, path, _ in ROUTES if "<uuid:id>" in path]
BODIES = {"patch": {"name": "x"}}


def told(response: Any) -> tuple[int, bytes, dict[str, str]]:
    """All that a client can see of an answer."""
    return response.status_code, response.content, dict(response.headers.items())


pytestmark = pytest.mark.usefixtures("redis_clock")  # all answers are given at the same moment of the limit they show


@pytest.fixture
def theirs(other_user: User) -> dict[str, list[uuid.UUID]]:
    """Ids of everything that somebody else has, by the collection's name."""
    sample = ready_sample(other_user)
    voice_model = ready_model(other_user, sample)
    return {
        "samples": [sample.pk],
        "models": [voice_model.pk],
        "history": [completed_synthesis(other_user, voice_model).pk, queued_synthesis(other_user, voice_model).pk],
    }


def test_the_routes_are_all_there() -> None:
    assert len(ROUTES) >= 27
    assert {path.split("/")[3] for _, path in WITH_ID} == {"samples", "models", "history"}
    assert len(WITH_ID) >= 11


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), WITH_ID)
def test_a_strangers_id_answers_byte_for_byte_as_a_missing_one(
    api: APIClient, theirs: dict[str, list[uuid.UUID]], method: str, path: str
) -> None:
    before = [list(model.objects.order_by("pk").values()) for model in (VoiceSample, VoiceModel, Synthesis)]
    headers = {"X-Request-ID": "the-same"}

    def ask(id: uuid.UUID) -> Any:
        url = path.replace("<uuid:id>", str(id))
        return told(getattr(api, method)(url, BODIES.get(method), headers=headers))

    missing = ask(MISSING)
    assert missing[0] == 404
    for ids in theirs.values():  # also an id of another kind of resource
        for id in ids:
            assert ask(id) == missing
    after = [list(model.objects.order_by("pk").values()) for model in (VoiceSample, VoiceModel, Synthesis)]
    assert after == before


@pytest.mark.django_db
def test_a_strangers_id_in_a_body_or_a_filter_is_as_a_missing_one(
    api: APIClient, user: User, theirs: dict[str, list[uuid.UUID]]
) -> None:
    own = str(ready_sample(user).pk)
    headers = {"X-Request-ID": "the-same"}

    def clone(id: uuid.UUID) -> Any:
        return told(
            api.post("/api/voice/clone", {"sample_id": str(id), "name": "x", "language": "en"}, headers=headers)
        )

    def clone_many(id: uuid.UUID) -> Any:
        body = {"sample_ids": [own, str(id)], "name": "x", "language": "en"}
        return told(api.post("/api/voice/clone", body, headers=headers))

    def speak(id: uuid.UUID) -> Any:
        return told(api.post("/api/voice/synthesize", {"model_id": str(id), "text": "Hello!"}, headers=headers))

    def history(id: uuid.UUID) -> Any:
        return told(api.get(f"/api/voice/history?model_id={id}", headers=headers))

    for ask, kind in ((clone, "samples"), (clone_many, "samples"), (speak, "models"), (history, "models")):
        assert ask(theirs[kind][0]) == ask(MISSING)
    assert VoiceModel.objects.filter(owner=user).count() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("theirs")
@pytest.mark.parametrize("path", ["samples", "models", "history"])
def test_lists_and_counts_hold_only_ones_own(api: APIClient, path: str) -> None:
    assert api.get(f"/api/voice/{path}").json()["count"] == 0
    assert set(api.get("/api/voice/limits").json()["usage"].values()) == {0}


@pytest.mark.django_db
def test_an_administrator_has_no_more_rights_in_the_api(
    api_for: Any, user: User, theirs: dict[str, list[uuid.UUID]]
) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    assert api_for(user).get(f"/api/voice/history/{theirs['history'][0]}").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "name"), ROUTES)
def test_without_a_token_there_is_nothing(method: str, path: str, name: str) -> None:
    response = getattr(APIClient(), method)(path.replace("<uuid:id>", str(MISSING)))
    if name in PUBLIC:
        assert response.status_code in {200, 422}  # 422: a form that needs its fields
        return
    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'
