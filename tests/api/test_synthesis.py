"""Speech and its history over HTTP."""

import unicodedata
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, queued_synthesis, ready_model, ready_sample
from voice import selectors
from voice.audio.formats import FORMATS
from voice.models import Job, Synthesis, User
from voice.models.lifecycle import search_form
from voice.storage import output_storage

pytestmark = pytest.mark.django_db
ID = str(uuid.UUID(int=1))


def speak(api: APIClient, user: User, **fields: Any) -> Any:
    return api.post("/api/voice/synthesize", {"model_id": str(ready_model(user).pk), "text": "Hello!", **fields})


def test_a_synthesis_is_accepted_with_defaults(api: APIClient, user: User) -> None:
    voice_model = ready_model(user, language="de")
    response = api.post("/api/voice/synthesize", {"model_id": str(voice_model.pk), "text": "Hallo!"})
    assert response.status_code == 202
    assert set(response.json()) == {"synthesis"}
    synthesis = response.json()["synthesis"]
    assert (synthesis["status"], synthesis["progress"]) == ("queued", 0.0)
    assert (synthesis["model_id"], synthesis["text"], synthesis["language"]) == (str(voice_model.pk), "Hallo!", "de")
    assert (synthesis["output_format"], synthesis["speed"], synthesis["seed"]) == ("mp3", 1.0, 0)
    assert synthesis["options"] == {}
    assert synthesis["links"]["audio"] is None
    assert response.headers["Location"] == f"/api/voice/history/{synthesis['id']}"
    assert [each.voice_model for each in Job.objects.get(synthesis_id=synthesis["id"]).depends_on.all()] == [
        voice_model
    ]


def test_everything_can_be_chosen(api: APIClient, user: User) -> None:
    chosen = {"language": "fr", "output_format": "ogg", "speed": 1.5, "seed": 2**53 - 1, "options": {"clarity": 0.4}}
    synthesis = speak(api, user, **chosen).json()["synthesis"]
    assert {name: synthesis[name] for name in chosen} == chosen
    assert synthesis["bitrate_kbps"] is None
    mp3 = speak(api, user, output_format="mp3", bitrate_kbps=128).json()["synthesis"]
    assert (mp3["output_format"], mp3["bitrate_kbps"]) == ("mp3", 128)


@pytest.mark.parametrize("output_format", FORMATS)
def test_a_bitrate_that_the_format_lacks_is_refused(api: APIClient, user: User, output_format: str) -> None:
    response = speak(api, user, output_format=output_format, bitrate_kbps=100)
    assert (response.status_code, response.json()["code"]) == (422, "bitrate_unavailable")
    assert not Synthesis.objects.exists()


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"model_id": "x"}, "model_id", "invalid"),
        ({"model_id": 2**200}, "model_id", "invalid"),
        ({"text": ""}, "text", "blank"),
        ({"text": None}, "text", "null"),
        ({"text": 5}, "text", "invalid"),
        ({"text": ["Hello"]}, "text", "invalid"),
        ({"text": "nul\0"}, "text", "null_characters_not_allowed"),
        ({"language": "tlh"}, "language", "language_unsupported"),
        ({"output_format": "aac"}, "output_format", "invalid_choice"),
        ({"markup": "html"}, "markup", "invalid_choice"),
        ({"bitrate_kbps": "128"}, "bitrate_kbps", "invalid"),
        ({"bitrate_kbps": 128.5}, "bitrate_kbps", "invalid"),
        ({"speed": 0.49}, "speed", "min_value"),
        ({"speed": 2.01}, "speed", "max_value"),
        ({"speed": "1"}, "speed", "invalid"),
        ({"speed": True}, "speed", "invalid"),
        ({"speed": 10**400}, "speed", "invalid"),
        ({"seed": -1}, "seed", "min_value"),
        ({"seed": 2**53}, "seed", "max_value"),
        ({"seed": 1.5}, "seed", "invalid"),
        ({"seed": "7"}, "seed", "invalid"),
        ({"seed": True}, "seed", "invalid"),
        ({"options": []}, "options", "not_a_dict"),
        ({"options": {"clarity": "high"}}, "options.clarity", "invalid"),
        ({"options": {"clarity": 10**400}}, "options.clarity", "invalid"),
        ({"voice": "x"}, "voice", "unknown_field"),
    ],
)
def test_what_a_synthesis_refuses(api: APIClient, user: User, body: dict[str, Any], field: str, code: str) -> None:
    response = speak(api, user, **body)
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert response.json()["errors"][field][0]["code"] == code
    assert not Synthesis.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": " \u200b\n"}, None),
        ({"options": {"sparkle": 1}}, "option_unknown"),
        ({"options": {"clarity": 0.9}}, "option_out_of_range"),
    ],
)
def test_what_the_engine_and_the_text_rules_refuse(
    api: APIClient, user: User, body: dict[str, Any], code: str | None
) -> None:
    response = speak(api, user, **body)
    assert response.status_code == 422
    assert code in {None, response.json()["code"]}
    assert response.json()["code"] != "invalid"


def test_a_text_is_as_long_as_its_code_points_after_nfc(api: APIClient, user: User) -> None:
    limit = settings.MAX_SYNTHESIS_TEXT_LENGTH
    too_long = speak(api, user, text="a" * (limit + 1))
    assert (too_long.status_code, too_long.json()["code"]) == (422, "text_too_long")
    assert (too_long.json()["length"], too_long.json()["limit"]) == (limit + 1, limit)
    decomposed = speak(api, user, text="e\u0301" * (limit // 2) + "a " * (limit // 4))  # twice the limit before NFC
    assert decomposed.status_code == 202


def test_an_unknown_voice_is_not_found(api: APIClient, user: User) -> None:
    response = speak(api, user, model_id=ID)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert list(response.json()["errors"]) == ["model_id"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"is_blocked": True}, 403, "model_blocked"),
        ({"status": "failed", "error_message": "x"}, 409, "model_unusable"),
    ],
)
def test_an_unusable_voice_is_refused(
    api: APIClient, user: User, fields: dict[str, Any], status: int, code: str
) -> None:
    voice_model = ready_model(user, **fields)
    response = api.post("/api/voice/synthesize", {"model_id": str(voice_model.pk), "text": "Hello!"})
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_synthesis_is_shown_listed_cancelled_and_deleted(
    api: APIClient, user: User, django_capture_on_commit_callbacks: Any
) -> None:
    synthesis = completed_synthesis(user, ready_model(user))
    url = f"/api/voice/history/{synthesis.pk}"
    shown = api.get(url).json()["synthesis"]
    assert (shown["status"], shown["progress"], shown["duration_s"]) == ("completed", 1.0, 1.0)
    assert shown["links"] == {"self": url, "audio": f"{url}/audio", "cancel": f"{url}/cancel"}
    assert api.get("/api/voice/history").json()["results"] == [shown]
    assert api.post(shown["links"]["cancel"]).json()["synthesis"]["status"] == "completed"
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(url).status_code == 204
    assert not output_storage().exists(synthesis.audio_name)
    assert api.get(url).status_code == 404


def test_a_queued_synthesis_can_be_cancelled(api: APIClient, user: User) -> None:
    synthesis = queued_synthesis(user, ready_model(user))
    url = f"/api/voice/history/{synthesis.pk}"
    assert api.get(f"{url}/audio").json()["code"] == "not_ready"
    for _ in range(2):
        response = api.post(f"{url}/cancel")
        assert (response.status_code, response.json()["synthesis"]["status"]) == (200, "cancelled")
    assert Job.objects.get(synthesis=synthesis).state == "cancelled"


def test_what_was_spoken_outlives_its_voice(api: APIClient, user: User) -> None:
    voice_model = ready_model(user)
    synthesis = completed_synthesis(user, voice_model)
    api.delete(f"/api/voice/models/{voice_model.pk}")
    shown = api.get(f"/api/voice/history/{synthesis.pk}").json()["synthesis"]
    assert (shown["model_id"], shown["model_name"]) == (None, "My Voice")
    assert api.head(shown["links"]["audio"]).status_code == 200


def dated(user: User, days_ago: int, **fields: Any) -> str:
    synthesis = completed_synthesis(user, **fields)
    Synthesis.objects.filter(pk=synthesis.pk).update(
        created_at=datetime(2026, 6, 30, tzinfo=UTC) - timedelta(days=days_ago)
    )
    return str(synthesis.pk)


def listed(api: APIClient, query: str) -> list[str]:
    response = api.get(f"/api/voice/history?{query}")
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


def test_history_is_filtered_and_ordered(api: APIClient, user: User) -> None:
    voice_model = ready_model(user)
    old = dated(user, 20, text="The quick brown fox", duration_s=3.0)
    middle = dated(user, 10, voice_model=voice_model, text="A lazy dog, 100% lazy", duration_s=1.0)
    new = str(queued_synthesis(user, voice_model, text="Fox again").pk)
    assert listed(api, "") == [new, middle, old]
    assert listed(api, "ordering=created_at") == [old, middle, new]
    assert listed(api, "ordering=duration_s") == [middle, old, new]
    assert listed(api, f"model_id={voice_model.pk}") == [new, middle]
    assert listed(api, f"model_id={ID}") == []
    assert listed(api, "status=completed") == [middle, old]
    assert listed(api, "q=FOX") == [new, old]
    assert listed(api, "q=100%25") == [middle]
    assert listed(api, "q=_") == []
    assert listed(api, "created_before=2026-06-15T00:00:00Z") == [old]
    assert listed(api, "created_after=2026-06-20T00:00:00Z") == [new, middle]
    assert listed(api, "created_before=2026-06-20T00:00:00Z") == [old]
    assert listed(api, "created_after=2026-06-10T02:00:00%2B02:00&created_before=2026-06-20T00:00:01Z") == [
        middle,
        old,
    ]
    assert listed(api, f"status=queued&q=again&model_id={voice_model.pk}&page_size=1") == [new]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("We met in a café.", "CAFÉ"),
        ("We met in a café.", "cafe\u0301"),
        ("WE MET IN A CAFE\u0301", "café"),
        ("Привет, мир", "ПРИВЕТ, МИ"),
        ("Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
        ("Die Straße ist lang", "STRASSE IST"),
        ("İstanbul'da ısı", "istanbul'da ISI"),
        ("\u1112\u1161\u11ab국어", "한국"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("the first ﬁle", "FILE"),
        ("Tiê\u0301ng Việt", "TIẾNG VIỆT"),
        ("می\u200cروم", "میروم"),
        ("over two\n\nparagraphs", "two paragraphs"),
        ("a well-known trick", "well\u2011\u00adknown"),
        ("i\u0307\u0301", "Í"),
        ("I ❤ it", "❤\ufe0f IT"),
    ],
)
def test_a_text_is_found_however_its_letters_are_written(api: APIClient, user: User, text: str, query: str) -> None:
    found = str(queued_synthesis(user, text=text).pk)
    queued_synthesis(user, text="Something else: 100 %")
    assert listed(api, urlencode({"q": query})) == [found]


@given(text=st.text(max_size=40))
def test_composed_and_decomposed_text_has_one_search_form(text: str) -> None:
    form = search_form(text)
    assert {search_form(unicodedata.normalize(way, text)) for way in ("NFC", "NFD")} == {form}


@pytest.mark.parametrize("query", ["cafe", "\u200b", "%", "_", "\\", "é"])
def test_another_letter_is_another_and_no_character_is_a_wildcard(api: APIClient, user: User, query: str) -> None:
    queued_synthesis(user, text="ca fè")
    assert listed(api, urlencode({"q": query})) == []


def test_a_row_of_the_version_before_is_found_as_it_was(api: APIClient, user: User) -> None:
    old = queued_synthesis(user, text="The quick brown fox")
    Synthesis.objects.update(search_form="")  # a web process that goes on while `migrate` runs writes none
    assert listed(api, "q=QUICK") == [str(old.pk)]


@pytest.mark.django_db(transaction=True)
def test_what_was_written_before_is_found_after_the_upgrade(
    api: APIClient, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "BATCH", 2)
    names = [str(queued_synthesis(user, text=f"Café {number}").pk) for number in range(5)]
    model, sample = ready_model(user, name="Zoë"), ready_sample(user, name="ÉTÉ")
    executor = MigrationExecutor(connection)
    executor.migrate([("voice", "0013_sample_formats")])
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    assert listed(api, urlencode({"q": "CAFÉ"})) == names[::-1]
    model.refresh_from_db()
    sample.refresh_from_db()
    assert (model.search_form, sample.search_form) == ("zoë", "été")


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("status=done", "status", "invalid_choice"),
        ("status=queued&status=failed", "status", "repeated"),
        ("status=", "status", "invalid_choice"),
        ("model_id=7", "model_id", "invalid"),
        ("created_after=yesterday", "created_after", "invalid"),
        ("created_after=0001-01-01T00:00:00%2B14:00", "created_after", "overflow"),
        ("created_before=2026-13-01", "created_before", "invalid"),
        ("q=", "q", "blank"),
        ("q=%00", "q", "null_characters_not_allowed"),
        ("q=" + "a" * 201, "q", "max_length"),
        ("ordering=text", "ordering", "invalid_choice"),
        ("ordering=owner__password", "ordering", "invalid_choice"),
        ("owner=1", "owner", "unknown_field"),
        ("text__icontains=a", "text__icontains", "unknown_field"),
    ],
)
def test_an_unknown_or_malformed_filter_is_refused(api: APIClient, query: str, field: str, code: str) -> None:
    response = api.get(f"/api/voice/history?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert response.json()["errors"][field][0]["code"] == code


def test_a_text_is_kept_as_it_was_sent_and_what_is_left_out_of_it_is_told(api: APIClient, user: User) -> None:
    text = "<speak># **Hello** [pause:1s] there</speak>"

    shown = speak(api, user, text=text, markup="markdown").json()["synthesis"]

    assert (shown["text"], shown["markup"]) == (text, "markdown")
    assert [notice["code"] for notice in shown["notices"]] == ["ssml_ignored", "pause_marks_ignored"]
    plain = speak(api, user, text="Nothing is left out.").json()["synthesis"]
    assert (plain["markup"], plain["notices"]) == ("plain", [])
