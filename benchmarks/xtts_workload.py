"""The work of both sides of XTTS's benchmark: one text, one voice, and for each sentence a fixed number of tokens."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voice.engines.xtts.checkpoint import convert_to_safetensors
from voice.engines.xtts.takes import TOKEN_S

LANGUAGE = "en"
SPOKEN_CHARACTERS_PER_S = 15.0
LIMIT = 250
SHORT = "Hello, and welcome to another episode of our show."
CHECKPOINT_BYTES = 1_500_000_000  # less is one that was not finished
PASSAGE = (
    "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow. The rainbow is a "
    "division of white light into many beautiful colors. These take the shape of a long round arch, with its path "
    "high above, and its two ends apparently beyond the horizon. There is, according to legend, a boiling pot of "
    "gold at one end. People look, but no one ever finds it. When a man looks for something beyond his reach, his "
    "friends say he is looking for the pot of gold at the end of the rainbow. "
)


def text_of(characters: int) -> str:
    """A text of so many characters."""
    return (PASSAGE * (characters // len(PASSAGE) + 1))[:characters].strip()


def tokens_of(sentence: str) -> int:
    """The audio tokens that a reader takes for it, at 15 characters per second; random weights never stop."""
    return max(4, round(len(sentence) / SPOKEN_CHARACTERS_PER_S / TOKEN_S))


def voice(channels: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Conditioning latents (32, channels) and a speaker embedding of unit length (512)."""
    random = np.random.default_rng(0)
    speaker = random.standard_normal(512)
    return (
        random.standard_normal((32, channels)).astype(np.float32),
        (speaker / np.linalg.norm(speaker)).astype(np.float32),
    )


def full_size_checkpoint() -> Path:
    """A folder with random weights of the published size, 1.9 GB; made once, in XDG_CACHE_HOME or the temp folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or tempfile.gettempdir())
    folder = cache / "podstream-voice" / "xtts-random-full-size"
    weights = folder / "model.pth"
    if not weights.is_file() or weights.stat().st_size < CHECKPOINT_BYTES:
        from tests.engines.xtts.random_checkpoint import FULL_SIZE, make_checkpoint

        made = folder.with_name(f"{folder.name}.{os.getpid()}")
        make_checkpoint(made, size=FULL_SIZE)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    convert_to_safetensors(folder)  # as download_xtts leaves it; Coqui's code reads model.pth
    return folder
