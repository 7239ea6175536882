"""Fractions, mixed numbers and powers as the Romance languages write and say them beyond what all languages do."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import Rule
from voice.text.reading.romance import Romance
from voice.text.reading.values import Found
from voice.text.reading.written import VULGAR, alternation, parse_number

_WORD = r"[^\W\d_]"
_FREE = r"(?<![\w.,:/-])"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


class RomanceFractions(Romance):
    """The words for them, which each language fills in."""

    half_before: ClassVar[Mapping[str, str]]  # "half a" by gender
    halves: ClassVar[Mapping[str, str]]  # "and a half" by gender
    over: ClassVar[str]  # 8/10, the mark of a pupil
    part_links: ClassVar[str]  # a pattern behind a fraction, 1/4 DU lait
    to_the_power: ClassVar[str]  # 10⁶

    def _fraction_rules(self) -> Sequence[Rule]:
        part = rf"(?:\s(?P<above>[1-9])[/⁄](?P<below>[1-9])|\s?(?P<vulgar>[{''.join(VULGAR)}]))"
        units = alternation({*cldr.UNITS, *self.units} - self.foreign_units)
        return (
            (re.compile(rf"(?P<n>[0-9]{{1,3}}){part}\s?(?P<unit>{units})(?![\w²³/])"), self._mixed_unit),
            (re.compile(rf"(?:½|1/2)(?=\s(?P<noun>{_WORD}{{3,24}}))"), self._half),
            (re.compile(rf"(?P<n>[0-9]{{1,3}}){part}\s(?P<noun>{_WORD}{{3,24}})"), self._mixed_noun),
            (re.compile(r"(?P<x>\b[A-Za-ln-z]|(?<=[)\]]))(?P<power>[²³])"), self._power),
            (re.compile(r"(?<=[0-9A-Za-z)])(?P<power>⁻?[⁰¹²³⁴-⁹]{1,3})(?!\w)"), self._high_power),
            (re.compile(r"(?<=[0-9A-Za-z)])\^(?P<sign>-?)(?P<power>[0-9]{1,3})(?![0-9])"), self._high_power),
            (
                re.compile(
                    rf"(?P<n>[0-9]{{1,3}})\s?(?P<unit>{units})\s?(?:(?P<above>1)/(?P<below>2)|(?P<vulgar>½))(?!\w)"
                ),
                self._mixed_unit,
            ),
            (re.compile(r"(?<=[0-9])/1(?![\w/]|[.,][0-9])"), lambda f: f" {self.to} {self.cardinal(1)}"),
            (
                re.compile(rf"{_FREE}(?P<a>[1-9][0-9]?)/(?P<b>[1-9][0-9])(?![\w/]|[.,:-][0-9])"),
                self._either,
            ),
            (re.compile(rf"{_FREE}(?P<a>[0-7])/(?P<b>[0-7])(?![\w/]|[.,:-][0-9])"), self._set),
            (re.compile(r"(?:16[/:](?:9|10)|21[/:]9|4[/:]3)(?![\w/:]|[.,-][0-9])"), self._screen),
            (
                re.compile(rf"{_FREE}(?P<a>[0-9]{{1,3}}(?:,[0-9])?)/(?P<b>10|20|100)(?![\w/]|[.,:-][0-9])"),
                self._mark,
            ),
        )

    def _mixed_noun(self, found: Found) -> str | None:
        """One and a half litres, in the order of these languages: un litre et demi."""
        noun, part = found["noun"], _part(found)
        if part is None or noun.casefold() in self.ungendered:
            return None
        return self.say_mixed_noun(int(found["n"]), part, noun, self.gender_of(noun))

    def _mixed_unit(self, found: Found) -> str | None:
        part, unit, whole = _part(found), found["unit"], int(found["n"])
        noun = self.unit_noun(unit, Decimal(whole))
        if part is None or noun is None:
            return None
        own = self.units.get(unit)
        return self.say_mixed_noun(whole, part, noun, own.gender or "m" if own else self.unit_gender(unit))

    def say_mixed_noun(self, whole: int, part: tuple[int, int], noun: str, gender: str) -> str:
        fraction = self.halves[gender] if part == (1, 2) else self.join(self.and_word, self.say_fraction(*part))
        counted = self.singular(noun) if whole == 1 else noun
        return self.join(self.cardinal(whole, gender), counted, fraction)

    def singular(self, noun: str) -> str:
        return noun

    def _power(self, found: Found) -> str:
        return f"{found['x']} {self.symbols[found['power']]}"

    def _high_power(self, found: Found) -> str:
        """10⁶, 10^6; a square and a cube have names of their own."""
        digits = found["power"].translate(_SUPERSCRIPTS).lstrip("-")
        minus = self.minus if len(digits) < len(found["power"]) or found.match.groupdict().get("sign") else ""
        named = {"2": self.symbols["²"], "3": self.symbols["³"]}.get(digits) if not minus else None
        return f" {named or self.join(self.to_the_power, minus, self.cardinal(int(digits)))}"

    def _set(self, found: Found) -> str | None:
        """6/3 among others of its kind: tennis."""
        left, right = int(found["a"]), int(found["b"])
        another = r"[0-7]/[0-7]"
        is_in_row = re.match(rf",?\s{another}", found.after) or re.search(rf"{another},?\s$", found.before)
        return self.say_ratio(str(left), str(right)) if is_in_row and max(left, right) > 5 else None

    def _screen(self, found: Found) -> str:
        above, below = map(int, re.findall("[0-9]+", found[0]))
        return self.say_fraction(above, below)

    def _either(self, found: Found) -> str | None:
        """25/30 ans: two numbers so near to each other are no fraction."""
        low, high = int(found["a"]), int(found["b"])
        if (
            not 5 < low < high <= 2 * low
            or high in (10, 12, 16, 20, 32, 64, 100)
            or low == high - 1
            or re.match(self.part_links, found.after)
        ):
            return None
        return self.join(self.cardinal(low), self.to, self.cardinal(high))

    def _half(self, found: Found) -> str | None:
        noun = found["noun"]
        return (
            None
            if noun.casefold() in self.ungendered or re.match(self.part_links, found.after)
            else self.half_before[self.gender_of(noun)]
        )

    def say_fraction_of(self, fraction: str, unit: str, *, is_mixed: bool) -> str | None:
        """A quarter OF an hour; of halves there is an adjective."""
        noun = None if is_mixed else self.unit_noun(unit, Decimal(1))
        if noun is None:
            return super().say_fraction_of(fraction, unit, is_mixed=is_mixed)
        if fraction == self.say_fraction(1, 2):
            own = self.units.get(unit)
            return self.join(self.half_before[own.gender or "m" if own else self.unit_gender(unit)], noun)
        return self.join(fraction, self.of_unit(noun))

    def of_unit(self, noun: str) -> str:
        return f"de {noun}"

    def _mark(self, found: Found) -> str | None:
        above = parse_number(found["a"], self)
        if above.value == 1 or above.value > int(found["b"]) or re.match(self.part_links, found.after):
            return None
        return self.join(self.say_number(above), self.over, self.cardinal(int(found["b"])))


def _part(found: Found) -> tuple[int, int] | None:
    above, below = VULGAR[found["vulgar"]] if found["vulgar"] else (int(found["above"]), int(found["below"]))
    return (above, below) if above < below else None
