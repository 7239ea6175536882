"""Where in a recording somebody speaks, by energy: the basis of preprocessing and of the quality score.

Recordings for cloning have one speaker and little else, so a threshold between the recording's own noise floor and its
own speech level serves, and needs no model. Whether it is speech at all is asked of its rhythm and its voicing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_dilation, binary_opening, uniform_filter1d

from voice.audio.waveform import Samples, Waveform
from voice.errors import InvalidAudio

HOP_S = 0.01
QUIETEST_DB = -100.0

_LEAST_RANGE_DB = 9.0
_LEAST_VOICED_SHARE = 0.15
_VOICED_CORRELATION = 0.55
_F0_RANGE_HZ = (60.0, 400.0)


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Speech and its absence in hops of 10 ms.

    `level_db`: power of each hop in dB of full scale, shape (n,), at least -100. `is_speech`: bool, shape (n,), with
    0.1 s of margin around what is loud, gaps below 0.2 s closed and clicks below 0.05 s left out. `is_loud`: the hops
    above the threshold alone.
    """

    level_db: NDArray[np.float64]
    is_loud: NDArray[np.bool_]
    is_speech: NDArray[np.bool_]
    voiced_share: float

    @property
    def speech_s(self) -> float:
        """Seconds of speech."""
        return float(self.is_speech.sum()) * HOP_S

    def require_speech(self) -> None:
        """Raise InvalidAudio `no_speech` unless the loudness moves as in speech and enough loud hops have a pitch."""
        spread_db = float(np.percentile(self.level_db, 95) - np.percentile(self.level_db, 5))
        if not self.is_speech.any() or spread_db < _LEAST_RANGE_DB or self.voiced_share < _LEAST_VOICED_SHARE:
            raise InvalidAudio("no_speech", "No speech was found in the recording. Record a person who speaks.")


def find_activity(waveform: Waveform) -> Activity:
    """Tell speech from pauses. Deterministic. Raises InvalidAudio `no_speech` for less than 0.1 s of audio."""
    level_db = _levels_db(waveform)
    if len(level_db) < 10:
        raise InvalidAudio("no_speech", "The recording is too short to hold speech.")
    floor_db, loud_db = np.percentile(level_db, (5, 95))
    # A third of the way up from the noise, and never among what is 35 dB below the speech, such as reverberation.
    threshold_db = max(floor_db + 0.35 * (loud_db - floor_db), loud_db - 35.0, QUIETEST_DB + 10.0)
    is_loud = level_db > threshold_db
    steady = binary_opening(is_loud, np.ones(5, bool))
    is_speech = binary_dilation(binary_closing(np.pad(steady, 20), np.ones(21, bool))[20:-20], np.ones(21, bool))
    return Activity(level_db, is_loud, is_speech, _voiced_share(waveform, is_loud))


def _levels_db(waveform: Waveform) -> NDArray[np.float64]:
    hop = round(waveform.rate_hz * HOP_S)
    count = len(waveform.samples) // hop
    rows = waveform.samples[: count * hop].reshape(count, hop)
    power = np.einsum("ij,ij->i", rows, rows, dtype=np.float64) / hop - rows.mean(axis=1, dtype=np.float64) ** 2
    smoothed = uniform_filter1d(np.maximum(power, 0.0), 3, mode="nearest") if count else power
    return 10 * np.log10(np.maximum(smoothed, 10 ** (QUIETEST_DB / 10)))


def _voiced_share(waveform: Waveform, is_loud: NDArray[np.bool_]) -> float:
    """Share of up to 400 loud hops, evenly chosen, whose 50 ms have a period between 60 and 400 Hz."""
    hops = np.flatnonzero(is_loud)
    if not len(hops):
        return 0.0
    chosen = hops[np.linspace(0, len(hops) - 1, min(400, len(hops))).astype(int)]
    width = round(0.05 * waveform.rate_hz)
    starts = np.clip(chosen * round(waveform.rate_hz * HOP_S), 0, max(0, len(waveform.samples) - width))
    correlations = [_periodicity(waveform.samples[start : start + width], waveform.rate_hz) for start in starts]
    return float(np.mean(np.array(correlations) > _VOICED_CORRELATION))


def _periodicity(frame: Samples, rate_hz: int) -> float:
    """The largest autocorrelation at a lag of the pitch range, corrected for the shorter overlap, 0..1."""
    centred = frame.astype(np.float64) - frame.mean()
    size = len(centred)
    spectrum = np.fft.rfft(centred, 2 * size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:size]
    if correlation[0] <= 0:
        return 0.0
    shortest, longest = (round(rate_hz / f0_hz) for f0_hz in reversed(_F0_RANGE_HZ))
    lags = np.arange(shortest, min(longest, size - 1))
    return float((correlation[lags] * size / (size - lags)).max() / correlation[0])
