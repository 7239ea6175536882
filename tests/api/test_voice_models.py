"""Voices over HTTP."""

import uuid
from typing import Any

import pytest
from django.test import TestCase
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, queued_synthesis, ready_model, ready_sample
from voice.models import Job, Synthesis, User, VoiceModel
from voice.models.lifecycle import JOB_TERMINAL
from voice.storage import output_storage, voice_model_storage

pytestmark = pytest.mark.django_db
CLONE = {"name": "My Voice", "language": "en"}


def codes(response: Any) -> set[str]:
    return {each["code"] for found in response.json()["errors"].values() for each in found}


def test_a_clone_is_accepted_and_waits_for_its_recording(api: APIClient, user: User) -> None:
    sample = ready_sample(user)
    response = api.post("/api/voice/clone", {**CLONE, "sample_id": str(sample.pk)})
    assert response.status_code == 202
    assert set(response.json()) == {"model"}
    model = response.json()["model"]
    assert (model["status"], model["progress"], model["name"]) == ("pending", 0.0, "My Voice")
    assert (model["language"], model["engine"]) == ("en", "embedded")
    assert model["sample_ids"] == [str(sample.pk)]
    assert response.headers["Location"] == model["links"]["self"] == f"/api/voice/models/{model['id']}"
    job = Job.objects.get(voice_model_id=model["id"])
    assert [each.sample for each in job.depends_on.all()] == [sample]


def test_a_voice_is_cloned_from_several_recordings(api: APIClient, user: User) -> None:
    ids = [str(ready_sample(user).pk) for _ in range(3)]
    response = api.post("/api/voice/clone", {**CLONE, "sample_ids": ids, "engine": "embedded"})
    assert response.status_code == 202
    assert sorted(response.json()["model"]["sample_ids"]) == sorted(ids)


def test_zh_is_understood_as_zh_cn(api: APIClient, user: User) -> None:
    sample = ready_sample(user)
    response = api.post("/api/voice/clone", {**CLONE, "sample_id": str(sample.pk), "language": "zh"})
    assert response.json()["model"]["language"] == "zh-cn"


ID = str(uuid.UUID(int=1))


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "sample_id", "one_of_two"),
        ({"sample_id": ID, "sample_ids": [ID]}, "sample_id", "one_of_two"),
        ({"sample_ids": [ID, ID]}, "sample_ids", "duplicate"),
        ({"sample_ids": []}, "sample_ids", "min_length"),
        ({"sample_ids": [str(uuid.UUID(int=n)) for n in range(21)]}, "sample_ids", "max_length"),
        ({"sample_ids": ID}, "sample_ids", "not_a_list"),
        ({"sample_ids": [7]}, "sample_ids.0", "invalid"),
        ({"sample_id": "one"}, "sample_id", "invalid"),
        ({"sample_id": 1}, "sample_id", "invalid"),
        ({"sample_id": None}, "sample_id", "null"),
        ({"sample_id": {"id": ID}}, "sample_id", "invalid"),
        ({"sample_id": ID, "name": ""}, "name", "blank"),
        ({"sample_id": ID, "name": " \t"}, "name", "blank"),
        ({"sample_id": ID, "name": "n" * 101}, "name", "max_length"),
        ({"sample_id": ID, "name": True}, "name", "invalid"),
        ({"sample_id": ID, "language": "xx"}, "language", "language_unsupported"),
        ({"sample_id": ID, "language": None}, "language", "null"),
        ({"sample_id": ID, "engine": "magic"}, "engine", "invalid_choice"),
        ({"sample_id": ID, "engine": []}, "engine", "invalid_choice"),
        ({"sample_id": ID, "nmae": "typo"}, "nmae", "unknown_field"),
    ],
)
def test_what_a_clone_refuses(api: APIClient, body: dict[str, Any], field: str, code: str) -> None:
    response = api.post("/api/voice/clone", {**CLONE, **body})
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert field in response.json()["errors"]
    assert code in codes(response)


@pytest.mark.parametrize("missing", ["name", "language"])
def test_name_and_language_are_required(api: APIClient, missing: str) -> None:
    body = {**CLONE, "sample_id": ID}
    del body[missing]
    assert api.post("/api/voice/clone", body).json()["errors"][missing][0]["code"] == "required"


def test_an_unknown_recording_is_not_found(api: APIClient, user: User) -> None:
    for body in ({"sample_id": ID}, {"sample_ids": [str(ready_sample(user).pk), ID]}):
        response = api.post("/api/voice/clone", {**CLONE, **body})
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert list(response.json()["errors"]) == ["sample_id"]
    assert not VoiceModel.objects.exists()


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"is_blocked": True}, 403, "sample_blocked"),
        ({"status": "rejected", "error_message": "No speech."}, 409, "sample_unusable"),
        ({"status": "failed"}, 409, "sample_unusable"),
    ],
)
def test_an_unusable_recording_is_refused(
    api: APIClient, user: User, fields: dict[str, Any], status: int, code: str
) -> None:
    sample = ready_sample(user, **fields)
    response = api.post("/api/voice/clone", {**CLONE, "sample_id": str(sample.pk)})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not VoiceModel.objects.exists()


def test_a_voice_is_shown_listed_renamed_and_deleted(
    api: APIClient, user: User, django_capture_on_commit_callbacks: Any
) -> None:
    sample = ready_sample(user)
    voice_model = ready_model(user, sample, quality={"similarity": 0.9})
    url = f"/api/voice/models/{voice_model.pk}"
    shown = api.get(url).json()["model"]
    assert (shown["status"], shown["progress"], shown["quality"]) == ("ready", 1.0, {"similarity": 0.9})
    assert api.get("/api/voice/models").json()["results"] == [shown]
    assert api.get(shown["links"]["history"]).json()["count"] == 0
    renamed = api.patch(url, {"name": "Ünïcode 🎙"})
    assert renamed.json()["model"]["name"] == "Ünïcode 🎙"
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(url).status_code == 204
    assert not voice_model_storage().exists(voice_model.profile_name)
    assert api.get(url).status_code == 404
    assert api.get(f"/api/voice/samples/{sample.pk}").status_code == 200


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"language": "de"}, {"name": "x", "engine": "xtts"}])
def test_only_the_name_of_a_voice_changes(api: APIClient, user: User, body: dict[str, Any]) -> None:
    assert api.patch(f"/api/voice/models/{ready_model(user).pk}", body).status_code == 422


@pytest.mark.parametrize(("query", "stays"), [("", True), ("?with_speech=false", True), ("?with_speech=true", False)])
def test_a_voice_takes_its_speech_along_where_that_is_asked_for(
    api: APIClient, user: User, query: str, stays: bool
) -> None:
    voice_model, other = ready_model(user), ready_model(user)
    done, apart = completed_synthesis(user, voice_model), completed_synthesis(user, other)
    waiting = queued_synthesis(user, voice_model)
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert api.delete(f"/api/voice/models/{voice_model.pk}{query}").status_code == 204
    left = set(Synthesis.objects.values_list("pk", flat=True))
    assert left == ({done.pk, apart.pk, waiting.pk} if stays else {apart.pk})
    assert output_storage().exists(done.audio_name) == stays
    assert output_storage().exists(apart.audio_name)
    assert not voice_model_storage().exists(voice_model.profile_name)
    assert not Job.objects.filter(synthesis__isnull=False).exclude(state__in=JOB_TERMINAL).exists()


@pytest.mark.parametrize("query", ["?with_speech=perhaps", "?with_speach=true", "?with_speech=1&with_speech=0"])
def test_a_voice_stays_where_what_goes_with_it_is_unclear(api: APIClient, user: User, query: str) -> None:
    voice_model = ready_model(user)
    assert api.delete(f"/api/voice/models/{voice_model.pk}{query}").status_code == 422
    assert VoiceModel.objects.filter(pk=voice_model.pk).exists()
