"""Django finds the models of the app here."""

from voice.models.job import Job, JobKind
from voice.models.sample import AudioFormat, VoiceSample
from voice.models.synthesis import OutputFormat, Synthesis
from voice.models.user import IdempotencyKey, User
from voice.models.voice_model import VoiceModel

__all__ = [
    "AudioFormat",
    "IdempotencyKey",
    "Job",
    "JobKind",
    "OutputFormat",
    "Synthesis",
    "User",
    "VoiceModel",
    "VoiceSample",
]
