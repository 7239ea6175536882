"""A Sentry server learns that something broke, and nothing of what people wrote."""

import gzip
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import transaction

from podstream.sentry import event_scrubbed
from tests.conftest import ROOT, StartWeb, process_environment, wait_until
from tests.rig.stacks import stack_environment
from voice.errors import EngineError, ServiceUnavailable
from voice.models import Job, User
from voice.services.sample import sample_create, upload_judge
from voice.services.synthesis import synthesis_create
from voice.services.voice_model import voice_model_clone

PASSWORD = "my password is a secret"
TEXT = "My text is a secret."
BREAK = """
from django.contrib.auth import hashers
from voice.engines.embedded.engine import EmbeddedEngine

def make_password(password, *args, **kwargs):
    raise ValueError(f"cannot hash {password}")

speak = EmbeddedEngine.synthesize

def synthesize(self, profile, text, language, params):
    if "secret" in text:
        raise ValueError(f"cannot speak {text}")
    return speak(self, profile, text, language, params)

hashers.make_password = make_password
EmbeddedEngine.synthesize = synthesize
"""


class Sentry(http.server.ThreadingHTTPServer):
    """As much of a Sentry server as takes events."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Take)
        self.envelopes: list[str] = []

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self.server_port}/1"

    def events(self) -> list[dict[str, Any]]:
        """Each event that came. An envelope is a header, and for each item a header and a body."""
        lines = [json.loads(line) for envelope in self.envelopes for line in envelope.splitlines() if line]
        return [body for header, body in pairwise(lines) if header.get("type") == "event"]


class Take(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert isinstance(self.server, Sentry)
        self.server.envelopes.append(body.decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    server = Sentry()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def broken(tmp_path: Path, sentry: Sentry) -> dict[str, str]:
    """An environment in which what handles passwords and texts breaks, and says of which."""
    (tmp_path / "sitecustomize.py").write_text(BREAK)
    return {"SENTRY_DSN": sentry.dsn, "PYTHONPATH": f"{tmp_path}:{ROOT}"}


@pytest.mark.worker
def test_a_bug_of_the_web_is_reported_without_the_request(
    transactional_db: None, sentry: Sentry, broken: dict[str, str], start_web: StartWeb
) -> None:
    url, _ = start_web(process_environment(**broken))
    account = {"username": "grace-the-secret", "password": PASSWORD}
    headers = {"X-Request-ID": "find-me", "Authorization": "Bearer not-a-secret-token"}
    answer = httpx.post(f"{url}/api/auth/register?q=secret", json=account, headers=headers)
    assert answer.status_code == 500, answer.text
    wait_until(lambda: len(sentry.events()) > 0)
    assert len(sentry.events()) == 1, "once, though more than one has logged it"
    (event,) = sentry.events()
    assert event["exception"]["values"][-1]["type"] == "ValueError"
    assert event["tags"] == {"request_id": "find-me"}
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "make_password", "where it broke is told"
    sent = "".join(sentry.envelopes)
    for secret in (PASSWORD, "secret", "not-a-secret-token", "cannot hash", "Bearer"):
        assert secret not in without_source(event, sent), secret


def without_source(event: dict[str, Any], sent: str) -> str:
    """All that was sent, except the lines of code around each frame, which are the same for everybody."""
    text = json.dumps({**event, "exception": None})
    for value in event["exception"]["values"]:
        text += json.dumps({**value, "stacktrace": None})
        for frame in value["stacktrace"]["frames"]:
            code = {"pre_context", "context_line", "post_context", "abs_path", "filename"}
            text += json.dumps({name: part for name, part in frame.items() if name not in code})
    assert len(sent) > len(text)
    return text


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_a_bug_of_a_worker_is_reported_without_the_text(
    user: User, recording: Path, sentry: Sentry, broken: dict[str, str], start_worker: Callable[..., Any]
) -> None:
    with upload_judge(recording, owner=user) as judged, transaction.atomic():
        sample = sample_create(judged=judged, name="my secret name", language="en")
    model = voice_model_clone(owner=user, samples=[sample], name="my secret voice", language="en")
    synthesis = synthesis_create(owner=user, voice_model=model, text=TEXT, language="en", output_format="wav")
    start_worker(JOB_MAX_ATTEMPTS="1", **broken)
    wait_until(lambda: Job.objects.get(synthesis=synthesis).state == "failed", timeout_s=60)
    wait_until(lambda: len(sentry.events()) > 0)
    (event,) = sentry.events()
    assert event["exception"]["values"][-1]["type"] == "ValueError"
    assert event["logentry"]["message"] == "job %s: attempt %d broke"
    assert event["logentry"]["params"][0] == str(synthesis.job.pk)
    assert "secret" not in without_source(event, "".join(sentry.envelopes))


def scrubbed(event: dict[str, Any], error: Exception | None) -> Any:
    hint = {"exc_info": (type(error), error, None)} if error else {}
    return event_scrubbed(event, hint)  # type: ignore[arg-type]


def test_a_part_that_is_away_is_no_bug() -> None:
    assert scrubbed({"logger": "voice.api.exceptions"}, ServiceUnavailable("not_ready", "Away.")) is None
    assert scrubbed({"logger": "django.request"}, None) is None
    assert scrubbed({"logger": "django.request"}, ValueError("x")) is not None
    assert scrubbed({"logger": "voice.api.exceptions"}, EngineError("x", "y")) is not None


def test_an_event_keeps_what_is_known_to_be_harmless_alone() -> None:
    event = {
        "level": "error",
        "logger": "celery.app.trace",
        "logentry": {"message": "Task %s: %s", "formatted": "secret", "params": ["secret", 7]},
        "extra": {"data": "secret"},
        "request": {"url": "secret"},
        "user": {"username": "secret"},
        "breadcrumbs": {"values": ["secret"]},
        "exception": {
            "values": [
                {"type": "EngineError", "module": "voice.errors", "value": "engine_broken: secret"},
                {
                    "type": "ValueError",
                    "module": "voice.text",
                    "value": "a secret: yes",
                    "stacktrace": {"frames": [{"lineno": 3, "vars": {"text": "secret"}}]},
                },
            ]
        },
    }
    kept = scrubbed(event, ValueError("secret"))
    assert "secret" not in json.dumps(kept)
    assert kept["logentry"] == {"message": "Task %s: %s", "params": ["[Filtered]", "7"]}
    assert [each["value"] for each in kept["exception"]["values"]] == ["engine_broken", "[Filtered]"]
    assert kept["exception"]["values"][1]["stacktrace"] == {"frames": [{"lineno": 3}]}


def test_a_foreign_message_that_was_put_together_is_not_sent() -> None:
    entry = {"message": "could not read secret", "params": []}
    assert scrubbed({"logger": "kombu", "logentry": entry}, None)["logentry"]["message"] == "[Filtered]"
    assert scrubbed({"logger": "voice.tasks", "logentry": entry}, None)["logentry"]["message"] == entry["message"]


@pytest.mark.parametrize("dsn", ["", "http://public@127.0.0.1:9/1"])
def test_sentry_is_imported_only_where_it_is_wanted_and_prometheus_only_in_the_web(tmp_path: Path, dsn: str) -> None:
    imported = "import sys; print('sentry_sdk' in sys.modules, 'prometheus_client' in sys.modules)"
    worker = "import django; django.setup(); import podstream.worker.start as start; start.prepare(); "
    told = {}
    for name, program in {"web": "import podstream.asgi; ", "worker": worker}.items():
        env = stack_environment(tmp_path, SENTRY_DSN=dsn, DJANGO_SETTINGS_MODULE="podstream.settings")
        done = subprocess.run(
            [sys.executable, "-c", program + imported], cwd=ROOT, env=env, capture_output=True, text=True, check=True
        )
        told[name] = done.stdout.split()
    assert told == {"web": [str(bool(dsn)), "True"], "worker": [str(bool(dsn)), "False"]}


def test_a_dsn_that_says_nothing_stops_the_start_without_being_shown(tmp_path: Path) -> None:
    env = {**os.environ, "SENTRY_DSN": "https://sentry.example.org", "VAR_DIR": str(tmp_path)}
    program = [sys.executable, "-c", "import podstream.asgi"]
    done = subprocess.run(program, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "SENTRY_DSN" in done.stderr
    assert "Traceback" not in done.stderr
