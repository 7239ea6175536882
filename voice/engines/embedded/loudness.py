"""The one level that every sentence is spoken at."""

import numpy as np

from voice.audio.waveform import Samples, Waveform

TARGET_LEVEL_DB = -20.0
"""Of the active parts of a sentence, relative to full scale."""
WINDOW_S = 0.02
GATE_DB = -10.0
KNEE = 0.7
CEILING = 0.98
FADE_S = 0.01


def active_level_db(speech: Waveform) -> float:
    """Power of the audible parts in dB relative to full scale; -inf for silence.

    Gated as ITU-R BS.1770 does it, though unweighted: windows more than 10 dB below the mean do not count.
    """
    width = min(int(WINDOW_S * speech.rate_hz), len(speech.samples))
    if not width:
        return float("-inf")
    whole = speech.samples[: len(speech.samples) // width * width].reshape(-1, width)
    powers = np.square(whole, dtype=np.float64).mean(axis=1)
    loud = powers[powers >= powers.mean() * 10 ** (GATE_DB / 10)]
    return float(10 * np.log10(loud.mean())) if loud.size and loud.mean() > 0 else float("-inf")


def soften_peaks(samples: Samples) -> Samples:
    """`samples` with what exceeds 0.7 bent smoothly below 0.98; the rest is untouched. Sample by sample, no memory."""
    magnitudes = np.abs(samples)
    room = CEILING - KNEE
    bent = KNEE + room * np.tanh((magnitudes - KNEE) / room)
    return np.where(magnitudes <= KNEE, samples, np.copysign(bent, samples)).astype(np.float32)


def fade_edges(samples: Samples, *, first: int, total: int, rate_hz: int) -> None:
    """Fade, in place, 10 ms at either end of a sentence, of which `samples` are the piece from `first` on."""
    fade = int(FADE_S * rate_hz)
    positions = np.arange(first, first + len(samples), dtype=np.float32)
    samples *= np.clip(np.minimum(positions + 1, total - positions) / fade, 0, 1)
