"""Text as it came in, made clean and speakable.

`clean_text` removes what nobody can hear, and a text is stored as it leaves it; `normalize_text` also spells numbers
out, for the engine. Both keep every word: what they do not know stays as it is.
"""

import re
import unicodedata
from collections.abc import Iterable

from voice.errors import InvalidText
from voice.text.markup import Markup, without_markup
from voice.text.reading import read_aloud
from voice.text.split import CLOSERS, TERMINATORS

_MAX_RAW_MARKS = 30
"""A run of combining marks beyond this is noise: the Stream-Safe Text Format of Unicode's UAX #15 has the same 30."""
_MAX_MARKS = 8
_WRAPPED_LINE_CHARS = 40

_JOINERS = "\u200c\u200d"
_JOINING_SCRIPTS = "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc"
_NEEDED_JOINER = re.compile(
    f"(?<=[{_JOINING_SCRIPTS}])([{_JOINERS}])[{_JOINERS}]*(?=[{_JOINING_SCRIPTS}])|[{_JOINERS}]+"
)
_INVISIBLE = {
    **dict.fromkeys([0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10)]),
    **dict.fromkeys(range(0xE0100, 0xE01F0)),
    0x2800: " ",  # the blank Braille pattern
    0x2010: "-",
    0x2011: "-",
    0x2015: "—",
}
_LINE_BREAKS = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028]")
_PARAGRAPH_BREAKS = re.compile(" *\n *\n[ \n]*")
_INLINE_SPACES = re.compile(r"[^\S\n]+")
_REPEATED_MARK = re.compile(r"([^\w\s])\1{3,}")
_EMOJI_BLOCKS = (range(0x2190, 0x2C00), range(0x3200, 0x3300), range(0x1F000, 0x20000))


def length_nfc(text: str) -> int:
    """Return the number of code points of `text` in NFC, the length that the limit on texts is counted in.

    Marks beyond the 30th on one letter count as they are: CPython sorts them in quadratic time, so that 80,000 of
    them, 160 kB of a request's body, would take 14 s. Any input is legal; linear; thread-safe.
    """
    if text.isascii():
        return len(text)
    bounded = _without_excess_marks(text, _MAX_RAW_MARKS)
    return len(unicodedata.normalize("NFC", bounded)) + len(text) - len(bounded)


def clean_text(text: str) -> str:
    """Return `text` in NFC with nothing in it that cannot be seen or heard. Idempotent.

    Removed: control, format, bidi and zero-width characters (joiners stay between letters of the scripts that need
    them, such as Persian and Hindi), surrogates, private use, noncharacters, variation selectors, marks beyond the
    8th on one letter. Spaces of every kind become one " ", a line break "\\n" and a blank line "\\n\\n". A long line
    that goes on in lower case on the next one was wrapped by a program, and is joined. Quotes and dashes stay.

    Accepts any str, with lone surrogates too; linear; pure and thread-safe.
    Raises InvalidText `text_empty` when nothing is left.
    """
    bounded = _without_excess_marks(_LINE_BREAKS.sub("\n", text.replace("\u2029", "\n\n")), _MAX_RAW_MARKS)
    visible = "".join(filter(_is_kept, bounded.translate(_INVISIBLE)))
    joined = _NEEDED_JOINER.sub(r"\1", visible)
    composed = _without_excess_marks(unicodedata.normalize("NFC", joined), _MAX_MARKS)
    paragraphs = _PARAGRAPH_BREAKS.split(_INLINE_SPACES.sub(" ", composed))
    cleaned = "\n\n".join(filter(None, (_without_wrapping(paragraph.split("\n")) for paragraph in paragraphs)))
    if not cleaned:
        raise InvalidText("text_empty", "The text is empty. Write at least one word to be spoken.")
    return cleaned


def normalize_text(text: str, language: str, markup: str = Markup.PLAIN) -> str:
    """Return `text` cleaned, and written as it is read out in `language`; line breaks stay.

    What is marked up loses its marks (`without_markup`), and figures, signs and abbreviations become words
    (`read_aloud`). Emoji are dropped, and a sign that is repeated more than three times is written three times.

    The result has at most about 30 times the characters of `text`. Thread-safe.
    Raises InvalidText: `text_empty` as `clean_text`, `text_unspeakable` without any letter or digit.
    """
    unmarked = without_markup(clean_text(text), markup)
    spoken = "".join(c for c in unmarked if not _is_emoji(c))
    if not any(c.isalnum() for c in spoken):
        raise InvalidText(
            "text_unspeakable", "The text has no letter or digit, so there is nothing to speak. Write it in words."
        )
    shortened = _REPEATED_MARK.sub(r"\1\1\1", spoken)
    spelled = read_aloud(shortened, language)
    return "\n".join(" ".join(line.split()) for line in spelled.split("\n")).strip("\n")


def _without_excess_marks(text: str, limit: int) -> str:
    """Keep the first `limit` of each run of combining marks. Linear."""
    if text.isascii():
        return text
    kept: list[str] = []
    run = 0
    for character in text:
        run = run + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if run <= limit:
            kept.append(character)
    return "".join(kept)


def _is_kept(character: str) -> bool:
    if character in _JOINERS or character.isspace():
        return True
    category = unicodedata.category(character)
    if category == "Cn":
        code = ord(character)
        return not (0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE)  # unassigned in this Python, maybe a letter
    return category not in ("Cc", "Cf", "Cs", "Co")


def _is_emoji(character: str) -> bool:
    code = ord(character)
    if code < 0x2190:
        return code == 0x20E3
    return any(code in block for block in _EMOJI_BLOCKS) and unicodedata.category(character) in ("So", "Sk", "Cn")


def _without_wrapping(lines: Iterable[str]) -> str:
    joined: list[str] = []
    length = 0
    for line in filter(None, (line.strip() for line in lines)):
        if joined and length >= _WRAPPED_LINE_CHARS and _goes_on(joined[-1], line):
            gap = "" if joined[-1][-1] == "-" else " "
        else:
            gap = "\n" if joined else ""
            length = 0
        joined += [gap, line]
        length += len(gap) + len(line)
    return "".join(joined)


def _goes_on(line: str, following: str) -> bool:
    return following[0].islower() and line[-1] not in TERMINATORS + CLOSERS + ":"
