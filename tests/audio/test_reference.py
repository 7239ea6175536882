"""Reference audio survives its file."""

from pathlib import Path

import numpy as np
import pytest

from voice.audio.pcm import read_reference, write_reference
from voice.audio.waveform import Waveform
from voice.errors import InvalidAudio


def test_a_reference_comes_back_within_24_bits(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).uniform(-0.9, 0.9, 24000).astype(np.float32)
    write_reference(tmp_path / "r.flac", Waveform(samples, 24000))
    back = read_reference(tmp_path / "r.flac")
    assert back.rate_hz == 24000
    assert np.abs(back.samples - samples).max() <= 2**-23


@pytest.mark.parametrize("content", [b"", b"not a flac file"])
def test_a_damaged_reference_is_an_error_of_its_own(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.flac"
    path.write_bytes(content)
    with pytest.raises(InvalidAudio, match="reference_unreadable"):
        read_reference(path)


def test_a_missing_reference_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(InvalidAudio, match="reference_unreadable"):
        read_reference(tmp_path / "none.flac")
