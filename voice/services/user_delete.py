"""Removing a person: their voices, recordings, speech and account."""

from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from voice.models import Synthesis, User, VoiceModel, VoiceSample
from voice.services.sample import sample_delete
from voice.services.synthesis import synthesis_delete
from voice.services.voice_model import voice_model_delete


def user_delete(*, user: User) -> None:
    """Delete an account and everything that belongs to it, files included. Work that is under way stops.

    Each resource goes in a transaction of its own, so that a failure in the middle leaves what is still there
    deletable: call it again.
    """
    User.objects.filter(pk=user.pk).update(is_active=False)  # no new request; one that is under way is swept up below
    while _resources_delete(user):
        pass
    OutstandingToken.objects.filter(user=user).delete()
    user.delete()


def _resources_delete(user: User) -> int:
    syntheses = list(Synthesis.objects.filter(owner=user).select_related("job"))
    voice_models = list(VoiceModel.objects.filter(owner=user).select_related("job"))
    samples = list(VoiceSample.objects.filter(owner=user).select_related("job"))
    for synthesis in syntheses:
        synthesis_delete(synthesis=synthesis)
    for voice_model in voice_models:
        voice_model_delete(voice_model=voice_model)
    for sample in samples:
        sample_delete(sample=sample)
    return len(syntheses) + len(voice_models) + len(samples)
