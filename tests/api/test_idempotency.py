"""A repeated request has one effect and one answer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import ready_model, ready_sample
from tests.api.test_rate_limit import in_parallel
from tests.waveforms import flac_bytes, speech_like
from voice.models import IdempotencyKey, Job, Synthesis, User, VoiceModel, VoiceSample

ApiFor = Callable[[User], APIClient]
KEY = {"Idempotency-Key": "b1f5e2d0-9d0f-4f0e-a9c0-1c2d3e4f5a6b"}
LIMIT = settings.WRITES_PER_HOUR


def speak(client: APIClient, model_id: Any, headers: dict[str, str] = KEY, **fields: Any) -> Any:
    body = {"model_id": str(model_id), "text": "Hello!", **fields}
    return client.post("/api/voice/synthesize", body, headers=headers)


@pytest.mark.django_db
def test_the_same_request_gets_the_same_bytes_and_costs_one_unit(api: APIClient, user: User) -> None:
    model_id = ready_model(user).pk
    first, again = speak(api, model_id), speak(api, model_id)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["RateLimit-Remaining"] == str(LIMIT - 1)
    assert Synthesis.objects.count() == 1


@pytest.mark.django_db
def test_the_answer_stays_the_same_when_the_resource_has_moved_on(api: APIClient, user: User) -> None:
    model_id = ready_model(user).pk
    first = speak(api, model_id)
    api.post(f"{first.headers['Location']}/cancel")
    assert speak(api, model_id).content == first.content


@pytest.mark.django_db
def test_what_was_deleted_is_not_made_again_and_its_text_is_not_kept(api: APIClient, user: User) -> None:
    model_id = ready_model(user).pk
    api.delete(speak(api, model_id).headers["Location"])
    again = speak(api, model_id)
    assert (again.status_code, again.json()["code"]) == (410, "resource_deleted")
    assert not Synthesis.objects.exists()
    assert "Hello" not in IdempotencyKey.objects.get().body


@pytest.mark.django_db
def test_a_replay_needs_no_unit(api: APIClient, user: User, settings: Settings) -> None:
    model_id = ready_model(user).pk
    first = speak(api, model_id)
    settings.WRITES_PER_HOUR = 0
    assert speak(api, model_id).content == first.content
    assert speak(api, model_id, {"Idempotency-Key": "another"}).status_code == 429


@pytest.mark.django_db
def test_uploads_and_clones_are_replayed_too(api: APIClient, user: User, upload: Callable[..., Any]) -> None:
    first, again = upload(headers=KEY), upload(headers=KEY)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert VoiceSample.objects.count() == 1
    body = {"sample_id": first.json()["sample"]["id"], "name": "x", "language": "en"}
    other_key = {"Idempotency-Key": "clone"}
    clones = [api.post("/api/voice/clone", body, headers=other_key) for _ in range(2)]
    assert clones[0].content == clones[1].content
    assert VoiceModel.objects.count() == 1


@pytest.mark.django_db
def test_another_payload_under_the_same_key_is_refused(api: APIClient, user: User, upload: Callable[..., Any]) -> None:
    model_id = ready_model(user).pk
    speak(api, model_id)
    for response in (
        speak(api, model_id, text="Other"),
        speak(api, model_id, speed=1.1),
        upload(headers=KEY),
        api.post(
            "/api/voice/clone", {"sample_id": str(ready_sample(user).pk), "name": "x", "language": "en"}, headers=KEY
        ),
    ):
        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert (Synthesis.objects.count(), VoiceModel.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_another_file_or_name_under_the_same_key_is_refused(upload: Callable[..., Any]) -> None:
    upload(headers=KEY)
    other = flac_bytes(speech_like(11.0, 16_000, seed=5))
    assert upload(other, headers=KEY).json()["code"] == "idempotency_key_reused"
    assert upload(headers=KEY, name="Other").json()["code"] == "idempotency_key_reused"


@pytest.mark.django_db
def test_the_order_of_fields_and_defaults_that_are_written_out_make_no_difference(api: APIClient, user: User) -> None:
    model_id = ready_model(user).pk
    first = speak(api, model_id)
    assert speak(api, model_id, seed=0, output_format="mp3").content == first.content


@pytest.mark.django_db
def test_a_failure_is_not_remembered(api: APIClient, user: User) -> None:
    voice_model = ready_model(user, is_blocked=True)
    assert speak(api, voice_model.pk).status_code == 403
    assert not IdempotencyKey.objects.exists()
    VoiceModel.objects.update(is_blocked=False)
    assert speak(api, voice_model.pk).status_code == 202


@pytest.mark.django_db
def test_users_have_keys_of_their_own(api_for: ApiFor, user: User, other_user: User) -> None:
    answers = [speak(api_for(each), ready_model(each).pk) for each in (user, other_user)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert Synthesis.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "k" * 256, "schlüssel", "tab\tkey", "\x7f"])
def test_a_malformed_key_is_refused(api: APIClient, user: User, upload: Callable[..., Any], key: str) -> None:
    headers = {"Idempotency-Key": key}
    for response in (speak(api, ready_model(user).pk, headers), upload(headers=headers)):
        assert (response.status_code, response.json()["code"]) == (400, "invalid_idempotency_key")
    assert not Job.objects.filter(state="queued").exists()


@pytest.mark.django_db
def test_the_longest_key_is_accepted(api: APIClient, user: User) -> None:
    assert speak(api, ready_model(user).pk, {"Idempotency-Key": "k" * 255}).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_50_parallel_requests_with_one_key_are_one_job_one_unit_and_one_body(
    api_for: ApiFor, user: User, settings: Settings
) -> None:
    settings.WRITES_PER_HOUR = 1  # so that a second unit would be refused
    model_id = ready_model(user).pk
    answers = in_parallel(50, lambda: speak(api_for(user), model_id))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert (Synthesis.objects.count(), Job.objects.filter(kind="synthesis").count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_parallel_uploads_with_one_key_are_one_recording(
    api_for: ApiFor, user: User, upload: Callable[..., Any], settings: Settings
) -> None:
    settings.WRITES_PER_HOUR = 1
    answers = in_parallel(6, lambda: upload(client=api_for(user), headers=KEY))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert VoiceSample.objects.count() == 1
