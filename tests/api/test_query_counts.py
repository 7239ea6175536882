"""How many queries each request makes: a list costs the same for one row and for many."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, queued_synthesis, ready_model, ready_sample
from voice.models import User

pytestmark = pytest.mark.django_db
Count = Callable[..., Any]


@pytest.mark.parametrize("rows", [1, 12])
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("samples", 3),  # who asks, how many, which
        ("models", 4),  # and their recordings
        ("history", 3),
        ("history?q=hello&status=completed&ordering=duration_s", 3),
        ("limits", 5),  # who asks, and four figures
        ("languages", 1),
        ("engines", 1),
    ],
)
def test_reading_a_list(
    api: APIClient, user: User, django_assert_num_queries: Count, path: str, queries: int, rows: int
) -> None:
    for _ in range(rows):
        samples = [ready_sample(user), ready_sample(user)]
        completed_synthesis(user, ready_model(user, *samples))
    with django_assert_num_queries(queries):
        response = api.get(f"/api/voice/{path}")
    assert response.status_code == 200


def test_reading_one(api: APIClient, user: User, django_assert_num_queries: Count) -> None:
    sample = ready_sample(user)
    voice_model = ready_model(user, sample)
    synthesis = completed_synthesis(user, voice_model)
    for path, queries in (
        (f"samples/{sample.pk}", 2),
        (f"samples/{sample.pk}/audio", 2),
        (f"models/{voice_model.pk}", 3),
        (f"history/{synthesis.pk}", 2),
        (f"history/{synthesis.pk}/audio", 2),
    ):
        with django_assert_num_queries(queries):
            response = api.get(f"/api/voice/{path}")
        assert response.status_code == 200
        assert b"".join(response)


def test_writing(api: APIClient, user: User, django_assert_max_num_queries: Count, upload: Callable[..., Any]) -> None:
    samples = [ready_sample(user) for _ in range(5)]
    voice_model = ready_model(user)
    many = {"sample_ids": [str(sample.pk) for sample in samples], "name": "x", "language": "en"}
    speech = {"model_id": str(voice_model.pk), "text": "Hello!"}
    waiting = queued_synthesis(user, voice_model)
    writes: list[tuple[Callable[[], Any], int]] = [
        (upload, 9),
        (lambda: api.post("/api/voice/clone", many), 20),
        (lambda: api.post("/api/voice/synthesize", speech), 12),
        (lambda: api.patch(f"/api/voice/models/{voice_model.pk}", {"name": "y"}), 12),
        (lambda: api.post(f"/api/voice/history/{waiting.pk}/cancel"), 12),
        (lambda: api.delete(f"/api/voice/samples/{samples[0].pk}"), 20),
    ]
    for write, at_most in writes:
        with django_assert_max_num_queries(at_most):
            response = write()
        assert response.status_code < 300


def test_signing_in_and_the_probes(django_assert_num_queries: Count, user: User) -> None:
    client = APIClient()
    for path, queries in (("/health/live", 0), ("/health/ready", 1), ("/api/schema", 0), ("/api/docs", 0), ("/", 0)):
        with django_assert_num_queries(queries):
            assert client.get(path).status_code == 200
