"""The whole flow in real worker processes, and what happens when they are killed or stopped in the middle."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
import soundfile as sf
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from tests.conftest import ROOT, redis_away, wait_until
from tests.waveforms import speech_like, write_wav
from voice.audio.formats import FORMATS
from voice.engines.registry import engine_configure
from voice.models import Job, Synthesis, User, VoiceModel, VoiceSample
from voice.models.lifecycle import JobState, SampleStatus, SynthesisStatus, VoiceModelStatus
from voice.redis_client import redis_client
from voice.services.moderation import user_deactivate, voice_block
from voice.services.sample import sample_create, sample_delete, upload_judge
from voice.services.synthesis import synthesis_cancel, synthesis_create, synthesis_delete
from voice.services.voice_model import voice_model_clone, voice_model_delete
from voice.storage import output_storage, sample_storage, voice_model_storage

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
without_torch = pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed here")
StartWorker = Callable[..., subprocess.Popen[bytes]]
LONG_TEXT = "The quick brown fox jumps over the lazy dog while the rain falls on the roof of the old house. " * 15


def upload(owner: User, recording: Path) -> VoiceSample:
    with upload_judge(recording, owner=owner) as judged, transaction.atomic():
        return sample_create(judged=judged, name="me", language="en")


def speak(owner: User, model: VoiceModel, text: str = "Hello, world!", output_format: str = "wav") -> Synthesis:
    return synthesis_create(owner=owner, voice_model=model, text=text, language="en", output_format=output_format)


def state_of(row: VoiceSample | VoiceModel | Synthesis) -> str:
    row.refresh_from_db()
    return row.status


def signal_all(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # espeak-ng speaks each sentence in a fork that ends with it
            process.send_signal(number)


def freeze(processes: list[psutil.Process]) -> None:
    """Stop them, though not while they hold SQLite's one write lock, which would stop everybody."""
    signal_all(processes, signal.SIGSTOP)
    while connection.vendor == "sqlite" and not sqlite_is_free():
        signal_all(processes, signal.SIGCONT)
        time.sleep(0.05)
        signal_all(processes, signal.SIGSTOP)


def sqlite_is_free() -> bool:
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0.2, isolation_level=None)) as probe:
        try:
            probe.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        probe.execute("ROLLBACK")
        return True


@pytest.fixture
def flow(user: User, recording: Path) -> tuple[VoiceSample, VoiceModel]:
    sample = upload(user, recording)
    return sample, voice_model_clone(owner=user, samples=[sample], name="Me", language="en")


def test_upload_clone_and_synthesize_without_polling_ends_in_speech(
    user: User, recording: Path, start_worker: StartWorker
) -> None:
    sample = upload(user, recording)
    model = voice_model_clone(owner=user, samples=[sample], name="Me", language="en")
    spoken = [speak(user, model, output_format=name) for name in FORMATS]
    start_worker()
    wait_until(lambda: {state_of(row) for row in spoken} == {SynthesisStatus.COMPLETED}, timeout_s=60)
    assert state_of(sample) == SampleStatus.READY
    assert state_of(model) == VoiceModelStatus.READY
    for row in spoken:
        layout = FORMATS[row.output_format].reading(row.rate_hz or 0)
        with output_storage().open(row.audio_name) as f, sf.SoundFile(f, **layout) as sound:
            assert sound.samplerate == row.rate_hz
            assert sound.frames / sound.samplerate == pytest.approx(row.duration_s, abs=0.1)
        assert output_storage().size(row.audio_name) == row.size_bytes
        assert Path(row.audio_name).suffix == f".{row.output_format}"
    assert sample.pcm_name == ""
    assert sample.quality is not None
    assert set(sample.quality) == {"score", "parts", "advice"}
    assert sample_storage().listdir(f"{user.pk}/{sample.pk}")[1] == ["1.flac"]
    assert set(Job.objects.values_list("state", "progress")) == {(JobState.COMPLETED, 1.0)}


def test_a_killed_worker_child_loses_nothing(
    user: User, flow: tuple[VoiceSample, VoiceModel], start_worker: StartWorker
) -> None:
    synthesis = speak(user, flow[1], LONG_TEXT)
    worker = start_worker(JOB_LEASE_S="2")
    wait_until(lambda: Job.objects.get(synthesis=synthesis).phase == "speaking", timeout_s=60)
    for child in psutil.Process(worker.pid).children():
        if "celery" in " ".join(child.cmdline()):
            child.kill()
    wait_until(lambda: state_of(synthesis) == SynthesisStatus.COMPLETED, timeout_s=60)
    assert Job.objects.get(synthesis=synthesis).attempt == 2
    assert output_storage().listdir(f"{user.pk}/{synthesis.pk}")[1] == ["2.wav"]


def test_a_worker_that_slept_past_its_lease_writes_nothing(
    user: User, flow: tuple[VoiceSample, VoiceModel], start_worker: StartWorker
) -> None:
    synthesis = speak(user, flow[1], LONG_TEXT)
    sleeper = start_worker(JOB_LEASE_S="2")
    wait_until(lambda: Job.objects.get(synthesis=synthesis).phase == "speaking", timeout_s=60)
    tree = [psutil.Process(sleeper.pid), *psutil.Process(sleeper.pid).children(recursive=True)]
    freeze(tree)
    start_worker(JOB_LEASE_S="2")
    wait_until(lambda: Job.objects.get(synthesis=synthesis).attempt == 2, timeout_s=30)
    signal_all(tree, signal.SIGCONT)
    wait_until(lambda: state_of(synthesis) == SynthesisStatus.COMPLETED, timeout_s=60)
    assert output_storage().listdir(f"{user.pk}/{synthesis.pk}")[1] == ["2.wav"]
    assert Synthesis.objects.count() == 1


def test_a_cancelled_synthesis_stops_in_the_middle_and_leaves_no_file(
    user: User, flow: tuple[VoiceSample, VoiceModel], start_worker: StartWorker
) -> None:
    first, second = speak(user, flow[1], LONG_TEXT), speak(user, flow[1])
    start_worker()
    wait_until(lambda: Job.objects.get(synthesis=first).phase == "speaking", timeout_s=60)
    assert synthesis_cancel(synthesis=first).status == SynthesisStatus.CANCELLED
    wait_until(lambda: state_of(second) == SynthesisStatus.COMPLETED, timeout_s=30)
    assert state_of(first) == SynthesisStatus.CANCELLED
    assert not output_storage().exists(f"{user.pk}/{first.pk}/1.wav")


def test_a_wake_up_that_was_lost_is_sent_again_by_the_sweeper(
    user: User, flow: tuple[VoiceSample, VoiceModel], start_worker: StartWorker
) -> None:
    redis_client().flushdb()
    Job.objects.update(enqueued_at=timezone.now() - timedelta(minutes=1))
    start_worker()
    wait_until(lambda: state_of(flow[1]) == VoiceModelStatus.READY, timeout_s=60)


def test_deleting_removes_rows_files_and_waiting_work(
    user: User, recording: Path, flow: tuple[VoiceSample, VoiceModel], start_worker: StartWorker
) -> None:
    sample, model = flow
    done = speak(user, model)
    start_worker()
    wait_until(lambda: state_of(done) == SynthesisStatus.COMPLETED, timeout_s=60)
    names = (sample.pk, model.pk, done.pk)
    model.refresh_from_db()
    sample.refresh_from_db()
    audio, profile, reference = done.audio_name, model.profile_name, sample.audio_name
    sample_delete(sample=sample)
    assert not sample_storage().exists(reference)
    assert state_of(model) == VoiceModelStatus.READY
    voice_model_delete(voice_model=model)
    assert not voice_model_storage().exists(profile)
    assert state_of(done) == SynthesisStatus.COMPLETED
    assert done.voice_model is None
    synthesis_delete(synthesis=done)
    assert not output_storage().exists(audio)
    assert not Job.objects.exists()
    assert names


def test_deleting_a_recording_fails_the_voice_that_waits_for_it(
    user: User, flow: tuple[VoiceSample, VoiceModel]
) -> None:
    sample, model = flow
    synthesis = speak(user, model)
    sample_delete(sample=sample)
    assert state_of(model) == VoiceModelStatus.FAILED
    assert state_of(synthesis) == SynthesisStatus.FAILED
    assert "deleted" in synthesis.error_message


def test_with_redis_away_a_request_is_kept_and_done_later(
    user: User, recording: Path, start_worker: StartWorker, settings: Settings
) -> None:
    with redis_away(settings):
        sample = upload(user, recording)
    assert Job.objects.get(sample=sample).enqueued_at is None
    start_worker()
    wait_until(lambda: state_of(sample) == SampleStatus.READY, timeout_s=60)


def test_one_process_of_threads_does_many_jobs_at_once(
    user: User, flow: tuple[VoiceSample, VoiceModel], start_worker: StartWorker, tmp_path: Path
) -> None:
    spoken = [speak(user, flow[1], f"This is sentence number {number}.") for number in range(26)]
    start_worker(queues="preprocess,maintenance")
    start_worker(24, queues="clone,synthesis", pool="threads")
    at_once: list[int] = []

    def are_all_spoken() -> bool:
        at_once.append(Job.objects.filter(kind="synthesis", state=JobState.RUNNING).count())
        return {state_of(row) for row in spoken} == {SynthesisStatus.COMPLETED}

    wait_until(are_all_spoken, timeout_s=90)
    assert len({row.duration_s for row in spoken}) > 1
    assert 8 < max(at_once) <= 24
    log = (tmp_path / "worker-1.log").read_text()
    assert log.index("engine embedded") < log.index(" ready."), "loaded before the first job"
    assert "Error" not in log


def test_a_killed_process_of_threads_loses_nothing(
    user: User, flow: tuple[VoiceSample, VoiceModel], start_worker: StartWorker
) -> None:
    start_worker(queues="preprocess,maintenance", JOB_LEASE_S="2")
    spoken = [speak(user, flow[1], LONG_TEXT) for _ in range(2)]
    first = start_worker(2, queues="clone,synthesis", pool="threads", JOB_LEASE_S="2")
    wait_until(lambda: Job.objects.filter(phase="speaking").count() == 2, timeout_s=60)
    first.kill()
    start_worker(2, queues="clone,synthesis", pool="threads", JOB_LEASE_S="2")
    wait_until(lambda: {state_of(row) for row in spoken} == {SynthesisStatus.COMPLETED}, timeout_s=90)
    assert {Job.objects.get(synthesis=row).attempt for row in spoken} == {2}


def test_a_worker_that_speaks_and_whose_engine_cannot_work_says_why_and_does_not_start(tmp_path: Path) -> None:
    status, log = run_worker("threads", "clone,synthesis", VOICE_ENGINE="xtts", XTTS_CHECKPOINT=str(tmp_path))
    assert status == 1
    assert "xtts_licence_missing" in log
    assert "Traceback" not in log


@pytest.fixture
def xtts_settings(tmp_path: Path) -> dict[str, str]:
    """Those of a server that may use XTTS, as far as one sees without torch."""
    for name in ("config.json", "vocab.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    return {"XTTS_LICENCE_ACCEPTED": "1", "XTTS_CHECKPOINT": str(tmp_path)}


def test_xtts_is_not_multiplied_by_forks(xtts_settings: dict[str, str]) -> None:
    status, log = run_worker("prefork", "preprocess,clone", VOICE_ENGINE="xtts", **xtts_settings)
    assert status == 1
    assert "--pool threads" in log


@without_torch
def test_a_worker_without_torch_does_not_start_to_speak_with_xtts(xtts_settings: dict[str, str]) -> None:
    status, log = run_worker("threads", "clone", VOICE_ENGINE="xtts", **xtts_settings)
    assert status == 1
    assert "xtts_not_installed" in log


@pytest.mark.parametrize(
    ("pool", "code"),
    [("prefork", "xtts_needs_threads"), pytest.param("threads", "xtts_not_installed", marks=without_torch)],
)
def test_a_worker_of_another_engine_that_cannot_do_a_job_of_xtts_fails_it_after_its_attempts(
    user: User, recording: Path, start_worker: StartWorker, xtts_settings: dict[str, str], pool: str, code: str
) -> None:
    engine_configure("xtts", XTTS_CHECKPOINT=Path(xtts_settings["XTTS_CHECKPOINT"]), XTTS_LICENCE_ACCEPTED=True)
    model = voice_model_clone(owner=user, samples=[upload(user, recording)], name="Me", language="en", engine="xtts")
    start_worker(pool=pool, JOB_MAX_ATTEMPTS="2", JOB_BACKOFF_S="0.1", **xtts_settings)
    wait_until(lambda: state_of(model) == VoiceModelStatus.FAILED, timeout_s=60)
    assert model.error_code == code
    assert Job.objects.get(voice_model=model).attempt == 2


def run_worker(pool: str, queues: str, **env: str) -> tuple[int, str]:
    """The exit status and the log of a worker that does not start."""
    command = [sys.executable, "-m", "celery", "-A", "podstream", "worker", "--pool", pool, "--queues", queues]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def speaking(user: User, model: VoiceModel, start_worker: StartWorker, **env: str) -> tuple[Synthesis, Synthesis]:
    """A long text that a worker is speaking, and one that waits behind it."""
    running, queued = speak(user, model, LONG_TEXT * 3), speak(user, model)
    start_worker(**env)
    wait_until(lambda: Job.objects.get(synthesis=running).phase == "speaking", timeout_s=60)
    return running, queued


@pytest.mark.parametrize("what", ["the voice", "its recording", "the account"])
def test_what_is_blocked_or_banned_stops_within_five_seconds(
    user: User,
    other_user: User,
    tmp_path: Path,
    flow: tuple[VoiceSample, VoiceModel],
    start_worker: StartWorker,
    what: str,
) -> None:
    sample, model = flow
    running, queued = speaking(user, model, start_worker)
    if what == "the account":
        user_deactivate(user=user)
    else:
        voice_block(row=sample if what == "its recording" else model, reason="Not your voice.")
    code = "user_inactive" if what == "the account" else "model_blocked"
    for row in (running, queued):
        assert (state_of(row), row.error_code) == (SynthesisStatus.FAILED, code)
    recording = write_wav(tmp_path / "other.wav", speech_like(12))
    other = upload(other_user, recording)  # waits until the one worker has let go
    wait_until(lambda: Job.objects.get(pk=other.job.pk).attempt == 1, timeout_s=5)
    assert not output_storage().exists(f"{user.pk}/{running.pk}")


def test_a_running_job_notices_that_its_owner_was_deactivated_in_the_database(
    user: User, flow: tuple[VoiceSample, VoiceModel], start_worker: StartWorker
) -> None:
    running, queued = speaking(user, flow[1], start_worker, SWEEP_IN_WORKER="0")
    User.objects.filter(pk=user.pk).update(is_active=False)
    wait_until(lambda: {state_of(running), state_of(queued)} == {SynthesisStatus.FAILED}, timeout_s=5)
    assert running.error_code == queued.error_code == "user_inactive"


def test_the_progress_of_a_long_text_moves_on_while_it_is_encoded(
    user: User, flow: tuple[VoiceSample, VoiceModel], start_worker: StartWorker
) -> None:
    synthesis = speak(user, flow[1], LONG_TEXT * 3, output_format="opus")
    start_worker()
    seen: list[tuple[str, float]] = []

    def is_done() -> bool:
        seen.append(Job.objects.values_list("phase", "progress").get(synthesis=synthesis))
        return state_of(synthesis) == SynthesisStatus.COMPLETED

    wait_until(is_done, timeout_s=90)
    shares = [progress for _, progress in seen]
    assert shares == sorted(shares)
    assert len({progress for phase, progress in seen if phase == "encoding"}) >= 3
