"""Disks, buckets and databases that are really full: a clear answer, and never half a file."""

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import ready_model
from tests.backends import TEST_STORAGE
from tests.conftest import ROOT, StartWeb, process_environment, wait_until
from tests.jobs.test_worker import LONG_TEXT, speak, state_of, upload
from tests.waveforms import speech_like, wav_bytes
from voice.audio.formats import FORMATS
from voice.disk_full import is_out_of_room
from voice.errors import StorageFull
from voice.jobs.run import job_run_next
from voice.models import Job, Synthesis, User, VoiceSample
from voice.models.lifecycle import JobState, SampleStatus, SynthesisStatus, VoiceModelStatus
from voice.services.account import token_pair_issue
from voice.services.voice_model import voice_model_clone
from voice.storage import sample_storage

# Root need not become another root, to whom the files of PostgreSQL's own user are closed.
UNSHARE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
CAN_MOUNT = subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode == 0
on_a_small_disk = pytest.mark.skipif(
    not CAN_MOUNT or TEST_STORAGE != "local", reason="needs user namespaces, and files on a disk"
)


def small_disk(folder: Path, size: str) -> list[str]:
    """A prefix for a command that makes `folder` a disk of `size` to it, and only to it and its children."""
    mount = 'mount -t tmpfs -o mode=700,size="$0" tmpfs "$1" && shift && exec "$@"'
    return [*UNSHARE, "sh", "-c", mount, size, str(folder)]


def seen_by(process: subprocess.Popen[bytes], folder: Path) -> list[Path]:
    """All files of `folder` as that process sees it."""
    return [path for path in Path(f"/proc/{process.pid}/root{folder}").rglob("*") if path.is_file()]


@on_a_small_disk
def test_each_writer_says_that_the_disk_is_full_and_leaves_no_half_a_file(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    program = [sys.executable, "-m", "tests.storage.full_disk_calls", str(small), str(large)]
    done = subprocess.run(
        [*small_disk(small, "4m"), *program], cwd=ROOT, env=process_environment(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert {name for name, _, _ in told} == {
        *FORMATS,
        *("reference", "profile", "pcm", "decoded", "stored"),
    }
    for name, raised, left in told:
        assert raised == errno.ENOSPC, name
        assert left == [], name


@on_a_small_disk
@pytest.mark.parametrize(
    ("variable", "size"),
    [("VOICE_UPLOAD_DIR", "2m"), ("WORK_DIR", "2m"), ("WORK_DIR", "6m"), ("TMPDIR", "2m")],
    ids=["storing", "receiving", "decoding", "spooling"],
)
def test_an_upload_without_room_answers_507_and_leaves_nothing(
    transactional_db: None, user: User, tmp_path: Path, start_web: StartWeb, variable: str, size: str
) -> None:
    folder = Path(django_settings.WORK_DIR) if variable == "WORK_DIR" else tmp_path / "small"
    folder.mkdir(exist_ok=True)
    redis_url = django_settings.REDIS_URL  # said, because the embedded one's socket is looked for in TMPDIR
    environment = process_environment(REDIS_URL=redis_url, **{variable: str(folder)})
    url, web = start_web(environment, prefix=small_disk(folder, size))
    recording = wav_bytes(speech_like(40.0, 48_000))
    assert 2_621_440 < len(recording) < 5_000_000, "long enough for Django to spool it to a disk"
    answer = httpx.post(
        f"{url}/api/voice/upload",
        files={"audio": ("a.wav", recording)},
        headers={"Authorization": f"Bearer {token_pair_issue(user=user).access}"},
        timeout=60,
    )
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "no room" in answer.json()["detail"]
    assert not VoiceSample.objects.exists()
    wait_until(lambda: seen_by(web.process, folder) == [])
    assert httpx.get(f"{url}/health/live").status_code == 200


@on_a_small_disk
@pytest.mark.worker
@pytest.mark.parametrize("variable", ["VOICE_OUTPUT_DIR", "WORK_DIR"])
def test_a_job_without_room_fails_with_its_reason_and_what_has_room_is_whole(
    user: User,
    recording: Path,
    tmp_path: Path,
    start_worker: Callable[..., subprocess.Popen[bytes]],
    variable: str,
) -> None:
    model = voice_model_clone(owner=user, samples=[upload(user, recording)], name="Me", language="en")
    start_worker(queues="preprocess,clone")
    wait_until(lambda: state_of(model) == VoiceModelStatus.READY, timeout_s=60)
    folder = Path(django_settings.WORK_DIR) if variable == "WORK_DIR" else tmp_path / "small"
    folder.mkdir(exist_ok=True)
    long, short = speak(user, model, LONG_TEXT), speak(user, model)
    env = {variable: str(folder), "JOB_MAX_ATTEMPTS": "2", "JOB_BACKOFF_S": "0.1"}
    worker = start_worker(queues="synthesis", prefix=small_disk(folder, "1m"), **env)
    wait_until(lambda: state_of(long) == SynthesisStatus.FAILED, timeout_s=90)
    wait_until(lambda: state_of(short) == SynthesisStatus.COMPLETED, timeout_s=60)
    assert (long.error_code, long.audio_name) == ("storage_full", "")
    assert Job.objects.get(synthesis=long).attempt == 2
    if variable == "VOICE_OUTPUT_DIR":
        (file,) = seen_by(worker, folder)
        assert file.stat().st_size == short.size_bytes
    else:
        wait_until(lambda: seen_by(worker, folder) == [])


@contextmanager
def full_database(*, table: str, when: str = "TRUE", event: str = "INSERT") -> Iterator[None]:
    """PostgreSQL says that its disk is full where a row of `table` is written; SQLite has no page left at all."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA page_count")
            cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
            try:
                yield
            finally:
                cursor.execute("PRAGMA max_page_count = 1073741823")
            return
        cursor.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER no_room BEFORE {event} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION no_room()"
        )
        try:
            yield
        finally:
            cursor.execute("DROP FUNCTION no_room CASCADE")


@pytest.mark.django_db(transaction=True)
def test_a_request_that_a_full_database_cannot_keep_answers_507(user: User, api: APIClient) -> None:
    model = ready_model(user)
    text = "The quick brown fox jumps over the lazy dog. " * 100
    with full_database(table="voice_synthesis_history"):
        answer = api.post("/api/voice/synthesize", {"model_id": str(model.pk), "text": text})
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert not Synthesis.objects.exists()
    assert api.post("/api/voice/synthesize", {"model_id": str(model.pk), "text": text}).status_code == 202


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="an update of SQLite's needs no page")
def test_a_job_whose_end_a_full_database_cannot_keep_is_tried_again_then_fails_with_its_reason(
    user: User, recording: Path, settings: Settings
) -> None:
    settings.JOB_MAX_ATTEMPTS, settings.JOB_BACKOFF_S = 2, 0
    sample = upload(user, recording)
    with full_database(table="voice_jobs", event="UPDATE", when="NEW.state = 'completed'"):
        job_run_next(kind=sample.job.kind)
        job = Job.objects.get()
        assert (job.state, job.attempt) == (JobState.QUEUED, 1)
        assert sample_storage().listdir(f"{user.pk}/{sample.pk}")[1] == ["decoded.wav"]
        job_run_next(kind=sample.job.kind)
    assert state_of(sample) == SampleStatus.FAILED
    assert (sample.error_code, list(sample_storage().entries(str(user.pk)))) == ("storage_full", [])


class FullBucket(BaseHTTPRequestHandler):
    """Answers as S3 servers do whose disks or whose quota are full."""

    answer: tuple[int, str] = (507, "XMinioStorageFull")

    def do_HEAD(self) -> None:
        self.send_response(404)  # nothing has this name yet
        self.end_headers()

    def do_PUT(self) -> None:
        status, code = self.answer
        self.rfile.read(int(self.headers["Content-Length"]))
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>full</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: this is a test."""


@pytest.mark.parametrize("answer", [(507, "XMinioStorageFull"), (403, "QuotaExceeded")])
def test_a_bucket_that_is_full_is_told_from_one_that_is_away(
    answer: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from voice.storage.s3 import S3Storage

    monkeypatch.setattr(FullBucket, "answer", answer)
    server = HTTPServer(("127.0.0.1", 0), FullBucket)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    storage = S3Storage(
        bucket_name="voices",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="us-east-1",
        access_key="key",
        secret_key="secret",
    )
    try:
        with pytest.raises(StorageFull, match="storage_full"):
            storage.save("owner/voice/1.wav", ContentFile(b"speech"))
    finally:
        storage.connection.meta.client.close()
        server.shutdown()
        thread.join()
        server.server_close()


class TagsNotWritten(Exception):
    """As mutagen has one, which it raises while it handles an OSError."""


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_recognised_behind_the_error_of_a_library(number: int) -> None:
    error = TagsNotWritten()
    error.__context__ = OSError(number, os.strerror(number))
    assert is_out_of_room(error)
    assert not is_out_of_room(OSError(errno.EIO, os.strerror(errno.EIO)))
    assert not is_out_of_room(TagsNotWritten())
