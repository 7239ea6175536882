"""The number of queries that each route makes; a list of many rows costs what one of few does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, queued_synthesis, ready_model, ready_sample
from tests.api.test_isolation import ROUTES
from tests.conftest import PASSWORD
from voice.models import Synthesis, User, VoiceModel, VoiceSample
from voice.services.account import token_pair_issue

pytestmark = pytest.mark.django_db
Count = Callable[..., Any]
PLACES = 5  # where what is queued stands in its line, however much of it is shown
ROOM = 2  # whether one more job may wait, one request of a user after the other
QUERIES = {  # with those that follow the commit; savepoints count
    ("get", "/"): 0,
    ("get", "/api/schema"): 0,
    ("get", "/api/docs"): 0,
    ("get", "/favicon.ico"): 0,
    ("get", "/health/live"): 0,
    ("get", "/health/ready"): 1,
    ("post", "/api/auth/register"): 6,
    ("post", "/api/auth/token"): 4,
    ("post", "/api/auth/token/refresh"): 13,
    ("post", "/api/auth/logout"): 10,
    ("post", "/api/auth/me/password"): 9,
    ("post", "/api/auth/me/close"): 7,
    ("get", "/api/auth/me"): 1,  # who asks: one query of everything that follows
    ("post", "/api/voice/upload"): 12 + ROOM + PLACES,  # a look before it is decoded, one for blocked audio
    ("get", "/api/voice/samples"): 3,  # who asks, how many, which
    ("get", "/api/voice/samples/<uuid:id>"): 2,
    ("patch", "/api/voice/samples/<uuid:id>"): 7,
    ("delete", "/api/voice/samples/<uuid:id>"): 18,  # with its blocks, those made of it, and its fingerprint
    ("get", "/api/voice/samples/<uuid:id>/audio"): 2,
    ("post", "/api/voice/clone"): 16 + ROOM + PLACES,
    ("get", "/api/voice/models"): 4,  # and their recordings
    ("get", "/api/voice/models/<uuid:id>"): 3,
    ("patch", "/api/voice/models/<uuid:id>"): 10,
    ("delete", "/api/voice/models/<uuid:id>"): 24,
    ("post", "/api/voice/synthesize"): 14 + ROOM + PLACES,
    ("get", "/api/voice/history"): 3 + PLACES,
    ("get", "/api/voice/history/<uuid:id>"): 2,
    ("delete", "/api/voice/history/<uuid:id>"): 13,
    ("get", "/api/voice/history/<uuid:id>/audio"): 2,
    ("post", "/api/voice/history/<uuid:id>/cancel"): 10,
    ("get", "/api/voice/languages"): 1,
    ("get", "/api/voice/engines"): 1,
    ("get", "/api/voice/limits"): 5,  # who asks, and four figures
}
LISTS = [path for method, path in QUERIES if method == "get" and path.startswith("/api/voice/") and "<" not in path]


@dataclass(frozen=True, slots=True)
class Belongings:
    """Of one person: something for each route to be asked about."""

    samples: list[VoiceSample]
    voice_model: VoiceModel
    spoken: Synthesis
    waiting: Synthesis
    refresh: str

    def url(self, path: str) -> str:
        """The route's address for one of these."""
        if "<" not in path:
            return path
        history = self.waiting if path.endswith("/cancel") else self.spoken
        one = {"samples": self.samples[0], "models": self.voice_model, "history": history}[path.split("/")[3]]
        return path.replace("<uuid:id>", str(one.pk))

    def body(self, method: str, path: str) -> dict[str, Any] | None:
        """The body for the route; None if it takes none."""
        if method == "patch":
            return {"name": "y"}
        refresh = {"refresh": self.refresh}
        sample_ids = [str(sample.pk) for sample in self.samples]
        return {
            "/api/auth/register": {"username": "grace", "password": "a compiler for everyone"},
            "/api/auth/token": {"username": "ada", "password": PASSWORD},
            "/api/auth/token/refresh": refresh,
            "/api/auth/logout": refresh,
            "/api/auth/me/password": {"current_password": PASSWORD, "new_password": "a compiler for everyone"},
            "/api/auth/me/close": {"password": PASSWORD},
            "/api/voice/clone": {"sample_ids": sample_ids, "name": "x", "language": "en"},
            "/api/voice/synthesize": {"model_id": str(self.voice_model.pk), "text": "Hello!"},
        }.get(path)


@pytest.fixture
def mine(user: User) -> Belongings:
    samples = [ready_sample(user) for _ in range(5)]
    voice_model = ready_model(user, *samples)
    spoken, waiting = completed_synthesis(user, voice_model), queued_synthesis(user, voice_model)
    return Belongings(samples, voice_model, spoken, waiting, token_pair_issue(user=user).refresh)


@pytest.fixture
def assert_queries(
    django_assert_num_queries: Count, django_capture_on_commit_callbacks: Count
) -> Callable[[int, Callable[[], Any]], None]:
    """Holds the number of queries of a request, up to the last byte of its answer and what follows its commit."""

    def hold(queries: int, send: Callable[[], Any]) -> None:
        with django_assert_num_queries(queries), django_capture_on_commit_callbacks(execute=True):
            response = send()
            assert b"".join(response) or response.status_code == 204
        assert response.status_code < 300, response.content

    return hold


def test_every_route_has_its_number() -> None:
    assert set(QUERIES) == {(method, path) for method, path, _ in ROUTES}


@pytest.mark.parametrize(("method", "path"), QUERIES)
def test_a_route_makes_so_many_queries(
    api: APIClient, mine: Belongings, upload: Callable[..., Any], assert_queries: Count, method: str, path: str
) -> None:
    def send() -> Any:
        if path == "/api/voice/upload":
            return upload()
        return getattr(api, method)(mine.url(path), mine.body(method, path))

    assert_queries(QUERIES[method, path], send)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_many_rows_costs_what_one_of_few_does(
    api: APIClient, user: User, assert_queries: Count, path: str
) -> None:
    for _ in range(12):
        completed_synthesis(user, ready_model(user, ready_sample(user), ready_sample(user)))
        queued_synthesis(user)
    assert_queries(QUERIES["get", path], lambda: api.get(path))


def test_a_filtered_list_costs_what_the_whole_does(api: APIClient, mine: Belongings, assert_queries: Count) -> None:
    filters = ["q=hello", "status=queued", "ordering=duration_s", "page_size=1", f"model_id={mine.voice_model.pk}"]
    for query in filters:
        assert_queries(QUERIES["get", "/api/voice/history"], lambda: api.get(f"/api/voice/history?{query}"))  # noqa: B023


def test_a_list_in_which_nothing_waits_asks_for_no_place(
    api: APIClient, mine: Belongings, assert_queries: Count
) -> None:
    queries = QUERIES["get", "/api/voice/history"] - PLACES
    assert_queries(queries, lambda: api.get("/api/voice/history?status=completed"))
