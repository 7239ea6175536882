"""Speech from pieces of the target's waveform: filtered grains, added at pitch marks as PSOLA does."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from voice.audio.waveform import Samples
from voice.engines.embedded.analysis import Matrix, Vector
from voice.engines.embedded.codec import decoding_matrix

UNVOICED_MARKS_HZ = 200.0
HALF_WIDTH_PERIODS = 1.3
MAX_HALF_WIDTH_S = 0.020
FILTER_MARGIN_S = 0.006
"""Room around a grain for the ringing of its filter."""
GAIN_MIN, GAIN_MAX = 1e-3, 30.0
CORRECTION_MAX = 2.0


@dataclass(frozen=True, slots=True)
class Grains:
    """m grains to be placed: where to, where from, and what to do to their spectra.

    `marks`: int64 (m,), output sample positions, ascending. `centres`: int64 (m,), positions in the target's samples.
    `half_widths`: int64 (m,), samples. `powers`: float32 (m,), mean square that the unit's envelope promises.
    `log_gains`: float32 (m, 40), cepstra of the log power gain. `scales`: float32 (m,), factors of amplitude.
    """

    marks: NDArray[np.int64]
    centres: NDArray[np.int64]
    half_widths: NDArray[np.int64]
    powers: Vector
    log_gains: Matrix
    scales: Vector


class OverlapAdder:
    """Adds grains into a signal of known length and hands out what no later grain can reach. Not safe to share."""

    def __init__(self, target: Samples, rate_hz: int, length: int) -> None:
        """`target`: the samples that grains are cut from. `length`: of the whole output, in samples."""
        longest = 2 * (int(MAX_HALF_WIDTH_S * rate_hz) + 1) + 2 * int(FILTER_MARGIN_S * rate_hz)
        self._fft_size = 2 * scipy.fft.next_fast_len((longest + 1) // 2, real=True)
        self._pad = self._fft_size
        self._target = target
        self._decoding = decoding_matrix(rate_hz, self._fft_size)
        self._output = np.zeros(length + 2 * self._pad, dtype=np.float32)
        self._length = length
        self._taken = 0

    @property
    def reach(self) -> int:
        """Samples on either side of its mark that a grain may touch."""
        return self._fft_size // 2

    def add(self, grains: Grains) -> None:
        """Cut, filter and add every grain of `grains`."""
        if not len(grains.marks):
            return
        half = self._fft_size // 2
        offsets = np.arange(-half, half)
        positions = np.clip(grains.centres[:, None] + offsets, 0, len(self._target) - 1)
        phases = np.clip(offsets / grains.half_widths[:, None], -1, 1).astype(np.float32)
        windows = 0.5 + 0.5 * np.cos(np.float32(np.pi) * phases)
        pieces = self._target[positions] * windows
        pieces *= (grains.scales * _corrections(pieces, windows, grains.powers))[:, None]
        gains = np.exp(np.clip(0.5 * (grains.log_gains @ self._decoding), np.log(GAIN_MIN), np.log(GAIN_MAX)))
        spectra = scipy.fft.rfft(pieces, axis=1) * gains
        filtered = scipy.fft.irfft(spectra, n=self._fft_size, axis=1)
        for mark, piece in zip(grains.marks, filtered, strict=True):
            start = self._pad + mark - half
            self._output[start : start + self._fft_size] += piece

    def take(self, until: int) -> Samples:
        """The finished samples since the last call, up to before output position `until`."""
        end = min(max(until, self._taken), self._length)
        taken = self._output[self._pad + self._taken : self._pad + end].copy()
        self._taken = end
        return taken


def _corrections(pieces: Matrix, windows: Matrix, powers: Vector) -> Vector:
    """Factors that give each windowed piece the power of its unit's envelope, float32 (m,).

    A grain lies up to 12 ms beside the frame that its envelope belongs to. Where a burst falls in between, the gain
    that is right for the quiet envelope would blow the burst up.
    """
    expected = powers * np.einsum("mn,mn->m", windows, windows)
    found = np.einsum("mn,mn->m", pieces, pieces)
    return np.asarray(np.clip(np.sqrt(expected / (found + 1e-12)), 0, CORRECTION_MAX), dtype=np.float32)
