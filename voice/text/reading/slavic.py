"""What the Slavic languages share: nouns counted in three forms, ordinals in cases, years and centuries that bend."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from voice.text.reading.agreement import AgreeingLanguage
from voice.text.reading.language import Rule
from voice.text.reading.values import Found, Noun, Number
from voice.text.reading.written import roman_value


def forms(said: str, gender: str = "m") -> Noun:
    """Return the noun of "one|few|many|fractions"; the last is as `few` if it is missing."""
    one, few, many, *rest = said.split("|")
    return Noun({"one": one, "few": few, "many": many, "other": rest[0] if rest else few}, gender)


class Slavic(AgreeingLanguage):
    """A case is "nom", "gen" or "loc"; a gender "m", "f", "n" or "pl"."""

    genitive_after: ClassVar[frozenset[str]]
    locative_after: ClassVar[frozenset[str]]
    stems: ClassVar[Mapping[str, str]]  # how nouns that ordinals stand before begin, and their gender
    rulers: ClassVar[Mapping[str, str]]  # how the names of rulers begin, and their gender
    ruler_cases: ClassVar[Mapping[str, str]]  # the endings of a masculine or feminine name, "m:a", and the case
    years: ClassVar[range] = range(0)
    year_nouns: ClassVar[
        Mapping[str, tuple[str, str]]
    ]  # how the year is written: its case, "" by what is before; word
    percent_noun: ClassVar[Noun]
    _many: ClassVar[Decimal] = Decimal(5)
    half: ClassVar[str]

    def own_rules(self) -> Sequence[Rule]:
        nouns = "|".join(sorted(map(re.escape, self.year_nouns), key=len, reverse=True)) or "(?!)"
        year = (
            rf"(?<![\w.,:/-])(?:(?P<from>[12][0-9]{{3}})\s?[–-]\s?)?(?P<n>[12]?[0-9]{{2,3}})\s?(?P<noun>{nouns})(?!\w)"
        )
        numeral = r"(?<![\w.'’-])(?P<roman>[IVXLC]{1,8})(?P<stop>\.?)(?=\s(?P<noun>[^\W\d_]+))"
        name = r"(?<=[^\W\d_]\s)(?P<roman>[IVX]{1,8})(?P<stop>\.?)(?![\w'’])"
        return (
            (re.compile(year), self._year),
            (re.compile(name), self._ruler),
            (re.compile(numeral), self._century),
            *super().own_rules(),
        )

    def inflected(self, number: int, gender: str, case: str) -> str:
        """The ordinal of 1 <= number < 10**6."""
        raise NotImplementedError

    def genitive(self, number: int, gender: str = "m") -> str:
        """The cardinal in the genitive: "od pięciu"."""
        raise NotImplementedError

    def ordinal(self, number: int, gender: str = "") -> str:
        return self.inflected(number, gender or "m", "nom") if number else self.cardinal(0)

    def case_before(self, found: Found) -> str:
        word = found.word_before.casefold()
        return "gen" if word in self.genitive_after else "loc" if word in self.locative_after else ""

    def gender_of(self, noun: str) -> str:
        folded = noun.casefold()
        known = [stem for stem in self.stems if folded.startswith(stem)]
        if known:
            return self.stems[max(known, key=len)]
        return "f" if folded[-1:] in "aая" else "n" if folded[-1:] in "oeоеě" else "m"

    def _year(self, found: Found) -> str | None:
        case, word = self.year_nouns[found["noun"]]
        number = int(found["n"])
        if not number or (
            number < 1000 and not (found["noun"].endswith(".") and self.case_before(found))  # 21 г. is a weight
        ):
            return None
        if not case:
            case = "loc" if self.case_before(found) == "loc" else "gen"
            word = word.split("|")[case == "loc" and "|" in word]
        if found["from"]:
            first = self.inflected(int(found["from"]), "m", "gen")
            return f"{first} – {self.inflected(number, 'm', 'gen')} {word}"
        return self.join(self.inflected(number, "m", case), word)

    def _ruler(self, found: Found) -> str | None:
        value, name = roman_value(found["roman"]), found.word_before
        if value is None or not name[:1].isupper():
            return None
        folded = name.casefold()
        known = [stem for stem in self.rulers if folded.startswith(stem)]
        if not known:
            return None
        stem = max(known, key=len)
        gender = self.rulers[stem]
        case = self.ruler_cases.get(f"{gender}:{folded[len(stem) :]}", "nom")
        said = self.inflected(value, gender, case)
        return said[:1].upper() + said[1:]

    def _century(self, found: Found) -> str | None:
        value, noun = roman_value(found["roman"]), found["noun"]
        if value is None or (noun.isupper() and len(noun) > 1):
            return None
        if len(found["roman"]) == 1 and not any(noun.casefold().startswith(stem) for stem in self.stems):
            return None
        if not found["stop"] and found.word_before.casefold() in self.roman_nouns:
            return None
        return self.before_noun(value, noun, found)

    def before_noun(self, number: int, noun: str, found: Found) -> str:
        """An ordinal in the case of the noun behind it, as far as the preposition and the ending tell."""
        gender = self.gender_of(noun)
        case = self.case_before(found) or self.case_of(noun.casefold(), gender)
        return self.inflected(number, gender, case)

    def case_of(self, noun: str, gender: str) -> str:
        """The case that a noun without a preposition seems to stand in."""
        return "nom"

    def say_roman(self, number: int, noun_before: str) -> str:
        if noun_before.casefold() in self.roman_nouns:
            return self.inflected(number, self.gender_of(noun_before), "nom")
        return self.cardinal(number)

    def say_dot_ordinal(self, number: int, found: Found) -> str | None:
        noun = found.word_after
        if not number or not noun[:1].islower():
            return None
        return self.before_noun(number, noun, found)

    def say_percent(self, number: Number) -> str:
        return self.say_counted(number, self.percent_noun)

    def say_fraction(self, above: int, below: int) -> str:
        if (above, below) == (1, 2):
            return self.half
        part = self.fraction_noun(below)
        return self.say_counted(Number(str(above)), part)

    def fraction_noun(self, below: int) -> Noun:
        raise NotImplementedError

    def say_counting(self, number: int, noun: str, found: Found) -> str | None:
        if found.word_before.casefold() in self.genitive_after and number < 1000:
            return self.genitive(number, self.counted_gender(number, noun))
        gender = self.counted_gender(number, noun)
        return self.cardinal(number, gender) if gender else None

    def counted_gender(self, number: int, noun: str) -> str:
        """The gender that the last word of a number takes before this form of a noun."""
        last = number % 10 if number % 100 not in (11, 12) else 0
        if last not in (1, 2):
            return ""
        return self.gender_of(noun)
