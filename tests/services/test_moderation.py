"""A block reaches what was made from a voice, ends its jobs, and knows its audio again; a ban ends jobs too."""

import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from tests.api.rows import completed_synthesis, ready_model, ready_sample
from tests.jobs.test_job import finish, make_model, make_sample, make_synthesis, state
from voice.audio.fingerprint import is_same_sound
from voice.errors import Blocked, LeaseLost
from voice.jobs import copies
from voice.jobs import lease as job_lease
from voice.jobs.blocks import block_reach
from voice.jobs.copies import SETTLED, copies_block
from voice.jobs.recovery import job_sweep
from voice.jobs.run import job_run_next
from voice.jobs.transitions import job_claim, job_finish
from voice.models import (
    Block,
    BlockedAudio,
    BlockHit,
    Job,
    Match,
    SampleSound,
    Synthesis,
    User,
    VoiceModel,
    VoiceSample,
)
from voice.models.lifecycle import JobState, SampleStatus, SynthesisStatus, VoiceModelStatus, advance
from voice.services.moderation import block_lift, user_deactivate, voice_allow, voice_block
from voice.services.sample import sample_create, sample_delete, upload_judge
from voice.services.synthesis import synthesis_create
from voice.services.user_delete import user_delete
from voice.services.voice_model import voice_model_clone, voice_model_delete

pytestmark = pytest.mark.django_db
REASON = "This is not your voice."


def is_blocked(*rows: VoiceSample | VoiceModel | Synthesis) -> list[bool]:
    for row in rows:
        row.refresh_from_db()
    return [row.is_blocked for row in rows]


def upload(path: Path, owner: User) -> VoiceSample:
    with upload_judge(path, owner=owner) as judged, transaction.atomic():
        return sample_create(judged=judged, name="again", language="en")


def test_a_blocked_recording_takes_all_that_was_made_from_it_along(user: User) -> None:
    sample, other = ready_sample(user), ready_sample(user, sha256="other", pcm_sha256="other")
    model, apart = ready_model(user, sample), ready_model(user, other)
    spoken, heard = completed_synthesis(user, model), completed_synthesis(user, apart)
    block = voice_block(row=sample, reason=REASON, note="Reported by the speaker.", made_by=user)
    assert is_blocked(sample, model, spoken) == [True] * 3
    assert is_blocked(other, apart, heard) == [False] * 3
    assert {row.blocked_reason for row in (sample, model, spoken)} == {REASON}
    assert (block.sample, block.made_by, block.note) == (sample, user, "Reported by the speaker.")
    with pytest.raises(Blocked, match=r"sample_blocked.*not your voice"):
        voice_model_clone(owner=user, samples=[sample], name="m", language="en")
    with pytest.raises(Blocked, match=r"model_blocked.*not your voice"):
        synthesis_create(owner=user, voice_model=model, text="Hello", language="en", output_format="mp3")


def test_a_block_ends_the_jobs_of_all_that_it_reaches_and_of_nothing_else(user: User) -> None:
    sample, other = make_sample(user), make_sample(user)
    VoiceSample.objects.filter(pk=other.pk).update(sha256="other")
    finish(sample)
    model = make_model(user, sample)
    spoken, apart = make_synthesis(user, model), make_model(user, other)
    lease = job_claim(job_id=model.job.pk)
    assert lease is not None
    voice_block(row=sample, reason=REASON)
    assert [state(row.job) for row in (model, spoken, apart)] == [JobState.FAILED, JobState.FAILED, JobState.QUEUED]
    with pytest.raises(LeaseLost):
        lease.report(0.5, "cloning")
    with pytest.raises(LeaseLost):
        job_finish(lease=lease, write=lambda: advance(model, VoiceModelStatus.READY, profile_name="x"))
    model.refresh_from_db()
    spoken.refresh_from_db()
    assert (model.status, model.error_code) == (VoiceModelStatus.FAILED, "sample_blocked")
    assert (spoken.status, spoken.error_code) == (SynthesisStatus.FAILED, "model_blocked")
    assert REASON in spoken.error_message


def test_a_recording_that_is_blocked_while_it_is_prepared_is_not_finished(user: User) -> None:
    sample = make_sample(user)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    voice_block(row=sample, reason=REASON)
    with pytest.raises(LeaseLost):
        job_finish(lease=lease, write=lambda: advance(sample, SampleStatus.READY, audio_name="x"))
    sample.refresh_from_db()
    assert (sample.status, sample.error_code) == (SampleStatus.FAILED, "sample_blocked")


def test_allowing_restores_all_that_the_block_reached_and_forgets_its_audio(user: User) -> None:
    sample = ready_sample(user)
    model = ready_model(user, sample)
    spoken = completed_synthesis(user, model)
    voice_block(row=sample, reason=REASON)
    voice_allow(row=sample)
    assert is_blocked(sample, model, spoken) == [False] * 3
    assert {row.blocked_reason for row in (sample, model, spoken)} == {""}
    assert not Block.objects.exists()
    assert not BlockedAudio.objects.exists()


def test_what_two_blocks_reach_stays_blocked_until_both_are_lifted(user: User) -> None:
    sample = ready_sample(user)
    model = ready_model(user, sample)
    of_model = voice_block(row=model, reason="The voice of an actor.")
    of_sample = voice_block(row=sample, reason=REASON)
    assert is_blocked(model) == [True]
    assert model.blocked_reason == REASON
    block_lift(block=of_sample)
    assert is_blocked(sample, model) == [False, True]
    assert model.blocked_reason == "The voice of an actor."
    block_lift(block=of_model)
    assert is_blocked(model) == [False]


def test_a_voice_can_be_allowed_while_its_recording_stays_blocked(user: User) -> None:
    sample = ready_sample(user)
    model, other = ready_model(user, sample), ready_model(user, sample)
    spoken = completed_synthesis(user, model)
    voice_block(row=sample, reason=REASON)
    voice_allow(row=model)
    assert is_blocked(sample, model, spoken, other) == [True, False, False, True]


def test_a_blocked_voice_leaves_its_recordings_alone_unless_they_are_named(user: User) -> None:
    sample = ready_sample(user)
    model, other = ready_model(user, sample), ready_model(user, sample)
    voice_block(row=model, reason=REASON)
    assert is_blocked(sample, model, other) == [False, True, False]
    voice_block(row=model, reason=REASON, with_recordings=True)
    assert is_blocked(sample, model, other) == [True] * 3


def test_copies_that_are_here_already_are_reached_whoever_has_them(user: User, other_user: User) -> None:
    sample = ready_sample(user, sha256="one", pcm_sha256="pcm")
    copy = ready_sample(other_user, sha256="one", pcm_sha256="")
    wrapped = ready_sample(other_user, sha256="two", pcm_sha256="pcm")
    model = ready_model(other_user, wrapped)
    voice_block(row=sample, reason=REASON)
    assert is_blocked(copy, wrapped, model) == [True] * 3


def test_recordings_without_a_fingerprint_of_their_samples_are_not_each_others_copies(user: User) -> None:
    old, other = ready_sample(user, sha256="one", pcm_sha256=""), ready_sample(user, sha256="two", pcm_sha256="")
    voice_block(row=old, reason=REASON)
    assert is_blocked(other) == [False]


@pytest.fixture
def rewrapped(recording: Path, tmp_path: Path) -> Path:
    """The same samples in another container, with a tag."""
    samples, rate_hz = sf.read(recording, dtype="int16")
    target = tmp_path / "other.flac"
    with sf.SoundFile(target, "w", rate_hz, 1 if samples.ndim == 1 else samples.shape[1], "PCM_16") as sound:
        sound.title = "Mine now"
        sound.write(np.asarray(samples))
    return target


@pytest.mark.parametrize("match", [Match.FILE, Match.PCM])
def test_blocked_audio_is_known_again_after_its_recording_and_its_owner_are_gone(
    user: User, other_user: User, recording: Path, rewrapped: Path, match: Match
) -> None:
    sample = upload(recording, user)
    block = voice_block(row=sample, reason=REASON)
    sample.refresh_from_db()
    sample_delete(sample=sample)
    user_delete(user=user)
    path = recording if match == Match.FILE else rewrapped
    for _ in range(2):
        with pytest.raises(Blocked, match=rf"recording_blocked.*{REASON}"):
            upload(path, other_user)
    hit = BlockHit.objects.get()
    assert (hit.block, hit.user, hit.match, hit.times) == (block, other_user, match, 2)
    assert not VoiceSample.objects.exists()
    user_delete(user=other_user)
    hit.refresh_from_db()
    assert (hit.user, hit.times) == (None, 2)
    block_lift(block=Block.objects.get())
    again = upload(path, User.objects.create_user("carl"))
    assert not again.is_blocked


def test_speech_of_a_blocked_voice_stays_blocked_when_the_voice_is_deleted(user: User) -> None:
    model = ready_model(user)
    spoken = completed_synthesis(user, model)
    block = voice_block(row=model, reason=REASON)
    voice_model_delete(voice_model=VoiceModel.objects.select_related("job").get())
    assert is_blocked(spoken) == [True]
    block.refresh_from_db()
    block_lift(block=block)
    assert is_blocked(spoken) == [False]


@pytest.mark.django_db(transaction=True)
def test_a_voice_that_is_blocked_while_speech_is_asked_for_never_speaks(user: User) -> None:
    """Twenty requests on stale rows against one block: each is refused, or its job is ended."""
    model = ready_model(user)
    barrier = threading.Barrier(5)

    def ask() -> None:
        stale = VoiceModel.objects.get(pk=model.pk)
        barrier.wait()
        for _ in range(5):
            try:
                synthesis_create(owner=user, voice_model=stale, text="Hi", language="en", output_format="mp3")
            except Blocked:
                break
            except Exception as error:
                failed.append(error)
        connection.close()

    failed: list[Exception] = []
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    barrier.wait()
    voice_block(row=model, reason=REASON)
    for thread in threads:
        thread.join()
    assert failed == []
    assert not Job.objects.filter(synthesis__isnull=False).exclude(state=JobState.FAILED).exists()


@pytest.fixture
def jobs_of(user: User) -> tuple[Synthesis, Synthesis]:
    """One running and one queued job of a user, with nothing to wait for."""
    model = ready_model(user)
    rows = tuple(
        synthesis_create(owner=user, voice_model=model, text="Hi", language="en", output_format="mp3") for _ in "12"
    )
    return rows[0], rows[1]


def test_the_jobs_of_a_deactivated_account_end_at_once(
    user: User, other_user: User, jobs_of: tuple[Synthesis, Synthesis]
) -> None:
    running, queued = jobs_of
    lease = job_claim(job_id=running.job.pk)
    apart = make_sample(other_user)
    user_deactivate(user=user)
    assert not User.objects.get(pk=user.pk).is_active
    assert [state(row.job) for row in (running, queued, apart)] == [JobState.FAILED, JobState.FAILED, JobState.QUEUED]
    queued.refresh_from_db()
    assert (queued.status, queued.error_code) == (SynthesisStatus.FAILED, "user_inactive")
    assert lease is not None
    with pytest.raises(LeaseLost):
        lease.report(0.5, "speaking")


def test_an_account_that_is_deactivated_in_the_database_is_noticed_by_its_running_job_and_by_the_sweep(
    user: User, jobs_of: tuple[Synthesis, Synthesis]
) -> None:
    running, queued = jobs_of
    lease = job_claim(job_id=running.job.pk)
    assert lease is not None
    User.objects.filter(pk=user.pk).update(is_active=False)
    with pytest.raises(LeaseLost):
        lease.report(0.5, "speaking")
    with pytest.raises(LeaseLost):
        job_finish(lease=lease, write=lambda: True)
    assert job_claim(job_id=queued.job.pk) is None
    job_sweep()
    assert [state(row.job) for row in (running, queued)] == [JobState.FAILED, JobState.FAILED]


@pytest.mark.django_db(transaction=True)
def test_what_was_blocked_before_blocks_had_rows_is_reached_and_known_again(user: User, recording: Path) -> None:
    sample = upload(recording, user)
    model, apart = ready_model(user, sample), ready_model(user)
    spoken = completed_synthesis(user, model)
    VoiceSample.objects.filter(pk=sample.pk).update(is_blocked=True, blocked_reason=REASON)
    executor = MigrationExecutor(connection)
    executor.migrate([("voice", "0010_blocks")])
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    assert is_blocked(sample, model, spoken, apart) == [True, True, True, False]
    assert {row.blocked_reason for row in (sample, model, spoken)} == {REASON}
    with pytest.raises(Blocked, match="recording_blocked"):
        upload(recording, user)
    block_lift(block=Block.objects.get())
    assert is_blocked(sample, model, spoken) == [False] * 3


def test_a_blocked_recording_that_is_encoded_anew_is_ready_and_blocked_with_the_voice_that_waits_for_it(
    user: User, other_user: User, recording: Path, tmp_path: Path
) -> None:
    first = upload(recording, user)
    job_run_next(kind="preprocess")
    block = voice_block(row=first, reason=REASON)
    samples, rate_hz = sf.read(recording, dtype="float32")
    sf.write(tmp_path / "again.mp3", samples[rate_hz:] * 0.5, rate_hz, format="MP3")
    again = upload(tmp_path / "again.mp3", other_user)
    waiting = voice_model_clone(owner=other_user, samples=[again], name="m", language="en")
    job_run_next(kind="preprocess")
    assert is_blocked(again, waiting) == [True, True]
    assert (again.status, waiting.status) == (SampleStatus.READY, VoiceModelStatus.FAILED)
    assert waiting.error_code == "sample_blocked"
    hit = BlockHit.objects.get()
    assert (hit.block, hit.user, hit.match) == (block, other_user, Match.SOUND)
    voice_allow(row=again)
    assert is_blocked(first, again) == [True, False]


def settled(*blocks: Block) -> None:
    """As if these blocks had been made two minutes ago."""
    ids = [block.pk for block in blocks]
    Block.objects.filter(pk__in=ids).update(created_at=timezone.now() - 2 * SETTLED)


@pytest.fixture
def copy(other_user: User, recording: Path, tmp_path: Path) -> VoiceSample:
    """The recording encoded anew, cut and softer, prepared before there was any block."""
    samples, rate_hz = sf.read(recording, dtype="float32")
    sf.write(tmp_path / "copy.mp3", samples[rate_hz:] * 0.5, rate_hz, format="MP3")
    row = upload(tmp_path / "copy.mp3", other_user)
    job_run_next(kind="preprocess")
    SampleSound.objects.filter(sample=row).update(compared_until=timezone.now() - 9 * SETTLED)
    return row


@pytest.mark.django_db(transaction=True)
def test_a_copy_that_was_here_before_the_block_is_reached_with_its_voice_and_its_jobs(
    user: User, other_user: User, recording: Path, copy: VoiceSample
) -> None:
    first = upload(recording, user)
    job_run_next(kind="preprocess")
    model, apart = ready_model(other_user, copy), ready_model(other_user)
    waiting = make_synthesis(other_user, model)
    block = voice_block(row=first, reason=REASON)
    job_sweep()
    assert is_blocked(copy) == [False], "a block this young may have company that is not committed yet"
    settled(block)
    job_sweep()
    assert is_blocked(first, copy, model, waiting, apart) == [True] * 4 + [False]
    assert state(waiting.job) == JobState.FAILED
    assert copies_block() == 0
    block_lift(block=block)
    assert is_blocked(first, copy, model, waiting) == [False] * 4


@pytest.mark.django_db(transaction=True)
def test_a_search_for_copies_that_runs_out_of_time_is_gone_on_with(
    user: User, recording: Path, copy: VoiceSample
) -> None:
    others = [ready_sample(user) for _ in "123"]
    bits = np.random.default_rng(0).integers(0, 256, 2_000, np.uint8).tobytes()
    long_ago = timezone.now() - 9 * SETTLED
    SampleSound.objects.bulk_create(SampleSound(sample=row, bits=bits, compared_until=long_ago) for row in others)
    first = upload(recording, user)
    job_run_next(kind="preprocess")
    settled(voice_block(row=first, reason=REASON))
    rounds = [copies_block(budget_s=0.0) for _ in range(5)]
    assert sorted(rounds) == [0, 0, 0, 0, 1]
    assert is_blocked(copy, *others) == [True, False, False, False]
    assert not SampleSound.objects.filter(compared_until=long_ago).exists()


@pytest.mark.django_db(transaction=True)
def test_a_copy_that_is_allowed_before_anybody_looked_for_copies_stays_allowed(
    user: User, recording: Path, copy: VoiceSample
) -> None:
    first = upload(recording, user)
    job_run_next(kind="preprocess")
    block = voice_block(row=first, reason=REASON)
    with transaction.atomic():
        block_reach(block, sample_ids=[copy.pk])
    voice_allow(row=copy)
    settled(block)
    job_sweep()
    assert is_blocked(first, copy) == [True, False]


@pytest.mark.django_db(transaction=True)
def test_a_block_that_is_lifted_while_copies_are_looked_for_reaches_nothing(
    user: User, recording: Path, copy: VoiceSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = upload(recording, user)
    job_run_next(kind="preprocess")
    block = voice_block(row=first, reason=REASON)
    settled(block)

    def lifted_then_compared(one: bytes, other: bytes) -> bool:
        block_lift(block=Block.objects.get())
        return is_same_sound(one, other)

    monkeypatch.setattr(copies, "is_same_sound", lifted_then_compared)
    assert copies_block() == 0
    assert is_blocked(first, copy) == [False, False]


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_compared_with_all_that_is_blocked_however_long_that_takes(
    user: User, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each report gives the connection back while the comparison goes on."""
    monkeypatch.setattr(job_lease, "REPORT_INTERVAL_S", 0.0)
    blocks = [Block.objects.create(reason=f"{number}") for number in range(4)]
    BlockedAudio.objects.bulk_create(
        BlockedAudio(block=block, sha256="0" * 64, sound=b"\1\2" * 400) for block in blocks
    )
    row = upload(recording, user)
    BlockedAudio.objects.create(block=blocks[-1], sha256=row.sha256)
    job_run_next(kind="preprocess")
    assert is_blocked(row) == [True]
    assert list(row.blocks.all()) == blocks[-1:]


def test_another_recording_of_the_same_speaker_is_not_blocked(user: User, recording: Path, tmp_path: Path) -> None:
    samples, rate_hz = sf.read(recording, dtype="float32")
    half = len(samples) // 2
    for number, part in enumerate((samples[:half], samples[half:])):
        sf.write(tmp_path / f"{number}.wav", part, rate_hz)
        row = upload(tmp_path / f"{number}.wav", user)
        job_run_next(kind="preprocess")
        if number == 0:
            voice_block(row=row, reason=REASON)
    assert is_blocked(row) == [False]
    assert row.status == SampleStatus.READY
