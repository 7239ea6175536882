"""A voice of XTTS as a profile, and back. No torch in here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from voice.engines.base import VoiceProfile, blend_shares, check_profile
from voice.engines.xtts import ENGINE
from voice.engines.xtts.shape import CONDITIONING_LATENTS
from voice.errors import EngineError, InvalidRequest

EMBEDDING_SIZE = 512


@dataclass(frozen=True, slots=True)
class XttsVoice:
    """A voice to speak in: `conditioning` float32 (32, channels), `speaker_embedding` float32 (512,)."""

    conditioning: NDArray[np.float32]
    speaker_embedding: NDArray[np.float32]


def profile_make(
    *,
    conditioning: NDArray[np.float32],
    speaker_embedding: NDArray[np.float32],
    fingerprint: str,
    reference_durations_s: Sequence[float],
) -> VoiceProfile:
    """The profile of a voice; 130 KB at the published size.

    Metadata: `checkpoint`, the fingerprint of the only weights that understand these arrays, and
    `reference_durations_s`.
    """
    return VoiceProfile(
        ENGINE.name,
        ENGINE.version,
        {"conditioning": conditioning, "speaker_embedding": speaker_embedding},
        {
            "checkpoint": fingerprint,
            "reference_durations_s": [round(duration_s, 2) for duration_s in reference_durations_s],
        },
    )


def profile_read(profile: VoiceProfile, *, fingerprint: str, channels: int) -> XttsVoice:
    """The voice of `profile` for the checkpoint of that fingerprint.

    Raises EngineError `profile_mismatch` for a profile of another engine, version or checkpoint, and for arrays of
    another shape or type, or with values that are not finite.
    """
    check_profile(profile, ENGINE)
    if profile.metadata.get("checkpoint") != fingerprint:
        raise _mismatch("The voice was made with another checkpoint of XTTS than the one that is loaded")
    return XttsVoice(
        _checked(profile, "conditioning", (CONDITIONING_LATENTS, channels)),
        _checked(profile, "speaker_embedding", (EMBEDDING_SIZE,)),
    )


def blend(parts: Sequence[tuple[VoiceProfile, float]], *, fingerprint: str, channels: int) -> VoiceProfile:
    """A voice between voices; weights are normalised to sum 1.

    Latents and embeddings are interpolated linearly, as Coqui averages those of several recordings. Embeddings of
    different speakers point in different directions, so their mean is short, and the vocoder was trained on length 1:
    the mean is stretched to the mean length of its parts.
    Raises EngineError `profile_mismatch` like `profile_read`, InvalidRequest `blend_invalid` for no parts or weights
    that are not positive.
    """
    shares = np.array(blend_shares(parts), np.float64)
    voices = [profile_read(profile, fingerprint=fingerprint, channels=channels) for profile, _ in parts]
    embeddings = np.stack([voice.speaker_embedding for voice in voices]).astype(np.float64)
    mean = shares @ embeddings
    length = np.linalg.norm(mean)
    if length < 1e-6:
        raise InvalidRequest("blend_invalid", "These voices cancel each other out. Choose other weights.")
    mean *= shares @ np.linalg.norm(embeddings, axis=1) / length
    conditioning = np.tensordot(shares, np.stack([voice.conditioning for voice in voices]), axes=1)
    made = profile_make(
        conditioning=conditioning.astype(np.float32),
        speaker_embedding=mean.astype(np.float32),
        fingerprint=fingerprint,
        reference_durations_s=[],
    )
    metadata = {**made.metadata, "blend_shares": [round(float(share), 4) for share in shares]}
    return replace(made, metadata=metadata)


def _checked(profile: VoiceProfile, name: str, size: tuple[int, ...]) -> NDArray[np.float32]:
    array = profile.arrays.get(name)
    if array is None or array.shape != size or array.dtype != np.float32:
        raise _mismatch("The voice model's file is incomplete")
    floats = array.astype(np.float32, copy=False)
    if not np.isfinite(floats).all():
        raise _mismatch("The voice model's file is damaged")
    return floats


def _mismatch(reason: str) -> EngineError:
    return EngineError("profile_mismatch", f"{reason}. Clone the voice again.")
