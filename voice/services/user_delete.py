"""Removing a person: their voices, recordings, speech and account."""

from voice.models import Synthesis, User, VoiceModel, VoiceSample
from voice.services.sample import sample_delete
from voice.services.synthesis import synthesis_delete
from voice.services.voice_model import voice_model_delete


def user_delete(*, user: User) -> None:
    """Delete an account and everything that belongs to it, files included. Work that is under way stops.

    Each resource goes in a transaction of its own, so that a failure in the middle leaves what is still there
    deletable: call it again.
    """
    for synthesis in Synthesis.objects.filter(owner=user).select_related("job"):
        synthesis_delete(synthesis=synthesis)
    for voice_model in VoiceModel.objects.filter(owner=user).select_related("job"):
        voice_model_delete(voice_model=voice_model)
    for sample in VoiceSample.objects.filter(owner=user).select_related("job"):
        sample_delete(sample=sample)
    user.delete()
