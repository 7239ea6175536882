"""Loudness and true peak of PCM files of any length, in constant memory.

pyloudnorm designs the K-weighting filters (and is the reference in the tests); it wants the whole signal at once and
several copies of it, so the gating of ITU-R BS.1770-4 is carried out here over 100 ms steps.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyloudnorm
import soxr
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import lfilter

from voice.audio.waveform import Samples, Waveform

SILENCE_LUFS = -70.0
"""The absolute gate of BS.1770: what is quieter has no loudness."""

_STEPS_PER_S = 10
_STEPS_PER_WINDOW = 4
_OVERSAMPLING = 4
_PEAKS_PER_S = 1000
_CLIPPED_RUN = 3
_REACH_STEPS = 10
"""10 ms before and after a peak: inaudible as a movement on speech, and longer than its glottal period's attack."""


@dataclass(frozen=True, slots=True, eq=False)
class Loudness:
    """Figures of a whole piece.

    `integrated_lufs`: BS.1770-4 gated loudness, -inf where nothing is above -70 LUFS. `true_peak_dbtp`: the peak
    of the signal oversampled four times (BS.1770-4, annex 2), -inf for digital silence.
    `peaks`: true peaks, linear, one per `step_frames` samples (about a millisecond), float32 of shape (n,).
    """

    integrated_lufs: float
    true_peak_dbtp: float
    duration_s: float
    step_frames: int
    peaks: Samples = field(repr=False)


def measure_waveform(waveform: Waveform) -> Loudness:
    """Measure samples in memory."""
    return measure_blocks(waveform.blocks(65536), rate_hz=waveform.rate_hz)


def measure_blocks(blocks: Iterable[Samples], *, rate_hz: int) -> Loudness:
    """Measure mono blocks of any lengths, in order. Deterministic; memory stays at one block."""
    steps, oversampler = _StepEnergies(rate_hz), _TruePeak(rate_hz)
    frames = 0
    for block in blocks:
        frames += len(block)
        steps.add(block)
        oversampler.add(block)
    peaks = oversampler.finish()
    return Loudness(
        integrated_lufs=_gated(steps.energies()),
        true_peak_dbtp=decibels(float(peaks.max(initial=0.0))),
        duration_s=frames / rate_hz,
        step_frames=oversampler.step_frames,
        peaks=peaks,
    )


def clipped_samples(samples: Samples, *, level: float) -> int:
    """The number of samples in runs of three or more whose magnitude reaches `level`."""
    full = np.abs(samples) >= level
    edges = np.flatnonzero(np.diff(full.astype(np.int8), prepend=0, append=0))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= _CLIPPED_RUN].sum())


def decibels(amplitude: float) -> float:
    """20 log10, with -inf for zero."""
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf


class _StepEnergies:
    """Sums of squares of the K-weighted signal over steps of 100 ms."""

    def __init__(self, rate_hz: int) -> None:
        meter = pyloudnorm.Meter(rate_hz)
        self._sections = [(stage.b * stage.passband_gain, stage.a) for stage in meter._filters.values()]
        self._states: list[NDArray[np.float64]] = [np.zeros(2) for _ in self._sections]
        self._step = round(rate_hz / _STEPS_PER_S)
        self._left = np.zeros(0)
        self._sums: list[float] = []

    def add(self, block: Samples) -> None:
        weighted: NDArray[np.float64] = block.astype(np.float64)
        for index, (b, a) in enumerate(self._sections):
            weighted, self._states[index] = lfilter(b, a, weighted, zi=self._states[index])
        joined = np.concatenate([self._left, weighted])
        whole = len(joined) // self._step
        rows = joined[: whole * self._step].reshape(whole, self._step)
        self._sums.extend(np.einsum("ij,ij->i", rows, rows).tolist())
        self._left = joined[whole * self._step :]

    def energies(self) -> NDArray[np.float64]:
        """Mean squares of 400 ms windows that overlap by three quarters; a shorter piece is one window."""
        sums = np.array(self._sums)
        if len(sums) < _STEPS_PER_WINDOW:
            samples = len(sums) * self._step + len(self._left)
            return np.array([(sums.sum() + np.dot(self._left, self._left)) / max(samples, 1)])
        windows = np.convolve(sums, np.ones(_STEPS_PER_WINDOW), "valid")
        return windows / (_STEPS_PER_WINDOW * self._step)


def _gated(energies: NDArray[np.float64]) -> float:
    """BS.1770-4, equations 4 to 7: an absolute gate at -70 LUFS, a relative one 10 LU below what passes it."""
    loud = energies[_lufs(energies) >= SILENCE_LUFS]
    if not len(loud):
        return -math.inf
    threshold = _lufs(loud.mean(keepdims=True))[0] - 10
    return float(_lufs(loud[_lufs(loud) > threshold].mean(keepdims=True))[0])


def _lufs(energies: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return -0.691 + 10 * np.log10(energies)


class _TruePeak:
    """The largest magnitude, at four times the rate and of the samples themselves, in steps of about a millisecond.

    The samples count as well because the oversampling filter rounds off what lies at the end of the band.
    """

    def __init__(self, rate_hz: int) -> None:
        self.step_frames = max(1, round(rate_hz / _PEAKS_PER_S))
        self._resampler = soxr.ResampleStream(rate_hz, rate_hz * _OVERSAMPLING, 1, dtype="float32", quality="HQ")
        self._sampled = _StepPeaks(self.step_frames)
        self._oversampled = _StepPeaks(self.step_frames * _OVERSAMPLING)

    def add(self, block: Samples) -> None:
        self._sampled.add(block)
        self._oversampled.add(self._resampler.resample_chunk(np.ascontiguousarray(block, dtype=np.float32)))

    def finish(self) -> Samples:
        """The peaks of all steps, the last of which may be shorter."""
        self._oversampled.add(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        sampled, oversampled = self._sampled.finish(), self._oversampled.finish()
        oversampled = np.pad(oversampled, (0, max(0, len(sampled) - len(oversampled))))[: len(sampled)]
        return np.maximum(sampled, oversampled)


class _StepPeaks:
    """The largest magnitude in every `width` samples of a stream."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._left = np.zeros(0, np.float32)
        self._peaks = [np.zeros(0, np.float32)]

    def add(self, samples: Samples) -> None:
        joined = np.concatenate([self._left, samples])
        whole = len(joined) // self._width
        self._peaks.append(np.abs(joined[: whole * self._width].reshape(whole, self._width)).max(axis=1))
        self._left = joined[whole * self._width :]

    def finish(self) -> Samples:
        if len(self._left):
            self._peaks.append(np.abs(self._left).max(keepdims=True))
        return np.concatenate(self._peaks)


def limiter_gains(peaks: Samples, *, gain_db: float, ceiling_db: float) -> Samples:
    """Linear gains, one per step of `peaks`, that apply `gain_db` and hold every peak at `ceiling_db` or below.

    `peaks`: largest magnitude in each step, float32 of shape (n,). Returns float32 of shape (n,), each value at
    most 10^(gain_db/20).
    """
    gain, ceiling = 10 ** (gain_db / 20), 10 ** (ceiling_db / 20)
    allowed = np.minimum(gain, ceiling / np.maximum(peaks, 1e-9))
    held = minimum_filter1d(allowed, 2 * _REACH_STEPS + 1, mode="nearest")
    # One step less than the minimum reaches, as the gain is interpolated towards the next step.
    return uniform_filter1d(held, 2 * _REACH_STEPS - 1, mode="nearest").astype(np.float32)


def apply_gains(blocks: Iterator[Samples], gains: Samples, *, step_frames: int) -> Iterator[Samples]:
    """Multiply blocks, in order, with gains of one per `step_frames` samples, interpolated between their middles."""
    middles = (np.arange(len(gains)) + 0.5) * step_frames
    start = 0
    for block in blocks:
        positions = np.arange(start, start + len(block))
        yield (block * np.interp(positions, middles, gains)).astype(np.float32)
        start += len(block)
