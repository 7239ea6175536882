"""One engine and two cloned voices for all tests of the engines."""

from collections.abc import Iterator

import pytest

from tests.engines.references import HIGH_VOICE, LOW_VOICE, reference
from voice.engines.base import VoiceProfile
from voice.engines.embedded.engine import EmbeddedEngine


@pytest.fixture(scope="session")
def engine() -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def low_voice(engine: EmbeddedEngine) -> VoiceProfile:
    return engine.clone([reference(LOW_VOICE)], "en")


@pytest.fixture(scope="session")
def high_voice(engine: EmbeddedEngine) -> VoiceProfile:
    return engine.clone([reference(HIGH_VOICE)], "en")
