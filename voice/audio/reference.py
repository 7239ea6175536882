"""Reference audio: what preprocessing leaves and cloning reads, kept as 24-bit FLAC."""

from pathlib import Path

import soundfile as sf

from voice.audio.disk import disk_errors_told
from voice.audio.waveform import Waveform
from voice.errors import InvalidAudio


def write_reference(path: Path, waveform: Waveform) -> None:
    """Write `waveform` to `path` as mono FLAC, 24 bit; values beyond full scale are clipped. Safe from threads.

    Raises OSError where the disk is full.
    """
    with disk_errors_told(path):
        sf.write(path, waveform.samples, waveform.rate_hz, format="FLAC", subtype="PCM_24")


def read_reference(path: Path) -> Waveform:
    """Read what `write_reference` wrote. Raises InvalidAudio `reference_unreadable`. Safe from threads."""
    try:
        samples, rate_hz = sf.read(path, dtype="float32")
        return Waveform(samples, rate_hz)
    except (OSError, ValueError, sf.SoundFileError) as error:
        raise InvalidAudio(
            "reference_unreadable", "The prepared recording is missing or damaged; upload it again."
        ) from error
