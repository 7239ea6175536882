"""What numbers, Roman numerals and addresses look like in writing, and what they are worth."""

import re
from collections.abc import Iterable

from voice.text.reading.language import Language
from voice.text.reading.values import Number

DASH = "[-–—−]"
VULGAR = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5)}
VULGAR |= {"⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8)}
VULGAR |= {"⅑": (1, 9), "⅒": (1, 10)}
TOP_LEVEL = (
    "com|org|net|edu|gov|info|io|ai|app|dev|fm|tv|me|co|uk|us|ca|au|nz|ie|in|de|at|ch|nl|be|fr|es|it|pt|br|pl|ru"
)
TOP_LEVEL += "|cz|hu|tr|jp|cn|kr|eu|mx|ar|cl|ua|se|no|dk|fi|ly|gg|xyz|podcast|audio|blog|shop|online|tech|cloud"
ADDRESS = (
    r"(?:[a-z][a-z0-9+.-]{1,9}://|www\.)[^\s<>\"“”()]{1,300}"
    r"|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"
    rf"|(?:[a-z0-9-]{{1,63}}\.){{1,4}}(?:{TOP_LEVEL})(?![\w.]\w)(?!\w)(?:/[^\s<>\"“”()]{{0,200}})?"
)
_ROMAN = re.compile("(M{0,3})(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def alternation(words: Iterable[str]) -> str:
    """Return a pattern for any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or r"(?!)"


def roman_value(numeral: str) -> int | None:
    """Return the value of a well-formed upper-case Roman numeral up to 3,999; None for anything else."""
    if not numeral or not _ROMAN.fullmatch(numeral):
        return None
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    return sum(-v if v < max(values[place:]) else v for place, v in enumerate(values))


def number_pattern(language: Language) -> str:
    """Return a pattern for a number without its sign; it has no groups."""
    sign = f"[{re.escape(language.groups)}'’]"
    grouped = rf"[0-9]{{1,3}}(?:{sign}{language.group_digits}){{0,4}}{sign}[0-9]{{3}}(?![0-9])"
    return rf"(?:{grouped}|[0-9]++)(?:{re.escape(language.decimal)}[0-9]++)?"


def parse_number(written: str, language: Language) -> Number:
    """Return the value of what `number_pattern` has matched, with or without a sign before it."""
    sign = {"−": "-", "–": "-"}.get(written[0], written[0]) if written[0] in "-−–+±" else ""
    whole, _, fraction = written.lstrip("-−–+± ").partition(language.decimal)
    return Number(re.sub(r"\D", "", whole), fraction, sign)
