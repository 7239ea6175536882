"""Japanese for espeak-ng, which reads kana and spells kanji as "Chinese letter"."""

import re
import threading

from sudachipy import Dictionary, SplitMode

from voice.errors import InvalidText

KANJI = re.compile(r"[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
HIRAGANA = re.compile(r"[\u3041-\u3096]")
READING_CHUNK_BYTES = 40_000  # SudachiPy refuses inputs of more than 49,149 bytes

_local = threading.local()


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
    return katakana_to_hiragana(reading)


def katakana_to_hiragana(text: str) -> str:
    """Katakana as hiragana, letter by letter; everything else stays."""
    return "".join(chr(ord(c) - 0x60) if "\u30a1" <= c <= "\u30f6" else c for c in text)
