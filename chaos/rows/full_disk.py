"""R7: no room for audio, no room for the database."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chaos.lab import Lab, RowResult, production_stack, row_result
from chaos.ledger import Expected
from chaos.trial import SENTENCE, Trial
from local.client import ApiRefused
from tests.rig.processes import wait_until

SPEECH_MB = 2
UPLOADS_MB = 32
DATABASE_MB = 192
BALLAST_BLOCK = 65_536
SPOKEN = 24  # some 200 KB each: 2 MB are full before the last
WRITTEN = 5


def r7(lab: Lab) -> RowResult:
    """Speech on a file system of 2 MB; then no room for uploads and for the database, and room again."""
    folder = lab.folder / "r7-disks"
    try:
        with (
            file_system(folder / "output", SPEECH_MB) as output,
            file_system(folder / "uploads", UPLOADS_MB) as uploads,
            file_system(folder / "database", DATABASE_MB) as database,
        ):
            return _full_disks(lab, output=output, uploads=uploads, database=database)
    except PermissionError as error:
        return RowResult("R7", "full disks", not_measured=f"{error}; tests/storage/test_local.py holds a part of it")


@contextmanager
def file_system(folder: Path, size_mb: int) -> Iterator[Path]:
    """A file system of its own. Raises PermissionError where this user may mount none."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        raise PermissionError("small file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 (where it is depends on the system)


def _full_disks(lab: Lab, *, output: Path, uploads: Path, database: Path) -> RowResult:
    settings = {"VOICE_OUTPUT_DIR": str(output), "VOICE_UPLOAD_DIR": str(uploads), "JOB_BACKOFF_S": "1"}
    with lab.production("r7", postgresql_folder=database / "data", settings=settings) as trial:
        trial.wait_for_voices()
        trial.say(f"speech for a disk of {SPEECH_MB} MB")
        for number in range(SPOKEN):
            trial.podcaster(number).speak(f"{number}. {SENTENCE}", output_format="wav", expected=Expected.WITH_REASON)
        trial.drain(timeout_s=lab.scale.drain_s)
        refused_uploads = _upload_without_room(trial, uploads, lab.recording)
        refused_writes = _write_without_room(trial, database)
        verdict = trial.judge(timeout_s=lab.scale.drain_s)
    ended = verdict.figures["ended"]
    failures = [] if ended != {"completed": verdict.figures["acknowledged"]} else ["the disk did not get full"]
    failures += [] if set(refused_uploads) <= {"507"} else [f"an upload without room got {refused_uploads}"]
    figures: dict[str, object] = {"uploads_without_room": refused_uploads, "writes_without_room": refused_writes}
    return row_result("R7", "full disks", verdict, figures=figures, failures=failures)


def _upload_without_room(trial: Trial, uploads: Path, recording: Path) -> dict[str, int]:
    trial.say("no room for uploads")
    before = trial.ledger.statuses()
    with _full(uploads):
        files = {"audio": ("voice.wav", recording.read_bytes())}
        with suppress(ApiRefused):
            trial.podcaster(0).create("/api/voice/upload", patience_s=0, expected=Expected.WITH_REASON, files=files)
    return _new(before, trial.ledger.statuses())


def _write_without_room(trial: Trial, database: Path) -> dict[str, int]:
    trial.say("no room for the database")
    before = trial.ledger.statuses()
    with _full(database):
        for number in range(WRITTEN):
            trial.podcaster(number).speak(SENTENCE, patience_s=0, expected=Expected.WITH_REASON)
    production_stack(trial).postgresql.ensure_running()
    wait_until(lambda: trial.stack.answers() and trial.unfinished() >= 0, what="the database", timeout_s=60)
    return _new(before, trial.ledger.statuses())


def _new(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {status: times - before.get(status, 0) for status, times in after.items() if times > before.get(status, 0)}


@contextmanager
def _full(folder: Path) -> Iterator[None]:
    """A file system without a free block, until the end of the block."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as f:
        try:
            while f.write(b"\0" * BALLAST_BLOCK):
                continue
        except OSError:
            pass
    try:
        yield
    finally:
        ballast.unlink()
