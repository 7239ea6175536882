"""The protocol of speech engines, and what all of them check. They know audio and text, and nothing of Django."""

import json
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from voice.audio.waveform import Waveform
from voice.engines.spec import EngineSpec
from voice.errors import EngineError, InvalidRequest, InvalidText


@dataclass(frozen=True, slots=True)
class VoiceProfile:
    """A cloned voice: named arrays and JSON-able metadata. Immutable by convention; safe to share.

    `engine` and `engine_version` say what made it: only the same engine can speak with it.
    `metadata` values are JSON scalars or lists of them (e.g. `f0_median_hz`, `rate_hz`).
    """

    engine: str
    engine_version: str
    arrays: Mapping[str, NDArray[np.generic]]
    metadata: Mapping[str, object] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write as safetensors. The caller picks a name of its own attempt, so no other writer shares `path`.

        Raises OSError where the disk is full.
        """
        header = {
            "engine": self.engine,
            "engine_version": self.engine_version,
            "metadata": json.dumps(dict(self.metadata)),
        }
        arrays = {name: np.ascontiguousarray(values) for name, values in self.arrays.items()}
        path.write_bytes(save(arrays, metadata=header))  # safetensors' own save_file says of a full disk no errno

    def digest(self) -> bytes:
        """Equal for profiles with equal arrays and metadata, such as one file that two jobs load."""
        found = blake2b(json.dumps([self.engine, self.engine_version, dict(self.metadata)], sort_keys=True).encode())
        for name, values in sorted(self.arrays.items()):
            found.update(f"{name} {values.dtype} {values.shape}".encode())
            found.update(np.ascontiguousarray(values).tobytes())
        return found.digest()

    @classmethod
    def load(cls, path: Path) -> "VoiceProfile":
        """Read a profile. Raises EngineError `profile_unreadable` for a missing or damaged file."""
        try:
            with safe_open(path, framework="numpy") as f:
                header = f.metadata() or {}
                arrays = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 (not a mapping)
            return cls(header["engine"], header["engine_version"], arrays, json.loads(header["metadata"]))
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise EngineError("profile_unreadable", "The voice model's file cannot be read.") from error


@dataclass(frozen=True, slots=True)
class SynthesisParams:
    """The manner of speaking.

    `speed`: 0.5..2.0, 1.0 is the voice's own pace. `seed`: the same seed and input give the same samples.
    `options`: the engine's own parameters, already validated against the options of its spec.
    `heartbeat`: an engine that keeps its caller waiting calls it about once a second, on the caller's thread; what it
    raises ends the work and reaches the caller. So a cancel is noticed between two chunks. `deadline_s`: when, by
    `time.monotonic`, an engine that works step by step gives up with EngineError `timed_out`.
    """

    speed: float = 1.0
    seed: int = 0
    options: Mapping[str, float] = field(default_factory=dict)
    heartbeat: Callable[[], None] | None = field(default=None, compare=False, repr=False)
    deadline_s: float | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """A piece of speech, ready to be played after the one before it; joins are already seamless.

    `progress`: share of the text that is spoken after this chunk, 0..1, never falling; the last one has 1.0.
    `sentence`: index of the sentence that it belongs to, from 0.
    """

    waveform: Waveform
    progress: float
    sentence: int


class SpeechEngine(Protocol):
    """Clones voices and speaks in them. One instance per process; every method is safe to call from threads.

    An engine inherits from this, says its `spec`, and writes `clone`, `synthesize`, `blend` and `similarity`; the
    others where they have something to do. tests/engines/test_contract.py holds every engine to what is said here.
    """

    spec: ClassVar[EngineSpec]

    @property
    def is_broken(self) -> bool:
        """True when it can do nothing more in this process: only another process can help."""
        return False

    def warm_up(self) -> None:
        """Load what the first call would otherwise wait for. Raises EngineUnavailable."""

    def close(self) -> None:
        """Give back processes and devices. The engine stays usable: the next call takes them again."""

    def report(self) -> Mapping[str, float]:
        """Figures about its work so far and the memory that it holds, for the log; empty where it keeps none."""
        return {}

    def clone(self, references: Sequence[Waveform], language: str) -> VoiceProfile:
        """Make a profile from preprocessed reference audio, several recordings of one speaker.

        Raises EngineError `reference_unusable` where there is not enough voiced speech in them, InvalidText
        `language_unsupported`.
        """

    def synthesize(
        self, profile: VoiceProfile, text: str, language: str, params: SynthesisParams
    ) -> Generator[SpeechChunk, None, None]:
        """Speak `text` (already normalised, at most a few thousand characters) sentence by sentence.

        All chunks share one rate. Closing the generator stops the work. Same arguments, same samples.
        Raises, at the first step, EngineError `profile_mismatch` for another engine's profile or a damaged one,
        InvalidText `language_unsupported` or `text_unspeakable`.
        """

    def stream(
        self, profile: VoiceProfile, text: str, language: str, params: SynthesisParams
    ) -> Generator[SpeechChunk, None, None]:
        """Speak `text` to somebody who listens meanwhile: as `synthesize`, in chunks that begin with half a second.

        The samples are those of `synthesize`, except where that judges a finished sentence and speaks it once more:
        what was heard cannot be taken back. An engine whose `synthesize` never waits for the end of a sentence has
        nothing to add. Nothing calls it yet but tests: it and `blend` are for the API of streaming and of blending.
        """
        return self.synthesize(profile, text, language, params)

    def blend(self, parts: Sequence[tuple[VoiceProfile, float]]) -> VoiceProfile:
        """A voice between voices; weights are positive and are normalised to sum 1.

        Raises EngineError `profile_mismatch`, InvalidRequest `blend_invalid` for no parts or weights that are not
        positive.
        """

    def similarity(self, profile: VoiceProfile, waveform: Waveform) -> float:
        """The likeness of `waveform` to the profile's speaker, 0 (another person) to 1 (the same)."""


def check_language(language: str, engine: EngineSpec) -> None:
    """Raise InvalidText `language_unsupported` unless `engine` speaks `language`."""
    if language not in engine.languages:
        raise InvalidText("language_unsupported", f"This engine does not speak {language!r}.")


def check_profile(profile: VoiceProfile, engine: EngineSpec) -> None:
    """Raise EngineError `profile_mismatch` unless `engine` made `profile` in this version."""
    if (profile.engine, profile.engine_version) != (engine.name, engine.version):
        message = "The voice model was made by another engine or version. Clone the voice again."
        details = {"engine": profile.engine, "engine_version": profile.engine_version}
        raise EngineError("profile_mismatch", message, details=details)


def blend_shares(parts: Sequence[tuple[VoiceProfile, float]]) -> list[float]:
    """The weights of a blend, made to sum 1.

    Raises InvalidRequest `blend_invalid` for no parts or weights that are not positive.
    """
    weights = [weight for _, weight in parts]
    if not parts or not all(math.isfinite(weight) and weight > 0 for weight in weights):
        raise InvalidRequest("blend_invalid", "A blend needs at least one voice, and positive weights.")
    return [weight / sum(weights) for weight in weights]
