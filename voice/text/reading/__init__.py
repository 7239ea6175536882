"""A text as it is read aloud: everything that is written in figures, signs and abbreviations becomes words.

`language.py` says what a language can say, one module a language says it, and `rules.py` finds what there is to say.
"""

import re
import unicodedata
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from voice.text.reading.capitals import capitalised
from voice.text.reading.values import Found
from voice.text.split import is_cjk, sentence_ends

if TYPE_CHECKING:
    from voice.text.reading.language import Language, Rule

    Reader = tuple[Language, tuple[Rule, ...]]

READERS = {
    "ar": "arabic.Arabic",
    "cs": "czech.Czech",
    "de": "german.German",
    "en": "english.English",
    "es": "spanish.Spanish",
    "fr": "french.French",
    "hi": "hindi.Hindi",
    "hu": "hungarian.Hungarian",
    "it": "italian.Italian",
    "ja": "japanese.Japanese",
    "ko": "korean.Korean",
    "nl": "dutch.Dutch",
    "pl": "polish.Polish",
    "pt": "portuguese.Portuguese",
    "ru": "russian.Russian",
    "tr": "turkish.Turkish",
    "zh-cn": "chinese.Chinese",
}
"""Where each language is, imported when it is first read."""

_STARTS = re.compile(r"[0-9]+|[^\W\d_¹²³⁰-⁹]+|[^\w\s]|[_¹²³⁰-⁹]")
"""What can begin something to be read: a run of digits, a run of letters, a sign."""
_NUMERAL = re.compile(r"\s*(?:[0-9]|[IVXLC]+\b)")


def read_aloud(text: str, language: str) -> str:
    """Return `text` with everything that `language` knows in words; what is not understood stays as it is.

    `text` comes from `clean_text`. Digits of every script become 0-9 first. Line breaks stay, and so does the end of
    each sentence for `sentence_ends`. Linear in the length; thread-safe; raises nothing for a known language.
    """
    text = re.sub(r"\d", lambda digit: str(int(digit[0])), text)
    rules = _rules(language)
    return "\n".join(_read_line(line, language, rules) for line in text.split("\n"))


@cache
def _rules(language: str) -> "Reader":
    from voice.text.reading.rules import CommonRules  # with Babel and num2words, which the web process does without

    module, name = READERS[language].split(".")
    reader: Language = getattr(import_module(f"voice.text.reading.{module}"), name)()
    return reader, (*reader.own_rules(), *CommonRules(reader).rules())


def _read_line(line: str, language: str, reader: "Reader") -> str:
    gap = reader[0].outer_gap
    line = reader[0].prepared(line)
    ends = frozenset(sentence_ends(line, language))
    parts: list[str] = []
    at = 0
    while start := _STARTS.search(line, at):
        if start.start() > at:
            parts.append(line[at : start.start()])
        at = start.start()
        said, end = _first_understood(line, at, reader, ends)
        if said is None:
            end = at + 1 if is_cjk(line[at]) else start.end()
            parts.append(line[at:end])
        else:
            parts.append(_placed(parts, said, line, end, gap))
        at = end
    return reader[0].finished("".join([*parts, line[at:]]))


def _first_understood(line: str, at: int, reader: "Reader", ends: frozenset[int]) -> tuple[str | None, int]:
    for pattern, say in reader[1]:
        match = pattern.match(line, at)
        if match is None or match.end() == at:
            continue
        found = Found(match, line, ends)
        said = say(found)
        if said is not None:
            return _as_in_sentence(said, found, reader[0]), match.end()
    return None, at


def _as_in_sentence(said: str, found: Found, language: "Language") -> str:
    """The words with the capital and the full stop that tell the splitter where sentences begin and end."""
    if found.starts_sentence:
        said = capitalised(said, language.code)
    if found[0].endswith(".") and found.ends_sentence and not _goes_on(found, language) and not said.endswith("."):
        said += "."
    return said


def _goes_on(found: Found, language: "Language") -> bool:
    """Say whether the sentence goes on behind what looks like its end: "afb. 3", "Mons. Romero", "N.B. : oui"."""
    after = found.after.lstrip()
    if after[:1] in {":", ",", ";"}:
        return True
    if found.match.lastgroup != "stop":
        return False
    word = found[0].rstrip(".").casefold()
    is_title = word in language.before_name and word not in language.after_name
    return _NUMERAL.match(after) is not None or (is_title and after[:1].isupper())


def _placed(parts: list[str], said: str, line: str, end: int, gap: str) -> str:
    """The words, set apart from letters that stood right beside the sign or number."""
    before = parts[-1][-1:] if parts else ""
    after = line[end : end + 1]
    left = gap if _is_of_word(said[:1]) and _is_of_word(before) else ""
    right = gap if _is_of_word(said[-1:]) and _is_of_word(after) else ""
    return f"{left}{said}{right}"


def _is_of_word(character: str) -> bool:
    """Say whether `character` is a letter, a digit, or a vowel sign of Hindi or Arabic; "" is none."""
    return character.isalnum() or (character != "" and unicodedata.category(character)[0] == "M")
