"""A voice of XTTS as a profile: kept, recognised, refused, blended."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from voice.engines.base import VoiceProfile
from voice.engines.xtts.profile import blend, profile_make, profile_read
from voice.errors import EngineError, InvalidRequest

CHANNELS = 64
FINGERPRINT = "f" * 64


def make(seed: int, *, fingerprint: str = FINGERPRINT) -> VoiceProfile:
    rng = np.random.default_rng(seed)
    embedding = rng.standard_normal(512)
    return profile_make(
        conditioning=rng.standard_normal((32, CHANNELS)).astype(np.float32),
        speaker_embedding=(embedding / np.linalg.norm(embedding)).astype(np.float32),
        fingerprint=fingerprint,
        reference_durations_s=[12.3456, 30.0],
    )


def changed(name: str, array: np.ndarray) -> VoiceProfile:
    made = make(0)
    return replace(made, arrays={**made.arrays, name: array})


def test_a_saved_profile_gives_the_same_voice(tmp_path: Path) -> None:
    made = make(0)
    made.save(tmp_path / "voice.safetensors")
    voice = profile_read(VoiceProfile.load(tmp_path / "voice.safetensors"), fingerprint=FINGERPRINT, channels=CHANNELS)
    assert np.array_equal(voice.conditioning, made.arrays["conditioning"])
    assert np.array_equal(voice.speaker_embedding, made.arrays["speaker_embedding"])
    assert made.metadata == {"checkpoint": FINGERPRINT, "reference_durations_s": [12.35, 30.0]}


@pytest.mark.parametrize(
    "profile",
    [
        replace(make(0), engine="embedded"),
        replace(make(0), engine_version="1"),
        replace(make(0), metadata={}),
        make(0, fingerprint="0" * 64),
        replace(make(0), arrays={"conditioning": make(0).arrays["conditioning"]}),
        changed("conditioning", np.zeros((32, CHANNELS * 2), np.float32)),
        changed("conditioning", np.zeros((32, CHANNELS), np.float64)),
        changed("speaker_embedding", np.zeros((512, 1), np.float32)),
        changed("speaker_embedding", np.full(512, np.nan, np.float32)),
    ],
    ids=range(9),
)
def test_a_profile_that_is_not_of_this_checkpoint_is_refused(profile: VoiceProfile) -> None:
    with pytest.raises(EngineError) as caught:
        profile_read(profile, fingerprint=FINGERPRINT, channels=CHANNELS)
    assert caught.value.code == "profile_mismatch"
    with pytest.raises(EngineError, match="profile_mismatch"):
        blend([(make(1), 1.0), (profile, 1.0)], fingerprint=FINGERPRINT, channels=CHANNELS)


def test_a_blend_lies_between_its_parts() -> None:
    first, second = make(1), make(2)
    blended = blend([(first, 3.0), (second, 1.0)], fingerprint=FINGERPRINT, channels=CHANNELS)
    voice = profile_read(blended, fingerprint=FINGERPRINT, channels=CHANNELS)
    expected = 0.75 * first.arrays["conditioning"] + 0.25 * second.arrays["conditioning"]
    assert voice.conditioning == pytest.approx(expected, abs=1e-6)
    mean = 0.75 * first.arrays["speaker_embedding"] + 0.25 * second.arrays["speaker_embedding"]
    assert voice.speaker_embedding == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert blended.metadata["blend_shares"] == [0.75, 0.25]


def test_a_blend_of_one_voice_is_that_voice() -> None:
    blended = blend([(make(1), 0.2)], fingerprint=FINGERPRINT, channels=CHANNELS)
    for name, array in make(1).arrays.items():
        assert blended.arrays[name] == pytest.approx(array, abs=1e-6)


@pytest.mark.parametrize("weights", [[], [0.0], [1.0, -1.0], [float("nan")], [float("inf"), 1.0]])
def test_weights_that_say_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        blend([(make(1), weight) for weight in weights], fingerprint=FINGERPRINT, channels=CHANNELS)
    assert caught.value.code == "blend_invalid"


def test_opposite_voices_have_nothing_between_them() -> None:
    first = make(1)
    opposite = replace(first, arrays={**first.arrays, "speaker_embedding": -first.arrays["speaker_embedding"]})
    with pytest.raises(InvalidRequest, match="cancel"):
        blend([(first, 1.0), (opposite, 1.0)], fingerprint=FINGERPRINT, channels=CHANNELS)
