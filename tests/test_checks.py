"""Settings that make no sense are refused at the start, with an id and a hint."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.checks import run_checks
from django.db import connection

from tests.backends import TEST_DATABASE
from tests.conftest import ROOT, process_environment


def ids(**kwargs: Any) -> set[str]:
    return {str(message.id) for message in run_checks(**kwargs)}


def test_the_defaults_pass() -> None:
    assert ids() == set()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MAX_VOICE_FILE_SIZE", 0, "voice.E001"),
        ("JOB_LEASE_S", -1, "voice.E001"),
        ("MIN_VOICE_DURATION", 400.0, "voice.E002"),
        ("VOICE_ENGINE", "nosuch", "voice.E003"),
        ("JOB_LEASE_S", 10_000, "voice.E004"),
        ("VOICE_OUTPUT_DIR", "same", "voice.E005"),
    ],
)
def test_nonsense_has_an_id_and_a_hint(settings: Any, name: str, value: object, expected: str) -> None:
    setattr(settings, name, settings.VOICE_MODEL_DIR if value == "same" else value)
    found = [message for message in run_checks() if message.id == expected]
    assert found
    assert all(message.hint for message in found)


def make_weights(folder: Path) -> Path:
    """A folder that has the files of an XTTS checkpoint, as far as the web process looks."""
    for name in ("config.json", "vocab.json", "model.safetensors"):
        (folder / name).write_text("{}")
    return folder


@pytest.mark.parametrize(
    ("engine", "is_accepted", "has_weights", "expected"),
    [
        ("embedded", False, False, set()),
        ("embedded", True, False, set()),
        ("embedded", False, True, {"voice.W004"}),
        ("xtts", False, True, {"voice.W004"}),
        ("xtts", True, False, {"voice.W003"}),
        ("xtts", True, True, set()),
    ],
)
def test_an_xtts_that_cannot_be_used_is_warned_of_and_stops_nobody(
    settings: Any, tmp_path: Path, engine: str, is_accepted: bool, has_weights: bool, expected: set[str]
) -> None:
    settings.VOICE_ENGINE, settings.XTTS_LICENCE_ACCEPTED = engine, is_accepted
    settings.XTTS_CHECKPOINT = make_weights(tmp_path) if has_weights else tmp_path
    found = run_checks()
    assert {message.id for message in found} == expected
    assert all(message.hint and not message.is_serious() for message in found)


PRODUCTION = {
    "DATABASE_URL": "postgresql://u:p@db.example/podstream",
    "REDIS_URL": "redis://redis.example:6379/0",
    "SECRET_KEY": "0123456789" * 5 + "abcdefghij",
    "JWT_SIGNING_KEY": "abcdefghij" * 5 + "0123456789",
    "ALLOWED_HOSTS": "voice.example",
    "HTTPS_ONLY": "1",
}


def test_the_two_secrets_differ(settings: Any) -> None:
    settings.JWT_SIGNING_KEY = settings.SECRET_KEY
    (found,) = [message for message in run_checks() if message.id == "voice.E007"]
    assert found.hint


NONSENSE = {
    "MAX_VOICE_FILE_SIZE": "abc",
    "SWEEP_INTERVAL_S": "nan",
    "LOG_LEVEL": "loud",
    "XTTS_DEVICE": "tpu",
    "HTTPS_ONLY": "maybe",
    "ACCESS_TOKEN_MINUTES": "-5",
    "REFRESH_TOKEN_DAYS": "0",
    "REDIS_URL": "localhost:6379",
    "DATABASE_URL": "hunter2",
    "CORS_ALLOWED_ORIGINS": "https://[1]",
}


@pytest.mark.parametrize(
    "program",
    [
        [str(ROOT / "manage.py"), "check"],
        ["-m", "uvicorn", "podstream.asgi:application", "--port", "0"],
        ["-m", "celery", "-A", "podstream", "worker", "--concurrency", "1"],
        ["-m", "celery", "-A", "podstream", "beat", "--schedule", "beat"],
        ["-m", "local.stack", "run", "--port", "0"],
    ],
    ids=["check", "web", "worker", "beat", "stack"],
)
def test_no_program_starts_with_nonsense_and_each_tells_all_of_it(program: list[str], tmp_path: Path) -> None:
    keep = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "ENV_FILE": os.devnull, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, *program],
        cwd=tmp_path,
        env={**keep, **NONSENSE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    told = set(re.findall(r"voice\.E006\) (\w+) ", result.stderr))
    assert told == set(NONSENSE), result.stderr
    assert "Traceback" not in result.stderr
    assert "hunter2" not in result.stderr, "a URL may hold a password"


def check_deploy(var_dir: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    keep = {"PATH": os.environ["PATH"], "VAR_DIR": str(var_dir), "ENV_FILE": os.devnull}
    return subprocess.run(command, cwd=ROOT, env={**keep, **env}, capture_output=True, text=True, check=False)


def test_production_settings_pass_the_deployment_check(tmp_path: Path) -> None:
    result = check_deploy(tmp_path, **PRODUCTION)
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(TEST_DATABASE == "sqlite", reason="SQLite has no socket")
@pytest.mark.django_db
@pytest.mark.parametrize("form", ["postgres://postgres@{coded}/{name}", "postgresql://postgres@/{name}?host={folder}"])
def test_a_socket_in_the_url_of_the_database_is_found(form: str) -> None:
    folder = connection.settings_dict["OPTIONS"]["host"]
    url = form.format(coded=quote(folder, safe=""), folder=folder, name=connection.settings_dict["NAME"])
    command = [sys.executable, "manage.py", "migrate", "--check"]
    env = {**process_environment(), "DATABASE_URL": url}
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr


def test_the_small_size_is_told_that_it_is_not_production(tmp_path: Path) -> None:
    result = check_deploy(tmp_path)
    assert result.returncode == 1
    assert "voice.W001" in result.stderr
    assert "voice.W002" in result.stderr
