"""A target voice as a profile, and back."""

from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from voice.engines.base import VoiceProfile
from voice.engines.embedded.analysis import Frames
from voice.engines.embedded.statistics import SpeakerStatistics, describe_cepstra
from voice.engines.embedded.target import TargetVoice
from voice.errors import EngineError

ENGINE_NAME = "embedded"
ENGINE_VERSION = "1"
"""Raised with every change after which an old profile could not be spoken with."""
FULL_SCALE = 32767


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
    return VoiceProfile(ENGINE_NAME, ENGINE_VERSION, arrays, metadata)


def from_profile(profile: VoiceProfile) -> TargetVoice:
    """The target voice of `profile`. Raises EngineError `profile_mismatch` for one of another engine or version."""
    check_profile(profile)
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


def check_profile(profile: VoiceProfile) -> None:
    """Raise EngineError `profile_mismatch` unless this engine made `profile` in this version."""
    if (profile.engine, profile.engine_version) != (ENGINE_NAME, ENGINE_VERSION):
        message = "The voice model was made by another engine or version. Clone the voice again."
        details = {"engine": profile.engine, "engine_version": profile.engine_version}
        raise EngineError("profile_mismatch", message, details=details)
