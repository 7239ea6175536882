"""The target speaker, ready to be spoken with: what a profile holds, plus everything that is derived from it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from voice.audio.waveform import Samples
from voice.engines.embedded.analysis import Frames, Matrix, Vector
from voice.engines.embedded.matching import Indices, UnitIndex, matching_vectors
from voice.engines.embedded.room import quietest
from voice.engines.embedded.statistics import SpeakerStatistics, describe

JOIN_CEPSTRA = 20
JOIN_WEIGHT = 3.0 * 2.0 / np.sqrt(JOIN_CEPSTRA)


@dataclass(frozen=True)
class TargetVoice:
    """A speaker's recording as units to speak with. Immutable; safe to share between threads.

    `samples`: float32 (n,). `frames`: of these samples. `centres`: int64 (frames,), where to cut a frame's grain.
    `envelopes`: float32 (frames, 40), the cepstra to speak with, those of `frames` unless the voice is a blend.
    `spoken`: the statistics of the envelopes, and the F0 to speak with. `language`: of the clone; `source`: the
    statistics of the voice that speaks it for the target, which is of this `variant`, after `warp`, the frequency
    stretch (VTLN) that brings it closest. `restoration`: float32 (40,), what gives mixed envelopes the variance of
    single ones. `gain_db`: brings the output to the engine's level, for source speech of 0 dB.
    """

    samples: Samples
    frames: Frames
    centres: Indices
    envelopes: Matrix
    spoken: SpeakerStatistics
    language: str
    source: SpeakerStatistics
    variant: str
    warp: float
    restoration: Vector
    gain_db: float

    @property
    def rate_hz(self) -> int:
        """Samples per second of the recording, and so of the speech that is made from it."""
        return self.frames.rate_hz

    @cached_property
    def recorded(self) -> SpeakerStatistics:
        """The statistics of the recording itself."""
        return describe(self.frames)

    @cached_property
    def index(self) -> UnitIndex:
        """The units by their matching vectors."""
        return unit_index(self.frames, self.envelopes, self.spoken)

    @cached_property
    def joins(self) -> Matrix:
        """Float32 (frames, 20): what `viterbi.PathFinder` measures joins in."""
        units = self.frames.cepstra[:, :JOIN_CEPSTRA] / self.recorded.deviation[:JOIN_CEPSTRA]
        return np.ascontiguousarray(units * np.float32(JOIN_WEIGHT))

    @cached_property
    def log_f0(self) -> Vector:
        """Float32 (frames,): of the recording, shifted to the F0 that is spoken; NaN where unvoiced."""
        f0_hz = np.where(self.frames.f0_hz > 0, self.frames.f0_hz, np.nan)
        return np.asarray(np.log(f0_hz) - self.recorded.log_f0 + self.spoken.log_f0, dtype=np.float32)

    @cached_property
    def periods_s(self) -> Vector:
        """Float32 (frames,): pitch period of the recording, that of 200 Hz where unvoiced."""
        return np.where(self.frames.f0_hz > 0, 1 / np.maximum(self.frames.f0_hz, 1), 1 / 200).astype(np.float32)

    @cached_property
    def room(self) -> Samples:
        """Float32: 0.2 s of what is heard where the speaker says nothing."""
        return quietest(self.samples, self.frames)

    def prepare(self) -> None:
        """Derive everything now, so that the first sentence does not wait for it."""
        _ = self.index, self.joins, self.log_f0, self.periods_s, self.room


def unit_index(frames: Frames, envelopes: Matrix, spoken: SpeakerStatistics) -> UnitIndex:
    """The index of a target's frames by `envelopes` (frames, 40), standardised by `spoken`."""
    standardised = (envelopes - spoken.mean) / spoken.deviation
    level_db = frames.level_db - spoken.level_db
    return UnitIndex.build(matching_vectors(standardised, frames.f0_hz, level_db, first=0, last=len(frames)))
