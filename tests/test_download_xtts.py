"""`manage.py download_xtts` as an operator runs it: a process of its own, with and without a terminal."""

import hashlib
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.engines.file_server import FileServer, serving
from voice.engines.spec import PublishedFile
from voice.engines.xtts import ENGINE
from voice.management.commands import download_xtts

ROOT = Path(__file__).parent.parent
CONTENT = {"config.json": b"{}", "vocab.json": b"{}", "model.pth": bytes(100_000)}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """Serves small files, and lets the command take them for the published ones."""
    files = [PublishedFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENT.items()]
    assert ENGINE.weights is not None
    engine = replace(ENGINE, weights=replace(ENGINE.weights, files=tuple(files)))
    monkeypatch.setattr(download_xtts.Command, "engine", engine)
    with serving(CONTENT) as served:
        yield served


def run(folder: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; nobody answers at its address."""
    command = [sys.executable, "manage.py", "download_xtts", "--folder", str(folder), "--from", "ftp://nobody"]
    environment = {**os.environ, "VAR_DIR": str(folder.parent / "var")}
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, env=environment, stdin=stdin, capture_output=True, text=True, timeout=60
    )


def answered(folder: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """The command on a terminal, with `answer` typed into it."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        return run(folder, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def test_without_a_terminal_it_asks_nobody_and_says_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path / "xtts")
    assert done.returncode == 1
    assert "--accept-licence" in done.stderr
    assert "CPML" in done.stdout
    assert "1,867,929,118 bytes" in done.stdout
    assert not (tmp_path / "xtts").exists()


def test_a_licence_that_is_refused_stops_it(tmp_path: Path) -> None:
    done = answered(tmp_path / "xtts", "no\n")
    assert done.returncode == 1
    assert "not accepted" in done.stderr
    assert not (tmp_path / "xtts").exists()


def test_a_licence_that_is_accepted_lets_it_go_on(tmp_path: Path) -> None:
    done = answered(tmp_path / "xtts", "yes\n")
    assert done.returncode == 1
    assert "no address to download from" in done.stderr


def test_the_end_of_the_input_is_no_acceptance(tmp_path: Path) -> None:
    done = answered(tmp_path / "xtts", "\x04")
    assert done.returncode == 1
    assert "not accepted" in done.stderr


@pytest.mark.skipif(find_spec("torch") is not None, reason="with torch it converts, which takes a real checkpoint")
def test_it_shows_tenths_and_says_what_to_set(tmp_path: Path, server: FileServer) -> None:
    out = StringIO()
    for _ in range(2):
        call_command("download_xtts", folder=tmp_path, base_url=server.url, accept_licence=True, stdout=out)
    text = out.getvalue()
    assert "model.pth: 100%" in text
    assert "(3 downloaded now)" in text
    assert "(0 downloaded now)" in text
    assert "install requirements-xtts.txt" in text
    assert f"XTTS_CHECKPOINT={tmp_path}" in text
    assert "XTTS_LICENCE_ACCEPTED=true" in text


def test_a_damaged_file_ends_it_with_an_error(tmp_path: Path, server: FileServer) -> None:
    server.files["model.pth"] = bytes(99_999) + b"x"
    with pytest.raises(CommandError, match="SHA-256 differs"):
        call_command("download_xtts", folder=tmp_path, base_url=server.url, accept_licence=True, stdout=StringIO())
    assert not (tmp_path / "model.pth").exists()
