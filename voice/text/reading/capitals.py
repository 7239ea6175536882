"""Capitals: what is shouted becomes ordinary writing, and what is spelled stays as it is."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from voice.text.reading.values import words
from voice.text.split import sentence_ends

_ACRONYMS = words(
    "USA UK EU UN UNO UNESCO UNICEF NATO NASA ESA FBI CIA NSA IBM AI API ATM CEO CFO CTO COO IQ ID IP TV ABC AOL "
    "ASAP DIY DNA RNA DNS EEG EKG ECG EPA ESPN FIFA UEFA FAQ FDA GPU CPU USB URL HIV IMF IRS ISBN ISO NBA NCAA OECD "
    "OPEC PDF RSVP SUV UFO VAT VIP YMCA USSR UAE ARD ADAC CDU CSU EDV ONU OTAN UE ANWB LED OLED UCLA NYU HBO NPR "
    "BAFTA COVID UI UX AWS SAP ETF IPO GPA MBA UTC IOC IAEA EZB ECB AIDS CERN JPEG ASEAN NAFTA MERCOSUR FAA"
)
"""Names in capitals that hold a vowel. Those without one (BBC, HTML) need no list."""

_WORDS_HERE = {"fr": words("UN"), "es": words("UN ESA"), "it": words("UN AI API"), "pt": words("EU")}
"""Where such a name is an ordinary word of the language, the word wins."""

_VOWELS = re.compile("[aeiouyæœøıаеёиоуыэюяієїαεηιουω]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ROMAN = re.compile("[IVX]{2,}")
_LEAST_LETTERS = 3


def without_shouting(line: str, language: str) -> str:
    """Return `line` with whole sentences, and three or more words in a row, in capitals written small.

    Acronyms keep their capitals: those that are known, and words without a vowel. Roman numerals do as well. One or
    two words in capitals among others stay as they are. Linear; line breaks are not looked for.
    """
    if not any(map(str.isupper, line)):
        return line
    ends = [0, *sentence_ends(line, language), len(line)]
    acronyms = _ACRONYMS - _WORDS_HERE.get(language, frozenset())
    return "".join(_calm(line[start:end], acronyms, language) for start, end in pairwise(ends))


def capitalised(words: str, language: str) -> str:
    """Return `words` with a capital at their head. Turkish has an i with a dot and one without."""
    return ("İ" if language == "tr" and words[:1] == "i" else words[:1].upper()) + words[1:]


def _small(word: str, language: str) -> str:
    return (word.replace("I", "ı").replace("İ", "i") if language == "tr" else word).lower()


def _calm(sentence: str, acronyms: frozenset[str], language: str) -> str:
    shouted = list(_shouted_runs(sentence, acronyms))
    for start, end in reversed(shouted):
        quiet = _WORD.sub(
            lambda word: word[0] if _is_spelled(word[0], acronyms) else _small(word[0], language), sentence[start:end]
        )
        is_first = not any(map(str.isalpha, sentence[:start]))
        sentence = f"{sentence[:start]}{capitalised(quiet, language) if is_first else quiet}{sentence[end:]}"
    return sentence


def _shouted_runs(sentence: str, acronyms: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield the spans of words in capitals that are no acronyms: the whole sentence, or runs within it."""
    run: list[re.Match[str]] = []
    is_whole = not any(map(str.islower, sentence))
    for word in [*_WORD.finditer(sentence), None]:
        if word is not None and word[0].isupper():
            run.append(word)
            continue
        plain = [found for found in run if not _is_spelled(found[0], acronyms)]
        longest = max((len(found[0]) for found in plain), default=0)
        if longest >= _LEAST_LETTERS and (len(plain) >= (2 if is_whole else 3) or (is_whole and longest >= 4)):
            yield run[0].start(), run[-1].end()
        run = []


def _is_spelled(word: str, acronyms: frozenset[str]) -> bool:
    folded = unicodedata.normalize("NFD", word.lower())
    return len(word) > 1 and (word in acronyms or _ROMAN.fullmatch(word) is not None or not _VOWELS.search(folded))
