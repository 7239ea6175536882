"""A text as the lines that espeak-ng reads, in scripts that it can read: it spells kanji as "Chinese letter"."""

import re
import threading
import unicodedata
from dataclasses import dataclass

from sudachipy import Dictionary, SplitMode

from voice.engines.spec import LANGUAGES
from voice.errors import InvalidText
from voice.text.split import split_passages

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

_local = threading.local()


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, or a clause of a long one. `spoken`: for the source speaker. `chars`: of the text as given."""

    spoken: str
    chars: int
    pause_s: float


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
    return katakana_to_hiragana(reading)


def katakana_to_hiragana(text: str) -> str:
    """Katakana as hiragana, letter by letter; everything else stays."""
    return "".join(chr(ord(c) - 0x60) if "\u30a1" <= c <= "\u30f6" else c for c in text)
