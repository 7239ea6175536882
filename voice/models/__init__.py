"""Django finds the models of the app here."""

from voice.models.job import Job, JobKind
from voice.models.sample import AudioFormat, VoiceSample
from voice.models.synthesis import Synthesis
from voice.models.user import IdempotencyKey, LoginSession, User
from voice.models.voice_model import VoiceModel

__all__ = [
    "AudioFormat",
    "IdempotencyKey",
    "Job",
    "JobKind",
    "LoginSession",
    "Synthesis",
    "User",
    "VoiceModel",
    "VoiceSample",
]
