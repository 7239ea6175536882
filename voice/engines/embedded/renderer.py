"""One sentence in the target's voice, piece by piece: source speech in, samples out."""

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import gaussian_filter1d

from voice.audio.waveform import Samples, Waveform
from voice.engines.embedded.analysis import FRAME_S, Analyser, Matrix, Vector
from voice.engines.embedded.codec import CEPSTRA, warping_matrix
from voice.engines.embedded.grains import HALF_WIDTH_PERIODS, MAX_HALF_WIDTH_S, UNVOICED_MARKS_HZ, Grains, OverlapAdder
from voice.engines.embedded.mapping import LevelMap, clarity_weights, f0_costs, map_f0, mix_envelopes, restore_variance
from voice.engines.embedded.matching import CONTEXT_FRAMES, NEIGHBOURS, Indices, matching_vectors
from voice.engines.embedded.statistics import SpeakerStatistics
from voice.engines.embedded.target import TargetVoice
from voice.engines.embedded.viterbi import PathFinder

LOOKAHEAD_FRAMES = 16
"""Frames beyond a piece that the choice of its units looks at."""
SMOOTHING_FRAMES = 0.7
SMOOTHING_REACH = 3
UNVOICED_JITTER_S = 0.001
COST_NOISE = 0.02
"""Relative noise on the costs of units: it lets the seed choose between units that are equally good."""


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
        self._levels = LevelMap(target.rate_hz, source.level_db, target.recorded.level_db)
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
        mixed = mix_envelopes(self._target.envelopes, units, distances)
        self._envelopes[span] = restore_variance(mixed, self._target.spoken.mean, self._target.restoration)

    def _spoken_envelopes(self, begin: int, end: int) -> Matrix:
        first, last = max(0, begin - SMOOTHING_REACH), min(self._count, end + SMOOTHING_REACH)
        nearest = gaussian_filter1d(self._envelopes[first:last], SMOOTHING_FRAMES, axis=0, truncate=4.0)
        nearest = nearest[begin - first : end - first]
        spoken = self._target.spoken
        affine = self._standardised[begin:end] * spoken.deviation + spoken.mean
        mixed = nearest + self._clarity * (affine - nearest)
        return self._levels.apply(mixed, self._level_db[begin:end])

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
