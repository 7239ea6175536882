"""Makes the target's grains say a sentence: units are chosen, filtered and laid over each other, piece by piece."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from voice.audio.waveform import Samples, Waveform
from voice.engines.embedded.analysis import (
    CEPSTRA,
    CONTEXT_FRAMES,
    FRAME_S,
    Analyser,
    Indices,
    Matrix,
    SpeakerStatistics,
    Vector,
    decoding_matrix,
    level_step,
    matching_vectors,
    warping_matrix,
)
from voice.engines.embedded.target import NEIGHBOURS, TargetVoice

KNEE = 0.7
CEILING = 0.98
FADE_S = 0.01
UNVOICED_MARKS_HZ = 200.0
HALF_WIDTH_PERIODS = 1.3
MAX_HALF_WIDTH_S = 0.020
FILTER_MARGIN_S = 0.006
"""Room around a grain for the ringing of its filter."""
GAIN_MIN, GAIN_MAX = 1e-3, 30.0
CORRECTION_MAX = 2.0
LOOKAHEAD_FRAMES = 16
"""Frames beyond a piece that the choice of its units looks at."""
SMOOTHING_FRAMES = 0.7
SMOOTHING_REACH = 3
UNVOICED_JITTER_S = 0.001
COST_NOISE = 0.02
"""Relative noise on the costs of units: it lets the seed choose between units that are equally good."""

ENVELOPE_NEIGHBOURS = 4
CLARITY_KNEE = 12.0
CLARITY_SLOPE = 2.0
ENERGY_EXPONENT = 0.6
F0_RANGE = 0.8
F0_MIN_HZ, F0_MAX_HZ = 55.0, 600.0
F0_COST = 2.0


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
        self.reach = self._fft_size // 2  # samples on either side of its mark that a grain may touch
        self._target = target
        self._decoding = decoding_matrix(rate_hz, self._fft_size)
        self._output = np.zeros(length + 2 * self._pad, dtype=np.float32)
        self._length = length
        self._taken = 0

    def add(self, grains: Grains) -> None:
        """Cut, filter and add every grain of `grains`."""
        if not len(grains.marks):
            return
        offsets = np.arange(-self.reach, self.reach)
        positions = np.clip(grains.centres[:, None] + offsets, 0, len(self._target) - 1)
        phases = np.clip(offsets / grains.half_widths[:, None], -1, 1).astype(np.float32)
        windows = 0.5 + 0.5 * np.cos(np.float32(np.pi) * phases)
        pieces = self._target[positions] * windows
        pieces *= (grains.scales * _corrections(pieces, windows, grains.powers))[:, None]
        gains = np.exp(np.clip(0.5 * (grains.log_gains @ self._decoding), np.log(GAIN_MIN), np.log(GAIN_MAX)))
        spectra = scipy.fft.rfft(pieces, axis=1) * gains
        filtered = scipy.fft.irfft(spectra, n=self._fft_size, axis=1)
        for mark, piece in zip(grains.marks, filtered, strict=True):
            start = self._pad + mark - self.reach
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


class PathFinder:
    """Viterbi search that is given frames in order and commits to a part of them at a time.

    Frames that were committed stay as they are; the next search starts from the last of them. Not safe to share.
    """

    def __init__(self, joins: Matrix) -> None:
        """`joins`: float32 (units, d); joining u to v costs |joins[u + 1] - joins[v]|, nothing where v is u + 1."""
        self._joins = joins
        self._last: int | None = None

    def commit(self, candidates: Indices, costs: Matrix, count: int) -> Indices:
        """The best units, int64 (count,), for the first `count` of m frames.

        `candidates`: int64 (m, k). `costs`: float32 (m, k). The frames beyond `count` are looked at and not committed.
        """
        joins = self._joins[candidates]
        successors = self._joins[np.minimum(candidates + 1, len(self._joins) - 1)]
        transitions = _distances(successors[:-1], joins[1:])
        total: Vector = costs[0].copy()
        if self._last is not None:
            previous = self._joins[[[min(self._last + 1, len(self._joins) - 1)]]]
            total += _distances(previous, joins[:1])[0, 0]
        origins = np.empty(candidates.shape, dtype=np.int64)
        for frame in range(1, len(candidates)):
            reached = total[:, None] + transitions[frame - 1]
            origins[frame] = reached.argmin(axis=0)
            total = reached.min(axis=0) + costs[frame]
        path = np.empty(len(candidates), dtype=np.int64)
        path[-1] = total.argmin()
        for frame in range(len(candidates) - 1, 0, -1):
            path[frame - 1] = origins[frame, path[frame]]
        units = np.take_along_axis(candidates, path[:, None], axis=1)[:count, 0]
        self._last = int(units[-1])
        return units


def _distances(left: Matrix, right: Matrix) -> Matrix:
    """Euclidean distances of every pair: (m, j, d) and (m, k, d) to (m, j, k)."""
    squares = np.einsum("mjd,mjd->mj", left, left)[:, :, None] + np.einsum("mkd,mkd->mk", right, right)[:, None, :]
    products = np.matmul(left, right.transpose(0, 2, 1))
    return np.asarray(np.sqrt(np.maximum(squares - 2 * products, 0)), dtype=np.float32)


def clarity_weights(clarity: float) -> Vector:
    """Float32 (40,): how much of the source's own envelope is kept at each quefrency.

    Low quefrencies carry the phone and high ones the speaker, so the weight falls from about `clarity` to nothing.
    """
    weights = clarity / (1 + np.exp((np.arange(CEPSTRA) - CLARITY_KNEE) / CLARITY_SLOPE))
    weights[0] = 0
    return np.asarray(weights, dtype=np.float32)


def mix_envelopes(cepstra: Matrix, units: Indices, distances: Matrix) -> Matrix:
    """Float32 (m, 40): the mean of the four nearest units' `cepstra`, weighted by inverse distance.

    `units`, `distances`: (m, k), nearest first.
    """
    nearest = units[:, :ENVELOPE_NEIGHBOURS]
    weights = 1 / (distances[:, :ENVELOPE_NEIGHBOURS] + 1e-3)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("mk,mkd->md", weights, cepstra[nearest]), dtype=np.float32)


def map_f0(f0_hz: Vector, source: SpeakerStatistics, target: SpeakerStatistics) -> Vector:
    """F0 in the target's register, in Hz: float32 (n,), 0 where the source is unvoiced."""
    voiced = f0_hz > 0
    standardised = (np.log(np.maximum(f0_hz, 1)) - source.log_f0) / source.log_f0_spread
    mapped = np.exp(target.log_f0 + F0_RANGE * target.log_f0_spread * standardised)
    return np.where(voiced, np.clip(mapped, F0_MIN_HZ, F0_MAX_HZ), 0).astype(np.float32)


def f0_costs(f0_hz: Vector, unit_log_f0: Matrix) -> Matrix:
    """Cost of each candidate for its F0, float32 (m, k): 2 |difference of log F0|, and 0 where either is unvoiced.

    `f0_hz`: (m,), 0 where unvoiced. `unit_log_f0`: (m, k), NaN where unvoiced.
    """
    log_f0 = np.log(np.where(f0_hz > 0, f0_hz, np.nan))
    return np.nan_to_num(F0_COST * np.abs(unit_log_f0 - log_f0[:, None]), nan=0.0).astype(np.float32)


def move_levels(cepstra: Matrix, *, by_db: Vector, rate_hz: int, median_db: float) -> Matrix:
    """`cepstra`, float32 (m, 40), raised or lowered part of the way to a level, so that the target's dynamics survive.

    `by_db`: float32 (m,), the wanted levels relative to their median. `median_db`: that of the target's own levels.
    """
    own_db = 10 * np.log10(np.exp(cepstra @ decoding_matrix(rate_hz)).mean(axis=1))
    raise_db = ENERGY_EXPONENT * (by_db - (own_db - median_db))
    return np.asarray(cepstra + raise_db[:, None] * level_step(rate_hz), dtype=np.float32)


class SentenceRenderer:
    """Maps one sentence of source speech to a target and renders it. Not safe to share between threads."""

    def __init__(
        self,
        target: TargetVoice,
        source: SpeakerStatistics,
        speech: Waveform,
        *,
        clarity: float,
        rng: np.random.Generator,
    ) -> None:
        """`speech`: the source at the target's rate. `source`: its speaker's statistics, warped as the target asks."""
        self._target = target
        self._source = source
        self._rng = rng
        self._analyser = Analyser(speech.samples, speech.rate_hz, rng=rng)
        self._count = len(self._analyser)
        self._clarity = clarity_weights(clarity)
        self._path = PathFinder(target.joins)
        self._adder = OverlapAdder(target.samples, target.rate_hz, len(speech.samples))
        self._source_f0_hz = np.zeros(self._count, dtype=np.float32)
        self._f0_hz = np.zeros(self._count, dtype=np.float32)
        self._standardised = np.zeros((self._count, CEPSTRA), dtype=np.float32)
        self._level_db = np.zeros(self._count, dtype=np.float32)
        self._units = np.zeros((self._count, NEIGHBOURS), dtype=np.int64)
        self._distances = np.zeros((self._count, NEIGHBOURS), dtype=np.float32)
        self._costs = np.zeros((self._count, NEIGHBOURS), dtype=np.float32)
        self._envelopes = np.zeros((self._count, CEPSTRA), dtype=np.float32)
        self._analysed = self._matched = 0
        self._cycles = 0.0

    def pieces(self, first_frames: int, next_frames: int) -> Iterator[Samples]:
        """The sentence's samples in order, in pieces of about so many frames; together as long as the source."""
        begin = 0
        while begin < self._count:
            end = min(self._count, begin + (next_frames if begin else first_frames))
            if self._count - end < first_frames:
                end = self._count
            yield self._render(begin, end)
            begin = end

    def _render(self, begin: int, end: int) -> Samples:
        self._match(min(self._count, end + LOOKAHEAD_FRAMES))
        path = self._path.commit(self._units[begin : self._matched], self._costs[begin : self._matched], end - begin)
        self._adder.add(self._grains(begin, end, path))
        if end == self._count:
            return self._adder.take(1 << 62)
        return self._adder.take(int(end * FRAME_S * self._target.rate_hz) - self._adder.reach)

    def _analyse(self, until: int) -> None:
        first, self._analysed = self._analysed, until
        if first == until:
            return
        cepstra, level_db = self._analyser.envelopes(first, until)
        warped = cepstra @ warping_matrix(self._target.warp, self._analyser.rate_hz, self._target.rate_hz)
        self._standardised[first:until] = (warped - self._source.mean) / self._source.deviation
        self._level_db[first:until] = level_db
        self._source_f0_hz[first:until] = self._analyser.f0_hz(first, until)
        self._f0_hz[first:until] = map_f0(self._source_f0_hz[first:until], self._source, self._target.spoken)

    def _match(self, until: int) -> None:
        """Find the units for the frames up to `until`, and the envelopes that they suggest."""
        first, self._matched = self._matched, until
        if first == until:
            return
        self._analyse(min(self._count, until + CONTEXT_FRAMES))
        span = slice(first, until)
        level_db = self._level_db - self._source.level_db
        known = slice(0, self._analysed)
        queries = matching_vectors(
            self._standardised[known], self._source_f0_hz[known], level_db[known], first=first, last=until
        )
        units, distances = self._target.index.nearest(queries)
        noise = self._rng.standard_normal(distances.shape, dtype=np.float32)
        self._units[span], self._distances[span] = units, distances
        self._costs[span] = distances * (1 + COST_NOISE * noise)
        self._costs[span] += f0_costs(self._f0_hz[span], self._target.log_f0[units])
        # A mean of neighbours varies less than speech does, which sounds muffled and like nobody: so it is moved away
        # from the speaker's own mean (global variance: Toda, Black and Tokuda, 2007).
        mean, mixed = self._target.spoken.mean, mix_envelopes(self._target.envelopes, units, distances)
        self._envelopes[span] = mean + (mixed - mean) * self._target.restoration

    def _spoken_envelopes(self, begin: int, end: int) -> Matrix:
        first, last = max(0, begin - SMOOTHING_REACH), min(self._count, end + SMOOTHING_REACH)
        nearest = gaussian_filter1d(self._envelopes[first:last], SMOOTHING_FRAMES, axis=0, truncate=4.0)
        nearest = nearest[begin - first : end - first]
        spoken = self._target.spoken
        affine = self._standardised[begin:end] * spoken.deviation + spoken.mean
        mixed = nearest + self._clarity * (affine - nearest)
        by_db = self._level_db[begin:end] - self._source.level_db
        median_db = self._target.recorded.level_db
        return move_levels(mixed, by_db=by_db, rate_hz=self._target.rate_hz, median_db=median_db)

    def _place_marks(self, begin: int, end: int) -> Indices:
        """Output positions of some frames' pitch marks: where the cycles of the F0 so far reach whole numbers."""
        f0_hz = self._marks_f0_hz(np.arange(begin, end)).astype(np.float64)
        cycles = self._cycles + np.concatenate([[0.0], np.cumsum(f0_hz * FRAME_S)])
        self._cycles = float(cycles[-1])
        whole = np.arange(np.ceil(cycles[0]), np.ceil(cycles[-1]))
        times_s = np.interp(whole, cycles, np.arange(begin, end + 1) * FRAME_S)
        return np.asarray(times_s * self._target.rate_hz, dtype=np.int64)

    def _marks_f0_hz(self, frames: Indices) -> Vector:
        return np.where(self._f0_hz[frames] > 0, self._f0_hz[frames], np.float32(UNVOICED_MARKS_HZ))

    def _grains(self, begin: int, end: int, path: Indices) -> Grains:
        rate_hz, target = self._target.rate_hz, self._target
        marks = self._place_marks(begin, end)
        frames = np.clip((marks / (FRAME_S * rate_hz)).astype(np.int64), begin, end - 1)
        units = path[frames - begin]
        half_widths = np.minimum(HALF_WIDTH_PERIODS * target.periods_s[units], MAX_HALF_WIDTH_S) * rate_hz
        jitter = self._rng.uniform(-UNVOICED_JITTER_S, UNVOICED_JITTER_S, len(marks)) * rate_hz
        unvoiced = (self._f0_hz[frames] <= 0) | (target.frames.f0_hz[units] <= 0)
        spoken = self._spoken_envelopes(begin, end)[frames - begin]
        return Grains(
            marks=marks,
            centres=target.centres[units] + np.where(unvoiced, jitter, 0).astype(np.int64),
            half_widths=half_widths.astype(np.int64),
            powers=np.power(10, target.frames.level_db[units] / 10, dtype=np.float32),
            log_gains=spoken - target.frames.cepstra[units],
            scales=np.sqrt(rate_hz / self._marks_f0_hz(frames) / half_widths).astype(np.float32),
        )
