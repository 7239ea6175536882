"""The one level that every sentence is spoken at."""

import numpy as np

from voice.audio.waveform import Samples

TARGET_LEVEL_DB = -20.0
"""Of the active parts of a sentence, relative to full scale."""
WINDOW_S = 0.02
GATE_DB = -10.0
KNEE = 0.7
CEILING = 0.98


def active_level_db(samples: Samples, rate_hz: int) -> float:
    """Power of the audible parts in dB relative to full scale; -inf for silence.

    Gated as ITU-R BS.1770 does it, though unweighted: windows more than 10 dB below the mean do not count.
    """
    width = int(WINDOW_S * rate_hz)
    count = max(1, len(samples) // width)
    powers = np.array([np.square(part, dtype=np.float64).mean() for part in np.array_split(samples, count)])
    loud = powers[powers >= powers.mean() * 10 ** (GATE_DB / 10)]
    return float(10 * np.log10(loud.mean())) if loud.size and loud.mean() > 0 else float("-inf")


def soften_peaks(samples: Samples) -> Samples:
    """`samples` with what exceeds 0.7 bent smoothly below 0.98; the rest is untouched. Sample by sample, no memory."""
    magnitudes = np.abs(samples)
    room = CEILING - KNEE
    bent = KNEE + room * np.tanh((magnitudes - KNEE) / room)
    return np.where(magnitudes <= KNEE, samples, np.copysign(bent, samples)).astype(np.float32)
