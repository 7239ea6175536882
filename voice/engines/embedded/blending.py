"""A voice between voices: the envelopes and F0 of all of them, on the waveform of the heaviest."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from voice.engines.embedded.analysis import Matrix
from voice.engines.embedded.codec import warping_matrix
from voice.engines.embedded.mapping import level_step, mix_envelopes
from voice.engines.embedded.statistics import describe_cepstra
from voice.engines.embedded.target import TargetVoice


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
    """What `other` sounds like where `base` says the same: float32 (frames of base, 40), at base's rate and level."""
    envelopes = other.envelopes @ warping_matrix(1.0, other.rate_hz, base.rate_hz)
    units, distances = other.index.nearest(base.index.vectors)
    raise_db = base.recorded.level_db - other.recorded.level_db
    return mix_envelopes(envelopes, units, distances) + np.float32(raise_db) * level_step(base.rate_hz)
