"""The only way from a user to rows: what is not visible to them does not exist for them."""

from django.db.models import QuerySet, Sum

from voice.models import Synthesis, User, VoiceModel, VoiceSample
from voice.models.lifecycle import SynthesisStatus


def sample_visible_to(user: User) -> QuerySet[VoiceSample]:
    """The user's recordings, newest first, with their jobs."""
    return VoiceSample.objects.filter(owner=user).select_related("job")


def voice_model_visible_to(user: User) -> QuerySet[VoiceModel]:
    """The user's voices, newest first, with their jobs and samples."""
    return VoiceModel.objects.filter(owner=user).select_related("job").prefetch_related("samples")


def synthesis_visible_to(user: User) -> QuerySet[Synthesis]:
    """The user's history, newest first, with its jobs."""
    return Synthesis.objects.filter(owner=user).select_related("job")


def usage_of(user: User) -> dict[str, float | int]:
    """What a user has here: counts of rows, and seconds of finished speech."""
    spoken = Synthesis.objects.filter(owner=user, status=SynthesisStatus.COMPLETED)
    return {
        "samples": VoiceSample.objects.filter(owner=user).count(),
        "models": VoiceModel.objects.filter(owner=user).count(),
        "syntheses": Synthesis.objects.filter(owner=user).count(),
        "speech_s": round(spoken.aggregate(total=Sum("duration_s"))["total"] or 0.0, 3),
    }
