"""The chaos rig: a short run of it, and that its audit finds what is lost, doubled or broken."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from chaos.job_watch import JobWatch, Takeover
from chaos.ledger import Exchange, Expected, Ledger, Promise
from tests.api.rows import completed_synthesis, queued_synthesis
from tests.conftest import ROOT, process_environment
from voice.models import Job, Synthesis, User
from voice.storage import output_storage


@pytest.mark.worker
@pytest.mark.timeout(280)  # on a machine that has other things to do as well
def test_a_short_run_with_kills_loses_nothing(tmp_path: Path) -> None:
    figures = tmp_path / "chaos.json"
    options = ["--rows=R1", "--size=production", "--jobs=8", "--lease-s=3", f"--json={figures}"]
    command = [sys.executable, "-m", "chaos", *options]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=260)

    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(figures.read_text())["rows"]
    assert row["failures"] == []
    assert sum(row["figures"]["kills"].values()) == 3
    assert row["figures"]["acknowledged"] == 8 + 4, "two recordings and two voices"
    assert row["figures"]["ended"] == {"completed": 12}


@pytest.fixture
def promised(transactional_db: None, user: User, tmp_path: Path) -> Synthesis:
    """Speech that was promised, and is there."""
    synthesis = completed_synthesis(user)
    ledger = Ledger()
    ledger.promised(Promise("synthesis", str(synthesis.pk), "key"))
    ledger.save(tmp_path / "ledger.json")
    return synthesis


@pytest.fixture
def audited(tmp_path: Path) -> Callable[[], tuple[int, list[str]]]:
    """Runs the audit as the rig does: its exit status and findings."""

    def run() -> tuple[int, list[str]]:
        command = [sys.executable, "-m", "chaos.audit", str(tmp_path / "ledger.json")]
        env = process_environment()
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)["findings"]

    return run


def delete_the_file(synthesis: Synthesis) -> str:
    output_storage().delete(synthesis.audio_name)
    return "has lost its file"


def cut_the_file(synthesis: Synthesis) -> str:
    path = Path(output_storage().path(synthesis.audio_name))
    path.write_bytes(path.read_bytes()[:-1000])
    return "bytes instead of"


def shorten_the_speech(synthesis: Synthesis) -> str:
    Synthesis.objects.filter(pk=synthesis.pk).update(duration_s=2.0)
    return "instead of 2.00 s"


def garble_the_file(synthesis: Synthesis) -> str:
    path = Path(output_storage().path(synthesis.audio_name))
    path.write_bytes(b"\0" * path.stat().st_size)
    return "cannot be played"


def delete_the_row(synthesis: Synthesis) -> str:
    synthesis.delete()
    return "was acknowledged and is gone"


def delete_the_job(synthesis: Synthesis) -> str:
    Job.objects.filter(synthesis=synthesis).delete()
    return "has no job"


def fail_it(synthesis: Synthesis) -> str:
    Job.objects.filter(synthesis=synthesis).update(state="failed")
    return "ended as completed (job failed"


@pytest.mark.parametrize(
    "harm",
    [delete_the_file, cut_the_file, shorten_the_speech, garble_the_file, delete_the_row, delete_the_job, fail_it],
)
def test_the_audit_names_what_is_lost_and_ends_with_status_1(
    promised: Synthesis, audited: Callable[[], tuple[int, list[str]]], harm: Callable[[Synthesis], str]
) -> None:
    id = str(promised.pk)
    words = harm(promised)
    status, findings = audited()
    assert status == 1
    assert [finding for finding in findings if words in finding and id in finding], findings


def test_the_audit_finds_what_was_done_twice_and_what_has_not_ended(
    promised: Synthesis, audited: Callable[[], tuple[int, list[str]]], user: User
) -> None:
    assert audited() == (0, [])
    twin, waiting = completed_synthesis(user), queued_synthesis(user)
    status, findings = audited()
    assert status == 1
    text = "\n".join(findings)
    assert "2 rows of voice_synthesis_history were promised to nobody" in text
    assert str(twin.pk) in text
    assert f"job {waiting.job.pk} (synthesis) has not ended" in text


def test_the_audit_clears_away_what_no_row_names(
    promised: Synthesis, audited: Callable[[], tuple[int, list[str]]]
) -> None:
    folder = promised.audio_name.rpartition("/")[0]
    left = output_storage().save(f"{folder}/2.wav", ContentFile(b"half"))
    assert audited() == (0, [])
    assert not output_storage().exists(left)


@pytest.mark.parametrize(
    ("expected", "code", "is_kept"),
    [
        (Expected.WORKER_LOST, "worker_lost", True),
        (Expected.WORKER_LOST, "internal_error", False),
        (Expected.WITH_REASON, "storage_full", True),
        (Expected.WITH_REASON, "internal_error", False),
        (Expected.COMPLETED, "worker_lost", False),
    ],
)
def test_a_failure_keeps_a_promise_only_where_it_was_expected(
    transactional_db: None,
    user: User,
    tmp_path: Path,
    audited: Callable[[], tuple[int, list[str]]],
    expected: Expected,
    code: str,
    is_kept: bool,
) -> None:
    synthesis = completed_synthesis(user)
    audio = synthesis.audio_name
    Synthesis.objects.filter(pk=synthesis.pk).update(status="failed", audio_name="", error_code=code)
    output_storage().delete(audio)
    Job.objects.filter(synthesis=synthesis).update(state="failed", error_code=code)
    ledger = Ledger()
    ledger.promised(Promise("synthesis", str(synthesis.pk), "key", expected))
    ledger.save(tmp_path / "ledger.json")
    status, _ = audited()
    assert status == (0 if is_kept else 1)


@pytest.mark.parametrize(
    ("status", "has_retry_after", "is_fair"),
    [
        (202, False, True),
        (503, True, True),
        (503, False, False),
        (429, True, True),
        (500, True, False),
        (404, False, False),
    ],
)
def test_a_user_may_be_told_yes_or_when_to_try_again(status: int, has_retry_after: bool, is_fair: bool) -> None:
    ledger = Ledger()
    ledger.answered(Exchange("synthesis", status, 1.0, has_retry_after=has_retry_after))
    ledger.answered(Exchange("synthesis", 0, 1.0))  # a connection that a kill cut off
    assert bool(ledger.unfair()) is not is_fair


def test_recovery_counts_from_the_first_kill_that_may_have_hit_the_job() -> None:
    watch = JobWatch("sqlite:///nowhere")
    watch.takeovers = [Takeover("job", lease_until=130.0, claimed_at=140.0)]
    assert watch.recovery_s([90.0, 105.0, 120.0, 150.0], lease_s=30.0) == [35.0]
    assert watch.recovery_s([90.0, 150.0], lease_s=30.0) == []
    assert watch.recovery_s([105.0, 120.0], ends=[120.0, 150.0], lease_s=30.0) == [20.0], "nobody was left to claim it"
