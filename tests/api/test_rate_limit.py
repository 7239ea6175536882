"""20 writes an hour and user, exactly."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, queued_synthesis, ready_model, ready_sample
from tests.conftest import RedisClock
from voice.models import Job, Synthesis, User, VoiceSample
from voice.redis_client import redis_client
from voice.storage import sample_storage

ApiFor = Callable[[User], APIClient]
LIMIT = settings.WRITES_PER_HOUR


@pytest.fixture
def without_redis(settings: Settings) -> Iterator[None]:
    """Redis is away: nobody listens on its address."""
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": settings.REDIS_URL}}
    redis_client.cache_clear()
    yield
    redis_client.cache_clear()


def speak(client: APIClient, model_id: Any) -> Any:
    return client.post("/api/voice/synthesize", {"model_id": str(model_id), "text": "Hello!"})


def in_parallel(count: int, do: Callable[[], Any]) -> list[Any]:
    """Run `do` in so many threads that all start at once."""
    barrier = threading.Barrier(count)

    def run(_: int) -> Any:
        try:
            barrier.wait(60)
            return do()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db
def test_every_answer_to_a_write_says_where_the_limit_stands(api: APIClient, user: User) -> None:
    model_id = ready_model(user).pk
    for used in range(1, 4):
        response = speak(api, model_id)
        assert response.headers["RateLimit-Limit"] == str(LIMIT)
        assert response.headers["RateLimit-Remaining"] == str(LIMIT - used)
        assert 0 <= int(response.headers["RateLimit-Reset"]) <= 3600
    refused = speak(api, "no uuid")
    assert (refused.status_code, refused.headers["RateLimit-Remaining"]) == (422, str(LIMIT - 3))


@pytest.mark.django_db
def test_the_write_after_the_last_is_refused(api: APIClient, user: User) -> None:
    model_id = ready_model(user).pk
    assert [speak(api, model_id).status_code for _ in range(LIMIT)] == [202] * LIMIT
    response = speak(api, model_id)
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(response.headers["Retry-After"]) <= 3600
    assert response.headers["RateLimit-Remaining"] == "0"
    assert Synthesis.objects.count() == LIMIT


@pytest.mark.django_db
def test_all_kinds_of_writes_share_one_limit(
    api: APIClient, user: User, upload: Callable[..., Any], settings: Settings
) -> None:
    settings.WRITES_PER_HOUR = 5
    sample, voice_model = ready_sample(user), ready_model(user)
    clone = {"sample_id": str(sample.pk), "name": "x", "language": "en"}
    writes: list[Callable[[], Any]] = [
        upload,
        lambda: api.post("/api/voice/clone", clone),
        lambda: speak(api, voice_model.pk),
        lambda: api.patch(f"/api/voice/samples/{sample.pk}", {"name": "y"}),
        lambda: api.patch(f"/api/voice/models/{voice_model.pk}", {"name": "y"}),
    ]
    assert [write().status_code for write in writes] == [201, 202, 202, 200, 200]
    assert [write().status_code for write in writes] == [429] * 5


@pytest.mark.django_db
def test_reading_cancelling_and_deleting_are_never_limited(api: APIClient, user: User, settings: Settings) -> None:
    sample, voice_model = ready_sample(user), ready_model(user)
    synthesis, waiting = completed_synthesis(user, voice_model), queued_synthesis(user, voice_model)
    settings.WRITES_PER_HOUR = 1
    assert speak(api, voice_model.pk).status_code == 202
    assert speak(api, voice_model.pk).status_code == 429
    for path in ("samples", "models", "history", "limits", "languages", "engines", f"history/{synthesis.pk}"):
        assert api.get(f"/api/voice/{path}").status_code == 200
    assert api.post(f"/api/voice/history/{waiting.pk}/cancel").status_code == 200
    for path in (f"history/{synthesis.pk}", f"models/{voice_model.pk}", f"samples/{sample.pk}"):
        assert api.delete(f"/api/voice/{path}").status_code == 204


@pytest.mark.django_db
def test_what_was_refused_costs_nothing(api: APIClient, user: User, upload: Callable[..., Any]) -> None:
    model_id = ready_model(user).pk
    blocked = ready_model(user, is_blocked=True).pk
    assert speak(api, "00000000-0000-4000-8000-000000000000").status_code == 404
    assert speak(api, blocked).status_code == 403
    assert upload(b"no audio").status_code == 415
    assert api.patch(f"/api/voice/models/{model_id}", {"name": ""}).status_code == 422
    assert api.patch("/api/voice/models/00000000-0000-4000-8000-000000000000", {"name": "x"}).status_code == 404
    assert speak(api, model_id).headers["RateLimit-Remaining"] == str(LIMIT - 1)


@pytest.mark.django_db
def test_an_upload_without_a_unit_left_is_refused_before_it_is_decoded(
    api: APIClient, upload: Callable[..., Any], settings: Settings
) -> None:
    settings.WRITES_PER_HOUR = 0
    response = upload(b"no audio: were it decoded, the answer would be 415")
    assert response.status_code == 429
    assert not sample_storage().listdir("")[0] or not VoiceSample.objects.exists()


@pytest.mark.django_db
def test_users_do_not_share_a_limit(api_for: ApiFor, user: User, other_user: User, settings: Settings) -> None:
    settings.WRITES_PER_HOUR = 1
    for each in (user, other_user):
        model_id = ready_model(each).pk
        assert [speak(api_for(each), model_id).status_code for _ in range(2)] == [202, 429]


@pytest.mark.django_db
def test_no_hour_has_more_than_its_writes_wherever_it_begins(
    api: APIClient, user: User, redis_clock: RedisClock
) -> None:
    model_id = ready_model(user).pk
    redis_clock.now_us = 1_790_000_000_000_000 // 3_600_000_000 * 3_600_000_000
    redis_clock.forward(3599)  # a second before the hour of the clock turns
    assert [speak(api, model_id).status_code for _ in range(LIMIT)] == [202] * LIMIT
    redis_clock.forward(2)
    assert [speak(api, model_id).status_code for _ in range(LIMIT)] == [429] * LIMIT
    redis_clock.forward(3597.999999)
    assert speak(api, model_id).status_code == 429
    redis_clock.forward(0.000001)
    assert [speak(api, model_id).status_code for _ in range(LIMIT + 1)] == [202] * LIMIT + [429]


@pytest.mark.django_db
def test_the_headers_say_when_the_oldest_write_no_longer_counts(
    api: APIClient, user: User, redis_clock: RedisClock, settings: Settings
) -> None:
    settings.WRITES_PER_HOUR = 2
    model_id = ready_model(user).pk
    assert api.get("/api/voice/limits").json()["rate_limit"] == {"limit": 2, "remaining": 2, "reset_s": 0}

    def told(response: Any) -> tuple[str, ...]:
        names = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After")
        return tuple(response.headers.get(name, "") for name in names)

    assert told(speak(api, model_id)) == ("2", "1", "3600", "")
    redis_clock.forward(1000.5)
    assert told(speak(api, model_id)) == ("2", "0", "2600", "")
    redis_clock.forward(0.6)
    assert told(speak(api, model_id)) == ("2", "0", "2599", "2599")
    redis_clock.forward(2598.9)
    assert told(speak(api, model_id)) == ("2", "0", "1001", "")
    settings.WRITES_PER_HOUR = 1  # lowered: two of the last hour still count, and the second to leave makes room
    assert told(speak(api, model_id)) == ("1", "0", "3600", "3600")


@pytest.mark.django_db(transaction=True)
def test_parallel_writers_share_what_the_last_hour_has_left(
    api_for: ApiFor, user: User, redis_clock: RedisClock
) -> None:
    model_id = ready_model(user).pk
    assert [speak(api_for(user), model_id).status_code for _ in range(12)] == [202] * 12
    redis_clock.forward(3599)
    answers = in_parallel(32, lambda: speak(api_for(user), model_id))
    assert Counter(answer.status_code for answer in answers) == {202: 8, 429: 24}
    redis_clock.forward(1)
    answers = in_parallel(32, lambda: speak(api_for(user), model_id))
    assert Counter(answer.status_code for answer in answers) == {202: 12, 429: 20}
    assert Synthesis.objects.count() == 32


@pytest.mark.django_db(transaction=True)
def test_of_200_parallel_writes_exactly_20_succeed(api_for: ApiFor, user: User) -> None:
    model_id = ready_model(user).pk
    answers = in_parallel(200, lambda: speak(api_for(user), model_id))
    found = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
    assert found == {(202, None): 20, (429, "rate_limited"): 180}
    assert Synthesis.objects.count() == 20
    accepted = [answer for answer in answers if answer.status_code == 202]
    assert sorted(int(answer.headers["RateLimit-Remaining"]) for answer in accepted) == list(range(20))
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status_code == 429)


@pytest.mark.django_db(transaction=True)
def test_parallel_uploads_leave_no_file_beyond_the_limit(
    api_for: ApiFor, user: User, upload: Callable[..., Any], settings: Settings
) -> None:
    settings.WRITES_PER_HOUR = 2
    answers = in_parallel(6, lambda: upload(client=api_for(user)))
    assert Counter(answer.status_code for answer in answers) == {201: 2, 429: 4}
    folders, _ = sample_storage().listdir(str(user.pk))
    assert sorted(folders) == sorted(str(sample.pk) for sample in VoiceSample.objects.all())


@pytest.mark.django_db
@pytest.mark.usefixtures("without_redis")
def test_without_redis_the_limit_holds_by_the_rows(api: APIClient, user: User, settings: Settings) -> None:
    settings.WRITES_PER_HOUR = 3
    voice_model = ready_model(user)  # the first of the three
    answers = [speak(api, voice_model.pk) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert 3590 <= int(answers[-1].headers["Retry-After"]) <= 3601
    assert api.patch(f"/api/voice/models/{voice_model.pk}", {"name": "x"}).status_code == 429
    assert api.get("/api/voice/limits").json()["rate_limit"]["remaining"] == 0
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    assert speak(api, voice_model.pk).status_code == 202
    assert api.patch(f"/api/voice/models/{voice_model.pk}", {"name": "x"}).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("without_redis")
def test_without_redis_the_limit_is_exact_too(api_for: ApiFor, user: User) -> None:
    model_id = ready_model(user).pk
    answers = in_parallel(60, lambda: speak(api_for(user), model_id))
    assert Counter(answer.status_code for answer in answers) == {202: 19, 429: 41}
    assert Job.objects.count() == 20


@pytest.mark.django_db
@pytest.mark.usefixtures("without_redis")
def test_without_redis_nobody_can_guess_passwords(user: User) -> None:
    response = APIClient().post("/api/auth/token", {"username": "ada", "password": "x"})
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert int(response.headers["Retry-After"]) >= 1
