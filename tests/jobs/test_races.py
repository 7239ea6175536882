"""Work that is attached while what it needs is being deleted."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from tests.api.rows import ready_model, ready_sample
from voice.errors import VoiceError
from voice.models import Job, Synthesis, User, VoiceModel
from voice.services.sample import sample_delete
from voice.services.synthesis import synthesis_create
from voice.services.voice_model import voice_model_clone, voice_model_delete

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*actions: Callable[[], object]) -> list[BaseException]:
    """Run all of `actions` at the same moment, each on a connection of its own; what they raised."""
    barrier, raised = threading.Barrier(len(actions)), []

    def run(action: Callable[[], object]) -> None:
        barrier.wait()
        try:
            action()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.parametrize("turn", range(8))
def test_a_synthesis_that_meets_the_deletion_of_its_voice_fails_or_is_refused(user: User, turn: int) -> None:
    voice_model = ready_model(user)
    deleted = VoiceModel.objects.select_related("job").get(pk=voice_model.pk)

    def speak() -> None:
        synthesis_create(owner=user, voice_model=voice_model, text="Hello", language="en", output_format="mp3")

    raised = at_once(speak, lambda: voice_model_delete(voice_model=deleted))
    assert all(isinstance(error, VoiceError) for error in raised), raised
    assert not VoiceModel.objects.exists()
    assert set(Synthesis.objects.values_list("status", flat=True)) <= {"failed"}


@pytest.mark.parametrize("turn", range(8))
def test_a_clone_that_meets_the_deletion_of_its_recording_fails_or_is_refused(user: User, turn: int) -> None:
    sample = ready_sample(user)
    deleted = type(sample).objects.select_related("job").get(pk=sample.pk)
    raised = at_once(
        lambda: voice_model_clone(owner=user, samples=[sample], name="m", language="en"),
        lambda: sample_delete(sample=deleted),
    )
    assert all(isinstance(error, VoiceError) for error in raised), raised
    assert set(VoiceModel.objects.values_list("status", flat=True)) <= {"failed"}
    assert not Job.objects.filter(state="queued").exists()
