"""XTTS v2: voice cloning and speech in 17 languages from Coqui's checkpoint, many sentences in one batch."""

import threading
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from voice.audio.waveform import Waveform
from voice.engines.base import SpeechChunk, SpeechEngine, SynthesisParams, VoiceProfile, check_language
from voice.engines.xtts import ENGINE
from voice.engines.xtts.configuration import XttsConfiguration
from voice.engines.xtts.failures import engine_stopped
from voice.engines.xtts.profile import blend
from voice.engines.xtts.sentences import sentences_of
from voice.engines.xtts.speaking import SpokenText
from voice.errors import EngineUnavailable

if TYPE_CHECKING:
    from voice.engines.xtts.runtime import XttsRuntime


def make(values: Mapping[str, Any]) -> "XttsEngine":
    """The engine of these settings. Raises EngineUnavailable where an operator has to act first."""
    configuration = XttsConfiguration(*(values[setting.name] for setting in ENGINE.settings))
    configuration.require_available()
    return XttsEngine(configuration)


class XttsEngine(SpeechEngine):
    """The engine of one process: one model on one device, one batch for all callers. See `docs/ENGINES.md`.

    Made without torch, so that the web process can ask what it is; the model is loaded by `warm_up` or at the first
    use. Every method is safe to call from threads, and raises EngineUnavailable where the engine cannot be loaded, or
    has broken: a device that fails again and again does so until the process ends, and nothing is loaded again.
    """

    spec = ENGINE

    def __init__(self, configuration: XttsConfiguration) -> None:
        self._configuration = configuration
        self._lock = threading.Lock()
        self._loaded: XttsRuntime | None = None
        self._is_broken = False

    @property
    def is_broken(self) -> bool:
        """True when the batch died: every call raises EngineUnavailable `engine_stopped` until the process ends."""
        with self._lock:
            self._let_go_of_the_dead()
            return self._is_broken

    def warm_up(self) -> None:
        """Load the model and speak a word with it. Raises EngineUnavailable: no licence, weights, torch or device."""
        self._runtime().warm_up()

    def close(self) -> None:
        """Give the device back; whoever waits gets `engine_stopped`. The next call loads the model again."""
        with self._lock:
            loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.batcher.close()

    def clone(self, references: Sequence[Waveform], language: str) -> VoiceProfile:
        """Make a profile: conditioning latents of the first 30 s in chunks of 6 s, and the mean speaker embedding.

        `reference_unusable`: no recording is as long as a third of a second and loud enough.
        """
        check_language(language, ENGINE)
        return self._runtime().clone(references)

    def synthesize(
        self, profile: VoiceProfile, text: str, language: str, params: SynthesisParams
    ) -> Generator[SpeechChunk, None, None]:
        """Speak `text`, a chunk for each sentence at 24 kHz: the best of up to three takes, judged by `takes.judge`.

        Raises at any step also OutputRejected `output_silent`, the errors of the batch (`Ticket.wait`), and what
        `params.heartbeat` raises.
        """
        yield from self._spoken(profile, text, language, params).judged(ahead=self._runtime().ahead)

    def stream(
        self, profile: VoiceProfile, text: str, language: str, params: SynthesisParams
    ) -> Generator[SpeechChunk, None, None]:
        """Speak `text` as it is made: the first chunk is a third of a second long, those that follow are longer.

        The samples are those of `synthesize` within 1e-3, but of each sentence's first take. Nothing is decoded for a
        caller that does not go on to iterate. Raises as `synthesize`.
        """
        yield from self._spoken(profile, text, language, params).streamed()

    def blend(self, parts: Sequence[tuple[VoiceProfile, float]]) -> VoiceProfile:
        runtime = self._runtime()
        return blend(parts, fingerprint=runtime.fingerprint, channels=runtime.shape.channels)

    def similarity(self, profile: VoiceProfile, waveform: Waveform) -> float:
        """Cosine of the speaker embeddings of profile and waveform by XTTS's own encoder, 0..1."""
        runtime = self._runtime()
        return runtime.conditioner.similarity(runtime.voice(profile).speaker_embedding, waveform)

    def report(self) -> Mapping[str, float]:
        """Figures of the batch, of takes and their faults, of the device's memory; empty while nothing is loaded."""
        loaded = self._loaded
        return {} if loaded is None else loaded.report()

    def _spoken(self, profile: VoiceProfile, text: str, language: str, params: SynthesisParams) -> SpokenText:
        check_language(language, ENGINE)
        runtime = self._runtime()
        return SpokenText(
            batcher=runtime.batcher,
            counter=runtime.counter,
            voice=runtime.voice(profile),
            sentences=sentences_of(text, language, runtime.tokenizer),
            language=language,
            params=params,
            most_tokens=runtime.shape.most_audio_tokens,
        )

    def _runtime(self) -> "XttsRuntime":
        with self._lock:
            self._let_go_of_the_dead()
            if self._is_broken:
                raise engine_stopped()
            if self._loaded is None:
                self._configuration.require_available()
                try:
                    from voice.engines.xtts.runtime import XttsRuntime  # torch: only where it runs
                except ModuleNotFoundError as error:
                    raise EngineUnavailable(
                        "xtts_not_installed",
                        "XTTS is not installed for the worker that took this (`make setup-xtts`). Tell the operator.",
                    ) from error
                self._loaded = XttsRuntime.load(self._configuration)
            return self._loaded

    def _let_go_of_the_dead(self) -> None:
        """Under the lock: give up a runtime whose thread died, which the thread logged."""
        if self._loaded is not None and not self._loaded.batcher.is_running:
            self._loaded.batcher.close()
            self._loaded = None
            self._is_broken = True
