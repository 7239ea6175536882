"""From reference recordings to a target voice."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import soxr

from voice.audio.waveform import Samples, Waveform
from voice.engines.embedded.analysis import FRAME_S, Analyser, Frames, Matrix, Vector
from voice.engines.embedded.codec import CEPSTRA
from voice.engines.embedded.epochs import grain_centres
from voice.engines.embedded.loudness import fade_edges
from voice.engines.embedded.mapping import mix_envelopes
from voice.engines.embedded.matching import UnitIndex, matching_vectors
from voice.engines.embedded.source import SourceSpeaker, SourceVoice, variant_for
from voice.engines.embedded.statistics import describe
from voice.engines.embedded.target import TargetVoice
from voice.errors import EngineError

RATE_MIN_HZ, RATE_MAX_HZ = 16_000, 24_000
MAX_TARGET_S = 90.0
"""More of the target costs time at every sentence and gains nothing measurable."""
MIN_VOICED_S = 2.0
PEAK = 0.9
WARPS = (0.82, 0.88, 0.94, 1.0, 1.06, 1.12, 1.18)
WARP_STRENGTH = 0.5
WARP_STEP_FRAMES = 20
RESTORATION_STEP_FRAMES = 10
RESTORATION_MAX = 2.0


def target_from_references(references: Sequence[Waveform], speaker: SourceSpeaker, language: str) -> TargetVoice:
    """The target voice of `references`, fitted to the source that speaks `language` for it; its gain is still 0 dB.

    Raises EngineError `reference_unusable` where they hold less than two seconds of voiced speech.
    """
    rate_hz = target_rate_hz(references)
    samples = join_references(references, rate_hz)
    peak = np.abs(samples).max(initial=0.0)
    if peak <= 0:
        raise _unusable(0.0)
    samples = (samples * (PEAK / peak)).astype(np.float32)
    frames = Analyser(samples, rate_hz, rng=np.random.default_rng(0)).frames()
    voiced_s = float(np.count_nonzero(frames.active() & (frames.f0_hz > 0))) * FRAME_S
    if voiced_s < MIN_VOICED_S:
        raise _unusable(voiced_s)
    target = _unfitted(samples, frames)
    source = speaker.voice(language, target.variant, rate_hz=rate_hz)
    warp = find_warp(target.index, source)
    return replace(target, warp=warp, restoration=find_restoration(target, source, warp=warp))


def _unfitted(samples: Samples, frames: Frames) -> TargetVoice:
    spoken = describe(frames)
    f0_hz = float(np.exp(spoken.log_f0))
    return TargetVoice(
        samples=samples,
        frames=frames,
        centres=grain_centres(samples, frames, f0_hz=f0_hz),
        envelopes=frames.cepstra,
        spoken=spoken,
        variant=variant_for(f0_hz),
        warp=1.0,
        restoration=np.ones(CEPSTRA, dtype=np.float32),
        gain_db=0.0,
    )


def target_rate_hz(references: Sequence[Waveform]) -> int:
    """The rate that a voice of `references` speaks at: that of the lowest of them, from 16 to 24 kHz."""
    if not references:
        raise _unusable(0.0)
    return min(RATE_MAX_HZ, max(RATE_MIN_HZ, min(reference.rate_hz for reference in references)))


def join_references(references: Sequence[Waveform], rate_hz: int) -> Samples:
    """One recording at `rate_hz`, at most 90 s long: of each reference the same share, from its beginning.

    Nothing is put in between: pauses are spoken with the quietest frames there are, which shall be the speaker's room.
    """
    total_s = sum(reference.duration_s for reference in references)
    share = min(1.0, MAX_TARGET_S / total_s) if total_s else 0.0
    parts = []
    for reference in references:
        kept = reference.samples[: int(len(reference.samples) * share)]
        if len(kept):
            part = soxr.resample(kept, reference.rate_hz, rate_hz).astype(np.float32)
            fade_edges(part, first=0, total=len(part), rate_hz=rate_hz)
            parts.append(part)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def find_warp(index: UnitIndex, source: SourceVoice) -> float:
    """Half of the frequency stretch that brings `source` closest to the units of `index`.

    Half, because the full stretch costs 12 points of word error rate and gains no similarity.
    """
    distances = [_mean_distance(index, source, warp) for warp in WARPS]
    return 1.0 + WARP_STRENGTH * (WARPS[int(np.argmin(distances))] - 1.0)


def find_restoration(target: TargetVoice, source: SourceVoice, *, warp: float) -> Vector:
    """How much less mixed envelopes vary than the target's own: float32 (40,), 1..2, and 1 for the level."""
    units, distances = target.index.nearest(_sparse_passage(source, warp, step=RESTORATION_STEP_FRAMES))
    mixed = mix_envelopes(target.envelopes, units, distances)
    restoration = np.clip(target.spoken.deviation / (mixed.std(axis=0) + 1e-6), 1, RESTORATION_MAX)
    restoration[0] = 1
    return np.asarray(restoration, dtype=np.float32)


def _mean_distance(index: UnitIndex, source: SourceVoice, warp: float) -> float:
    return float(index.nearest(_sparse_passage(source, warp, step=WARP_STEP_FRAMES))[1].mean())


def _sparse_passage(source: SourceVoice, warp: float, *, step: int) -> Matrix:
    """Matching vectors of every `step`-th active frame of the source's passage."""
    frames, statistics = source.warped(warp), source.statistics(warp=warp)
    standardised = (frames.cepstra - statistics.mean) / statistics.deviation
    level_db = frames.level_db - statistics.level_db
    vectors = matching_vectors(standardised, frames.f0_hz, level_db, first=0, last=len(frames))
    return vectors[frames.active()][::step]


def _unusable(voiced_s: float) -> EngineError:
    message = f"Only {voiced_s:.1f} s of voiced speech were found. Record at least ten seconds of clear speech."
    return EngineError("reference_unusable", message, details={"voiced_s": round(voiced_s, 2)})
