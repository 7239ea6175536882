"""A target voice as a profile, and back."""

from typing import cast

import numpy as np

from voice.engines.base import VoiceProfile
from voice.engines.embedded.analysis import Frames
from voice.engines.embedded.statistics import SpeakerStatistics, describe_cepstra
from voice.engines.embedded.target import TargetVoice
from voice.errors import EngineError

ENGINE_NAME = "embedded"
ENGINE_VERSION = "1"
"""Raised with every change after which an old profile could not be spoken with."""


def to_profile(target: TargetVoice, *, language: str) -> VoiceProfile:
    """The profile of `target`.

    Arrays, n samples and m frames: `samples` int16 (n,), full scale 32767; `f0_hz` float32 (m,); `level_db` float32
    (m,); `cepstra` float32 (m, 40); `centres` int32 (m,); `restoration` float32 (40,); for a blend also `envelopes`
    float32 (m, 40). One minute is about 4 MB.
    """
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
        "samples": np.round(target.samples * 32767).astype(np.int16),
        "f0_hz": target.frames.f0_hz,
        "level_db": target.frames.level_db,
        "cepstra": target.frames.cepstra,
        "centres": target.centres.astype(np.int32),
        "restoration": target.restoration,
    }
    if target.envelopes is not target.frames.cepstra:
        arrays["envelopes"] = target.envelopes
    metadata = {
        "rate_hz": target.rate_hz,
        "language": language,
        "duration_s": round(len(target.samples) / target.rate_hz, 3),
        "f0_median_hz": round(float(np.exp(target.spoken.log_f0)), 3),
        "log_f0": target.spoken.log_f0,
        "log_f0_spread": target.spoken.log_f0_spread,
        "variant": target.variant,
        "warp": target.warp,
        "gain_db": target.gain_db,
    }
    return VoiceProfile(ENGINE_NAME, ENGINE_VERSION, arrays, metadata)


def from_profile(profile: VoiceProfile) -> TargetVoice:
    """The target voice of `profile`. Raises EngineError `profile_mismatch` for one of another engine or version."""
    check_profile(profile)
    arrays, metadata = profile.arrays, profile.metadata
    try:
        frames = Frames(
            arrays["f0_hz"].astype(np.float32),
            arrays["cepstra"].astype(np.float32),
            arrays["level_db"].astype(np.float32),
            int(cast(int, metadata["rate_hz"])),
        )
        envelopes = arrays["envelopes"].astype(np.float32) if "envelopes" in arrays else frames.cepstra
        centres = arrays["centres"].astype(np.int64)
        restoration = arrays["restoration"].astype(np.float32)
        samples = arrays["samples"].astype(np.float32) / np.float32(32767)
        variant = str(metadata["variant"])
        log_f0, spread, warp, gain_db = (
            float(cast(float, metadata[name])) for name in ("log_f0", "log_f0_spread", "warp", "gain_db")
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(
            "profile_mismatch", "The voice model's file is incomplete. Clone the voice again."
        ) from error
    active = frames.active()
    moments = describe_cepstra(envelopes[active], frames.level_db[active], frames.f0_hz[active & (frames.f0_hz > 0)])
    spoken = SpeakerStatistics(moments.mean, moments.deviation, moments.level_db, log_f0, spread)
    return TargetVoice(
        samples=samples.astype(np.float32, copy=False),
        frames=frames,
        centres=centres,
        envelopes=envelopes,
        spoken=spoken,
        variant=variant,
        warp=warp,
        restoration=restoration,
        gain_db=gain_db,
    )


def check_profile(profile: VoiceProfile) -> None:
    """Raise EngineError `profile_mismatch` unless this engine made `profile` in this version."""
    if (profile.engine, profile.engine_version) != (ENGINE_NAME, ENGINE_VERSION):
        message = "The voice model was made by another engine or version. Clone the voice again."
        details = {"engine": profile.engine, "engine_version": profile.engine_version}
        raise EngineError("profile_mismatch", message, details=details)
