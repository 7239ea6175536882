"""Where a sentence ends inside one line of text.

Own rules for 17 languages; docs/adr/0003-text-splitting.md says why. When in doubt they do not cut: two sentences
spoken in one breath are heard as fast speech, a sentence cut after "Mr." as a mistake.
"""

import re

from voice.text.abbreviations import (
    ORDINAL_DOT_LANGUAGES,
    is_maybe_final,
    is_never_final,
    stands_before_number,
)

FULL_WIDTH_TERMINATORS = "。！？｡．।॥"
TERMINATORS = ".!?…‥‼⁇⁈⁉؟۔" + FULL_WIDTH_TERMINATORS
CLOSERS = "\"'”’“»«›‹)]}」』）】〉》〕］｝＂＇"
CLAUSE_MARKS = ",;:،؛、，；：—–"
_OPENERS = "\"'“„‚‘«‹»([{¿¡「『（【《〈〔—–-*•"

_END = re.compile(
    "[{ends}](?:[{ends}{closers}]| (?=[{ends}]))*(?: »)?".format(
        ends=re.escape(TERMINATORS), closers=re.escape(CLOSERS)
    )
)
_NEXT_WORD = re.compile(f"[\\s{re.escape(_OPENERS)}]{{0,8}}")
_TOKEN_REACH = 24
"""No abbreviation is longer; a bound keeps text without spaces linear."""
_ROMAN_NUMERAL = re.compile(r"[IVXLCM]+")
_DOTTED = re.compile(r"(?:\w\.)+\w")
_LONGEST_CAUTIOUS_TOKEN = 4
_CJK_RANGES = (
    (0x1100, 0x11FF),
    (0x2E80, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x3FFFF),
)


def is_cjk(character: str) -> bool:
    """Say whether `character` is a Chinese, Japanese or Korean letter: one of them is about a syllable."""
    code = ord(character)
    return code >= 0x1100 and any(first <= code <= last for first, last in _CJK_RANGES)


def sentence_ends(line: str, language: str) -> list[int]:
    """Return the offsets in `line` behind each sentence but the last, ascending, each in 1..len(line)-1.

    `line` holds no whitespace but single spaces; `language` is one of the product's codes ("en", "zh-cn"), and an
    unknown one gets the rules without abbreviations. Linear in the length; pure, thread-safe, raises nothing.
    """
    return [end.end() for end in _END.finditer(line) if end.end() < len(line) and _ends_sentence(line, end, language)]


def _ends_sentence(line: str, end: re.Match[str], language: str) -> bool:
    following = line[end.end()]
    closed = end[0][-1] in CLOSERS
    if not following.isspace():
        return not closed and _may_follow_directly(end[0], following)
    skipped = _NEXT_WORD.match(line, end.end())
    next_at = skipped.end() if skipped else end.end()
    next_word = line[next_at : next_at + 1]
    if closed and next_word.islower():
        return False
    mark = end[0].rstrip(CLOSERS + " ").replace(" ", "")
    if mark == ".":
        return _full_stop_ends(line, end.start(), next_word, language)
    if "…" in mark or mark.endswith(".."):
        return not next_word.islower()
    return True


def _may_follow_directly(marks: str, following: str) -> bool:
    """Say whether a sentence may end with no space behind: in Chinese and Japanese, and in careless Korean."""
    return (marks[-1] in FULL_WIDTH_TERMINATORS and not following.isdigit()) or is_cjk(following)


def _full_stop_ends(line: str, stop: int, next_word: str, language: str) -> bool:
    reach = line[max(0, stop - _TOKEN_REACH) : stop]
    token = reach.split()[-1].lstrip(_OPENERS) if reach and not reach[-1].isspace() else ""
    before_number = next_word.isdigit()
    if not token:
        return True
    if token.isdigit() and stop - len(token) <= 0:
        return False  # "1. Open the door": the number belongs to its item
    word = token.lower()
    if is_never_final(word, language) or (before_number and stands_before_number(word, language)):
        return False
    if _is_initial(token) or _is_ordinal(token, language):
        return False
    cautious = (
        len(token) <= _LONGEST_CAUTIOUS_TOKEN or is_maybe_final(word, language) or bool(_DOTTED.fullmatch(token))
    )
    return not (cautious and (next_word.islower() or (before_number and is_maybe_final(word, language))))


def _is_initial(token: str) -> bool:
    return len(token) == 1 and token.isalpha() and not is_cjk(token)


def _is_ordinal(token: str, language: str) -> bool:
    if language not in ORDINAL_DOT_LANGUAGES:
        return False
    return (token.isdigit() and len(token) <= 2) or _ROMAN_NUMERAL.fullmatch(token) is not None
