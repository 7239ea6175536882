"""What a recogniser has understood, before a language says it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

Value = TypeVar("Value")

CONTEXT_CHARS = 48
"""No rule looks further back or ahead than this, so that a line takes linear time."""
_LAST_WORD = re.compile(r"([^\W_][^\s]*)\W*$")
_NEXT_WORD = re.compile(r"\W*([^\W_][\w'’.-]*)")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as digits: 1,234.50 is whole "1234" and fraction "50". `sign` is one of "", "-", "+" and "±"."""

    whole: str
    fraction: str = ""
    sign: str = ""

    @property
    def is_whole(self) -> bool:
        return not self.fraction

    @property
    def value(self) -> Decimal:
        """Its size without the sign, capped where no plural rule looks any more: digits can be thousands."""
        return Decimal(f"{self.whole[-12:] or '0'}.{self.fraction[:12] or '0'}" if self.fraction else self.whole[-12:])


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun that is counted: its forms by CLDR's plural category ("other" is always there), and its gender."""

    forms: Mapping[str, str]
    gender: str = ""


def noun(forms: str, gender: str = "") -> Noun:
    """Return the noun of `forms`, divided by bars: all · one|many · one|few|many · one|few|many|fractions."""
    one, *more = forms.split("|")
    if not more:
        return Noun({"other": one}, gender)
    if len(more) == 1:
        return Noun({"one": one, "other": more[0]}, gender)
    return Noun({"one": one, "few": more[0], "many": more[1], "other": more[-1] if len(more) > 2 else more[0]}, gender)


def table(entries: str) -> dict[str, str]:
    """Return the dict of `entries`, "key words, key words": a key ends at the first space, and "_" in it is one."""
    pairs = (entry.strip().partition(" ") for entry in entries.split(", "))
    return {key.replace("_", " "): words for key, _, words in pairs}


def ordered(listed: str) -> tuple[str, ...]:
    """Return the words that are `listed`, divided by spaces, in their order."""
    return tuple(listed.split())


def by_word(*groups: tuple[Value, str]) -> dict[str, Value]:
    """Return what each of the listed words means, of pairs of a meaning and its words; "_" in a word is a space."""
    return {word.replace("_", " "): value for value, listed in groups for word in listed.split()}


def words(listed: str) -> frozenset[str]:
    """Return the set of the words that are `listed`, divided by spaces."""
    return frozenset(listed.split())


@dataclass(frozen=True, slots=True)
class Date:
    """A date, or a part of one. `last_day` ends a span of days: 3-5 May."""

    day: int | None = None
    month: int | None = None
    year: int | None = None
    last_day: int | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day. `half` is "am", "pm" or ""; `noun` says that the word for the hour stood behind it (14 Uhr)."""

    hour: int
    minute: int
    second: int | None = None
    half: str = ""
    noun: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A match in its line. `ends` holds the offsets behind the line's sentences."""

    match: re.Match[str]
    line: str
    ends: frozenset[int]

    def __getitem__(self, group: str | int) -> str:
        """The text of a group, "" where it took no part."""
        return self.match[group] or ""

    @property
    def before(self) -> str:
        """Up to 48 characters before the match."""
        return self.line[max(0, self.match.start() - CONTEXT_CHARS) : self.match.start()]

    @property
    def after(self) -> str:
        """Up to 48 characters behind the match."""
        return self.line[self.match.end() : self.match.end() + CONTEXT_CHARS]

    @property
    def word_before(self) -> str:
        """The last word before the match within its sentence's line, as written and without marks behind it."""
        found = _LAST_WORD.search(self.before)
        return found[1].rstrip(".,;:!?)\"'”’") if found else ""

    @property
    def word_after(self) -> str:
        """The next word behind the match."""
        found = _NEXT_WORD.match(self.after)
        return found[1].rstrip(".-'’") if found else ""

    @property
    def starts_sentence(self) -> bool:
        start = self.match.start()
        return start == 0 or start in self.ends or start - 1 in self.ends

    @property
    def ends_sentence(self) -> bool:
        end = self.match.end()
        return end == len(self.line) or end in self.ends
