"""The engine: a reference becomes a profile, and a text is spoken with it piece by piece."""

import threading
from collections import OrderedDict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from voice.audio.waveform import Samples, Waveform
from voice.engines.base import (
    SpeechChunk,
    SpeechEngine,
    SynthesisParams,
    VoiceProfile,
    blend_shares,
    check_language,
    check_profile,
)
from voice.engines.embedded import CLARITY, ENGINE
from voice.engines.embedded.analysis import TARGET_LEVEL_DB, active_level_db
from voice.engines.embedded.cloning import RATE_MAX_HZ, blend_targets, likeness, target_from_references
from voice.engines.embedded.mapping import ENERGY_EXPONENT
from voice.engines.embedded.passages import PASSAGES
from voice.engines.embedded.renderer import SentenceRenderer, fade_edges, soften_peaks
from voice.engines.embedded.script import Line, lines_of
from voice.engines.embedded.source import LOW_VARIANT, EspeakProcess, SourceSpeaker
from voice.engines.embedded.target import TargetVoice, from_profile, room_tone, to_profile
from voice.errors import InvalidText

FIRST_PIECE_FRAMES = 120
NEXT_PIECE_FRAMES = 300
PREPARED_VOICES = 4
SEEDS = 1 << 64


def make(values: Mapping[str, object]) -> "EmbeddedEngine":
    """The engine; it has no settings."""
    return EmbeddedEngine()


class EmbeddedEngine(SpeechEngine):
    """espeak-ng speaks the text, and the target's own waveform is made to say it. See `docs/ENGINES.md`.

    Every method is safe to call from threads. The espeak process starts at the first use, is replaced where it ended,
    and ends with this object.
    """

    spec = ENGINE

    def __init__(self) -> None:
        self._process = EspeakProcess()
        self._speaker = SourceSpeaker(self._process)
        self._lock = threading.Lock()
        self._prepared: OrderedDict[int, tuple[VoiceProfile, TargetVoice]] = OrderedDict()

    def warm_up(self) -> None:
        """Start the espeak process and measure its English voice. Raises EngineUnavailable if it cannot start."""
        self._speaker.voice("en", LOW_VARIANT, rate_hz=RATE_MAX_HZ)

    def close(self) -> None:
        """End the espeak process. The engine stays usable: the next sentence starts another."""
        self._process.close()

    def clone(self, references: Sequence[Waveform], language: str) -> VoiceProfile:
        """Make a profile of the speaker of `references`; at most 90 s of them are used, a fair share of each.

        The profile speaks at the lowest rate of the references, clamped to 16..24 kHz; for its arrays see
        `target.to_profile`. Raises EngineError `reference_unusable` where there are less than two seconds of voiced
        speech, InvalidText `language_unsupported`.
        """
        check_language(language, ENGINE)
        target = target_from_references(references, self._speaker, language)
        return to_profile(replace(target, gain_db=self._gain_db(target)))

    def synthesize(
        self, profile: VoiceProfile, text: str, language: str, params: SynthesisParams
    ) -> Generator[SpeechChunk, None, None]:
        """Speak `text`; see `SpeechEngine.synthesize`. `stream` does the same: no chunk waits for a sentence's end.

        Chunks are float32 within -1..1 at the profile's rate, the first of half a second, the others of one to two.
        Joined they are the speech, every sentence at the same level, with the pauses in between. Raises, at the first
        step, EngineError `profile_mismatch`, InvalidText `language_unsupported` or `text_unspeakable`; at any step
        SourceSpeechFailed (retryable).
        """
        check_profile(profile, ENGINE)
        check_language(language, ENGINE)
        lines = lines_of(text, language)
        target = self._target(profile)
        total = sum(line.chars for line in lines)
        spoken = 0
        for number, line in enumerate(lines):
            ends_text = number == len(lines) - 1
            rng = np.random.default_rng((params.seed % SEEDS, number))
            for samples, share in self._speak_line(target, line, language, params, rng=rng, with_pause=not ends_text):
                progress = 1.0 if ends_text and share == 1.0 else (spoken + line.chars * share) / total
                yield SpeechChunk(Waveform(samples, target.rate_hz), progress, number)
            spoken += line.chars

    def blend(self, parts: Sequence[tuple[VoiceProfile, float]]) -> VoiceProfile:
        """A voice between voices: envelopes and F0 interpolated in the logarithm, on the waveform of the heaviest.
        See `SpeechEngine.blend`.
        """
        shares = blend_shares(parts)
        voices = [self._target(profile) for profile, _ in parts]
        return to_profile(blend_targets(list(zip(voices, shares, strict=True))))

    def similarity(self, profile: VoiceProfile, waveform: Waveform) -> float:
        """See `SpeechEngine.similarity`."""
        return likeness(self._target(profile), waveform)

    def _speak_line(
        self,
        target: TargetVoice,
        line: Line,
        language: str,
        params: SynthesisParams,
        *,
        rng: np.random.Generator,
        with_pause: bool,
    ) -> Iterator[tuple[Samples, float]]:
        """One line in pieces, each with the share of the line that is spoken after it."""
        speech = self._speaker.speak(line.spoken, language, target.variant, rate_hz=target.rate_hz, speed=params.speed)
        if not len(speech.samples):
            raise InvalidText("text_unspeakable", "A sentence of the text holds nothing that can be said.")
        clarity = float(params.options.get(CLARITY.name, CLARITY.default))
        gain_db = target.gain_db - ENERGY_EXPONENT * active_level_db(speech)
        pause_samples = int(with_pause * line.pause_s / params.speed * target.rate_hz)
        pause = room_tone(target.room, pause_samples, rate_hz=target.rate_hz, rng=rng)
        total, produced = len(speech.samples), 0
        for piece in self._render(target, speech, language, clarity=clarity, rng=rng):
            if not len(piece):
                continue
            samples = soften_peaks(piece * np.float32(10 ** (gain_db / 20)))
            fade_edges(samples, first=produced, total=total, rate_hz=target.rate_hz)
            produced += len(samples)
            yield np.concatenate([samples, pause]) if produced == total else samples, produced / total

    def _render(
        self, target: TargetVoice, speech: Waveform, language: str, *, clarity: float, rng: np.random.Generator
    ) -> Iterator[Samples]:
        if language == target.language:
            source = target.source
        else:
            voice = self._speaker.voice(language, target.variant, rate_hz=target.rate_hz)
            source = voice.statistics(warp=target.warp)
        renderer = SentenceRenderer(target, source, speech, clarity=clarity, rng=rng)
        return renderer.pieces(FIRST_PIECE_FRAMES, NEXT_PIECE_FRAMES)

    def _gain_db(self, target: TargetVoice) -> float:
        """The gain that brings a sentence to the target level, for source speech of 0 dB.

        A sentence must be heard before it is complete, so its level is predicted: the output follows the source's
        to the power of ENERGY_EXPONENT, and what is left varies by half a dB from sentence to sentence.
        """
        language, rate_hz = target.language, target.rate_hz
        line = min(PASSAGES[language], key=len)
        speech = self._speaker.speak(line, language, target.variant, rate_hz=rate_hz)
        rng = np.random.default_rng(0)
        pieces = self._render(target, speech, language, clarity=CLARITY.default, rng=rng)
        heard_db = active_level_db(Waveform(np.concatenate(list(pieces)), rate_hz))
        return TARGET_LEVEL_DB - heard_db + ENERGY_EXPONENT * active_level_db(speech)

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
