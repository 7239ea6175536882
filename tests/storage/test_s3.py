"""The bucket, on a server that speaks S3: what was promised of the disk holds there too."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import AUDIO, completed_synthesis
from tests.api.test_audio import body_of
from tests.rig.s3_server import PAGE, S3Server
from voice.checks import bucket_is_named
from voice.errors import ServiceUnavailable
from voice.models import User
from voice.storage import fetch, output_storage
from voice.storage.s3 import S3Storage

ROOT = Path(__file__).parent.parent.parent
EIGHT_MIB = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3") / "server.log")
    yield server
    server.stop()


@pytest.fixture
def options(server: S3Server) -> dict[str, Any]:
    bucket = f"bucket-{uuid.uuid4()}"
    server.make_bucket(bucket)
    return {
        "bucket_name": bucket,
        "location": "output",
        "endpoint_url": server.url,
        "region_name": "us-east-1",
        "access_key": "key",
        "secret_key": "secret",
    }


@pytest.fixture
def storage(options: dict[str, Any]) -> Iterator[S3Storage]:
    storage = S3Storage(**options)
    yield storage
    storage.connection.meta.client.close()


def test_what_was_saved_is_read_back_whole_and_in_parts(storage: S3Storage) -> None:
    name = storage.save("owner/voice/1.wav", ContentFile(b"0123456789"))
    assert name == "owner/voice/1.wav"
    assert storage.size(name) == 10
    for wanted, expected in (({}, b"0123456789"), ({"start": 4}, b"456789"), ({"start": 2, "length": 3}, b"234")):
        with storage.open_part(name, **wanted) as file:
            assert file.read() == expected


def test_a_file_of_several_parts_is_read_back(storage: S3Storage, tmp_path: Path) -> None:
    content = os.urandom(EIGHT_MIB + 5)
    name = storage.save("owner/voice/1.wav", ContentFile(content))
    assert fetch(storage, name, tmp_path).read_bytes() == content


def test_a_name_is_written_once(storage: S3Storage) -> None:
    first = storage.save("owner/voice/1.wav", ContentFile(b"first"))
    second = storage.save("owner/voice/1.wav", ContentFile(b"second"))
    assert first != second
    with storage.open_part(first) as file:
        assert file.read() == b"first"


def test_an_upload_that_breaks_off_leaves_nothing(storage: S3Storage) -> None:
    class BrokenOff(ContentFile):  # type: ignore[type-arg]
        def read(self, num_bytes: int = -1) -> bytes:
            if self.tell() > EIGHT_MIB:
                raise OSError("the disk is gone")
            return bytes(super().read(num_bytes))

    with pytest.raises(OSError, match="the disk is gone"):
        storage.save("owner/voice/1.wav", BrokenOff(b"x" * 3 * EIGHT_MIB))
    assert not storage.exists("owner/voice/1.wav")


def test_what_is_missing_is_said_to_be(storage: S3Storage) -> None:
    assert not storage.exists("owner/voice/1.wav")
    storage.delete("owner/voice/1.wav")
    for ask in (storage.size, storage.open_part):
        with pytest.raises(FileNotFoundError):
            ask("owner/voice/1.wav")


def test_an_object_is_its_owners_alone(storage: S3Storage) -> None:
    storage.save("owner/voice/1.wav", ContentFile(b"private"))
    client = storage.connection.meta.client
    grants = client.get_object_acl(Bucket=storage.bucket_name, Key="output/owner/voice/1.wav")["Grants"]
    assert [(grant["Grantee"]["Type"], grant["Permission"]) for grant in grants] == [("CanonicalUser", "FULL_CONTROL")]


def test_storages_of_one_bucket_see_their_own_files_alone(storage: S3Storage, options: dict[str, Any]) -> None:
    other = S3Storage(**{**options, "location": "out"})  # a prefix of the other's, as a word
    storage.save("a/x/1.wav", ContentFile(b"12345"))
    other.save("a/x/2.wav", ContentFile(b"x"))
    (entry,) = storage.entries()
    assert (entry.name, entry.size_bytes) == ("a/x/1.wav", 5)
    assert entry.modified_at.tzinfo is not None
    assert [entry.name for entry in other.entries()] == ["a/x/2.wav"]
    other.connection.meta.client.close()


def test_a_folder_goes_with_all_that_is_below_it_and_nothing_beside_it(storage: S3Storage) -> None:
    for name in ("a/x/1.wav", "a/x/2.wav", "a/y/1.wav", "ab/x/1.wav"):
        storage.save(name, ContentFile(b"x"))
    assert storage.delete_folder("a") == 3
    assert storage.delete_folder("a") == 0
    assert [entry.name for entry in storage.entries()] == ["ab/x/1.wav"]
    assert storage.listdir("ab") == (["x"], [])


def test_more_files_than_a_page_of_a_listing_are_all_there(storage: S3Storage) -> None:
    for number in range(2 * PAGE + 1):
        storage.save(f"a/x/{number}.wav", ContentFile(b""))
    assert len({entry.name for entry in storage.entries("a")}) == 2 * PAGE + 1


def test_no_address_is_signed_unless_the_operator_says_for_how_long(storage: S3Storage) -> None:
    assert storage.signed_url("a/x/1.wav", content_type="audio/wav", disposition="inline") is None


def test_a_signed_address_is_good_for_one_file_and_some_minutes(options: dict[str, Any]) -> None:
    storage = S3Storage(**options, querystring_expire=300)
    name = storage.save("a/x/1.wav", ContentFile(b"0123456789"))
    disposition = "attachment; filename*=utf-8''Stimme%20f%C3%BCr.wav"
    url = storage.signed_url(name, content_type="audio/wav", disposition=disposition)
    assert url is not None
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Expires"] == ["300"]
    assert "secret" not in url
    answer = httpx.get(url, headers={"Range": "bytes=2-4"}, timeout=20)
    assert (answer.status_code, answer.content) == (206, b"234")
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Content-Disposition"] == disposition
    storage.connection.meta.client.close()


@pytest.mark.parametrize(
    "wrong", [{"bucket_name": "no-such-bucket"}, {"endpoint_url": "http://127.0.0.1:9"}], ids=["bucket", "server"]
)
def test_a_storage_that_is_away_is_told_of_as_such(options: dict[str, Any], wrong: dict[str, str]) -> None:
    storage = S3Storage(**{**options, **wrong})
    for ask in (
        lambda: storage.save("a/x/1.wav", ContentFile(b"x")),
        lambda: list(storage.entries()),
        lambda: storage.listdir("a"),
    ):
        with pytest.raises(ServiceUnavailable, match="storage_unavailable"):
            ask()
    storage.connection.meta.client.close()


@pytest.fixture
def on_s3(settings: Settings, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The three storages of the product in a bucket of this test."""
    backend = "voice.storage.s3.S3Storage"
    ours = {
        name: {"BACKEND": backend, "OPTIONS": {**options, "location": name}}
        for name in ("samples", "models", "output")
    }
    settings.STORAGES = {**settings.STORAGES, **ours}
    yield ours
    for name in ours:
        storages[name].connection.meta.client.close()


@pytest.mark.django_db
def test_audio_is_sent_from_the_bucket_in_parts(on_s3: dict[str, Any], api: APIClient, user: User) -> None:
    synthesis = completed_synthesis(user)
    url = f"/api/voice/history/{synthesis.pk}/audio"
    assert body_of(api.get(url)) == AUDIO
    part = api.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, body_of(part)) == (206, AUDIO[10:20])
    output_storage().delete(synthesis.audio_name)
    assert api.get(url).status_code == 410


@pytest.mark.django_db
def test_with_signed_addresses_a_listener_is_sent_there_and_a_stranger_is_not(
    on_s3: dict[str, Any], settings: Settings, api: APIClient, user: User, other_user: User, api_for: Any
) -> None:
    for each in on_s3.values():
        each["OPTIONS"]["querystring_expire"] = 60
    settings.STORAGES = {**settings.STORAGES}
    synthesis = completed_synthesis(user)
    url = f"/api/voice/history/{synthesis.pk}/audio"
    sent = api.get(url, {"download": "1"})
    assert (sent.status_code, sent.headers["Cache-Control"]) == (302, "no-store")
    answer = httpx.get(sent.headers["Location"], timeout=20)
    assert answer.content == AUDIO
    assert answer.headers["Content-Disposition"] == 'attachment; filename="My Voice.wav"'
    assert answer.headers["Content-Type"] == "audio/wav"
    head = api.head(url)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(AUDIO)))
    assert api_for(other_user).get(url).status_code == 404
    output_storage().delete(synthesis.audio_name)
    assert api.get(url).status_code == 410


@pytest.mark.django_db
def test_while_the_bucket_is_away_a_listener_is_told_to_come_again(
    on_s3: dict[str, Any], settings: Settings, api: APIClient, user: User
) -> None:
    synthesis = completed_synthesis(user)
    for each in on_s3.values():
        each["OPTIONS"]["endpoint_url"] = "http://127.0.0.1:9"
    settings.STORAGES = {**settings.STORAGES}
    answer = api.get(f"/api/voice/history/{synthesis.pk}/audio")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert answer.headers["Retry-After"]
    ready = api.get("/health/ready")
    assert (ready.status_code, ready.json()["checks"]["storage"]) == (503, "ServiceUnavailable")


def test_settings_of_a_bucket_that_make_no_sense_are_told(settings: Settings) -> None:
    settings.STORAGE, settings.S3_BUCKET, settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = "s3", "", "key", ""
    assert [problem.id for problem in bucket_is_named()] == ["voice.E009", "voice.E010"]
    settings.S3_BUCKET, settings.S3_SECRET_KEY = "voices", "secret"
    assert bucket_is_named() == []
    settings.STORAGE, settings.S3_BUCKET = "local", ""
    assert bucket_is_named() == []


@pytest.mark.parametrize(("storage", "expected"), [("local", "False"), ("s3", "True")])
def test_a_web_process_imports_boto3_only_where_files_are_in_a_bucket(
    tmp_path: Path, storage: str, expected: str
) -> None:
    program = (
        "import sys, podstream.asgi\n"
        "import voice.tasks, voice.api.urls\n"
        "from voice.storage import sample_storage\n"
        "sample_storage()\n"
        "print('boto3' in sys.modules)"
    )
    keep = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "podstream.settings"}
    s3 = {"STORAGE": storage, "S3_BUCKET": "voices", "VAR_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**keep, **s3}, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == expected, done.stderr
