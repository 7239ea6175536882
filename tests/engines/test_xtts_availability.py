"""A web process gets what it needs of XTTS without torch, even if torch is installed."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

PROGRAM = """
import sys
from pathlib import Path
import podstream.asgi
from voice.engines.registry import engine_configure, engine_get

engine_configure("xtts", XTTS_CHECKPOINT=Path({folder!r}), XTTS_LICENCE_ACCEPTED=True)
engine = engine_get("xtts")
assert engine.spec.version and engine.spec.options and len(engine.spec.languages) == 17
heavy = {{"torch", "torchaudio", "TTS", "transformers", "tokenizers"}}
loaded = heavy & {{name.split(".")[0] for name in sys.modules}}
assert not loaded, loaded
"""


def test_the_web_process_never_imports_torch(tmp_path: Path) -> None:
    for name in ("config.json", "vocab.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    command = [sys.executable, "-c", PROGRAM.format(folder=str(tmp_path))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
