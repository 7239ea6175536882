"""What is asked of a text before it is taken: can it be said, is it in its language's script, how long will it be?

All of it is counting, a few milliseconds for 5,000 characters: a web process does it in every request, where
`normalize_text` would take seconds for a text that is all numbers.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from voice.errors import InvalidText

DIGIT_CHARS: Mapping[str, int] = {
    "ar": 13,
    **dict.fromkeys(("en", "pl", "de", "pt"), 10),
    **dict.fromkeys(("es", "fr", "ru", "nl"), 9),
    **dict.fromkeys(("it", "cs"), 8),
    **dict.fromkeys(("hu", "tr"), 7),
    "hi": 6,
    "ja": 4,
    **dict.fromkeys(("zh-cn", "ko"), 2),
}
"""Characters of words for each digit of a number: "777" is "seven hundred and seventy-seven". From the means of
`read_aloud` over random numbers of 2 to 12 digits; Arabic counts its vowel signs, and Japanese writes syllables."""
ALONE_CHARS, ALONE_CHARS_CJK = 6, 2
"""The same for one that is read by itself: "7", and each digit of a number that is too long for a number word."""
SIGN_CHARS, SIGN_CHARS_CJK = 9, 5
"""The same for a sign that is read as a word, as in "5 %", "$3" and "½"."""
NAMED_SIGN_CHARS = 18
"""The same for ©, ® and ™, whose names are two or three words in most languages."""
UNIT_CHARS, UNIT_CHARS_CJK = 8, 3
"""What the shorthand beside a number adds when it is read as words: "5 km", "CHF 5"; and one in capitals: "MW"."""
DOTTED_CHARS, DOTTED_CHARS_CJK = 5, 1
"""The same for each full stop of an abbreviation that has several: "z.B.", "p.n.e."."""
MOST_UNDERRATED = 4.0
"""No text is read out in more characters than this many times its `spoken_length`. Numbers, signs and
units are met within a factor of two; a text of nothing but abbreviations comes near to four."""

_CJK = frozenset({"zh-cn", "ja", "ko"})
_NUMBER = re.compile(r"\d+(?:([.,'’ \u00a0\u202f])\d{3}(?!\d)(?:\1\d{3}(?!\d))*)?")
_LONGEST_NUMBER = 12
_SHORTHAND = r"[^\W\d_]{1,4}[²³23]?"
_BESIDE_NUMBER = re.compile(rf"(?<=\d)\s?({_SHORTHAND})(/{_SHORTHAND})?(?![\w])|(?<!\w)([A-Z]{{1,3}})\s?(?=\d)")
_DOTTED = re.compile(r"(?<!\w)(?:[^\W\d_]{1,3}\.\s?){1,6}[^\W\d_]{1,3}(?!\w)\.?")
_COMPACT = re.compile(r"(?<!\w)(?:[A-Za-z][a-z]?[A-Z]|[^\W\d_]{1,3}/[^\W\d_]{1,3})(?!\w)")
_SPOKEN_PUNCTUATION = frozenset("%‰&@§#π")
_NAMED_SIGNS = frozenset("©®™")
_SCRIPTS: Mapping[str, frozenset[str]] = {
    "ru": frozenset({"CYRILLIC"}),
    "ar": frozenset({"ARABIC"}),
    "hi": frozenset({"DEVANAGARI"}),
    "zh-cn": frozenset({"CJK", "BOPOMOFO"}),
    "ja": frozenset({"CJK", "HIRAGANA", "KATAKANA"}),
    "ko": frozenset({"HANGUL", "CJK"}),
}
"""The scripts of each language beside Latin, which all of them read: names of products, and whole quotations."""
_LANGUAGE_OF = {
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "DEVANAGARI": "hi",
    "CJK": "zh-cn",
    "BOPOMOFO": "zh-cn",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
}
_FOREIGN_SHARE = 0.7
_FOREIGN_LETTERS = 6
"""Fewer are a formula's or a name's. A Chinese, Japanese or Korean character counts three times: it is a syllable."""
_SYLLABLES = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})


def spoken_length(text: str, language: str) -> int:
    """About how many characters `text` has when it is read out in `language`, its numbers and signs as words.

    A text without digits and signs has as many as are written. What `normalize_text` makes of it is at most
    `MOST_UNDERRATED` times as long. `text`: as `clean_text` leaves it. Linear, pure and thread-safe.
    Raises KeyError for a language that is not in `DIGIT_CHARS`.
    """
    is_cjk = language in _CJK
    in_number, alone = DIGIT_CHARS[language], ALONE_CHARS_CJK if is_cjk else ALONE_CHARS
    sign = SIGN_CHARS_CJK if is_cjk else SIGN_CHARS
    length = len(text)
    for found in _NUMBER.finditer(text):
        digits = sum(map(str.isdigit, found[0]))
        length += digits * ((in_number if 1 < digits <= _LONGEST_NUMBER else alone) - 1)
    signs = sum(_is_read_as_word(character) for character in text)
    named = sum(text.count(character) for character in _NAMED_SIGNS)
    units = sum(1 for pattern in (_BESIDE_NUMBER, _COMPACT) for _ in pattern.finditer(text))
    dots = sum(found[0].count(".") for found in _DOTTED.finditer(text))
    unit, dot = (UNIT_CHARS_CJK, DOTTED_CHARS_CJK) if is_cjk else (UNIT_CHARS, DOTTED_CHARS)
    return length + signs * (sign - 1) + named * NAMED_SIGN_CHARS + units * unit + dots * dot


def check_speakable(text: str) -> None:
    """Raise InvalidText `text_unspeakable` for a text without any letter or digit."""
    if not any(character.isalnum() for character in text):
        raise InvalidText(
            "text_unspeakable", "The text has no letter or digit, so there is nothing to speak. Write it in words."
        )


def check_script(text: str, language: str) -> None:
    """Raise InvalidText `language_mismatch` for a text nearly all in letters that `language` is not written in.

    Its details name the `script`, and as `suggested_language` the one of our languages that it fits, or None. Latin
    letters pass everywhere; so do digits, a few words, and a quotation in a text that is otherwise in its language.
    """
    letters = Counter(filter(None, map(_script, text)))
    weights = {script: count * (3 if script in _SYLLABLES else 1) for script, count in letters.items()}
    own = _SCRIPTS.get(language, frozenset()) | {"LATIN"}
    foreign = {script: weight for script, weight in weights.items() if script not in own}
    total = sum(foreign.values())
    if total < max(_FOREIGN_LETTERS, _FOREIGN_SHARE * sum(weights.values())):
        return
    script = max(foreign, key=lambda name: foreign[name])
    suggested = _LANGUAGE_OF.get(script)
    if script == "CJK" and foreign.keys() & {"HIRAGANA", "KATAKANA"}:
        suggested = "ja"
    advice = (
        f"Send it with the language {suggested!r}, or write it in the letters of {language!r}."
        if suggested
        else "None of the languages here is written in it."
    )
    name = "Chinese" if script == "CJK" else script.capitalize()
    raise InvalidText(
        "language_mismatch",
        f"The text is written in {name} letters, which {language!r} is not. {advice}",
        details={"language": language, "script": script.lower(), "suggested_language": suggested},
    )


@lru_cache(maxsize=8192)
def _is_read_as_word(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind in ("Sc", "Sm", "No", "Nl") or character in _SPOKEN_PUNCTUATION or character == "°"


@lru_cache(maxsize=8192)
def _script(character: str) -> str:
    """The first word of a letter's name in Unicode, which is its script; "" for what is no letter."""
    if not character.isalpha():
        return ""
    words = unicodedata.name(character, "UNKNOWN").split()
    return words[1] if words[0] in ("FULLWIDTH", "HALFWIDTH") and len(words) > 1 else words[0]
