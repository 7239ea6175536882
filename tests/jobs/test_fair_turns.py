"""Real workers serve users in turn."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.jobs.test_worker import LONG_TEXT, speak, state_of, upload
from voice.models import Job, User, VoiceModel
from voice.models.lifecycle import SynthesisStatus, VoiceModelStatus
from voice.services.voice_model import voice_model_clone

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


def ready_voices(
    owners: list[User], recording: Path, start_worker: Callable[..., subprocess.Popen[bytes]]
) -> dict[User, VoiceModel]:
    voices = {
        owner: voice_model_clone(owner=owner, samples=[upload(owner, recording)], name="Me", language="en")
        for owner in owners
    }
    start_worker(queues="preprocess,clone")
    wait_until(lambda: {state_of(voice) for voice in voices.values()} == {VoiceModelStatus.READY}, timeout_s=60)
    return voices


@pytest.mark.timeout(300)
@pytest.mark.parametrize("workers", [1, 2])
def test_who_waits_while_one_user_holds_every_worker_is_served_between_two_passages(
    user: User,
    other_user: User,
    recording: Path,
    start_worker: Callable[..., subprocess.Popen[bytes]],
    workers: int,
) -> None:
    voices = ready_voices([user, other_user], recording, start_worker)
    chapters = [speak(user, voices[user], LONG_TEXT * 2) for _ in range(workers + 1)]
    start_worker(queues="synthesis", concurrency=workers)
    running = Job.objects.filter(synthesis__in=chapters, state="running")
    wait_until(lambda: running.count() == workers, timeout_s=60)  # who is alone has all of them
    sentences = [speak(other_user, voices[other_user]) for _ in range(2)]
    wait_until(lambda: {state_of(row) for row in sentences} == {SynthesisStatus.COMPLETED}, timeout_s=120)
    wait_until(lambda: {state_of(row) for row in chapters} == {SynthesisStatus.COMPLETED}, timeout_s=300)
    assert set(Job.objects.values_list("attempt", flat=True)) == {1}
    starts = Job.objects.filter(synthesis__in=sentences).values_list("started_at", flat=True)
    ends = Job.objects.filter(synthesis__in=chapters).values_list("finished_at", flat=True)
    assert max(filter(None, starts)) < min(filter(None, ends)), "nobody waited for a chapter's end"


def test_who_comes_last_with_one_sentence_is_served_among_the_first_and_everybody_is_served(
    user: User, other_user: User, recording: Path, start_worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    voices = {
        owner: voice_model_clone(owner=owner, samples=[upload(owner, recording)], name="Me", language="en")
        for owner in (user, other_user)
    }
    preparing = start_worker(queues="preprocess,clone")
    wait_until(lambda: {state_of(voice) for voice in voices.values()} == {VoiceModelStatus.READY}, timeout_s=60)
    assert preparing.poll() is None
    many = [speak(user, voices[user]) for _ in range(12)]
    one = speak(other_user, voices[other_user])
    start_worker(queues="synthesis")
    wait_until(lambda: {state_of(row) for row in [*many, one]} == {SynthesisStatus.COMPLETED}, timeout_s=90)
    served = list(Job.objects.filter(kind="synthesis").order_by("started_at").values_list("synthesis", flat=True))
    assert one.pk in served[:2]
    assert set(Job.objects.values_list("attempt", flat=True)) == {1}
