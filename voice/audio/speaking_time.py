"""How long a text may take to be spoken, to tell speech from an engine that fell silent or would not stop."""

import unicodedata
from collections.abc import Mapping

LETTER_S: Mapping[str, float] = {
    "en": 0.072,
    "es": 0.066,
    "fr": 0.052,
    "de": 0.065,
    "it": 0.066,
    "pt": 0.071,
    "pl": 0.077,
    "tr": 0.076,
    "ru": 0.066,
    "nl": 0.071,
    "cs": 0.078,
    "ar": 0.111,
    "zh-cn": 0.25,
    "ja": 0.13,
    "hu": 0.075,
    "ko": 0.19,
    "hi": 0.081,
}
"""Seconds per letter or combining mark at espeak-ng's normal pace (175 words per minute), measured on a paragraph per
language with its pauses. People read aloud 10 to 20 % slower. Arabic writes no short vowels; a Chinese or Korean
character is a syllable, a Japanese one mostly a mora."""

_SCRIPT_S = (("CJK", 0.25), ("HIRAGANA", 0.13), ("KATAKANA", 0.13), ("HANGUL", 0.19))
_LATIN_LETTER_S = 0.08
_NUMBER_S = 0.3
_SYMBOL_S = 0.3
_PAUSE_S = 0.7

_FASTEST, _SLOWEST = 0.4, 2.5
_LEAST_S, _MOST_EXTRA_S = 0.05, 1.5


def plausible_duration_s(text: str, language: str, *, speed: float = 1.0) -> tuple[float, float]:
    """The shortest and the longest that `text` can plausibly take, in seconds.

    From 0.4 to 2.5 times what its letters take at a normal pace, and above that up to 0.7 s for every punctuation mark
    and 1.5 s for the whole. Letters of another script than the language's own count by their script. `speed` divides
    both. Raises KeyError for a language that is not in `LETTER_S`, ValueError for a speed that is not
    positive.
    """
    if speed <= 0:
        raise ValueError(f"need a positive speed, got {speed}")
    spoken_s, pauses = spoken_duration_s(text, language)
    shortest_s = max(_FASTEST * spoken_s, _LEAST_S)
    longest_s = _SLOWEST * spoken_s + _PAUSE_S * pauses + _MOST_EXTRA_S
    return shortest_s / speed, longest_s / speed


def spoken_duration_s(text: str, language: str) -> tuple[float, int]:
    """Seconds that the letters, digits and symbols of `text` take at a normal pace, and its punctuation marks.

    Raises KeyError for a language that is not in `LETTER_S`.
    """
    letter_s = LETTER_S[language]
    spoken_s, pauses = 0.0, 0
    for character in text:
        kind = unicodedata.category(character)[0]
        spoken_s += _character_s(character, kind, letter_s)
        pauses += kind == "P"
    return spoken_s, pauses


def _character_s(character: str, kind: str, letter_s: float) -> float:
    if kind in "LM":
        name = unicodedata.name(character, "")
        if name.startswith("LATIN"):
            return min(letter_s, _LATIN_LETTER_S)
        return next((seconds for script, seconds in _SCRIPT_S if name.startswith(script)), letter_s)
    return {"N": _NUMBER_S, "S": _SYMBOL_S}.get(kind, 0.0)
