"""The download of the XTTS checkpoint, against a real server that breaks off, lies and refuses."""

import fcntl
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.engines.file_server import FileServer, serving
from voice.engines.download import DownloadFailed, download
from voice.engines.spec import PublishedFile
from voice.engines.xtts import ENGINE, REVISION

MODEL = np.random.default_rng(0).bytes(300_000)
CONFIG = b'{"model": "xtts"}'


def published(name: str, content: bytes) -> PublishedFile:
    return PublishedFile(name, len(content), hashlib.sha256(content).hexdigest())


PUBLISHED = (published("config.json", CONFIG), published("model.pth", MODEL))


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving({"config.json": CONFIG, "model.pth": MODEL}) as served:
        yield served


def bring(folder: Path, server: FileServer, *, retries: int = 3) -> tuple[list[str], list[tuple[str, int]]]:
    """Download from `server` without pauses: the names fetched, and the progress that was told."""
    told: list[tuple[str, int]] = []
    fetched = download(
        folder,
        progress=lambda file, received: told.append((file.name, received)),
        base_url=server.url,
        files=PUBLISHED,
        retry_pauses_s=[0.0] * retries,
    )
    return fetched, told


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".download.lock"}


def test_it_brings_every_file_and_tells_how_far_it_is(tmp_path: Path, server: FileServer) -> None:
    fetched, told = bring(tmp_path / "new" / "folder", server)
    assert fetched == ["config.json", "model.pth"]
    assert (tmp_path / "new" / "folder" / "model.pth").read_bytes() == MODEL
    assert names(tmp_path / "new" / "folder") == {"config.json", "model.pth"}
    received = [count for name, count in told if name == "model.pth"]
    assert received == sorted(received)
    assert received[-1] == len(MODEL)


def test_a_second_run_asks_the_server_for_nothing(tmp_path: Path, server: FileServer) -> None:
    bring(tmp_path, server)
    server.requests.clear()
    assert bring(tmp_path, server)[0] == []
    assert server.requests == []


def test_a_connection_that_breaks_is_continued_where_it_ended(tmp_path: Path, server: FileServer) -> None:
    server.breaks_after = [len(CONFIG), 100_000, 50_000]
    bring(tmp_path, server)
    assert (tmp_path / "model.pth").read_bytes() == MODEL
    starts = [asked for name, asked in server.requests if name == "model.pth"]
    assert starts == ["", "bytes=100000-", "bytes=150000-"]


def test_what_an_earlier_run_left_is_continued(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "model.pth.part").write_bytes(MODEL[:123_456])
    bring(tmp_path, server)
    assert ("model.pth", "bytes=123456-") in server.requests
    assert (tmp_path / "model.pth").read_bytes() == MODEL


def test_a_whole_part_is_verified_without_asking_again(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "model.pth.part").write_bytes(MODEL)
    bring(tmp_path, server)
    assert [name for name, _ in server.requests] == ["config.json"]
    assert names(tmp_path) == {"config.json", "model.pth"}


def test_a_part_that_is_too_long_is_started_anew(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "model.pth.part").write_bytes(MODEL + b"more")
    bring(tmp_path, server)
    assert (tmp_path / "model.pth").read_bytes() == MODEL


def test_a_server_without_ranges_is_read_from_the_start(tmp_path: Path, server: FileServer) -> None:
    server.answers_ranges = False
    server.breaks_after = [len(CONFIG), 100_000]
    bring(tmp_path, server)
    assert (tmp_path / "model.pth").read_bytes() == MODEL


def test_a_damaged_file_is_removed_and_refused(tmp_path: Path, server: FileServer) -> None:
    server.files["model.pth"] = MODEL[:-1] + bytes([MODEL[-1] ^ 1])
    with pytest.raises(DownloadFailed, match="SHA-256 differs"):
        bring(tmp_path, server)
    assert names(tmp_path) == {"config.json"}


def test_a_part_of_another_file_does_not_become_the_model(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "model.pth.part").write_bytes(b"\0" * 1000)
    with pytest.raises(DownloadFailed, match="SHA-256 differs"):
        bring(tmp_path, server)
    bring(tmp_path, server)
    assert (tmp_path / "model.pth").read_bytes() == MODEL


def test_a_file_that_is_there_and_wrong_is_replaced(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "model.pth").write_bytes(bytes(len(MODEL)))
    assert bring(tmp_path, server)[0] == ["config.json", "model.pth"]
    assert (tmp_path / "model.pth").read_bytes() == MODEL


@pytest.mark.parametrize("tells_length", [True, False])
def test_a_file_of_another_length_is_refused(tmp_path: Path, server: FileServer, tells_length: bool) -> None:
    server.tells_length = tells_length
    server.files["model.pth"] = MODEL + b"and more"
    with pytest.raises(DownloadFailed, match="published"):
        bring(tmp_path, server)
    assert "model.pth" not in names(tmp_path)


def test_a_busy_server_is_asked_again(tmp_path: Path, server: FileServer) -> None:
    server.statuses = [503, 429]
    bring(tmp_path, server)
    assert (tmp_path / "model.pth").read_bytes() == MODEL


def test_a_server_that_stays_busy_is_given_up_and_the_part_is_kept(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "config.json.part").write_bytes(CONFIG[:5])
    server.statuses = [503] * 4
    with pytest.raises(DownloadFailed, match=r"503.*kept"):
        bring(tmp_path, server, retries=3)
    assert (tmp_path / "config.json.part").read_bytes() == CONFIG[:5]


def test_a_missing_file_is_not_asked_for_again(tmp_path: Path, server: FileServer) -> None:
    del server.files["config.json"]
    with pytest.raises(DownloadFailed, match="404"):
        bring(tmp_path, server)
    assert len(server.requests) == 1


def test_nobody_at_the_address_is_a_failure_that_names_it(tmp_path: Path) -> None:
    with serving({}) as gone:
        pass
    with pytest.raises(DownloadFailed, match=r"127\.0\.0\.1"):
        bring(tmp_path, gone, retries=1)


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="https://"):
        bring(tmp_path, FileServer({}, url="ftp://example.org"))


def test_two_downloads_do_not_write_into_the_same_folder(tmp_path: Path, server: FileServer) -> None:
    with (tmp_path / ".download.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DownloadFailed, match="Another process"):
            bring(tmp_path, server)
    bring(tmp_path, server)


def test_a_full_disk_is_noticed_before_anything_is_asked_for(tmp_path: Path, server: FileServer) -> None:
    too_large = PublishedFile("model.pth", 10**18, "0" * 64)
    with pytest.raises(DownloadFailed, match="GB are needed"):
        download(tmp_path, progress=lambda *_: None, base_url=server.url, files=[too_large])
    assert server.requests == []


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadFailed, match="cannot be written"):
        bring(tmp_path / "file" / "folder", server)


def test_what_is_published_is_pinned() -> None:
    assert ENGINE.weights is not None
    assert REVISION in ENGINE.weights.base_url
    assert {file.name for file in ENGINE.weights.files} == {"config.json", "vocab.json", "model.pth"}
    assert all(len(file.sha256) == 64 and file.size_bytes > 0 for file in ENGINE.weights.files)
