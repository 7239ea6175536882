"""Speech as frames every 5 ms: F0, level and spectral envelope, by WORLD (Morise, Yokomori and Ozawa, 2016)."""

from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray

from voice.audio.waveform import Samples
from voice.engines.embedded.codec import FFT_SIZE, coding_matrix

FRAME_S = 0.005
F0_FLOOR_HZ = 60.0
F0_CEIL_HZ = 500.0
ACTIVE_BELOW_PEAK_DB = 40.0
DITHER = 1e-4
"""Standard deviation of the noise added before the analysis: WORLD's envelope of digital silence is meaningless."""

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frames:
    """n frames of speech, 5 ms apart, the first one at time 0.

    `f0_hz`: float32 (n,), 0 where unvoiced. `cepstra`: float32 (n, 40), see `codec`. `level_db`: float32 (n,), power of
    the frame's envelope relative to full scale. `rate_hz`: of the speech that was analysed.
    """

    f0_hz: Vector
    cepstra: Matrix
    level_db: Vector
    rate_hz: int

    def __len__(self) -> int:
        return len(self.f0_hz)

    def active(self) -> NDArray[np.bool_]:
        """Where somebody speaks: within 40 dB of the 98th percentile of the level."""
        if not len(self):
            return np.zeros(0, dtype=bool)
        return np.asarray(self.level_db > np.percentile(self.level_db, 98) - ACTIVE_BELOW_PEAK_DB)


class Analyser:
    """The analysis of one recording, which costs most at the envelopes and so makes these piece by piece.

    Not safe to share between threads.
    """

    def __init__(self, samples: Samples, rate_hz: int, *, rng: np.random.Generator) -> None:
        noise = rng.standard_normal(len(samples), dtype=np.float32)
        self._samples = np.ascontiguousarray(samples + DITHER * noise, dtype=np.float64)  # WORLD takes nothing else
        self.rate_hz = rate_hz
        coarse, self._times_s = pyworld.dio(
            self._samples, rate_hz, f0_floor=F0_FLOOR_HZ, f0_ceil=F0_CEIL_HZ, frame_period=FRAME_S * 1000
        )
        self._f0_hz = pyworld.stonemask(self._samples, coarse, self._times_s, rate_hz)
        self.f0_hz: Vector = self._f0_hz.astype(np.float32)

    def __len__(self) -> int:
        return len(self._f0_hz)

    def envelopes(self, first: int, last: int) -> tuple[Matrix, Vector]:
        """Cepstra (last - first, 40) and levels in dB of the frames from `first` to before `last`."""
        f0_hz = np.ascontiguousarray(self._f0_hz[first:last])
        times_s = np.ascontiguousarray(self._times_s[first:last])
        power = pyworld.cheaptrick(self._samples, f0_hz, times_s, self.rate_hz, fft_size=FFT_SIZE)
        cepstra = np.log(power).astype(np.float32) @ coding_matrix(self.rate_hz)
        return cepstra, (10 * np.log10(power.mean(axis=1))).astype(np.float32)

    def frames(self) -> Frames:
        """Every frame at once."""
        cepstra, level_db = self.envelopes(0, len(self))
        return Frames(self.f0_hz, cepstra, level_db, self.rate_hz)
