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

BLOCK_FRAMES = 400
BLOCK_CONTEXT_FRAMES = 50
DIO_RATE_HZ = 5300
"""DIO looks at the signal decimated to about this rate: 4 times faster, 1 % of the voicing decisions differ."""

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frames:
    """n frames of speech, 5 ms apart, the first one at time 0.

    `f0_hz`: float32 (n,), 0 where unvoiced. `cepstra`: float32 (n, 40), see `codec`. `level_db`: float32 (n,), mean
    power of the frame's envelope in dB. `rate_hz`: of the speech that was analysed.
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
    """The analysis of one recording, from its beginning on and only as far as it is asked for.

    F0 is found in blocks of two seconds, each with a quarter of a second around it, so that the first frames of a long
    sentence do not wait for the last. The result does not depend on how it is asked for. Not safe to share.
    """

    def __init__(self, samples: Samples, rate_hz: int, *, rng: np.random.Generator) -> None:
        noise = rng.standard_normal(len(samples), dtype=np.float32)
        self._samples = np.ascontiguousarray(samples + DITHER * noise, dtype=np.float64)  # WORLD takes nothing else
        self._f0_hz = np.zeros(int(len(samples) / (FRAME_S * rate_hz)) + 1)
        self._f0_known = 0
        self.rate_hz = rate_hz

    def __len__(self) -> int:
        return len(self._f0_hz)

    def f0_hz(self, first: int, last: int) -> Vector:
        """F0 of the frames from `first` to before `last`, 0 where unvoiced: float32 (last - first,)."""
        while self._f0_known < last:
            self._find_f0_of_block()
        return self._f0_hz[first:last].astype(np.float32)

    def envelopes(self, first: int, last: int) -> tuple[Matrix, Vector]:
        """Cepstra (last - first, 40) and levels in dB of the frames from `first` to before `last`."""
        f0_hz = self.f0_hz(first, last).astype(np.float64)
        times_s = np.arange(first, last) * FRAME_S
        power = pyworld.cheaptrick(self._samples, f0_hz, times_s, self.rate_hz, fft_size=FFT_SIZE)
        cepstra = np.log(power).astype(np.float32) @ coding_matrix(self.rate_hz)
        return cepstra, (10 * np.log10(power.mean(axis=1))).astype(np.float32)

    def frames(self) -> Frames:
        """Every frame at once."""
        cepstra, level_db = self.envelopes(0, len(self))
        return Frames(self.f0_hz(0, len(self)), cepstra, level_db, self.rate_hz)

    def _find_f0_of_block(self) -> None:
        first, last = self._f0_known, min(len(self), self._f0_known + BLOCK_FRAMES)
        context = min(first, BLOCK_CONTEXT_FRAMES)
        begin, end = ((f * FRAME_S * self.rate_hz) for f in (first - context, last + BLOCK_CONTEXT_FRAMES))
        block = self._samples[int(begin) : int(end)]
        coarse, times_s = pyworld.dio(
            block,
            self.rate_hz,
            f0_floor=F0_FLOOR_HZ,
            f0_ceil=F0_CEIL_HZ,
            frame_period=FRAME_S * 1000,
            speed=max(1, self.rate_hz // DIO_RATE_HZ),
        )
        refined = pyworld.stonemask(block, coarse, times_s, self.rate_hz)
        found = refined[context : context + last - first]
        self._f0_hz[first : first + len(found)] = found  # WORLD may round the last frame away
        self._f0_known = last
