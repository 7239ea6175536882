"""What a sample keeps in its storage, and when it lets go of it."""

from voice.models import VoiceSample
from voice.storage import sample_storage


def decoded_drop(*, sample: VoiceSample) -> None:
    """Delete the decoded upload of a sample whose preprocessing has ended, well or badly."""
    name = sample.pcm_name
    if name:
        VoiceSample.objects.filter(pk=sample.pk, pcm_name=name).update(pcm_name="")
        sample_storage().delete(name)
