"""`manage.py download_xtts` from a server to a checkpoint that opens."""

import hashlib
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.engines.file_server import serving
from voice.engines.spec import PublishedFile
from voice.engines.xtts import ENGINE
from voice.engines.xtts.checkpoint import Checkpoint
from voice.management.commands import download_xtts


def publish(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command take `files` for the published ones."""
    published = [PublishedFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()]
    assert ENGINE.weights is not None
    engine = replace(ENGINE, weights=replace(ENGINE.weights, files=tuple(published)))
    monkeypatch.setattr(download_xtts.Command, "engine", engine)


def run(folder: Path, url: str) -> str:
    out = StringIO()
    call_command("download_xtts", folder=folder, base_url=url, accept_licence=True, stdout=out)
    return out.getvalue()


def test_what_is_downloaded_can_be_opened(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {name: (tiny_checkpoint / name).read_bytes() for name in ("config.json", "vocab.json", "model.pth")}
    publish(files, monkeypatch)
    with serving(files) as server:
        server.breaks_after = [len(files["config.json"]), len(files["vocab.json"]), 50_000_000]
        told = run(tmp_path, server.url)
        assert "(3 downloaded now)" in told
        assert "Ready to load: model.safetensors" in told
        assert f"XTTS_CHECKPOINT={tmp_path}" in told
        written = (tmp_path / "model.safetensors").stat().st_mtime_ns
        assert "(0 downloaded now)" in run(tmp_path, server.url)
    assert (tmp_path / "model.safetensors").stat().st_mtime_ns == written
    (tmp_path / "model.pth").unlink()
    assert Checkpoint.open(tmp_path).fingerprint == Checkpoint.open(tiny_checkpoint).fingerprint


def test_a_download_that_is_no_checkpoint_ends_with_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"config.json": b"{}", "vocab.json": b"{}", "model.pth": b"nothing"}
    publish(files, monkeypatch)
    with serving(files) as server, pytest.raises(CommandError, match="does not describe an XTTS model"):
        run(tmp_path, server.url)
