"""Requests that mean harm get a 4xx with a code, never a 500."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.api.rows import ready_model, ready_sample
from tests.waveforms import HOSTILE_FILES
from voice.models import User, VoiceSample
from voice.storage import sample_storage

pytestmark = pytest.mark.django_db
STATUS_OF = {"unsupported_audio": 415, "polyglot_file": 415, "file_too_large": 413}


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_hostile_upload_is_refused_with_its_own_code(upload: Callable[..., Any], user: User, name: str) -> None:
    make, code = HOSTILE_FILES[name]
    response = upload(make(), name)
    assert response.json()["code"] == code
    assert response.status_code == STATUS_OF.get(code, 422)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not VoiceSample.objects.exists()
    assert str(user.pk) not in sample_storage().listdir("")[0]


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


VALUES = [
    "null",
    "true",
    "-1",
    "1e308",
    "1e999",
    "-0.0",
    "9" * 400,
    "9" * 5000,
    "0.1" + "1" * 2000,
    '""',
    '"\\ud800"',
    '"\\ud800\\udc00\\udfff"',
    '"\\u0000"',
    '"\\u202e\\u200b\\ufeff"',
    '"' + "a" * 200_000 + '"',
    '"' + "e\u0301" * 60_000 + '"',
    '"../../etc/passwd"',
    '"\'; DROP TABLE voice_samples; --"',
    '"{{7*7}}${7*7}<script>"',
    "[]",
    "{}",
    "[null]",
    '{"a": {"b": [1]}}',
    '{"__proto__": 1, "": 2}',
    nested(15),
    nested(50),
    nested(100_000),
    "NaN",
    "-Infinity",
    "{",
]


def is_refused_or_accepted(response: Any) -> None:
    assert response.status_code < 500
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["code"]
    response.content.decode()  # never half a character


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:30])
def test_any_value_in_any_field_is_refused_or_accepted(api: APIClient, user: User, value: str) -> None:
    sample, voice_model = ready_sample(user), ready_model(user)
    good: dict[str, dict[str, Any]] = {
        "/api/voice/clone": {"sample_id": str(sample.pk), "name": "x", "language": "en", "engine": "embedded"},
        "/api/voice/synthesize": {
            "model_id": str(voice_model.pk),
            "text": "Hello!",
            "language": "en",
            "output_format": "mp3",
            "speed": 1,
            "seed": 0,
            "options": {},
        },
        "/api/auth/register": {"username": "eve", "password": "a long passphrase", "email": "eve@example.com"},
        "/api/auth/token": {"username": "ada", "password": "x"},
        "/api/auth/token/refresh": {"refresh": "x"},
        "/api/auth/logout": {"refresh": "x"},
    }
    for path, body in good.items():
        for field in body:
            rest = json.dumps({name: each for name, each in body.items() if name != field})
            raw = rest[:-1] + (", " if len(body) > 1 else "") + f'"{field}": {value}' + "}"
            is_refused_or_accepted(api.post(path, raw.encode(), content_type="application/json"))
        is_refused_or_accepted(api.post(path, value.encode(), content_type="application/json"))
    for path in (f"/api/voice/samples/{sample.pk}", f"/api/voice/models/{voice_model.pk}"):
        is_refused_or_accepted(api.patch(path, f'{{"name": {value}}}'.encode(), content_type="application/json"))


def test_a_megabyte_of_text_is_too_large(api: APIClient, user: User) -> None:
    body = {"model_id": str(ready_model(user).pk), "text": "a" * 1_000_000}
    response = api.post("/api/voice/synthesize", body)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("name", ["\\ud800", "\\u0000", "a" * 100_000, "__class__", ""])
def test_a_hostile_field_name_is_unknown(api: APIClient, name: str) -> None:
    response = api.post("/api/voice/clone", f'{{"{name}": 1}}'.encode(), content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert len(response.content) < 5000


def test_a_thousand_unknown_fields_do_not_make_a_long_answer(api: APIClient) -> None:
    response = api.post("/api/voice/clone", {f"field{n}": n for n in range(1000)})
    assert response.status_code == 422
    assert len(response.content) < 10_000


@pytest.mark.parametrize(
    "query",
    ["%ff", "q=%ff%fe", "page=%F0%9F%8E%99", "a[b]=1", "q=" + "%2525" * 200, "&&&&", "=", "page=" + "9" * 5000],
)
def test_a_hostile_query_is_refused_or_accepted(api: APIClient, query: str) -> None:
    is_refused_or_accepted(api.get(f"/api/voice/history?{query}"))
