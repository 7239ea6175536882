"""Audio over HTTP: whole, in parts, unchanged."""

import uuid
from typing import Any

import httpx
import pytest
from django.core.files.base import ContentFile
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import AUDIO, completed_synthesis, ready_model, ready_sample
from voice.models import User, VoiceModel
from voice.services.account import token_pair_issue
from voice.services.moderation import voice_allow, voice_block
from voice.services.voice_model import voice_model_delete
from voice.storage import output_storage


def body_of(response: Any) -> bytes:
    """The whole body; read to its end, a test's response closes its file."""
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.fixture
def url(user: User) -> str:
    return f"/api/voice/history/{completed_synthesis(user).pk}/audio"


@pytest.mark.django_db
def test_the_whole_audio_comes_with_what_players_need(api: APIClient, url: str) -> None:
    response = api.get(url)
    assert response.status_code == 200
    assert body_of(response) == AUDIO
    assert response.headers["Content-Type"] == "audio/wav"
    assert response.headers["Content-Length"] == str(len(AUDIO))
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"] == 'inline; filename="My Voice.wav"'
    assert response.headers["ETag"].startswith('"')


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("output_format", "content_type"),
    [
        ("mp3", "audio/mpeg"),
        ("wav", "audio/wav"),
        ("flac", "audio/flac"),
        ("ogg", "audio/ogg"),
        ("opus", "audio/ogg; codecs=opus"),
        ("pcm", "audio/pcm; rate=22050; channels=1; encoding=s16le"),
    ],
)
def test_every_format_is_called_what_it_is(api: APIClient, user: User, output_format: str, content_type: str) -> None:
    name = output_storage().save(f"{user.pk}/{uuid.uuid4()}/1.{output_format}", ContentFile(AUDIO))
    synthesis = completed_synthesis(user, output_format=output_format, audio_name=name, rate_hz=22_050)
    response = api.head(f"/api/voice/history/{synthesis.pk}/audio")
    assert response.headers["Content-Type"] == content_type
    assert response.headers["Content-Disposition"] == f'inline; filename="My Voice.{output_format}"'


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["audio/*", "audio/mpeg", "application/octet-stream", "text/html", "*/*", "x"])
def test_whatever_is_accepted_the_audio_comes(api: APIClient, url: str, accept: str) -> None:
    response = api.get(url, headers={"Accept": accept})
    assert (response.status_code, body_of(response)) == (200, AUDIO)


@pytest.mark.django_db
def test_errors_of_audio_routes_are_problems_whatever_is_accepted(api: APIClient) -> None:
    missing = "/api/voice/history/00000000-0000-4000-8000-000000000000/audio"
    response = api.get(missing, headers={"Accept": "audio/*"})
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "expected"),
    [("bytes=0-99", AUDIO[:100]), ("bytes=100-", AUDIO[100:]), ("bytes=-10", AUDIO[-10:]), ("bytes=7-7", AUDIO[7:8])],
)
def test_a_range_is_a_part_of_the_audio(api: APIClient, url: str, header: str, expected: bytes) -> None:
    response = api.get(url, headers={"Range": header})
    assert response.status_code == 206
    assert body_of(response) == expected
    start = AUDIO.index(expected) if header != "bytes=7-7" else 7
    assert response.headers["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/{len(AUDIO)}"
    assert response.headers["Content-Length"] == str(len(expected))


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["bytes=0-1,4-5", "items=0-1", "bytes=9-3", "nonsense"])
def test_other_ranges_get_the_whole(api: APIClient, url: str, header: str) -> None:
    response = api.get(url, headers={"Range": header})
    assert (response.status_code, body_of(response)) == (200, AUDIO)


@pytest.mark.django_db
def test_a_range_beyond_the_end_is_416_with_the_size(api: APIClient, url: str) -> None:
    response = api.get(url, headers={"Range": f"bytes={len(AUDIO)}-"})
    assert (response.status_code, response.json()["code"]) == (416, "range_not_satisfiable")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Content-Range"] == f"bytes */{len(AUDIO)}"


@pytest.mark.django_db
def test_if_range_decides_between_part_and_whole(api: APIClient, url: str) -> None:
    etag = api.head(url).headers["ETag"]
    same = api.get(url, headers={"Range": "bytes=0-9", "If-Range": etag})
    other = api.get(url, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    dated = api.get(url, headers={"Range": "bytes=0-9", "If-Range": "Wed, 21 Oct 2026 07:28:00 GMT"})
    assert [response.status_code for response in (same, other, dated)] == [206, 200, 200]
    assert [len(body_of(response)) for response in (same, other, dated)] == [10, len(AUDIO), len(AUDIO)]


@pytest.mark.django_db
def test_unchanged_audio_is_not_sent_again(api: APIClient, url: str) -> None:
    etag = api.head(url).headers["ETag"]
    response = api.get(url, headers={"If-None-Match": f'"other", W/{etag}'})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == etag
    changed = api.get(url, headers={"If-None-Match": '"other"'})
    assert (changed.status_code, body_of(changed)) == (200, AUDIO)


@pytest.mark.django_db
def test_two_audios_have_two_etags(api: APIClient, user: User, url: str) -> None:
    other = f"/api/voice/history/{completed_synthesis(user).pk}/audio"
    assert api.head(url).headers["ETag"] != api.head(other).headers["ETag"]


@pytest.mark.django_db
def test_head_has_the_headers_and_no_body(api: APIClient, url: str) -> None:
    response = api.head(url, headers={"Range": "bytes=0-9"})
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == str(len(AUDIO))
    assert response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("label", "disposition"),
    [
        ("My Voice", 'attachment; filename="My Voice.wav"'),
        ("Stimme für 🎙", "attachment; filename*=utf-8''Stimme%20f%C3%BCr%20%F0%9F%8E%99.wav"),
        ('x"; filename="evil.exe', 'attachment; filename="x_; filename=_evil.exe.wav"'),
    ],
)
def test_a_download_is_named_after_the_voice(api: APIClient, user: User, label: str, disposition: str) -> None:
    synthesis = completed_synthesis(user, voice_model_label=label)
    response = api.head(f"/api/voice/history/{synthesis.pk}/audio?download=1")
    assert response.headers["Content-Disposition"] == disposition


@pytest.mark.django_db
def test_a_recording_can_be_heard_too(api: APIClient, user: User) -> None:
    response = api.get(f"/api/voice/samples/{ready_sample(user).pk}/audio", headers={"Range": "bytes=0-3"})
    assert (response.status_code, body_of(response)) == (206, b"RIFF")
    assert response.headers["Content-Disposition"] == 'inline; filename="Intro.wav"'


@pytest.mark.django_db
def test_audio_whose_file_is_gone_is_said_to_be_gone(api: APIClient, user: User) -> None:
    synthesis = completed_synthesis(user)
    output_storage().delete(synthesis.audio_name)
    response = api.get(f"/api/voice/history/{synthesis.pk}/audio")
    assert (response.status_code, response.json()["code"]) == (410, "audio_gone")


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["download=maybe", "format=mp3"])
def test_an_unknown_query_is_refused(api: APIClient, url: str, query: str) -> None:
    assert api.get(f"{url}?{query}").status_code == 422


def test_the_server_streams_parts_and_wholes(live_url: str, user: User) -> None:
    content = AUDIO * 40  # 2 MB: many blocks
    synthesis = completed_synthesis(user)
    output_storage().delete(synthesis.audio_name)
    assert output_storage().save(synthesis.audio_name, ContentFile(content)) == synthesis.audio_name
    headers = {"Authorization": f"Bearer {token_pair_issue(user=user).access}"}
    with httpx.Client(base_url=live_url, headers=headers, timeout=20) as client:
        url = f"/api/voice/history/{synthesis.pk}/audio"
        assert client.get(url).content == content
        part = client.get(url, headers={"Range": "bytes=65530-200000"})
        assert (part.status_code, part.content) == (206, content[65530:200001])
        head = client.head(url)
        assert (head.content, head.headers["content-length"]) == (b"", str(len(content)))
        with client.stream("GET", url) as broken_off:
            next(broken_off.iter_raw())
        assert client.get(url, headers={"Range": "bytes=-5"}).content == content[-5:]


@pytest.mark.django_db
def test_audio_that_a_block_reaches_is_kept_back_while_the_policy_says_so(
    api: APIClient, user: User, settings: Settings
) -> None:
    sample = ready_sample(user)
    spoken = completed_synthesis(user, ready_model(user, sample))
    paths = (f"/api/voice/samples/{sample.pk}", f"/api/voice/history/{spoken.pk}")
    etags = [api.head(f"{path}/audio").headers["ETag"] for path in paths]
    voice_block(row=sample, reason="Not your voice.")
    for path, etag in zip(paths, etags, strict=True):
        for answer in (api.get(f"{path}/audio"), api.get(f"{path}/audio", headers={"If-None-Match": etag})):
            assert (answer.status_code, answer.json()["code"]) == (403, "audio_blocked")
            assert "Not your voice." in answer.json()["detail"]
        assert api.head(f"{path}/audio").status_code == 403
        ((shown,),) = [api.get(path).json().values()]
        assert (shown["blocked"], shown["blocked_reason"], shown["links"]["audio"]) == (True, "Not your voice.", None)
    settings.BLOCKED_AUDIO_SERVED = True
    assert [api.head(f"{path}/audio").status_code for path in paths] == [200, 200]
    settings.BLOCKED_AUDIO_SERVED = False
    voice_model_delete(voice_model=VoiceModel.objects.select_related("job").get())
    assert api.head(f"{paths[1]}/audio").status_code == 403, "to delete the voice is no way around"
    voice_allow(row=sample)
    assert [api.head(f"{path}/audio").status_code for path in paths] == [200, 200]
