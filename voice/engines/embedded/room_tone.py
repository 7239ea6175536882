"""The sound of the speaker's room, for the pauses between sentences: digital silence there sounds like a dropout."""

import numpy as np
from scipy.ndimage import uniform_filter1d

from voice.audio.waveform import Samples, Waveform
from voice.engines.embedded.analysis import FRAME_S, TARGET_LEVEL_DB, Frames, active_level_db

QUIET_S = 0.2
GRAIN_S = 0.04


def quietest(samples: Samples, frames: Frames) -> Samples:
    """The quietest 0.2 s of a recording, float32 (n,), scaled as if its speaker were as loud as we speak.

    Empty for a recording that is shorter. Silence where the recording has digital silence.
    """
    width = round(QUIET_S / FRAME_S)
    if len(frames.level_db) < width:
        return samples[:0]
    powers = uniform_filter1d(10 ** (frames.level_db.astype(np.float64) / 10), width)[width // 2 : -(width // 2)]
    start = int(np.argmin(powers) * FRAME_S * frames.rate_hz)
    gain_db = TARGET_LEVEL_DB - active_level_db(Waveform(samples, frames.rate_hz))
    return (samples[start : start + int(QUIET_S * frames.rate_hz)] * 10 ** (gain_db / 20)).astype(np.float32)


def room_tone(quiet: Samples, length: int, *, rate_hz: int, rng: np.random.Generator) -> Samples:
    """`length` samples that sound like `quiet`, float32, fading in and out over 20 ms at their ends.

    Grains of 40 ms from random places, each half over its neighbour's, under sine windows: the powers of two
    neighbours add up to one, and no repetition is heard. Zeros where `quiet` is shorter than two grains.
    """
    half = int(GRAIN_S / 2 * rate_hz)
    tone = np.zeros(length + 4 * half, dtype=np.float32)
    if len(quiet) < 4 * half or length < 2 * half:
        return tone[:length]
    window = np.sin(np.pi * (np.arange(2 * half) + 0.5) / (2 * half)).astype(np.float32)
    for at in range(0, length - 2 * half + 1, half):
        start = int(rng.integers(len(quiet) - 2 * half))
        tone[at : at + 2 * half] += quiet[start : start + 2 * half] * window
    return tone[:length]
