"""`Prefer: wait=N`: one request instead of polling."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import ready_model
from tests.conftest import wait_until
from voice.api import creation as prefer
from voice.errors import EngineError
from voice.jobs.transitions import job_fail, job_publish
from voice.models import Job, Synthesis, User
from voice.models.lifecycle import JobState, SynthesisStatus, advance
from voice.services.account import token_pair_issue

pytestmark = pytest.mark.django_db(transaction=True)


def speak(client: APIClient, model_id: Any, prefer: str | None, **headers: str) -> Any:
    if prefer is not None:
        headers["Prefer"] = prefer
    return client.post("/api/voice/synthesize", {"model_id": str(model_id), "text": "Hello!"}, headers=headers)


def complete(synthesis: Synthesis) -> None:
    with transaction.atomic():
        Job.objects.filter(synthesis=synthesis).update(
            state=JobState.COMPLETED, progress=1.0, finished_at=timezone.now()
        )
        advance(synthesis, SynthesisStatus.RUNNING)
        advance(synthesis, SynthesisStatus.COMPLETED, audio_name="a/b/1.mp3", duration_s=1.0)
    job_publish(synthesis.job.pk, JobState.COMPLETED)


def fail(synthesis: Synthesis) -> None:
    job_fail(job=synthesis.job, error=EngineError("engine_failed", "The engine stumbled."))


def delete(synthesis: Synthesis) -> None:
    synthesis.delete()


@pytest.fixture
def when_accepted() -> Iterator[Callable[[Callable[[Synthesis], None]], None]]:
    """Does something to the next synthesis, from another thread, as a worker would."""
    threads: list[threading.Thread] = []

    def arrange(do: Callable[[Synthesis], None]) -> None:
        def run() -> None:
            try:
                wait_until(lambda: Synthesis.objects.exists())
                do(Synthesis.objects.select_related("job").get())
            finally:
                connection.close()

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield arrange
    for thread in threads:
        thread.join()


Arrange = Callable[[Callable[[Synthesis], None]], None]


def test_the_answer_is_the_result_when_the_job_ends_in_time(
    api: APIClient, user: User, when_accepted: Arrange
) -> None:
    model_id = ready_model(user).pk
    when_accepted(complete)
    response = speak(api, model_id, "wait=30")
    assert response.status_code == 200
    assert response.headers["Preference-Applied"] == "wait=30"
    synthesis = response.json()["synthesis"]
    assert (synthesis["status"], synthesis["progress"]) == ("completed", 1.0)
    assert synthesis["links"]["audio"] == f"{synthesis['links']['self']}/audio"
    assert response.headers["Location"] == synthesis["links"]["self"]


def test_a_failure_is_a_result_too(api: APIClient, user: User, when_accepted: Arrange) -> None:
    model_id = ready_model(user).pk
    when_accepted(fail)
    response = speak(api, model_id, "wait=30")
    assert response.status_code == 200
    synthesis = response.json()["synthesis"]
    assert synthesis["status"] == "failed"
    assert synthesis["error"] == {"code": "engine_failed", "message": "The engine stumbled."}


def test_what_is_deleted_meanwhile_was_accepted(api: APIClient, user: User, when_accepted: Arrange) -> None:
    model_id = ready_model(user).pk
    when_accepted(delete)
    response = speak(api, model_id, "wait=30")
    assert (response.status_code, response.json()["synthesis"]["status"]) == (202, "queued")


def test_when_the_time_is_over_the_answer_is_202(api: APIClient, user: User) -> None:
    response = speak(api, ready_model(user).pk, "wait=1")
    assert (response.status_code, response.json()["synthesis"]["status"]) == (202, "queued")
    assert response.headers["Preference-Applied"] == "wait=1"


def test_no_wait_is_longer_than_tts_timeout(api: APIClient, user: User, settings: Settings) -> None:
    settings.TTS_TIMEOUT = 1000
    response = speak(api, ready_model(user).pk, "wait=999999")
    assert (response.status_code, response.headers["Preference-Applied"]) == (202, "wait=1")


@pytest.mark.parametrize("header", ["respond-async, wait=0", "WAIT = 0", 'wait="0"; foo=bar', "foo; a=b, wait=0"])
def test_the_header_is_read_by_its_grammar(api: APIClient, user: User, header: str) -> None:
    assert speak(api, ready_model(user).pk, header).headers["Preference-Applied"] == "wait=0"


@pytest.mark.parametrize(
    "header", [None, "", "wait", "wait=", "wait=-1", "wait=soon", "await=1", "wait=1.5", "wait=²"]
)
def test_a_preference_that_makes_no_sense_is_ignored(api: APIClient, user: User, header: str | None) -> None:
    response = speak(api, ready_model(user).pk, header)
    assert response.status_code == 202
    assert "Preference-Applied" not in response.headers


def test_an_upload_can_wait_too(api: APIClient, user: User, upload: Callable[..., Any]) -> None:
    response = upload(headers={"Prefer": "wait=1"})
    assert (response.status_code, response.headers["Preference-Applied"]) == (201, "wait=1")


def test_a_repeated_request_waits_for_the_first_ones_job(api: APIClient, user: User, when_accepted: Arrange) -> None:
    model_id = ready_model(user).pk
    first = speak(api, model_id, None, **{"Idempotency-Key": "k"})
    when_accepted(complete)
    again = speak(api, model_id, "wait=30", **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["synthesis"]["status"]) == (200, "completed")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert speak(api, model_id, None, **{"Idempotency-Key": "k"}).content == first.content
    assert Synthesis.objects.count() == 1


def test_too_many_who_wait_are_answered_at_once(api: APIClient, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefer, "_waiters", threading.BoundedSemaphore(1))
    assert prefer._waiters.acquire(blocking=False)
    response = speak(api, ready_model(user).pk, "wait=30")
    assert response.status_code == 202
    assert "Preference-Applied" not in response.headers


def test_waiting_requests_do_not_hold_up_others(live_url: str, user: User) -> None:
    model_id = str(ready_model(user).pk)
    headers = {"Authorization": f"Bearer {token_pair_issue(user=user).access}"}
    answers: list[httpx.Response] = []

    def wait() -> None:
        answers.append(
            httpx.post(
                f"{live_url}/api/voice/synthesize",
                json={"model_id": model_id, "text": "Hello!"},
                headers={**headers, "Prefer": "wait=60"},
                timeout=90,
            )
        )

    threads = [threading.Thread(target=wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: Synthesis.objects.count() == 8)
    assert httpx.get(f"{live_url}/api/voice/history", headers=headers, timeout=10).json()["count"] == 8
    assert answers == []
    for synthesis in Synthesis.objects.select_related("job"):
        complete(synthesis)
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 8
