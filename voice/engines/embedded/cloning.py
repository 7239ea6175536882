"""From reference recordings to a target voice."""

from collections.abc import Sequence

import numpy as np
import soxr

from voice.audio.waveform import Samples, Waveform
from voice.engines.embedded.analysis import FRAME_S, Analyser, Frames, Matrix, Vector
from voice.engines.embedded.epochs import grain_centres
from voice.engines.embedded.loudness import fade_edges
from voice.engines.embedded.mapping import mix_envelopes
from voice.engines.embedded.matching import UnitIndex
from voice.engines.embedded.source import SourceSpeaker, SourceVoice, variant_for
from voice.engines.embedded.statistics import SpeakerStatistics, describe
from voice.engines.embedded.target import TargetVoice, unit_index
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
    samples, frames = analyse(references, rate_hz)
    spoken = describe(frames)
    f0_hz = float(np.exp(spoken.log_f0))
    variant = variant_for(f0_hz)
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
    """How much less envelopes vary that are mixed for `passage`: float32 (40,), 1..2, and 1 for the level."""
    mixed = mix_envelopes(cepstra, *index.nearest(passage))
    restoration = np.clip(spoken.deviation / (mixed.std(axis=0) + 1e-6), 1, RESTORATION_MAX)
    restoration[0] = 1
    return np.asarray(restoration, dtype=np.float32)


def _unusable(voiced_s: float) -> EngineError:
    message = f"Only {voiced_s:.1f} s of voiced speech were found. Record at least ten seconds of clear speech."
    return EngineError("reference_unusable", message, details={"voiced_s": round(voiced_s, 2)})
