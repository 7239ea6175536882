"""Django finds the models of the app here."""

from voice.models.block import Block, BlockedAudio, BlockHit, Match
from voice.models.job import Job, JobKind
from voice.models.sample import AudioFormat, SampleSound, VoiceSample
from voice.models.synthesis import Synthesis
from voice.models.user import IdempotencyKey, LoginSession, User
from voice.models.voice_model import VoiceModel

__all__ = [
    "AudioFormat",
    "Block",
    "BlockHit",
    "BlockedAudio",
    "IdempotencyKey",
    "Job",
    "JobKind",
    "LoginSession",
    "Match",
    "SampleSound",
    "Synthesis",
    "User",
    "VoiceModel",
    "VoiceSample",
]
