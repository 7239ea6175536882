"""The target speaker, ready to be spoken with: what a profile holds, and everything that is derived from it."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from voice.audio.waveform import Samples, Waveform
from voice.engines.base import VoiceProfile, check_profile
from voice.engines.embedded import ENGINE
from voice.engines.embedded.analysis import (
    FRAME_S,
    TARGET_LEVEL_DB,
    Frames,
    Indices,
    Matrix,
    SpeakerStatistics,
    Vector,
    active_level_db,
    describe,
    describe_cepstra,
    matching_vectors,
)
from voice.errors import EngineError

JOIN_CEPSTRA = 20
JOIN_WEIGHT = 3.0 * 2.0 / np.sqrt(JOIN_CEPSTRA)
FULL_SCALE = 32767
QUIET_S = (0.2, 0.1)
PAUSE_RANGE_DB = 6.0  # more than that between its frames, and a pause has something of a word in it
TONE_GRAIN_S = 0.04
DIGITAL_SILENCE_DB = -75.0
MARGIN_FRAMES = 8  # on both sides together: where a passage fades into silence
NEIGHBOURS = 16
GROUP = 16
"""Units per group of the search; see `UnitIndex.nearest`."""
QUERY_BLOCK = 200


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """The matching vectors of a target, laid out for search. Immutable; safe to share between threads.

    `vectors`: float32 (n, 114). `half_norms`: float32 (padded n,), half the squared norms, infinite in the padding.
    """

    vectors: Matrix
    padded: Matrix
    half_norms: Vector

    @classmethod
    def build(cls, vectors: Matrix) -> "UnitIndex":
        """Index the rows of `vectors`; where they are few, padding fills the groups."""
        groups = max(NEIGHBOURS, -(-len(vectors) // GROUP))
        padded = np.zeros((groups * GROUP, vectors.shape[1]), dtype=np.float32)
        padded[: len(vectors)] = vectors
        half_norms = np.full(groups * GROUP, np.inf, dtype=np.float32)
        half_norms[: len(vectors)] = 0.5 * np.einsum("ij,ij->i", vectors, vectors)
        return cls(vectors, padded, half_norms)

    def nearest(self, queries: Matrix) -> tuple[Indices, Matrix]:
        """The units nearest to each of m queries: int64 (m, 16) and their Euclidean distances, float32 (m, 16).

        Exact, nearest first; equal distances are ordered by unit. Needs an index of at least 16 units.
        """
        found = [self._nearest_of_block(queries[i : i + QUERY_BLOCK]) for i in range(0, len(queries), QUERY_BLOCK)]
        return np.concatenate([units for units, _ in found]), np.concatenate([d for _, d in found])

    def _nearest_of_block(self, queries: Matrix) -> tuple[Indices, Matrix]:
        scores = self.half_norms - queries @ self.padded.T
        # The 16 best units lie in the 16 groups of least minima: partitioning the minima is enough, and 10x cheaper.
        minima = scores.reshape(len(queries), GROUP, -1).min(axis=1)
        groups = np.argpartition(minima, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        stride = minima.shape[1]
        members = (groups[:, :, None] + stride * np.arange(GROUP)).reshape(len(queries), -1)
        best = np.argpartition(np.take_along_axis(scores, members, axis=1), NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        units = np.sort(np.take_along_axis(members, best, axis=1), axis=1)
        # Recomputed from differences: the product loses digits, and its rounding depends on the number of threads.
        differences = self.vectors[units] - queries[:, None, :]
        distances = np.sqrt(np.einsum("mkd,mkd->mk", differences, differences))
        order = np.argsort(distances, axis=1, kind="stable")
        return np.take_along_axis(units, order, axis=1), np.take_along_axis(distances, order, axis=1)


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
        """Float32 (frames, 20): what `PathFinder` measures joins in."""
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
        """Float32: the sound where the speaker says nothing, as `quietest` finds it; `RoomTone` is made of it."""
        return quietest(self.samples, self.frames)

    def prepare(self) -> None:
        """Derive everything now, so that the first sentence does not wait for it."""
        _ = self.index, self.joins, self.log_f0, self.periods_s, self.room


def unit_index(frames: Frames, envelopes: Matrix, spoken: SpeakerStatistics) -> UnitIndex:
    """The index of a target's frames by `envelopes` (frames, 40), standardised by `spoken`."""
    standardised = (envelopes - spoken.mean) / spoken.deviation
    level_db = frames.level_db - spoken.level_db
    return UnitIndex.build(matching_vectors(standardised, frames.f0_hz, level_db, first=0, last=len(frames)))


def to_profile(target: TargetVoice) -> VoiceProfile:
    """The profile of `target`.

    Arrays, n samples and m frames: `samples` int16 (n,), full scale 32767; `f0_hz` float32 (m,); `level_db` float32
    (m,); `cepstra` float32 (m, 40); `centres` int32 (m,); `restoration`, `source_mean`, `source_deviation`
    float32 (40,); for a blend also `envelopes` float32 (m, 40). One minute is about 4 MB.
    """
    arrays: dict[str, NDArray[np.generic]] = {
        "samples": np.round(target.samples * FULL_SCALE).astype(np.int16),
        "f0_hz": target.frames.f0_hz,
        "level_db": target.frames.level_db,
        "cepstra": target.frames.cepstra,
        "centres": target.centres.astype(np.int32),
        "restoration": target.restoration,
        "source_mean": target.source.mean,
        "source_deviation": target.source.deviation,
    }
    if target.envelopes is not target.frames.cepstra:
        arrays["envelopes"] = target.envelopes
    metadata = {
        "rate_hz": target.rate_hz,
        "language": target.language,
        "duration_s": round(len(target.samples) / target.rate_hz, 3),
        "f0_median_hz": round(float(np.exp(target.spoken.log_f0)), 3),
        "log_f0": target.spoken.log_f0,
        "log_f0_spread": target.spoken.log_f0_spread,
        "source_level_db": target.source.level_db,
        "source_log_f0": target.source.log_f0,
        "source_log_f0_spread": target.source.log_f0_spread,
        "variant": target.variant,
        "warp": target.warp,
        "gain_db": target.gain_db,
    }
    return VoiceProfile(ENGINE.name, ENGINE.version, arrays, metadata)


def from_profile(profile: VoiceProfile) -> TargetVoice:
    """The target voice of `profile`. Raises EngineError `profile_mismatch` for one of another engine or version."""
    check_profile(profile, ENGINE)
    try:
        return _target(profile)
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(
            "profile_mismatch", "The voice model's file is incomplete. Clone the voice again."
        ) from error


def _target(profile: VoiceProfile) -> TargetVoice:
    arrays = profile.arrays

    def number(name: str) -> float:
        return float(cast(float, profile.metadata[name]))

    frames = Frames(
        _floats(arrays["f0_hz"]), _floats(arrays["cepstra"]), _floats(arrays["level_db"]), int(number("rate_hz"))
    )
    envelopes = _floats(arrays["envelopes"]) if "envelopes" in arrays else frames.cepstra
    active = frames.active()
    moments = describe_cepstra(envelopes[active], frames.level_db[active], frames.f0_hz[active & (frames.f0_hz > 0)])
    return TargetVoice(
        samples=_floats(arrays["samples"]) / np.float32(FULL_SCALE),
        frames=frames,
        centres=arrays["centres"].astype(np.int64),
        envelopes=envelopes,
        spoken=replace(moments, log_f0=number("log_f0"), log_f0_spread=number("log_f0_spread")),
        language=str(profile.metadata["language"]),
        source=SpeakerStatistics(
            mean=_floats(arrays["source_mean"]),
            deviation=_floats(arrays["source_deviation"]),
            level_db=number("source_level_db"),
            log_f0=number("source_log_f0"),
            log_f0_spread=number("source_log_f0_spread"),
        ),
        variant=str(profile.metadata["variant"]),
        warp=number("warp"),
        restoration=_floats(arrays["restoration"]),
        gain_db=number("gain_db"),
    )


def _floats(array: NDArray[np.generic]) -> NDArray[np.float32]:
    return array.astype(np.float32)


def quietest(samples: Samples, frames: Frames) -> Samples:
    """The 0.2 s of a recording whose loudest frame is the quietest, scaled as if its speaker were as loud as we speak.

    Float32 (n,); 0.1 s where somebody speaks into all that is longer. Digital silence is no room: preparing puts it
    between the passages that it keeps, and a microphone has none. Empty for a recording that has nothing else, or is
    shorter.
    """
    places = [_quiet_place(frames.level_db.astype(np.float64), round(length_s / FRAME_S)) for length_s in QUIET_S]
    long_db, short_db = (loudest_db for loudest_db, _, _ in places)
    loudest_db, first, width = places[long_db > short_db + PAUSE_RANGE_DB]
    if np.isinf(loudest_db):
        return samples[:0]
    start, end = (int(frame * FRAME_S * frames.rate_hz) for frame in (first, first + width))
    gain_db = TARGET_LEVEL_DB - active_level_db(Waveform(samples, frames.rate_hz))
    return (samples[start:end] * 10 ** (gain_db / 20)).astype(np.float32)


def _quiet_place(levels_db: NDArray[np.float64], width: int) -> tuple[float, int, int]:
    """The level of the loudest of the `width` frames among which it is the softest, their first, and `width`."""
    if len(levels_db) < 2 * width:
        return np.inf, 0, width
    middle = slice(width // 2, -(width // 2))
    is_room = minimum_filter1d(levels_db, width + MARGIN_FRAMES)[middle] > DIGITAL_SILENCE_DB
    loudest_db = np.where(is_room, maximum_filter1d(levels_db, width)[middle], np.inf)
    first = int(np.argmin(loudest_db))
    return float(loudest_db[first]), first, width


class RoomTone:
    """An endless sound like `quiet`, which lies under words and pauses alike: speech over silence sounds gated.

    Grains of 40 ms from random places, each half over its neighbour's, under sine windows: the powers of two
    neighbours add up to one, and no repetition is heard. It fades in over 20 ms. Silence where `quiet` is shorter
    than two grains. Not safe to share between threads.
    """

    def __init__(self, quiet: Samples, *, rate_hz: int, rng: np.random.Generator) -> None:
        self._half = int(TONE_GRAIN_S / 2 * rate_hz)
        self._quiet = quiet if len(quiet) >= 4 * self._half else np.zeros(4 * self._half, dtype=np.float32)
        self._window = np.sin(np.pi * (np.arange(2 * self._half) + 0.5) / (2 * self._half)).astype(np.float32)
        self._rng = rng
        self._ready = np.zeros(0, dtype=np.float32)
        self._overlap = np.zeros(self._half, dtype=np.float32)

    def take(self, count: int) -> Samples:
        """The next `count` samples, float32; the same in all, however they are divided."""
        pieces = [self._ready]
        missing = count - len(self._ready)
        for _ in range(-(-missing // self._half)):
            start = int(self._rng.integers(len(self._quiet) - 2 * self._half))
            grain = self._quiet[start : start + 2 * self._half] * self._window
            pieces.append(self._overlap + grain[: self._half])
            self._overlap = grain[self._half :]
        ready = np.concatenate(pieces)
        self._ready = ready[count:]
        return ready[:count]
