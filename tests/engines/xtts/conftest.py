"""Tests of the XTTS engine: they need torch, which `make setup-xtts` installs and `make test` does without."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from TTS.tts.models.xtts import Xtts

if find_spec("torch") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder with a small random model, shared by the tests of one process: do not write to it."""
    from tests.engines.xtts.random_checkpoint import make_checkpoint

    return make_checkpoint(tmp_path_factory.mktemp("xtts") / "tiny")


@pytest.fixture(scope="session")
def coqui_model(tiny_checkpoint: Path) -> "Xtts":
    """Coqui's own model on the tiny checkpoint, in float32."""
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    config = XttsConfig()
    config.load_json(str(tiny_checkpoint / "config.json"))
    model = Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=str(tiny_checkpoint), eval=True)
    return model
