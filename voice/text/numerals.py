"""Numbers as words, language by language.

num2words spells out whole numbers only: it drops decimals (it), speaks euros as riyals (ar), counts years by the
emperor (ja) and fails on negative numbers (pl, cs), so signs, decimals, times and money are put together here.
"""

import re
from functools import lru_cache
from threading import Lock

from num2words import num2words

from voice.text.number_words import HOUR_WORDS, NUMBER_WORDS, NumberWords, noun_form
from voice.text.split import is_cjk, sentence_ends

_MAX_DIGITS = 12
_MAX_ORDINAL_DIGITS = 6
_CACHED_NUMBERS = 4096
_NUM2WORDS_LOCK = Lock()
"""num2words keeps the number it is working on in converters that all callers share (ar): one thread at a time."""

_LEFT_ALONE = r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.)\S+|[\w.+-]{1,64}@\S+"
_NUMBER = (
    rf"(?P<skip>{_LEFT_ALONE})"
    r"|(?P<sign>(?<![^\s(])[-−])?(?P<before>[€$£] ?)?"
    r"(?P<digits>[0-9]+(?:[.,:/'’-][0-9]+%s)*)"
    r"(?P<after> ?[€$£%%](?!\w))?"
)
_PLAIN_NUMBER = re.compile(_NUMBER % "", re.IGNORECASE)
_SPACED_NUMBER = re.compile(_NUMBER % r"|(?<![0-9]{4}) [0-9]{3}(?![0-9])", re.IGNORECASE)
_ORDINAL = re.compile(r"(st|nd|rd|th|er|re|ème|e|º)(?!\w)", re.IGNORECASE)
_ORDINAL_SUFFIXES = {
    "en": ("st", "nd", "rd", "th"),
    "fr": ("er", "re", "e", "ème"),
    "es": ("º",),
    "it": ("º",),
    "pt": ("º",),
}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_CLOCK_NOUN = re.compile(r" (?:Uhr|uur|heures?|h)\b", re.IGNORECASE)
_DAY_HALF = re.compile(r" ?(?:[ap]\.?m\b|o.clock)", re.IGNORECASE)
_ENGLISH_SCALE = re.compile(r" (?:thousand|million|billion|trillion)\b")
_SCALE = re.compile(r" ?(?:bn|mio|mrd|mi[lł]|mld|tys|тыс|млн|млрд|万|億|만|억|[km]\b)", re.IGNORECASE)
_YEARS = {"en": range(1100, 2100), "de": range(1100, 2000), "nl": range(1100, 2000)}
_DOT_ORDINAL = re.compile(r"\. ?[^\W\d_]")
_DOT_ORDINAL_LANGUAGES = frozenset({"de", "cs", "pl", "hu"})
_GLUED_BEFORE = frozenset("._/@#&=+-−:,'’%€$£\\~^")
_GLUED_AFTER = frozenset("_/@#&=\\~^°²³€$£%")


def spell_numbers(text: str, language: str) -> str:
    """Return `text` with the numbers that are understood as words of `language`; the others stay as they are.

    Digits of every script become 0-9 first. In a language without number words only strings of more than 12 digits
    change: they are spaced out, to be read one by one. Linear, but a millisecond for every four different numbers in
    the slowest language; thread-safe; raises nothing.
    """
    text = re.sub(r"\d", lambda digit: str(int(digit[0])), text)
    words = NUMBER_WORDS.get(language)
    if words is None:
        return re.sub(rf"[0-9]{{{_MAX_DIGITS + 1},}}", lambda found: " ".join(found[0]), text)
    return "\n".join(_LineSpeller(line, language, words).spelled() for line in text.split("\n"))


@lru_cache(maxsize=_CACHED_NUMBERS)
def _library_words(number: int, language: str, kind: str) -> str:
    with _NUM2WORDS_LOCK:
        return str(num2words(number, lang=language, to=kind)).replace(",", "").strip()


class _LineSpeller:
    """One line on its way to words; lives for one call."""

    def __init__(self, line: str, language: str, words: NumberWords) -> None:
        self._line = line
        self._language = language
        self._words = words
        self._gap = "" if language == "ja" else " "
        self._pattern = _SPACED_NUMBER if words.group == " " else _PLAIN_NUMBER
        self._starts = {0, *(end + 1 for end in sentence_ends(line, language))}

    def spelled(self) -> str:
        parts: list[str] = []
        at = 0
        while found := self._pattern.search(self._line, at):
            spelled, end = self._spelled_number(found)
            if found.start() in self._starts:
                spelled = spelled[:1].upper() + spelled[1:]  # so that a sentence end stays one for the splitter
            parts += [self._line[at : found.start()], spelled]
            at = end
        return "".join([*parts, self._line[at:]])

    def _spelled_number(self, found: re.Match[str]) -> tuple[str, int]:
        """Return the words for what was found, and the offset behind all that they stand for."""
        if found["skip"] is None:
            for read in (self._ordinal, self._clock, self._amount):
                if (spelled := read(found)) is not None:
                    return spelled
        return found[0], found.end()

    def _ordinal(self, found: re.Match[str]) -> tuple[str, int] | None:
        digits = found["digits"]
        suffix = _ORDINAL.match(self._line, found.end())
        if found[0] != digits or suffix is None or not self._is_free_before(found.start()):
            return None
        if not digits.isdigit() or digits[0] == "0" or len(digits) > _MAX_ORDINAL_DIGITS:
            return None
        if suffix[1].lower() not in _ORDINAL_SUFFIXES.get(self._language, ()):
            return None
        if suffix[1].lower() == "re":
            return ("première", suffix.end()) if digits == "1" else None
        return _library_words(int(digits), self._language, "ordinal"), suffix.end()

    def _clock(self, found: re.Match[str]) -> tuple[str, int] | None:
        time = _CLOCK.fullmatch(found[0])
        if time is None or self._words.hour is None or not self._stands_alone(found):
            return None
        hour, minutes = int(time[1]), int(time[2])
        end = found.end()
        if self._language == "en":
            return self._english_clock(hour, minutes, end), end
        noun = _CLOCK_NOUN.match(self._line, end) if self._words.hour in ("Uhr", "uur", "heures") else None
        parts = [HOUR_WORDS.get(self._language, {}).get(hour) or f"{self._cardinal(hour)} {self._words.hour}".strip()]
        if minutes:
            parts.append(self._cardinal(minutes))
        elif self._words.hour == "e":
            parts = [parts[0].removesuffix(" e")]
        return " ".join(parts), noun.end() if noun else end

    def _english_clock(self, hour: int, minutes: int, end: int) -> str:
        if minutes == 0:
            exact = "" if _DAY_HALF.match(self._line, end) else " o'clock"
            return self._cardinal(hour) + (exact if hour <= 12 else " hundred")
        return f"{self._cardinal(hour)} {'oh ' if minutes < 10 else ''}{self._cardinal(minutes)}"

    def _amount(self, found: re.Match[str]) -> tuple[str, int] | None:
        parsed = self._parsed(found["digits"])
        if parsed is None or not self._stands_alone(found):
            return None
        whole, fraction = parsed
        unit = (found["before"] or found["after"] or "").strip()
        if (found["before"] and found["after"]) or (unit not in ("", "%") and unit not in self._words.money):
            return None
        if not unit:
            spelled, end = self._plain(found["digits"], whole, fraction), found.end()
        elif (counted := self._counted(unit, whole, fraction, found.end())) is not None:
            spelled, end = counted
        else:
            return None
        return (f"{self._words.minus}{self._gap}{spelled}" if found["sign"] else spelled), end

    def _plain(self, digits: str, whole: str, fraction: str) -> str:
        if digits.isdigit() and len(digits) == 4 and int(digits) in _YEARS.get(self._language, ()):
            return _library_words(int(digits), self._language, "year")
        return self._decimal(whole, fraction)

    def _counted(self, unit: str, whole: str, fraction: str, end: int) -> tuple[str, int] | None:
        """Return an amount with its noun: percent or a currency."""
        nouns = self._words.percent if unit == "%" else self._words.money[unit]
        is_money = unit != "%"
        scale = _ENGLISH_SCALE.match(self._line, end) if is_money and self._language == "en" else None
        if is_money and scale is None and _SCALE.match(self._line, end):
            return None
        if scale:
            return f"{self._decimal(whole, fraction)}{scale[0]} {nouns[-1]}", scale.end()
        has_cents = is_money and len(fraction) == 2
        is_whole = not fraction or has_cents
        noun = noun_form(nouns, int(whole[-_MAX_DIGITS:]), is_whole=is_whole, language=self._language)
        amount = self._whole_before_noun(whole) if is_whole else self._decimal(whole, fraction)
        cents = f"{self._gap}{self._whole(fraction)}" if has_cents and int(fraction) else ""
        return f"{amount}{self._gap}{noun}{cents}", end

    def _parsed(self, digits: str) -> tuple[str, str] | None:
        """Return the digits before and after the decimal sign, or None for a shape that is not a number."""
        whole, sign, fraction = digits.partition(self._words.decimal)
        if sign and not fraction.isdigit():
            return None
        first, *groups = whole.split(self._words.group)
        is_grouped = not groups or (len(first) <= 3 and all(len(group) == 3 for group in groups))
        if not is_grouped or not all(part.isdigit() for part in (first, *groups)):
            return None
        return "".join((first, *groups)), fraction

    def _stands_alone(self, found: re.Match[str]) -> bool:
        """Say whether nothing is glued to the number that makes it something else: a name, a path, a version."""
        following = self._line[found.end() : found.end() + 2]
        if not self._is_free_before(found.start()):
            return False
        if following[:1] in _GLUED_AFTER and following:
            return False
        if following[:1] == "-" and not following[1:].isalpha():
            return False
        if self._is_dot_ordinal(found):
            return False
        return not following[:1].isalnum() or is_cjk(following[0])

    def _is_free_before(self, start: int) -> bool:
        before = self._line[start - 1 : start] if start else ""
        return not before or is_cjk(before) or not (before.isalnum() or before in _GLUED_BEFORE)

    def _is_dot_ordinal(self, found: re.Match[str]) -> bool:
        if self._language not in _DOT_ORDINAL_LANGUAGES or not found[0].isdigit() or len(found[0]) > 4:
            return False
        return _DOT_ORDINAL.match(self._line, found.end()) is not None and (
            len(found[0]) <= 2 or self._language == "hu"
        )

    def _decimal(self, whole: str, fraction: str) -> str:
        if not fraction:
            return self._whole(whole)
        return self._gap.join((self._whole(whole), self._words.point, self._digit_by_digit(fraction)))

    def _whole(self, digits: str) -> str:
        if len(digits) > _MAX_DIGITS or (len(digits) > 1 and digits[0] == "0"):
            return self._digit_by_digit(digits)
        return self._cardinal(int(digits))

    def _whole_before_noun(self, digits: str) -> str:
        if digits == "1" and self._words.one:
            return self._words.one
        spelled = self._whole(digits)
        if self._language == "es":
            return re.sub(r"uno$", "un", re.sub(r"veintiuno$", "veintiún", spelled))
        return spelled

    def _digit_by_digit(self, digits: str) -> str:
        return self._gap.join(self._cardinal(int(digit)) for digit in digits)

    def _cardinal(self, number: int) -> str:
        return _library_words(number, self._language, "cardinal")
