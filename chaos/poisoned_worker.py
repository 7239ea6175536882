"""The Celery application with an engine that dies of one text: `celery -A chaos.poisoned_worker worker`.

A real job that kills its worker (memory, a bug of a library) cannot be had at will.
"""

import os
import signal
from collections.abc import Generator, Mapping

from podstream.celery import app
from voice.engines.base import SpeechChunk, SynthesisParams, VoiceProfile
from voice.engines.embedded import engine

__all__ = ["app"]
POISON = "Whoever says this sentence dies of it."


class MortalEngine(engine.EmbeddedEngine):
    """The embedded engine, until it is asked to say POISON."""

    def synthesize(
        self, profile: VoiceProfile, text: str, language: str, params: SynthesisParams
    ) -> Generator[SpeechChunk, None, None]:
        if POISON in text:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().synthesize(profile, text, language, params)


def make(values: Mapping[str, object]) -> engine.EmbeddedEngine:
    """In place of the embedded engine's own `make`."""
    return MortalEngine()


engine.make = make  # before the first engine is made
