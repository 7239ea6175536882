"""A target voice, made of reference recordings or of other voices, and its likeness to a recording."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import soxr

from voice.audio.waveform import Samples, Waveform
from voice.engines.embedded.analysis import (
    FRAME_S,
    Analyser,
    Frames,
    Matrix,
    SpeakerStatistics,
    Vector,
    describe,
    describe_cepstra,
    grain_centres,
    level_step,
    warping_matrix,
)
from voice.engines.embedded.renderer import fade_edges, mix_envelopes
from voice.engines.embedded.source import (
    HIGH_VARIANT,
    HIGH_VARIANT_ABOVE_HZ,
    LOW_VARIANT,
    SourceSpeaker,
    SourceVoice,
)
from voice.engines.embedded.target import TargetVoice, UnitIndex, unit_index
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
COMPARED_CEPSTRA = slice(3, None)
"""Without level and tilt, which say more about the microphone than about the speaker."""
EVEN_DISTANCE = 0.45
"""The distance at which "the same" and "another" are equally likely: halfway between the two on natural speech."""
STEEPNESS = 10.0


def target_from_references(references: Sequence[Waveform], speaker: SourceSpeaker, language: str) -> TargetVoice:
    """The target voice of `references`, fitted to the source that speaks `language` for it; its gain is still 0 dB.

    Raises EngineError `reference_unusable` where they hold less than two seconds of voiced speech.
    """
    rate_hz = target_rate_hz(references)
    samples, frames = analyse(references, rate_hz)
    spoken = describe(frames)
    f0_hz = float(np.exp(spoken.log_f0))
    variant = HIGH_VARIANT if f0_hz > HIGH_VARIANT_ABOVE_HZ else LOW_VARIANT
    source = speaker.voice(language, variant, rate_hz=rate_hz)
    index = unit_index(frames, frames.cepstra, spoken)
    warp = find_warp(index, source)
    return TargetVoice(
        samples=samples,
        frames=frames,
        centres=grain_centres(samples, frames, f0_hz=f0_hz),
        envelopes=frames.cepstra,
        spoken=spoken,
        language=language,
        source=source.statistics(warp=warp),
        variant=variant,
        warp=warp,
        restoration=find_restoration(index, frames.cepstra, spoken, source.passage(warp, RESTORATION_STEP_FRAMES)),
        gain_db=0.0,
    )


def analyse(references: Sequence[Waveform], rate_hz: int) -> tuple[Samples, Frames]:
    """The joined references and their frames. Raises EngineError `reference_unusable` for too little voice."""
    samples = join_references(references, rate_hz)
    peak = np.abs(samples).max(initial=0.0)
    if peak <= 0:
        raise _unusable(0.0)
    samples = (samples * (PEAK / peak)).astype(np.float32)
    frames = Analyser(samples, rate_hz, rng=np.random.default_rng(0)).frames()
    voiced_s = float(np.count_nonzero(frames.active() & (frames.f0_hz > 0))) * FRAME_S
    if voiced_s < MIN_VOICED_S:
        raise _unusable(voiced_s)
    return samples, frames


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
    distances = [index.nearest(source.passage(warp, WARP_STEP_FRAMES))[1].mean() for warp in WARPS]
    return 1.0 + WARP_STRENGTH * (WARPS[int(np.argmin(distances))] - 1.0)


def find_restoration(index: UnitIndex, cepstra: Matrix, spoken: SpeakerStatistics, passage: Matrix) -> Vector:
    """The factors that envelopes mixed for `passage` vary too little by: float32 (40,), 1..2, and 1 for the level."""
    mixed = mix_envelopes(cepstra, *index.nearest(passage))
    restoration = np.clip(spoken.deviation / (mixed.std(axis=0) + 1e-6), 1, RESTORATION_MAX)
    restoration[0] = 1
    return np.asarray(restoration, dtype=np.float32)


def _unusable(voiced_s: float) -> EngineError:
    message = f"Only {voiced_s:.1f} s of voiced speech were found. Record at least ten seconds of clear speech."
    return EngineError("reference_unusable", message, details={"voiced_s": round(voiced_s, 2)})


def likeness(target: TargetVoice, waveform: Waveform) -> float:
    """0 (another person) to 1 (the same) for `waveform` of any rate; 0.0 where it holds no voice.

    The distance of the speakers' statistics through a logistic function. A few seconds of speech suffice.
    """
    peak = np.abs(waveform.samples).max(initial=0.0)
    if peak <= 0:
        return 0.0
    samples = soxr.resample(waveform.samples / peak, waveform.rate_hz, target.rate_hz).astype(np.float32)
    frames = Analyser(samples, target.rate_hz, rng=np.random.default_rng(0)).frames()
    if not np.count_nonzero(frames.active() & (frames.f0_hz > 0)):
        return 0.0
    return float(1 / (1 + np.exp(STEEPNESS * (distance(target.spoken, describe(frames)) - EVEN_DISTANCE))))


def distance(target: SpeakerStatistics, found: SpeakerStatistics) -> float:
    """The distance between two speakers: 0 and up; on natural speech .26 within a speaker and .70 between two.

    Root mean square of the differences of the cepstra's means, in deviations of the target, of the logarithms of their
    deviations, and of the median log F0.
    """
    means = ((found.mean - target.mean) / target.deviation)[COMPARED_CEPSTRA]
    deviations = np.log(found.deviation / target.deviation)[COMPARED_CEPSTRA]
    squares = np.square(means).mean() + np.square(deviations).mean() + (found.log_f0 - target.log_f0) ** 2
    return float(np.sqrt(squares))


def blend_targets(parts: Sequence[tuple[TargetVoice, float]]) -> TargetVoice:
    """The voice between `parts`, which are at least one voice with its weight; the weights are positive and sum to 1.

    Log envelopes, log F0 and its range are interpolated. Grains, rate, level and source voice are those of the
    heaviest voice, the first one of equals.
    """
    base = max(parts, key=lambda part: part[1])[0]
    envelopes = np.zeros_like(base.envelopes)
    for voice, weight in parts:
        envelopes += np.float32(weight) * (base.envelopes if voice is base else _matched(base, voice))
    active = base.frames.active()
    voiced = active & (base.frames.f0_hz > 0)
    moments = describe_cepstra(envelopes[active], base.frames.level_db[active], base.frames.f0_hz[voiced])
    spoken = replace(
        moments,
        log_f0=sum(weight * voice.spoken.log_f0 for voice, weight in parts),
        log_f0_spread=sum(weight * voice.spoken.log_f0_spread for voice, weight in parts),
    )
    return replace(base, envelopes=envelopes, spoken=spoken)


def _matched(base: TargetVoice, other: TargetVoice) -> Matrix:
    """The envelopes of `other` where `base` says the same: float32 (frames of base, 40), at base's rate and level."""
    envelopes = other.envelopes @ warping_matrix(1.0, other.rate_hz, base.rate_hz)
    units, distances = other.index.nearest(base.index.vectors)
    raise_db = base.recorded.level_db - other.recorded.level_db
    return mix_envelopes(envelopes, units, distances) + np.float32(raise_db) * level_step(base.rate_hz)
