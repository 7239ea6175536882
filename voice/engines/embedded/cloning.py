"""From reference recordings to a target voice."""

from collections.abc import Sequence

import numpy as np
import soxr

from voice.audio.waveform import Samples, Waveform
from voice.engines.embedded.analysis import FRAME_S, Analyser
from voice.engines.embedded.matching import UnitIndex, matching_vectors
from voice.engines.embedded.source import SourceVoice
from voice.engines.embedded.statistics import SpeakerStatistics, describe
from voice.engines.embedded.target import TargetVoice
from voice.errors import EngineError

RATE_MIN_HZ, RATE_MAX_HZ = 16_000, 24_000
MAX_TARGET_S = 90.0
"""More of the target costs time at every sentence and gains nothing measurable."""
MIN_VOICED_S = 2.0
PEAK = 0.9
GAP_S = 0.05
WARPS = (0.82, 0.88, 0.94, 1.0, 1.06, 1.12, 1.18)
WARP_STRENGTH = 0.5
WARP_STEP_FRAMES = 4


def target_from_references(references: Sequence[Waveform], source: SourceVoice) -> TargetVoice:
    """The target voice of `references`, warped for `source`, with its gain still at 0 dB.

    Raises EngineError `reference_unusable` where they hold less than two seconds of voiced speech.
    """
    rate_hz = source.frames.rate_hz
    samples = join_references(references, rate_hz)
    if not len(samples) or not np.abs(samples).max():
        raise _unusable(0.0)
    samples = (samples * (PEAK / np.abs(samples).max())).astype(np.float32)
    frames = Analyser(samples, rate_hz, rng=np.random.default_rng(0)).frames()
    voiced_s = float(np.count_nonzero(frames.active() & (frames.f0_hz > 0))) * FRAME_S
    if voiced_s < MIN_VOICED_S:
        raise _unusable(voiced_s)
    spoken = describe(frames)
    target = TargetVoice(samples, frames, frames.cepstra, spoken, 1.0, 0.0)
    warp = find_warp(target.index, source)
    return TargetVoice(samples, frames, frames.cepstra, spoken, warp, 0.0)


def target_rate_hz(references: Sequence[Waveform]) -> int:
    """The rate that a voice of `references` speaks at: that of the lowest of them, from 16 to 24 kHz."""
    return min(RATE_MAX_HZ, max(RATE_MIN_HZ, min(reference.rate_hz for reference in references)))


def join_references(references: Sequence[Waveform], rate_hz: int) -> Samples:
    """One recording at `rate_hz`, at most 90 s long: of each reference the same share, from its beginning."""
    total_s = sum(reference.duration_s for reference in references)
    share = min(1.0, MAX_TARGET_S / total_s) if total_s else 0.0
    gap = np.zeros(int(GAP_S * rate_hz), dtype=np.float32)
    parts = []
    for reference in references:
        kept = reference.samples[: int(len(reference.samples) * share)]
        if len(kept):
            parts += [soxr.resample(kept, reference.rate_hz, rate_hz).astype(np.float32), gap]
    return np.concatenate(parts) if parts else gap[:0]


def find_warp(index: UnitIndex, source: SourceVoice) -> float:
    """Half of the frequency stretch that brings `source` closest to the units of `index`.

    Half, because the full stretch costs 12 points of word error rate and gains no similarity.
    """
    distances = [_mean_distance(index, source, warp) for warp in WARPS]
    return 1.0 + WARP_STRENGTH * (WARPS[int(np.argmin(distances))] - 1.0)


def _mean_distance(index: UnitIndex, source: SourceVoice, warp: float) -> float:
    frames = source.warped(warp)
    statistics = describe(frames)
    standardised = standardise(frames.cepstra, statistics)
    level_db = frames.level_db - statistics.level_db
    vectors = matching_vectors(standardised, frames.f0_hz, level_db, first=0, last=len(frames))
    return float(index.nearest(vectors[frames.active()][::WARP_STEP_FRAMES])[1].mean())


def standardise(cepstra: np.ndarray, statistics: SpeakerStatistics) -> np.ndarray:
    """`cepstra` (n, 40) without the speaker's mean, in units of the deviation."""
    return np.asarray((cepstra - statistics.mean) / statistics.deviation, dtype=np.float32)


def _unusable(voiced_s: float) -> EngineError:
    message = f"Only {voiced_s:.1f} s of voiced speech were found. Record at least ten seconds of clear speech."
    return EngineError("reference_unusable", message, details={"voiced_s": round(voiced_s, 2)})
