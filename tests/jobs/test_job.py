"""The life of a job, against the database: each transition allowed, forbidden, and as a lost race."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from voice.errors import EngineError, InvalidAudio, LeaseLost, VoiceError
from voice.jobs.recovery import job_sweep
from voice.jobs.transitions import job_cancel, job_claim, job_create, job_fail, job_finish, job_retry
from voice.models import Job, Synthesis, User, VoiceModel, VoiceSample
from voice.models.lifecycle import JobState, SampleStatus, SynthesisStatus, VoiceModelStatus, advance

REASON = VoiceError("test_reason", "Because.")


def make_sample(owner: User) -> VoiceSample:
    sample = VoiceSample.objects.create(
        owner=owner, name="a", audio_format="wav", size_bytes=1, sha256="0", duration_s=12, rate_hz=16000, channels=1
    )
    job_create(owner=owner, resource=sample)
    return sample


def make_model(owner: User, sample: VoiceSample) -> VoiceModel:
    model = VoiceModel.objects.create(owner=owner, name="m", language="en", engine="embedded")
    model.samples.add(sample)
    job_create(owner=owner, resource=model, depends_on=[sample.job])
    return model


def make_synthesis(owner: User, model: VoiceModel) -> Synthesis:
    synthesis = Synthesis.objects.create(
        owner=owner, voice_model=model, voice_model_label="m", text="hello", language="en", output_format="mp3"
    )
    job_create(owner=owner, resource=synthesis, depends_on=[model.job])
    return synthesis


def expire(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def finish(sample: VoiceSample) -> None:
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    job_finish(lease=lease, write=lambda: advance(lease.job.resource, SampleStatus.READY, audio_name="x.flac"))


def state(job: Job) -> str:
    return Job.objects.get(pk=job.pk).state


@pytest.mark.django_db
def test_a_claim_moves_the_job_and_its_resource(user: User) -> None:
    sample = make_sample(user)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    sample.refresh_from_db()
    assert (lease.job.state, lease.job.attempt, sample.status) == (JobState.RUNNING, 1, SampleStatus.PROCESSING)


@pytest.mark.django_db
def test_a_job_whose_resource_has_ended_is_not_claimed_in_silence(user: User) -> None:
    sample = make_sample(user)
    VoiceSample.objects.filter(pk=sample.pk).update(status=SampleStatus.FAILED)
    with pytest.raises(RuntimeError, match="has ended"):
        job_claim(job_id=sample.job.pk)
    assert state(sample.job) == JobState.QUEUED


@pytest.mark.django_db
def test_a_running_job_is_not_claimed_again_before_its_lease_is_over(user: User) -> None:
    sample = make_sample(user)
    first = job_claim(job_id=sample.job.pk)
    assert job_claim(job_id=sample.job.pk) is None
    expire(sample.job)
    second = job_claim(job_id=sample.job.pk)
    assert first is not None
    assert second is not None
    assert second.token != first.token
    assert second.job.attempt == 2


@pytest.mark.django_db(transaction=True)
def test_of_eight_simultaneous_claims_exactly_one_wins(user: User) -> None:
    sample = make_sample(user)
    barrier, leases = threading.Barrier(8), []

    def claim() -> None:
        barrier.wait()
        leases.append(job_claim(job_id=sample.job.pk))
        connection.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(lease is not None for lease in leases) == 1
    assert Job.objects.get(pk=sample.job.pk).attempt == 1


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_writes_nothing(user: User) -> None:
    sample = make_sample(user)
    stale = job_claim(job_id=sample.job.pk)
    expire(sample.job)
    fresh = job_claim(job_id=sample.job.pk)
    assert stale is not None
    assert fresh is not None
    with pytest.raises(LeaseLost):
        job_finish(lease=stale, write=lambda: advance(sample, SampleStatus.READY, audio_name="stale.flac"))
    with pytest.raises(LeaseLost):
        stale.report(0.5, "working")
    assert not job_fail(job=stale.job, error=REASON, only=stale.is_mine())
    job_retry(lease=stale, error=REASON)
    sample.refresh_from_db()
    assert (state(sample.job), sample.status, sample.audio_name) == (JobState.RUNNING, SampleStatus.PROCESSING, "")


@pytest.mark.django_db
def test_a_result_is_written_with_the_end_of_its_job_or_not_at_all(user: User) -> None:
    sample = make_sample(user)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None

    def write_that_breaks() -> bool:
        advance(sample, SampleStatus.READY, audio_name="x.flac")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        job_finish(lease=lease, write=write_that_breaks)
    sample.refresh_from_db()
    assert (state(sample.job), sample.status) == (JobState.RUNNING, SampleStatus.PROCESSING)


@pytest.mark.django_db
def test_a_job_waits_for_what_it_needs(user: User) -> None:
    sample = make_sample(user)
    model = make_model(user, sample)
    synthesis = make_synthesis(user, model)
    assert job_claim(job_id=model.job.pk) is None
    assert job_claim(job_id=synthesis.job.pk) is None
    finish(sample)
    assert job_claim(job_id=synthesis.job.pk) is None
    assert job_claim(job_id=model.job.pk) is not None


@pytest.mark.django_db
def test_what_waits_for_a_failed_job_fails_too_and_says_which(user: User) -> None:
    sample = make_sample(user)
    model = make_model(user, sample)
    synthesis = make_synthesis(user, model)
    assert job_fail(job=sample.job, error=InvalidAudio("no_speech", "There is no speech."))
    for row in (sample, model, synthesis):
        row.refresh_from_db()
    assert sample.status == SampleStatus.REJECTED
    assert (model.status, model.error_code) == (VoiceModelStatus.FAILED, "dependency_failed")
    assert (synthesis.status, synthesis.error_code) == (SynthesisStatus.FAILED, "dependency_failed")
    assert str(sample.pk) in model.error_message
    assert "There is no speech." in synthesis.error_message


@pytest.mark.django_db
def test_an_ended_job_cannot_end_again(user: User) -> None:
    sample = make_sample(user)
    finish(sample)
    assert not job_fail(job=sample.job, error=REASON)
    assert not job_cancel(job=sample.job, error=REASON)
    assert job_claim(job_id=sample.job.pk) is None
    sample.refresh_from_db()
    assert sample.status == SampleStatus.READY


@pytest.mark.django_db
def test_a_retry_waits_longer_each_time(user: User) -> None:
    sample = make_sample(user)
    waits = []
    for _ in range(2):
        lease = job_claim(job_id=sample.job.pk)
        assert lease is not None
        job_retry(lease=lease, error=REASON)
        assert job_claim(job_id=sample.job.pk) is None
        waits.append((Job.objects.get(pk=sample.job.pk).run_after - timezone.now()).total_seconds())
        Job.objects.filter(pk=sample.job.pk).update(run_after=timezone.now())
    assert waits[1] > 1.5 * waits[0] > 0


@pytest.mark.django_db
def test_three_lost_workers_and_the_sweeper_fails_the_job(user: User) -> None:
    sample = make_sample(user)
    for _ in range(3):
        assert job_claim(job_id=sample.job.pk) is not None
        expire(sample.job)
    assert job_claim(job_id=sample.job.pk) is None
    assert job_sweep().lost == 1
    sample.refresh_from_db()
    assert (sample.status, sample.error_code) == (SampleStatus.FAILED, "worker_lost")


@pytest.mark.django_db
def test_the_sweeper_fails_what_was_attached_to_a_job_that_had_just_failed(user: User) -> None:
    sample = make_sample(user)
    job_fail(job=sample.job, error=REASON)
    model = make_model(user, sample)
    assert job_sweep().doomed == 1
    model.refresh_from_db()
    assert (model.status, model.error_code) == (VoiceModelStatus.FAILED, "dependency_failed")
    assert model.error_message == f"The recording {sample.pk} that this needs could not be made: Because."


@pytest.mark.django_db
def test_the_sweeper_says_why_a_job_was_cancelled_that_others_were_attached_to(user: User) -> None:
    sample = make_sample(user)
    job_cancel(job=sample.job, error=REASON)
    first, second = make_model(user, sample), make_model(user, sample)
    assert job_sweep().doomed == 2
    for model in (first, second):
        model.refresh_from_db()
        assert model.error_message == f"The recording {sample.pk} that this needs could not be made: Because."


@pytest.mark.django_db
def test_a_lease_that_ran_out_of_time_says_so(user: User, settings: object) -> None:
    settings.JOB_TIMEOUT_S = -1  # type: ignore[attr-defined]
    sample = make_sample(user)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None
    with pytest.raises(EngineError, match="timed_out"):
        lease.report(0.1, "working")


@pytest.mark.django_db(transaction=True)
def test_progress_that_the_database_does_not_take_does_not_end_the_work(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = make_sample(user)
    lease = job_claim(job_id=sample.job.pk)
    assert lease is not None

    def away() -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with monkeypatch.context() as patched:
        patched.setattr(lease, "_held", away)
        lease.report(0.3, "working")
    lease.report(0.6, "still working")
    assert Job.objects.get(pk=sample.job.pk).progress == pytest.approx(0.6)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("target", "allowed_from"),
    [
        (SampleStatus.READY, {SampleStatus.PROCESSING}),
        (SampleStatus.PROCESSING, {SampleStatus.UPLOADED, SampleStatus.PROCESSING}),
        (SampleStatus.REJECTED, {SampleStatus.UPLOADED, SampleStatus.PROCESSING}),
    ],
)
def test_a_sample_moves_only_along_the_arrows(user: User, target: SampleStatus, allowed_from: set[str]) -> None:
    for source in SampleStatus.values:
        sample = make_sample(user)
        VoiceSample.objects.filter(pk=sample.pk).update(status=source, audio_name="x.flac")
        assert advance(sample, target) == (source in allowed_from), source


@pytest.mark.django_db
def test_the_database_refuses_a_completed_synthesis_without_audio(user: User) -> None:
    synthesis = make_synthesis(user, make_model(user, make_sample(user)))
    with pytest.raises(IntegrityError), transaction.atomic():
        Synthesis.objects.filter(pk=synthesis.pk).update(status=SynthesisStatus.COMPLETED)
