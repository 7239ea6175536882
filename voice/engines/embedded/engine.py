"""The engine: a reference becomes a profile, and a text is spoken with it piece by piece.

espeak-ng is given lines in scripts that it can read: it spells kanji as "Chinese letter".
"""

import re
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sudachipy import Dictionary, SplitMode

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
from voice.engines.embedded.passages import PASSAGES
from voice.engines.embedded.renderer import ENERGY_EXPONENT, SentenceRenderer, fade_edges, soften_peaks
from voice.engines.embedded.source import LOW_VARIANT, EspeakProcess, SourceSpeaker
from voice.engines.embedded.target import RoomTone, TargetVoice, from_profile, to_profile
from voice.engines.spec import LANGUAGES
from voice.errors import InvalidText
from voice.text.split import split_passages

FIRST_PIECE_FRAMES = 120
NEXT_PIECE_FRAMES = 300
PREPARED_VOICES = 4
SEEDS = 1 << 64

LIMIT_CHARS = {"zh-cn": 80, "ja": 70, "ko": 95}
DEFAULT_LIMIT_CHARS = 220
SENTENCE_PAUSE_S = 0.35
CLAUSE_PAUSE_S = 0.15
PARAGRAPH_PAUSE_S = 0.75
SENTENCE_END = re.compile(r"[.!?…。！？．؟।॥]['\"”’»」』)\]]*$")  # noqa: RUF001 (full stops of other scripts)
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
HANGUL = re.compile(r"[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
KANJI = re.compile(r"[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
HIRAGANA = {katakana: katakana - 0x60 for katakana in range(0x30A1, 0x30F7)}

_local = threading.local()


def make(values: Mapping[str, object]) -> "EmbeddedEngine":
    """The engine; it has no settings."""
    return EmbeddedEngine()


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, or a clause of a long one. `spoken`: for the source speaker. `chars`: of the text as given."""

    spoken: str
    chars: int
    pause_s: float


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
        self._prepared: OrderedDict[bytes, TargetVoice] = OrderedDict()

    def warm_up(self) -> None:
        """Start the espeak process and measure its English voice. Raises EngineUnavailable if it cannot start."""
        self._speaker.voice("en", LOW_VARIANT, rate_hz=RATE_MAX_HZ)

    def close(self) -> None:
        self._process.close()

    def clone(self, references: Sequence[Waveform], language: str) -> VoiceProfile:
        """Make a profile of the speaker of `references`; at most 90 s of them are used, a fair share of each.

        The profile speaks at the lowest rate of the references, clamped to 16..24 kHz; for its arrays see
        `target.to_profile`. `reference_unusable`: there are less than two seconds of voiced speech.
        """
        check_language(language, ENGINE)
        target = target_from_references(references, self._speaker, language)
        return to_profile(replace(target, gain_db=self._gain_db(target)))

    def synthesize(
        self, profile: VoiceProfile, text: str, language: str, params: SynthesisParams
    ) -> Generator[SpeechChunk, None, None]:
        """Speak `text` in chunks within -1..1 at the profile's rate, the first of half a second, the others of 1 to 2.

        Joined they are the speech, every sentence at the same level, with the pauses in between. Raises at any step
        also SourceSpeechFailed (retryable).
        """
        check_profile(profile, ENGINE)
        check_language(language, ENGINE)
        lines = lines_of(text, language)
        target = self._target(profile)
        total = sum(line.chars for line in lines)
        spoken = 0
        rng = np.random.default_rng((params.seed % SEEDS, len(lines)))
        room = RoomTone(target.room, rate_hz=target.rate_hz, rng=rng)
        for number, line in enumerate(lines):
            ends_text = number == len(lines) - 1
            rng = np.random.default_rng((params.seed % SEEDS, number))
            pieces = self._speak_line(target, line, language, params, rng=rng, room=room, with_pause=not ends_text)
            for samples, share in pieces:
                progress = 1.0 if ends_text and share == 1.0 else (spoken + line.chars * share) / total
                yield SpeechChunk(Waveform(samples, target.rate_hz), progress, number)
            spoken += line.chars

    def blend(self, parts: Sequence[tuple[VoiceProfile, float]]) -> VoiceProfile:
        """A voice between voices: envelopes and F0 interpolated in the logarithm, on the waveform of the heaviest."""
        shares = blend_shares(parts)
        voices = [self._target(profile) for profile, _ in parts]
        return to_profile(blend_targets(list(zip(voices, shares, strict=True))))

    def similarity(self, profile: VoiceProfile, waveform: Waveform) -> float:
        return likeness(self._target(profile), waveform)

    def _speak_line(
        self,
        target: TargetVoice,
        line: Line,
        language: str,
        params: SynthesisParams,
        *,
        rng: np.random.Generator,
        room: RoomTone,
        with_pause: bool,
    ) -> Iterator[tuple[Samples, float]]:
        """One line in pieces, each with the share of the line that is spoken after it."""
        speech = self._speaker.speak(line.spoken, language, target.variant, rate_hz=target.rate_hz, speed=params.speed)
        if not len(speech.samples):
            raise InvalidText("text_unspeakable", "A sentence of the text holds nothing that can be said.")
        clarity = float(params.options.get(CLARITY.name, CLARITY.default))
        gain_db = target.gain_db - ENERGY_EXPONENT * active_level_db(speech)
        pause_samples = int(with_pause * line.pause_s / params.speed * target.rate_hz)
        total, produced = len(speech.samples), 0
        for piece in self._render(target, speech, language, clarity=clarity, rng=rng):
            if not len(piece):
                continue
            samples = piece * np.float32(10 ** (gain_db / 20))
            fade_edges(samples, first=produced, total=total, rate_hz=target.rate_hz)
            produced += len(samples)
            if produced == total:
                samples = np.concatenate([samples, np.zeros(pause_samples, dtype=np.float32)])
            floor = room.take(len(samples))
            if produced == total and not with_pause:
                second = target.rate_hz  # far from its beginning: it only fades out
                fade_edges(floor, first=second, total=second + len(floor), rate_hz=target.rate_hz)
            yield soften_peaks(samples + floor), produced / total

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
        """The prepared voice of `profile`; those of the last four profiles are kept, whichever job loaded them."""
        key = profile.digest()
        with self._lock:
            kept = self._prepared.get(key)
            if kept is not None:
                self._prepared.move_to_end(key)
                return kept
        target = from_profile(profile)
        target.prepare()
        with self._lock:
            self._prepared[key] = target
            while len(self._prepared) > PREPARED_VOICES:
                self._prepared.popitem(last=False)
        return target


def lines_of(text: str, language: str) -> list[Line]:
    """The lines of `text`, at least one. `language`: a key of LANGUAGES.

    Raises InvalidText `text_unspeakable` where there is no letter or digit in the text, or a script that the
    language's voice would spell out in English ("Chinese letter").
    """
    _check_speakable(text, language)
    passages = split_passages(text, language, limit_chars=LIMIT_CHARS.get(language, DEFAULT_LIMIT_CHARS))
    return [
        Line(
            spoken=to_kana(passage.text) if language == "ja" else passage.text,
            chars=len(passage.text),
            pause_s=_pause_s(passage.text, ends_paragraph=passage.ends_paragraph),
        )
        for passage in passages
    ]


def _check_speakable(text: str, language: str) -> None:
    if not any(unicodedata.category(character)[0] in "LN" for character in text):
        raise InvalidText("text_unspeakable", "The text holds no letter and no digit: there is nothing to say.")
    scripts = [(HAN, {"zh-cn", "ja"}), (KANA, {"ja"}), (HANGUL, {"ko"})]
    for script, readers in scripts:
        found = script.search(text)
        if found and language not in readers:
            message = f"{found[0]!r} cannot be read in {LANGUAGES[language]}. Choose the language of the text."
            raise InvalidText("text_unspeakable", message, details={"unreadable": found[0]})


def _pause_s(text: str, *, ends_paragraph: bool) -> float:
    if ends_paragraph:
        return PARAGRAPH_PAUSE_S
    return SENTENCE_PAUSE_S if SENTENCE_END.search(text) else CLAUSE_PAUSE_S


def to_kana(text: str) -> str:
    """`text` with every word that is written with kanji replaced by its reading in hiragana.

    Particles and everything else that espeak-ng can read stay as they are, and words are set apart by spaces, which
    espeak-ng needs to find accents. Raises InvalidText `text_unspeakable` for kanji that have no known reading.
    Readings are those of SudachiDict (Takaoka et al., 2018). Safe to call from threads.
    """
    if not KANJI.search(text):
        return text
    if not hasattr(_local, "tokenizer"):
        _local.tokenizer = Dictionary(dict="small").tokenizer(mode=SplitMode.C)  # a tokenizer is not thread-safe
    return " ".join(_spoken(m.surface(), m.reading_form()) for m in _local.tokenizer.tokenize(text))


def _spoken(surface: str, reading: str) -> str:
    if not KANJI.search(surface):
        return surface
    if KANJI.search(reading) or not reading:
        raise InvalidText(
            "text_unspeakable",
            f"The reading of {surface!r} is not known. Write it in kana.",
            details={"unreadable": surface},
        )
    return reading.translate(HIRAGANA)
