"""Real workers serve users in turn."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.jobs.test_worker import speak, state_of, upload
from voice.models import Job, User
from voice.models.lifecycle import SynthesisStatus, VoiceModelStatus
from voice.services.voice_model import voice_model_clone

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


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
