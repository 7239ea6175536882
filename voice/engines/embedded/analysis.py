"""Speech as frames: F0, level, 40 mel cepstra as WORLD codes them, epochs, matching vectors, a speaker's statistics.

WORLD's spectral codec (Morise, Yokomori and Ozawa, 2016) is linear on log spectra: interpolation onto a mel axis, then
a cosine transform. So each direction is one matrix, and so is "decode, stretch the frequency axis, code again".
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyworld
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from voice.audio.waveform import Samples, Waveform

Matrix = NDArray[np.float32]
Vector = NDArray[np.float32]
Indices = NDArray[np.int64]

CEPSTRA = 40
FFT_SIZE = 1024
"""Of the analysis; WORLD's own choice for a lowest F0 of 71 Hz, at every rate from 16 to 24 kHz."""
FRAME_S = 0.005
DITHER = 1e-4
"""Standard deviation of the noise added before the analysis: WORLD's envelope of digital silence is meaningless."""
ACTIVE_BELOW_PEAK_DB = 40.0

F0_FLOOR_HZ = 60.0
F0_CEIL_HZ = 500.0
BLOCK_FRAMES = 400
BLOCK_CONTEXT_FRAMES = 50
DIO_RATE_HZ = 5300
"""DIO looks at the signal decimated to about this rate: 4 times faster, 1 % of the voicing decisions differ."""

EPOCH_REACH_S = 0.012
TREND_PERIODS = 1.5
INTEGRATIONS = 4

FLAT_LOG_F0_SPREAD = 0.02
"""Least spread of log F0 that we divide by, so that a monotone source does not blow up."""

TARGET_LEVEL_DB = -20.0
"""Of the active parts of a sentence, relative to full scale."""
WINDOW_S = 0.02
GATE_DB = -10.0

CONTEXT = ((-10, 0.4), (-6, 0.6), (-3, 0.6), (0, 1.0), (3, 0.6), (6, 0.6), (10, 0.4))
"""Frame offsets that are stacked, with their weights: a phone is known by what is around it."""
CONTEXT_FRAMES = 10
MATCHED_CEPSTRA = 16
DIMENSIONS = MATCHED_CEPSTRA * len(CONTEXT) + 2
VOICING_WEIGHT = 4.0
CEPSTRUM_WEIGHTS = (1 / (1 + 0.05 * np.arange(MATCHED_CEPSTRA))).astype(np.float32)


@lru_cache(maxsize=16)
def decoding_matrix(rate_hz: int, fft_size: int = FFT_SIZE) -> Matrix:
    """Float32, (CEPSTRA, fft_size // 2 + 1): cepstra @ matrix = log power spectrum on the bins of `fft_size`."""
    decoded = np.log(pyworld.decode_spectral_envelope(np.eye(CEPSTRA), rate_hz, FFT_SIZE))
    # WORLD decodes to powers of two only: it corrupts the heap for any other size.
    bins = np.linspace(0, FFT_SIZE // 2, fft_size // 2 + 1)
    return np.array([np.interp(bins, np.arange(FFT_SIZE // 2 + 1), row) for row in decoded], dtype=np.float32)


@lru_cache(maxsize=16)
def coding_matrix(rate_hz: int) -> Matrix:
    """Float32, (FFT_SIZE // 2 + 1, CEPSTRA): log power spectrum @ matrix = cepstra."""
    bins = np.exp(np.eye(FFT_SIZE // 2 + 1))
    return np.asarray(pyworld.code_spectral_envelope(bins, rate_hz, CEPSTRA), dtype=np.float32)


@lru_cache(maxsize=64)
def warping_matrix(alpha: float, rate_in_hz: int, rate_out_hz: int) -> Matrix:
    """Float32, (CEPSTRA, CEPSTRA): cepstra @ matrix = those of the envelopes stretched by `alpha` along frequency.

    `alpha` above 1 moves formants up (a shorter vocal tract). With two rates it also carries cepstra from one to the
    other; above the Nyquist frequency of the input the envelope goes on flat.
    """
    bins = np.arange(FFT_SIZE // 2 + 1)
    hz_in, hz_out = bins * (rate_in_hz / FFT_SIZE), bins * (rate_out_hz / FFT_SIZE)
    stretched = [np.interp(hz_out / alpha, hz_in, row) for row in decoding_matrix(rate_in_hz)]
    return (np.asarray(stretched, dtype=np.float32) @ coding_matrix(rate_out_hz)).astype(np.float32)


@lru_cache(maxsize=16)
def level_step(rate_hz: int) -> Vector:
    """Float32 (40,): the cepstra of a flat gain of 1 dB at `rate_hz`."""
    decoding = decoding_matrix(rate_hz).astype(np.float64)
    flat = np.full(decoding.shape[1], np.log(10) / 10)
    return np.asarray(np.linalg.lstsq(decoding.T, flat, rcond=None)[0], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Frames:
    """n frames of speech, 5 ms apart, the first one at time 0.

    `f0_hz`: float32 (n,), 0 where unvoiced. `cepstra`: float32 (n, 40), see `coding_matrix`. `level_db`: float32 (n,),
    mean power of the frame's envelope in dB. `rate_hz`: of the speech that was analysed.
    """

    f0_hz: Vector
    cepstra: Matrix
    level_db: Vector
    rate_hz: int

    def __len__(self) -> int:
        return len(self.f0_hz)

    def active(self) -> NDArray[np.bool_]:
        """Mask of the frames in which somebody speaks: within 40 dB of the 98th percentile of the level."""
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


def find_epochs(samples: Samples, rate_hz: int, *, f0_hz: float) -> NDArray[np.int32]:
    """Ascending sample positions of the epochs of speech whose typical F0 is `f0_hz`; int32, shape (m,).

    The resonator at 0 Hz is four integrations; taking the local mean away after each of them, and not only at the end,
    keeps the numbers small however long the recording is. Positions in unvoiced stretches mean nothing.
    """
    width = max(3, int(TREND_PERIODS * rate_hz / f0_hz) | 1)
    signal = np.diff(samples.astype(np.float64), prepend=0.0)
    for _ in range(INTEGRATIONS):
        signal = np.cumsum(signal)
        signal -= uniform_filter1d(signal, width, mode="nearest")
    return np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0)).astype(np.int32) + np.int32(1)


def grain_centres(samples: Samples, frames: Frames, *, f0_hz: float) -> NDArray[np.int64]:
    """The middle of each frame's grain: int64 (frames,), positions in `samples`.

    A voiced frame's is at the nearest epoch within 12 ms, any other's at the frame. `f0_hz`: the speaker's typical F0.
    """
    middles = np.arange(len(frames)) * (FRAME_S * frames.rate_hz)
    bounds = np.concatenate([[-np.inf], find_epochs(samples, frames.rate_hz, f0_hz=f0_hz), [np.inf]])
    after = np.searchsorted(bounds, middles)
    after_is_further = middles - bounds[after - 1] <= bounds[after] - middles
    nearest = np.where(after_is_further, bounds[after - 1], bounds[after])
    usable = (frames.f0_hz > 0) & (np.abs(nearest - middles) <= EPOCH_REACH_S * frames.rate_hz)
    return np.where(usable, nearest, middles).astype(np.int64)


@dataclass(frozen=True, slots=True)
class SpeakerStatistics:
    """Moments over the active frames of a speaker.

    `mean`, `deviation`: float32 (40,), of the cepstra, in the units of `coding_matrix`. `level_db`: median level.
    `log_f0`: median of the natural logarithm of F0 in Hz. `log_f0_spread`: half of its 16th to 84th percentile range.
    """

    mean: Vector
    deviation: Vector
    level_db: float
    log_f0: float
    log_f0_spread: float


def describe(frames: Frames) -> SpeakerStatistics:
    """Statistics of `frames`, which must hold at least one voiced active frame."""
    active = frames.active()
    return describe_cepstra(frames.cepstra[active], frames.level_db[active], frames.f0_hz[active & (frames.f0_hz > 0)])


def describe_cepstra(cepstra: Matrix, level_db: Vector, voiced_f0_hz: Vector) -> SpeakerStatistics:
    """Statistics of active frames: `cepstra` (n, 40), `level_db` (n,) and the F0 of the voiced ones."""
    low, middle, high = np.percentile(np.log(voiced_f0_hz), [16, 50, 84])
    return SpeakerStatistics(
        mean=cepstra.mean(axis=0, dtype=np.float64).astype(np.float32),
        deviation=(cepstra.std(axis=0, dtype=np.float64) + 1e-6).astype(np.float32),
        level_db=float(np.median(level_db)),
        log_f0=float(middle),
        log_f0_spread=max(float(high - low) / 2, FLAT_LOG_F0_SPREAD),
    )


def matching_vectors(standardised: Matrix, f0_hz: Vector, level_db: Vector, *, first: int, last: int) -> Matrix:
    """Vectors of the frames from `first` to before `last`: float32, (last - first, 114).

    `standardised`: cepstra (n, >= 16) with the speaker's mean taken away and divided by the deviation.
    `level_db`: (n,), relative to the speaker's median. Context beyond either end repeats the first or last frame.
    """
    frames = np.arange(first, last)
    vectors = np.empty((last - first, DIMENSIONS), dtype=np.float32)
    weighted = standardised[:, :MATCHED_CEPSTRA] * CEPSTRUM_WEIGHTS
    for slot, (offset, weight) in enumerate(CONTEXT):
        columns = slice(slot * MATCHED_CEPSTRA, (slot + 1) * MATCHED_CEPSTRA)
        vectors[:, columns] = weighted[np.clip(frames + offset, 0, len(standardised) - 1)] * np.float32(weight)
    vectors[:, -2] = VOICING_WEIGHT * (f0_hz[first:last] > 0)
    vectors[:, -1] = np.clip(level_db[first:last] / 10, -4, 2)
    return vectors


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
