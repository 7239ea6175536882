"""Text to the token ids that the GPT was trained on: Coqui's cleaners and the checkpoint's byte-pair encoding.

Importing this is light; making a TextTokenizer imports Coqui's cleaners (and with them torch).
"""

import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voice.engines.xtts.options import VOCABULARY
from voice.errors import InvalidText

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
    """Whether a token of the vocabulary stands for sound: not for a pause, a language, or what has no token."""
    is_special = token.startswith("[") and token.endswith("]")
    return not is_special and any(character.isalnum() for character in token)
