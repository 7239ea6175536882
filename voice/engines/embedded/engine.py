"""The embedded engine: voice cloning on a CPU, without model weights."""

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from voice.audio.waveform import Samples, Waveform
from voice.engines.base import LANGUAGES, OptionSpec, SpeechChunk, SynthesisParams, VoiceProfile
from voice.engines.embedded.blending import blend_targets
from voice.engines.embedded.cloning import RATE_MAX_HZ, target_from_references, target_rate_hz
from voice.engines.embedded.espeak import EspeakProcess
from voice.engines.embedded.likeness import likeness
from voice.engines.embedded.loudness import TARGET_LEVEL_DB, active_level_db, soften_peaks
from voice.engines.embedded.passages import PASSAGES
from voice.engines.embedded.profile import ENGINE_NAME, ENGINE_VERSION, check_profile, from_profile, to_profile
from voice.engines.embedded.renderer import SentenceRenderer
from voice.engines.embedded.script import Line, lines_of
from voice.engines.embedded.source import SourceSpeaker
from voice.engines.embedded.target import TargetVoice
from voice.errors import InvalidRequest, InvalidText

OPTION_CLARITY = OptionSpec(
    name="clarity",
    minimum=0.2,
    maximum=0.5,
    default=0.35,
    description="Lower is closer to the speaker, higher is easier to understand.",
)
FIRST_PIECE_FRAMES = 120
NEXT_PIECE_FRAMES = 300
PREPARED_VOICES = 4
EDGE_FADE_S = 0.01


class EmbeddedEngine:
    """espeak-ng speaks the text, and the target's own waveform is made to say it. See `docs/ENGINES.md`.

    Every method is safe to call from threads. The espeak process starts at the first use and ends with this object.
    """

    name = ENGINE_NAME
    version = ENGINE_VERSION
    languages = frozenset(LANGUAGES)
    option_specs = (OPTION_CLARITY,)

    def __init__(self) -> None:
        self._speaker = SourceSpeaker(EspeakProcess())
        self._lock = threading.Lock()
        self._prepared: OrderedDict[int, tuple[VoiceProfile, TargetVoice]] = OrderedDict()

    def warm_up(self) -> None:
        """Start the espeak process and measure its English voice. Raises EngineUnavailable if it cannot start."""
        self._speaker.voice("en", rate_hz=RATE_MAX_HZ)

    def clone(self, references: Sequence[Waveform], language: str) -> VoiceProfile:
        """Make a profile of the speaker of `references`; at most 90 s of them are used, a fair share of each.

        The profile speaks at the lowest rate of the references, clamped to 16..24 kHz; for its arrays see
        `profile.to_profile`. Raises EngineError `reference_unusable` where there are less than two seconds of voiced
        speech, InvalidText `language_unsupported`.
        """
        check_language(language)
        source = self._speaker.voice(language, rate_hz=target_rate_hz(references))
        target = target_from_references(references, source)
        line = self._speaker.speak(PASSAGES[language][0], language, rate_hz=target.rate_hz)
        raw = self._render(target, line, language, clarity=OPTION_CLARITY.default, seed=0)
        gain_db = TARGET_LEVEL_DB - active_level_db(np.concatenate(list(raw)), target.rate_hz)
        return to_profile(replace(target, gain_db=gain_db), language=language)

    def synthesize(
        self, profile: VoiceProfile, text: str, language: str, params: SynthesisParams
    ) -> Iterator[SpeechChunk]:
        """Speak `text`; see `SpeechEngine.synthesize`.

        Chunks are float32 within -1..1 at the profile's rate. The first has about half a second; joined they are the
        speech, with the pauses between sentences. Raises, at the first step, EngineError `profile_mismatch`,
        InvalidText `language_unsupported` or `text_unspeakable`; at any step SourceSpeechFailed (retryable).
        """
        check_profile(profile)
        lines = lines_of(text, language)
        target = self._target(profile)
        clarity = float(params.options.get(OPTION_CLARITY.name, OPTION_CLARITY.default))
        total = sum(line.chars for line in lines)
        done = 0
        for number, line in enumerate(lines):
            last = number == len(lines) - 1
            speech = self._speech(line, language, rate_hz=target.rate_hz, speed=params.speed)
            pieces = self._render(target, speech, language, clarity=clarity, seed=(params.seed, number))
            produced = 0
            for piece in pieces:
                produced += len(piece)
                share = produced / len(speech.samples)
                ends = produced == len(speech.samples)
                samples = piece * np.float32(10 ** (target.gain_db / 20))
                if ends and not last:
                    pause = np.zeros(int(line.pause_s / params.speed * target.rate_hz), dtype=np.float32)
                    samples = np.concatenate([samples, pause])
                progress = 1.0 if ends and last else (done + line.chars * share) / total
                yield SpeechChunk(Waveform(soften_peaks(samples), target.rate_hz), progress, number)
            done += line.chars

    def blend(self, parts: Sequence[tuple[VoiceProfile, float]]) -> VoiceProfile:
        """A voice between voices: envelopes and F0 interpolated in the logarithm, on the waveform of the heaviest.

        Raises EngineError `profile_mismatch`, InvalidRequest `blend_invalid` for no parts or weights that are not
        positive.
        """
        weights = [weight for _, weight in parts]
        if not parts or not all(math.isfinite(weight) and weight > 0 for weight in weights):
            raise InvalidRequest("blend_invalid", "A blend needs at least one voice, and positive weights.")
        voices = [(self._target(profile), weight / sum(weights)) for profile, weight in parts]
        heaviest = max(parts, key=lambda part: part[1])[0]
        return to_profile(blend_targets(voices), language=str(heaviest.metadata["language"]))

    def similarity(self, profile: VoiceProfile, waveform: Waveform) -> float:
        """How much `waveform` sounds like the profile's speaker."""
        return likeness(self._target(profile), waveform)

    def _speech(self, line: Line, language: str, *, rate_hz: int, speed: float) -> Waveform:
        speech = self._speaker.speak(line.spoken, language, rate_hz=rate_hz, speed=speed)
        if not len(speech.samples):
            raise InvalidText("text_unspeakable", "A sentence of the text holds nothing that can be said.")
        return speech

    def _render(
        self, target: TargetVoice, speech: Waveform, language: str, *, clarity: float, seed: int | tuple[int, ...]
    ) -> Iterator[Samples]:
        source = self._speaker.voice(language, rate_hz=target.rate_hz).statistics(warp=target.warp)
        renderer = SentenceRenderer(target, source, speech, clarity=clarity, rng=np.random.default_rng(seed))
        return renderer.pieces(FIRST_PIECE_FRAMES, NEXT_PIECE_FRAMES)

    def _target(self, profile: VoiceProfile) -> TargetVoice:
        """The prepared voice of `profile`; those of the last four profiles are kept."""
        with self._lock:
            kept = self._prepared.get(id(profile))
            if kept is not None:
                self._prepared.move_to_end(id(profile))
                return kept[1]
        target = from_profile(profile)
        target.prepare()
        with self._lock:
            self._prepared[id(profile)] = (profile, target)  # holding the profile keeps its id from being reused
            while len(self._prepared) > PREPARED_VOICES:
                self._prepared.popitem(last=False)
        return target


def check_language(language: str) -> None:
    """Raise InvalidText `language_unsupported` unless `language` is one of the product's 17."""
    if language not in LANGUAGES:
        raise InvalidText("language_unsupported", f"This engine does not speak {language!r}.")
