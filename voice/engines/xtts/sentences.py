"""A text in the sentences that the GPT reads one at a time, as the token ids that it was trained on.

Coqui's cleaners and the checkpoint's byte-pair encoding make the ids. Importing this is light; making a TextTokenizer
imports Coqui's cleaners (and with them torch).
"""

import re
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voice.engines.xtts.configuration import VOCABULARY
from voice.errors import InvalidText
from voice.text.split import CLOSERS, split_passages

if TYPE_CHECKING:
    from voice.engines.xtts.checkpoint import Checkpoint

CHARACTER_LIMITS: Mapping[str, int] = {
    "en": 250,
    "de": 253,
    "fr": 273,
    "es": 239,
    "it": 213,
    "pt": 203,
    "pl": 224,
    "zh-cn": 82,
    "ar": 166,
    "cs": 186,
    "ru": 182,
    "nl": 251,
    "tr": 226,
    "ja": 71,
    "hu": 224,
    "ko": 95,
    "hi": 150,
}
"""Characters of a sentence by language, above which Coqui warns that XTTS may leave out words."""

HINDI_DIGITS = ("शून्य", "एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ")
SENTENCE_PAUSE_S = 0.1
PARAGRAPH_PAUSE_S = 0.5
_LEAST_CHARS = 8
_cleaning = threading.Lock()  # num2words and cutlet keep state in their modules while they work


class TextTokenizer:
    """The tokenizer of one checkpoint. Thread-safe.

    `most_tokens`: the longest sentence that the GPT can read, in ids of `encode`, as Coqui has it.
    """

    def __init__(self, checkpoint: "Checkpoint") -> None:
        from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

        self._coqui: Any = VoiceBpeTokenizer(checkpoint.folder / VOCABULARY)
        self._spoken = {number for token, number in self._coqui.tokenizer.get_vocab().items() if _is_spoken(token)}
        self.most_tokens = checkpoint.shape.max_text_tokens - 1

    def encode(self, text: str, language: str) -> tuple[int, ...]:
        """Token ids of `text`, the language's tag first; empty where no letter or digit of it has a token.

        `language` is a key of LANGUAGES. The ids are those of Coqui's `VoiceBpeTokenizer.encode` for the stripped
        text in small letters; there may be more than `most_tokens`. Where Coqui's cleaners fail at a number (any in
        Hindi, ordinals in Czech, very long ones), its digits are read one by one. The text is not logged, as
        Coqui's own method would. Raises InvalidText `text_unspeakable` where they fail at something else, and
        `language_unsupported` where the checkpoint has no tag for the language, as those before v2.0.3 for Hindi.
        """
        if self._coqui.tokenizer.token_to_id(f"[{language}]") is None:
            raise InvalidText("language_unsupported", f"The loaded checkpoint of XTTS does not speak {language!r}.")
        stripped = text.strip().lower()
        try:
            try:
                cleaned = self._cleaned(stripped, language)
            except Exception:  # the libraries of 17 languages raise anything, NotImplementedError most of all
                cleaned = self._cleaned(_digits_apart(stripped, language), language)
        except Exception as error:
            raise InvalidText(
                "text_unspeakable",
                "A sign in the text cannot be read aloud. Write it in words.",
                details={"cause": type(error).__name__},
            ) from None  # its message may quote the text, which belongs in no log
        ids: list[int] = self._coqui.tokenizer.encode(f"[{language}]{cleaned}".replace(" ", "[SPACE]")).ids
        return tuple(ids) if self._spoken.intersection(ids) else ()

    def _cleaned(self, text: str, language: str) -> str:
        with _cleaning:
            cleaned: str = self._coqui.preprocess_text(text, language.split("-")[0])
        return cleaned


def _digits_apart(text: str, language: str) -> str:
    """`text` with every digit, of any script, as a word of its own; num2words has no numbers in Hindi at all."""
    names = HINDI_DIGITS if language == "hi" else "0123456789"
    return re.sub(r"\d", lambda digit: f" {names[int(digit[0])]} ", text)


def _is_spoken(token: str) -> bool:
    """True if a token of the vocabulary stands for sound: not for a pause, a language, or what has no token."""
    is_special = token.startswith("[") and token.endswith("]")
    return not is_special and any(character.isalnum() for character in token)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` as it is read, `ids` its tokens, `pause_s` the silence after it at speed 1: 0 for the last."""

    text: str
    ids: tuple[int, ...]
    pause_s: float


def sentences_of(text: str, language: str, tokenizer: TextTokenizer) -> list[Sentence]:
    """`text` in sentences within the character limit of `language` and the token limit of the GPT; no word is lost.

    XTTS adds a pause of its own to most sentences, so ours is short. Raises InvalidText `text_unspeakable` for a text
    without anything to say, and for a sentence whose letters the tokenizer does not have.
    """
    passages = split_passages(text, language, limit_chars=CHARACTER_LIMITS[language])
    found: list[tuple[Piece, float]] = []
    for passage in passages:
        if any(character.isalnum() for character in passage.text):
            *before, last = _pieces(passage.text, language, tokenizer)
            found += [(piece, SENTENCE_PAUSE_S) for piece in before]
            found.append((last, PARAGRAPH_PAUSE_S if passage.ends_paragraph else SENTENCE_PAUSE_S))
    if not found:
        raise InvalidText("text_unspeakable", "The text holds nothing that can be said. Write words.")
    return [
        Sentence(piece[0], piece[1], pause_s if number < len(found) else 0.0)
        for number, (piece, pause_s) in enumerate(found, start=1)
    ]


Piece = tuple[str, tuple[int, ...]]


def _pieces(text: str, language: str, tokenizer: TextTokenizer) -> list[Piece]:
    """`text` with its tokens, in halves where it has too many: digits and foreign letters take several each."""
    ids = tokenizer.encode(_ended(text), language)
    if not ids:
        raise InvalidText(
            "text_unspeakable", "A sentence of the text is in letters that XTTS does not know. Check its language."
        )
    if len(ids) <= tokenizer.most_tokens:
        return [(text, ids)]
    if len(text) < _LEAST_CHARS:
        raise InvalidText("text_unspeakable", "A word of the text cannot be spoken. Write it in another way.")
    halves = split_passages(text, language, limit_chars=-(-len(text) // 2))
    return [piece for half in halves for piece in _pieces(half.text, language, tokenizer)]


def _ended(text: str) -> str:
    """A sentence that ends without a mark is one that XTTS goes on with."""
    last = text.rstrip(CLOSERS)[-1:]
    return text if unicodedata.category(last or ".").startswith("P") else f"{text}."
