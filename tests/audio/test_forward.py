"""Blocks joined are the file, whatever their size."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from tests.waveforms import speech_like, write_flac, write_mp3, write_wav
from voice.audio.pcm import ForwardSoundFile, forward_blocks


@pytest.mark.parametrize("write", [write_wav, write_flac, write_mp3])
@pytest.mark.parametrize("frames", [1000, 10_000, 16_384])
def test_blocks_joined_equal_one_read_of_the_whole(tmp_path: Path, write: object, frames: int) -> None:
    path = tmp_path / "speech"
    write(path, speech_like(6.0, 24_000))  # type: ignore[operator]
    whole = sf.read(path, dtype="float32")[0]
    with ForwardSoundFile(path) as sound:
        joined = np.concatenate([block[:, 0] for block in forward_blocks(sound, frames=frames)])
    assert len(joined) == len(whole)
    assert np.abs(joined - whole).max() < 1e-6
