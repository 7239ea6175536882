"""More work than may wait is refused with Retry-After, at no cost; what waits says where it stands."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, queued_synthesis, ready_model, ready_sample
from tests.api.test_rate_limit import in_parallel
from voice.jobs.line import job_take
from voice.models import IdempotencyKey, Job, JobKind, Synthesis, User, VoiceModel, VoiceSample
from voice.storage import sample_storage

ApiFor = Callable[[User], APIClient]
KEY = {"Idempotency-Key": "b1f5e2d0-9d0f-4f0e-a9c0-1c2d3e4f5a6b"}


@pytest.fixture
def full_queue(user: User, other_user: User, settings: Settings) -> None:
    """A queue that another user has filled."""
    settings.QUEUE_DEPTH_MAX = 3
    for _ in range(3):
        queued_synthesis(other_user)


@pytest.fixture
def busy_user(user: User, settings: Settings) -> None:
    """A user who has two jobs, one queued, one running, and may not have more."""
    settings.JOBS_PER_USER_MAX = 2
    for _ in range(2):
        queued_synthesis(user)
    assert job_take(kind=JobKind.SYNTHESIS) is not None


def speak(client: APIClient, voice_model: VoiceModel, headers: dict[str, str] | None = None) -> Any:
    body = {"model_id": str(voice_model.pk), "text": "Hello!"}
    return client.post("/api/voice/synthesize", body, headers=headers)


def clone(client: APIClient, sample: VoiceSample) -> Any:
    return client.post("/api/voice/clone", {"sample_id": str(sample.pk), "name": "x", "language": "en"}, headers=KEY)


def rows() -> dict[str, int]:
    return {
        model.__name__: model.objects.count() for model in (VoiceSample, VoiceModel, Synthesis, Job, IdempotencyKey)
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("situation", "status", "code"), [("full_queue", 503, "queue_full"), ("busy_user", 429, "too_many_jobs")]
)
@pytest.mark.parametrize("what", ["upload", "clone", "synthesize"])
def test_what_is_too_much_is_refused_and_leaves_nothing(
    request: pytest.FixtureRequest, situation: str, status: int, code: str, what: str
) -> None:
    api, user, upload = (request.getfixturevalue(name) for name in ("api", "user", "upload"))
    request.getfixturevalue(situation)
    sample, voice_model = ready_sample(user), ready_model(user)
    send = {
        "upload": lambda: upload(headers=KEY),
        "clone": lambda: clone(api, sample),
        "synthesize": lambda: speak(api, voice_model, KEY),
    }[what]
    before, files = rows(), sample_storage().listdir(str(user.pk))
    response = send()
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert int(response.headers["Retry-After"]) >= 1
    assert response.headers["RateLimit-Remaining"] == response.headers["RateLimit-Limit"]
    assert (rows(), sample_storage().listdir(str(user.pk))) == (before, files)
    Job.objects.filter(synthesis__isnull=False).delete()
    assert send().status_code in {201, 202}, "the same request, under the same key"


@pytest.mark.django_db
def test_a_refusal_tells_the_users_own_figures(api: APIClient, user: User, busy_user: None) -> None:
    told = speak(api, ready_model(user)).json()
    assert (told["unfinished"], told["limit"]) == (2, 2)


@pytest.mark.django_db
def test_an_upload_that_finds_no_room_is_refused_before_it_is_decoded(
    busy_user: None, upload: Callable[..., Any]
) -> None:
    assert upload(b"no audio: were it decoded, the answer would be 415").status_code == 429


@pytest.mark.django_db
@pytest.mark.usefixtures("full_queue")
def test_an_earlier_answer_is_given_again_when_there_is_no_room(
    api: APIClient, user: User, upload: Callable[..., Any], settings: Settings
) -> None:
    settings.QUEUE_DEPTH_MAX = 5
    voice_model = ready_model(user)
    first, uploaded = speak(api, voice_model, KEY), upload(headers={"Idempotency-Key": "upload"})
    assert (first.status_code, uploaded.status_code) == (202, 201)
    settings.JOBS_PER_USER_MAX = 1
    assert speak(api, voice_model, {"Idempotency-Key": "new"}).status_code == 429
    assert speak(api, voice_model, KEY).content == first.content
    assert upload(headers={"Idempotency-Key": "upload"}).content == uploaded.content


@pytest.mark.django_db
def test_finished_work_does_not_count(api: APIClient, user: User, settings: Settings) -> None:
    settings.JOBS_PER_USER_MAX = settings.QUEUE_DEPTH_MAX = 1
    voice_model = ready_model(user)
    for _ in range(3):
        completed_synthesis(user, voice_model)
    response = speak(api, voice_model)
    assert response.status_code == 202
    assert speak(api, voice_model).status_code == 429
    api.post(f"{response.headers['Location']}/cancel")
    assert speak(api, voice_model).status_code == 202


@pytest.mark.django_db
@pytest.mark.usefixtures("busy_user")
def test_one_users_work_does_not_use_up_anothers_limit(api_for: ApiFor, other_user: User) -> None:
    assert speak(api_for(other_user), ready_model(other_user)).status_code == 202


@pytest.mark.django_db
def test_the_limit_is_shown(api: APIClient, settings: Settings) -> None:
    settings.JOBS_PER_USER_MAX = 7
    assert api.get("/api/voice/limits").json()["limits"]["max_unfinished_jobs"] == 7


@pytest.mark.django_db(transaction=True)
def test_of_parallel_requests_for_different_voices_as_many_succeed_as_are_allowed(
    api_for: ApiFor, user: User, settings: Settings
) -> None:
    settings.JOBS_PER_USER_MAX = 5
    voice_models = [ready_model(user) for _ in range(18)]  # each locks the job of its own voice
    waiting = list(voice_models)
    answers = in_parallel(18, lambda: speak(api_for(user), waiting.pop()))
    assert Counter(answer.status_code for answer in answers) == {202: 5, 429: 13}
    assert Synthesis.objects.count() == 5


@pytest.mark.django_db
def test_what_waits_says_where_it_stands_and_how_long_it_may_take(
    api: APIClient, user: User, other_user: User
) -> None:
    voice_model = ready_model(user)
    now = timezone.now()
    completed_synthesis(other_user)
    Job.objects.filter(kind=JobKind.SYNTHESIS).update(started_at=now - timedelta(seconds=8), finished_at=now)
    theirs = [queued_synthesis(other_user) for _ in range(3)]
    first, second = speak(api, voice_model), speak(api, voice_model)
    places = [
        (made.json()["synthesis"]["queue_position"], made.json()["synthesis"]["estimated_wait_s"])
        for made in (first, second)
    ]
    assert places == [(1, 8.0), (3, 24.0)], "the other was served before and comes in between"
    shown = api.get(second.headers["Location"]).json()["synthesis"]
    assert (shown["queue_position"], shown["estimated_wait_s"]) == (3, 24.0)
    assert job_take(kind=JobKind.SYNTHESIS) is not None
    listed = {each["id"]: each["queue_position"] for each in api.get("/api/voice/history").json()["results"]}
    assert listed == {shown["id"]: 2, first.json()["synthesis"]["id"]: None}
    assert all(str(synthesis.pk) not in str(listed) for synthesis in theirs)


@pytest.mark.django_db
def test_recordings_and_voices_in_the_making_have_a_place_too(
    api: APIClient, upload: Callable[..., Any], user: User
) -> None:
    sample = upload().json()["sample"]
    body = {"sample_id": sample["id"], "name": "x", "language": "en"}
    voice_model = api.post("/api/voice/clone", body).json()["model"]
    for made in (sample, voice_model):
        assert (made["queue_position"], made["estimated_wait_s"]) == (1, None)


@pytest.mark.django_db
def test_what_does_not_wait_has_no_place(api: APIClient, user: User) -> None:
    voice_model = ready_model(user, ready_sample(user))
    completed_synthesis(user, voice_model)
    for path in ("samples", "models", "history"):
        (shown,) = api.get(f"/api/voice/{path}").json()["results"]
        assert (shown["queue_position"], shown["estimated_wait_s"]) == (None, None)
