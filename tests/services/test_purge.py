"""After a person was removed, nothing here knows them: searched in every table, every storage and all of Redis."""

import io
import json
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, queued_synthesis, ready_model, ready_sample
from tests.conftest import PASSWORD, redis_away
from voice import selectors as row_walk
from voice.models import Job, Synthesis, User, VoiceModel, VoiceSample
from voice.redis_client import redis_client
from voice.services import user_delete as removal
from voice.services.first_account import first_account
from voice.storage import output_storage, sample_storage, voice_model_storage

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "cordelia.glockenspiel"
EMAIL = "cordelia@glockenspiel.example"
TEXT = "Nobody but me knows the recipe of the marzipan potatoes."
LABEL = "Cordelia's attic voice"


@pytest.fixture(autouse=True)
def redis_without_people() -> None:
    for key in redis_client().scan_iter("podstream:fair:*"):
        redis_client().delete(key)


@pytest.fixture
def person() -> User:
    return User.objects.create_superuser(NAME, email=EMAIL, password=PASSWORD)


@pytest.fixture
def traces(person: User) -> list[str]:
    """Everything that could give the person away, as it would stand in a row, a name or a value."""
    return [str(person.pk), person.pk.hex, NAME, EMAIL, TEXT, LABEL, person.password]


def live_a_little(person: User, client: Client) -> None:
    """All that the product keeps of somebody: over the API, in the admin, and by moderators."""
    api = APIClient()
    pair = api.post("/api/auth/token", {"username": NAME, "password": PASSWORD}).json()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    api.post("/api/auth/token/refresh", {"refresh": pair["refresh"]})
    sample = ready_sample(person, name=LABEL)
    voice_model = ready_model(person, sample, name=LABEL)
    completed_synthesis(person, voice_model, text=TEXT, voice_model_label=LABEL)
    queued_synthesis(person, voice_model, text=TEXT)
    spoken = api.post(
        "/api/voice/synthesize",
        {"model_id": str(voice_model.pk), "text": TEXT},
        headers={"Idempotency-Key": "the-potatoes"},
    )
    assert spoken.status_code == 202, spoken.json()
    sample_storage().save(f"{person.pk}/{uuid.uuid4()}/1.flac", ContentFile(b"left by a killed worker"))
    client.force_login(person)
    client.post("/admin/voice/voicesample/", {"action": "block", "_selected_action": [str(sample.pk)]})
    moderator = Client()
    moderator.force_login(User.objects.create_superuser("root", password="x"))
    moderator.post(f"/admin/voice/user/{person.pk}/password/", {"password1": "x", "password2": "y"})
    LogEntry.objects.create(
        user=User.objects.get(username="root"),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=NAME,
        action_flag=2,
    )
    redis_client().set(f"podstream:fair:{person.pk}", NAME)


def everything() -> Iterator[tuple[str, str]]:
    """(place, content) of all that a server keeps."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 (our own tables)
            for row in cursor.fetchall():
                yield table, repr([str(value) for value in row])
    for session in Session.objects.all():
        yield "django_session, decoded", json.dumps(session.get_decoded())
    for storage in (sample_storage(), voice_model_storage(), output_storage()):
        for entry in storage.entries():
            yield "storage, names", entry.name
        for folder in storage.listdir("")[0]:
            yield "storage, folders", folder
    client = redis_client()
    for key in client.scan_iter():
        yield "redis", f"{key!r} {_value(key)}"


def _value(key: bytes) -> str:
    client: Any = redis_client()
    readers: dict[bytes, Callable[[], Any]] = {
        b"string": lambda: client.get(key),
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1, withscores=True),
        b"hash": lambda: client.hgetall(key),
    }
    return repr(readers[client.type(key)]())


def found_of(traces: list[str]) -> set[str]:
    return {place for place, content in everything() if any(trace in content for trace in traces)}


def purge(person: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("purge_user", person, stdout=out, interactive=False, **options)
    return out.getvalue()


@pytest.mark.parametrize(("answer", "is_removed"), [("grace", True), ("y", False), ("", False), (None, False)])
def test_a_person_is_removed_once_somebody_has_typed_the_name_again(
    answer: str | None, is_removed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_user("grace")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{answer}\n"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: answer is not None)
    with nullcontext() if is_removed else pytest.raises(CommandError):
        call_command("purge_user", "grace", stdout=io.StringIO())
    assert User.objects.filter(username="grace").exists() is not is_removed


def test_nothing_of_a_person_is_left(client: Client, person: User, traces: list[str]) -> None:
    live_a_little(person, client)
    before = found_of(traces)
    assert {
        "voice_user",
        "voice_samples",
        "voice_models",
        "voice_synthesis_history",
        "voice_jobs",
        "voice_idempotency_keys",
        "token_blacklist_outstandingtoken",
        "django_admin_log",
        "django_session, decoded",
        "storage, names",
        "redis",
    } <= before, "the search finds what is there"
    said = purge(NAME)
    assert found_of(traces) == set()
    assert "1 account, 3 syntheses, 1 voice models, 1 samples" in said
    assert User.objects.filter(username="root").exists()


def test_what_belongs_to_others_stays(client: Client, person: User, other_user: User) -> None:
    live_a_little(person, client)
    sample = ready_sample(other_user)
    voice_model = ready_model(other_user, sample)
    synthesis = completed_synthesis(other_user, voice_model)
    purge(str(person.pk))
    assert VoiceSample.objects.get() == sample
    assert VoiceModel.objects.get() == voice_model
    assert Synthesis.objects.get() == synthesis
    assert Job.objects.count() == 3
    assert output_storage().exists(synthesis.audio_name)


def test_a_dry_run_counts_what_a_run_removes_and_changes_nothing(client: Client, person: User) -> None:
    live_a_little(person, client)
    before = sorted(everything())
    said = purge(NAME, dry_run=True)
    assert sorted(everything()) == before
    assert said.startswith("dry run, nothing was changed: 1 account, 3 syntheses, 1 voice models, 1 samples")


def test_a_second_run_by_id_finds_nothing_and_by_name_nobody(client: Client, person: User) -> None:
    live_a_little(person, client)
    user_id = str(person.pk)
    purge(NAME)
    assert set(purge(user_id).strip().split(", ")) == {
        f"0 {each}"
        for each in (
            "account",
            "syntheses",
            "voice models",
            "samples",
            "tokens",
            "sessions",
            "log entries",
            "idempotency keys",
            "stray files",
            "redis keys",
        )
    }
    with pytest.raises(CommandError, match="no account"):
        purge(NAME)


def test_files_that_came_after_the_account_was_gone_go_with_a_second_run(person: User, traces: list[str]) -> None:
    user_id = str(person.pk)
    purge(user_id)
    output_storage().save(f"{user_id}/{uuid.uuid4()}/1.mp3", ContentFile(b"by a worker that was late"))
    assert "1 stray files" in purge(user_id)
    assert found_of(traces) == set()


def test_with_redis_away_the_rest_goes_and_the_command_says_what_to_do(person: User, settings: Settings) -> None:
    user_id = person.pk
    redis_client().set(f"podstream:fair:{user_id}", "1")
    with redis_away(settings), pytest.raises(CommandError, match=f"purge_user {user_id}"):
        purge(NAME)
    assert not User.objects.exists()
    assert "1 redis keys" in purge(str(user_id))


def test_more_than_one_batch_goes(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (row_walk, removal):
        monkeypatch.setattr(module, "BATCH", 2)
    for _ in range(5):
        completed_synthesis(person)
    assert "5 syntheses" in purge(NAME)


def test_the_file_of_the_first_account_goes_with_it(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    account = first_account(tmp_path)
    assert account is not None
    purge(account[0])
    assert not (tmp_path / "first_account").exists()
