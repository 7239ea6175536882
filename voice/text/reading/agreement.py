"""Rules for languages whose numbers bend: to the gender of what they count, to a case, to a Roman ordinal's noun.

They are asked before those of `rules.py`, and leave what they are not sure of to them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import Language, Rule
from voice.text.reading.values import Clock, Date, Found, Noun, Number
from voice.text.reading.written import alternation, number_pattern, parse_number, roman_value

_WORD = r"[^\W\d_]"
_FREE = r"(?<![\w.,:/@#&=+€$£-])(?<![\w)]\s-)"
_SCORE_MAX = 30


def by_key(*tables: tuple[str, str]) -> dict[str, str]:
    """Return one mapping of "key key key", "value" rows."""
    return {key: value for keys, value in tables for key in keys.split()}


class AgreeingLanguage(Language):
    """What the inflecting languages of Europe share: a decimal comma, groups of full stops or spaces."""

    decimal = ","
    groups = ". "
    dot_clock_after: ClassVar[str] = r"(?!)"  # a pattern of words before a time with a full stop: "alle 9.30"
    ungendered: ClassVar[frozenset[str]] = frozenset()  # words behind a number that are not what it counts
    unit_genders: ClassVar[Mapping[str, str]] = {}
    roman_before_noun: ClassVar[bool] = False  # "XX secolo"
    half_words = r"(?!)"

    def __init_subclass__(cls) -> None:
        for name in ("before_name", "before_number", "after_name"):
            setattr(cls, name, {key.casefold().rstrip("."): said for key, said in getattr(cls, name).items()})

    def own_rules(self) -> Sequence[Rule]:
        units = alternation({*cldr.UNITS, *self.units} - self.foreign_units)
        both = rf"{_FREE}(?P<a>[0-9]{{1,4}})(?:-|\s?[–—]\s?)(?P<b>[0-9]{{1,4}})(?![0-9%€$£\w]|[.,:/–—-][0-9])"
        rules: list[Rule] = [
            (re.compile(rf"{both}(?:\s?(?P<unit>{units})(?![\w²³/]))?"), self._span),
            (
                re.compile(r"(?<![\w.,:])(?P<hour>[01]?[0-9]|2[0-3])\.(?P<minute>[0-5][0-9])(?![0-9]|[.,:][0-9])"),
                self._dot_clock,
            ),
            (re.compile(r"(?<![\w.,])[0-9]{1,4}\.[0-9]{1,6}(?!\w|[.,:/-][0-9]|\.\s?[^\W\d_])"), self._two_parts),
            (re.compile(rf"{_FREE}(?P<n>{number_pattern(self)})(?=\s(?P<noun>{_WORD}{{3,24}}))"), self._counting),
        ]
        if self.roman_before_noun:
            numeral = rf"(?<![\w.'’-])(?P<roman>[IVX]{{1,9}})(?=\s(?P<noun>{_WORD}{{4,24}}))"
            rules.append((re.compile(numeral), self._roman_before_noun))
        return rules

    def _span(self, found: Found) -> str | None:
        low, high = int(found["a"]), int(found["b"])
        is_small = max(low, high) <= _SCORE_MAX and "0" not in (
            found["a"][0] if low else "",
            found["b"][0] if high else "",
        )
        if found["unit"]:
            return self.say_span(low, high, found) if low < high else None
        if "-" in found[0] and is_small and (low >= high or not self._is_counted(found)):
            return self.say_score(low, high)
        return self.say_span(low, high, found) if low < high and found["a"][0] != "0" else None

    def _is_counted(self, found: Found) -> bool:
        word = found.word_after
        return max(int(found["a"]), int(found["b"])) > 9 or (len(word) > 3 and word.casefold() not in self.ungendered)

    def say_score(self, left: int, right: int) -> str | None:
        return self.say_ratio(str(left), str(right))

    def say_span(self, low: int, high: int, found: Found) -> str | None:
        """Two numbers and what is between them, with the unit if one was found; None to join them by `to`."""
        return None

    def _dot_clock(self, found: Found) -> str | None:
        before, after = found.before, found.after
        if not re.search(rf"(?<!\w)(?:{self.dot_clock_after})\s$", before, re.I) and not re.match(
            rf"\s?(?:{self.clock_noun})(?!\w)", after, re.I
        ):
            return None
        noun = re.match(rf"\s?(?:{self.clock_noun})(?!\w)", after, re.I)
        said = self.clock_in_context(Clock(int(found["hour"]), int(found["minute"])), found)
        return said if not noun else None

    def say_counted_unit(self, number: int, unit: str) -> str:
        return self.say_unit(Number(str(number)), unit) or f"{self.cardinal(number)} {unit}"

    def clock_in_context(self, clock: Clock, found: Found) -> str:
        return self.say_clock(clock)

    def _two_parts(self, found: Found) -> str | None:
        """A version, or a number with the decimal sign of another language: 3.2."""
        if "." in self.groups and re.fullmatch(number_pattern(self), found[0]):
            return None
        if re.match(rf"\s?(?:{self.clock_noun})(?!\w)|\s?(?:{alternation(cldr.UNITS)})(?!\w)", found.after, re.I):
            return None
        whole, fraction = found[0].split(".")
        return self.join(self.say_whole(whole), self.dot_between or self.dot, self.say_whole(fraction))

    def _counting(self, found: Found) -> str | None:
        written = found["n"]
        number, noun = parse_number(written, self), found["noun"]
        folded = noun.casefold()
        if number.fraction or len(number.whole) > 12 or (number.whole[0] == "0" and number.whole != "0"):
            return None
        if folded in self.ungendered or folded in cldr.month_numbers(self.code) or noun in self.scales:
            return None
        if noun in self.units or noun in cldr.UNITS or noun in cldr.CODES or noun in cldr.CURRENCIES:
            return None
        return self.say_counting(int(number.whole), noun, found)

    def say_counting(self, number: int, noun: str, found: Found) -> str | None:
        """The number before a noun that is written out; None if it does not bend."""
        return None

    def _roman_before_noun(self, found: Found) -> str | None:
        value, before, noun = roman_value(found["roman"]), found.word_before, found["noun"]
        if value is None or noun.isupper():
            return None
        folded = before.casefold()
        if folded in self.roman_nouns or folded in self.regnal_names:
            return None
        if before[:1].isupper() and not found.starts_sentence and len(before) > 3 and not noun[:1].isupper():
            return None
        return self.say_roman_before_noun(value, noun, found)

    def say_roman_before_noun(self, number: int, noun: str, found: Found) -> str | None:
        return None

    def unit_gender(self, unit: str) -> str:
        return self.unit_genders.get(unit.partition("/")[0], "m")

    def say_decimals(self, fraction: str) -> str:
        if len(fraction) == 2 and fraction[0] != "0":
            return self.cardinal(int(fraction))
        return self.say_digits(fraction)

    def say_date(self, date: Date, found: Found) -> str:
        day = "" if date.day is None else self.say_day(date.day)
        if date.last_day:
            day = self.join(day, self.to, self.say_day(date.last_day))
        month = self.month(date.month) if date.month else ""
        return self.join(day, month, "" if date.year is None else self.say_year(date.year))

    def say_day(self, day: int) -> str:
        return self.cardinal(day)

    def say_percent(self, number: Number) -> str:
        return self.join(self.say_number(number), self.percent)

    def say_mixed(self, whole: str, fraction: str) -> str:
        return self.join(self.say_whole(whole), self.and_word, fraction)

    and_word: ClassVar[str]

    def say_hundredths(self, amount: str, number: Number, minor: Noun | None) -> str:
        if not int(number.fraction):
            return amount
        cents = Number(str(int(number.fraction)))
        return self.join(
            amount, self.money_link, self.say_number(cents) if minor is None else self.say_counted(cents, minor)
        )

    money_link: ClassVar[str] = ""
