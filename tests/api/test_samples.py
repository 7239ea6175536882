"""Recordings over HTTP."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.conftest import RECORDING
from tests.api.rows import ready_sample
from tests.waveforms import mp3_bytes, speech_like, wav_bytes
from voice.api import samples
from voice.models import BlockHit, Job, User, VoiceSample
from voice.services.moderation import voice_block
from voice.services.sample import sample_delete
from voice.storage import sample_storage

Upload = Callable[..., Any]
pytestmark = pytest.mark.django_db


def test_an_upload_is_accepted_with_what_was_measured(upload: Upload, user: User) -> None:
    response = upload()
    assert response.status_code == 201
    sample = response.json()["sample"]
    assert set(response.json()) == {"sample"}
    assert sample["status"] == "uploaded"
    assert sample["progress"] == 0.0
    assert (sample["format"], sample["rate_hz"], sample["channels"]) == ("flac", 16_000, 1)
    assert sample["duration_s"] == pytest.approx(11.0, abs=0.01)
    assert sample["size_bytes"] == len(RECORDING)
    assert sample["error"] is None
    assert sample["links"] == {"self": f"/api/voice/samples/{sample['id']}", "audio": None}
    assert response.headers["Location"] == sample["links"]["self"]
    job = Job.objects.get(sample_id=sample["id"])
    assert (job.kind, job.owner) == ("preprocess", user)


@pytest.mark.parametrize(
    ("name", "make"), [("voice.wav", wav_bytes), ("voice.mp3", mp3_bytes), ("voice.txt", wav_bytes)]
)
def test_the_format_is_told_by_content_not_by_name(upload: Upload, name: str, make: Callable[..., bytes]) -> None:
    sample = upload(make(speech_like(10.5, 16_000)), name).json()["sample"]
    assert sample["format"] == {"wav_bytes": "wav", "mp3_bytes": "mp3"}[make.__name__]


def test_a_recording_is_named_after_its_file_unless_it_has_a_name(upload: Upload) -> None:
    assert upload(file_name="Épisode 12.flac").json()["sample"]["name"] == "Épisode 12"
    named = upload(name="  My intro ", language="DE").json()["sample"]
    assert (named["name"], named["language"]) == ("My intro", "de")


@pytest.mark.parametrize(
    "file_name", ["../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "a\0b.wav", "\u202egnp.wav", ".", "....//x"]
)
def test_a_hostile_file_name_never_becomes_a_path(upload: Upload, user: User, file_name: str) -> None:
    boundary = "b"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="audio"; filename="{file_name}"\r\n'
        "Content-Type: audio/flac\r\n\r\n"
    ).encode() + RECORDING
    client: APIClient = upload.__kwdefaults__["client"]
    response = client.post(
        "/api/voice/upload",
        body + f"\r\n--{boundary}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={boundary}",
    )
    if file_name == ".":  # Django takes this for no file at all
        assert (response.status_code, response.json()["code"]) == (400, "malformed_multipart")
        return
    assert response.status_code == 201, response.content
    sample = VoiceSample.objects.get(pk=response.json()["sample"]["id"])
    assert "/" not in sample.name
    assert "\\" not in sample.name
    assert sample.name.isprintable()
    assert sample.pcm_name.startswith(f"{user.pk}/{sample.pk}/")
    assert sample_storage().exists(sample.pcm_name)


@pytest.mark.parametrize(
    ("form", "field", "code"),
    [
        ({}, "audio", "required"),
        ({"audio": "not a file"}, "audio", "invalid"),
        ({"file": SimpleUploadedFile("a.flac", RECORDING)}, "audio", "required"),
        ({"audio": SimpleUploadedFile("a.flac", b"x"), "language": "xx"}, "language", "language_unsupported"),
        ({"audio": SimpleUploadedFile("a.flac", b"x"), "name": "two\nlines"}, "name", "control_characters"),
        ({"audio": SimpleUploadedFile("a.flac", b"x"), "name": "n" * 201}, "name", "max_length"),
        ({"audio": SimpleUploadedFile("a.flac", b"x"), "tempo": "2"}, "tempo", "unknown_field"),
    ],
)
def test_what_an_upload_form_refuses(api: APIClient, form: dict[str, Any], field: str, code: str) -> None:
    response = api.post("/api/voice/upload", form, format="multipart")
    assert response.status_code == 422
    found = response.json()["errors"]
    if field in found:
        assert found[field][0]["code"] == code
    else:
        assert found["file"][0]["code"] == "unknown_field"
    assert not VoiceSample.objects.exists()


def test_a_file_beyond_the_limit_is_too_large(upload: Upload, settings: Settings) -> None:
    settings.MAX_VOICE_FILE_SIZE = len(RECORDING) - 1
    response = upload()
    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")
    assert response.json()["limit_bytes"] == len(RECORDING) - 1
    assert " MB; at most 0." in response.json()["detail"]
    settings.MAX_VOICE_FILE_SIZE = len(RECORDING)
    assert upload().status_code == 201


@pytest.mark.parametrize(("duration_s", "code"), [(9.9, "too_short"), (301.0, "too_long")])
def test_a_recording_of_the_wrong_length_is_refused_with_its_length(
    upload: Upload, duration_s: float, code: str
) -> None:
    response = upload(wav_bytes(speech_like(duration_s, 8_000)))
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert response.json()["duration_s"] == pytest.approx(duration_s, abs=0.05)
    assert not VoiceSample.objects.exists()


def test_uploads_take_turns_to_be_decoded(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = threading.BoundedSemaphore(1)
    monkeypatch.setattr(samples, "_decoders", turns)
    monkeypatch.setattr(samples, "DECODER_WAIT_S", 0.0)
    assert upload().status_code == 201
    assert upload(b"no audio").status_code == 415
    with turns:
        response = upload()
    assert (response.status_code, response.json()["code"]) == (503, "busy")
    assert upload().status_code == 201  # every turn was given back


def test_two_files_in_one_form_are_refused(api: APIClient) -> None:
    files = [SimpleUploadedFile("a.flac", RECORDING), SimpleUploadedFile("b.flac", RECORDING)]
    response = api.post("/api/voice/upload", {"audio": files}, format="multipart")
    assert (response.status_code, response.json()["code"]) == (400, "malformed_multipart")


@pytest.mark.parametrize("content_type", ["application/json", "audio/wav", "text/plain"])
def test_an_upload_that_is_no_form_is_refused(api: APIClient, content_type: str) -> None:
    response = api.post("/api/voice/upload", RECORDING, content_type=content_type)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=other"])
def test_a_broken_form_is_refused(api: APIClient, content_type: str) -> None:
    response = api.post("/api/voice/upload", b"--b\r\nrubbish", content_type=content_type)
    assert response.status_code in {400, 422}
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_ready_recording_shows_its_quality_and_its_audio(api: APIClient, user: User) -> None:
    quality = {"score": 80.0, "parts": {"snr": 80.0}, "advice": []}
    sample = ready_sample(user, quality=quality, speech_duration_s=9.5)
    body = api.get(f"/api/voice/samples/{sample.pk}").json()["sample"]
    assert (body["status"], body["progress"]) == ("ready", 1.0)
    assert (body["quality"], body["speech_duration_s"]) == (quality, 9.5)
    assert api.head(body["links"]["audio"]).status_code == 200


def test_a_rejected_recording_says_why(api: APIClient, user: User) -> None:
    sample = ready_sample(user, status="rejected", audio_name="", error_code="no_speech", error_message="No speech.")
    body = api.get(f"/api/voice/samples/{sample.pk}").json()["sample"]
    assert body["error"] == {"code": "no_speech", "message": "No speech."}
    audio = api.get(f"/api/voice/samples/{sample.pk}/audio")
    assert (audio.status_code, audio.json()["code"]) == (409, "not_ready")


def test_a_blocked_recording_is_shown_as_such(api: APIClient, user: User) -> None:
    sample = ready_sample(user, is_blocked=True, blocked_reason="Not your voice.")
    body = api.get(f"/api/voice/samples/{sample.pk}").json()["sample"]
    assert (body["blocked"], body["blocked_reason"]) == (True, "Not your voice.")


def test_a_recording_is_renamed(api: APIClient, user: User) -> None:
    sample = ready_sample(user)
    response = api.patch(f"/api/voice/samples/{sample.pk}", {"name": "New", "language": "zh"})
    assert response.status_code == 200
    assert (response.json()["sample"]["name"], response.json()["sample"]["language"]) == ("New", "zh-cn")
    sample.refresh_from_db()
    assert (sample.name, sample.language) == ("New", "zh-cn")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "nothing_to_change"),
        ({"name": ""}, "blank"),
        ({"name": None}, "null"),
        ({"status": "ready"}, "unknown_field"),
        ({"owner": "x"}, "unknown_field"),
        ({"language": ["en"]}, "invalid"),
        ([], "invalid"),
    ],
)
def test_what_a_change_refuses(api: APIClient, user: User, changes: Any, code: str) -> None:
    sample = ready_sample(user)
    response = api.patch(f"/api/voice/samples/{sample.pk}", changes)
    assert response.status_code == 422
    assert code in {each["code"] for found in response.json()["errors"].values() for each in found}


def test_deleting_a_recording_removes_its_file(
    api: APIClient, user: User, django_capture_on_commit_callbacks: Any
) -> None:
    sample = ready_sample(user)
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"/api/voice/samples/{sample.pk}").status_code == 204
    assert not VoiceSample.objects.exists()
    assert not sample_storage().exists(sample.audio_name)
    assert api.delete(f"/api/voice/samples/{sample.pk}").status_code == 404


def test_recordings_are_listed_newest_first_in_pages(api: APIClient, user: User) -> None:
    ids = [str(ready_sample(user).pk) for _ in range(3)][::-1]
    first = api.get("/api/voice/samples?page_size=2").json()
    assert set(first) == {"count", "next", "previous", "results"}
    assert (first["count"], [row["id"] for row in first["results"]]) == (3, ids[:2])
    assert first["next"] == "/api/voice/samples?page=2&page_size=2"
    second = api.get(first["next"]).json()
    assert ([row["id"] for row in second["results"]], second["next"]) == (ids[2:], None)
    assert second["previous"] == "/api/voice/samples?page_size=2"
    assert api.get("/api/voice/samples?page=3&page_size=2").status_code == 404


@pytest.mark.parametrize("query", ["page=0", "page=x", "page_size=101", "page_size=0", "status=ready", "page=1e400"])
def test_a_malformed_page_is_refused(api: APIClient, query: str) -> None:
    response = api.get(f"/api/voice/samples?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert list(response.json()["errors"]) == [query.partition("=")[0]]


def test_a_blocked_recording_is_refused_when_it_comes_again(upload: Upload, user: User) -> None:
    sample = VoiceSample.objects.get(pk=upload().json()["sample"]["id"])
    voice_block(row=sample, reason="Not your voice.")
    sample_delete(sample=VoiceSample.objects.select_related("job").get())
    answer = upload(file_name="another name.wav")
    assert (answer.status_code, answer.json()["code"]) == (403, "recording_blocked")
    assert "Not your voice." in answer.json()["detail"]
    assert not VoiceSample.objects.exists()
    hit = BlockHit.objects.get()
    assert (hit.user, hit.match, hit.times) == (user, "file", 1)
