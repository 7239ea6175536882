"""Money, units and scales as the Romance languages write and say them beyond what all languages do."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import Rule
from voice.text.reading.romance import Romance
from voice.text.reading.values import Found, Noun, Number
from voice.text.reading.written import alternation, number_pattern, parse_number

_WORD = r"[^\W\d_]"


class RomanceAmounts(Romance):
    """The words for them, which each language fills in."""

    per: ClassVar[str]  # 850 € PER month
    per_nouns: ClassVar[Mapping[str, str]]  # what stands behind the slash, as written: "j": "jour"
    per_hundred: ClassVar[str]  # 5 l/100 km
    thousand: ClassVar[str]
    cents: ClassVar[Mapping[str, Noun]]  # hundredths of a currency, for amounts below one
    by: ClassVar[str]  # 3 x 4 m
    map_scale: ClassVar[str]  # 1:25 000
    sections: ClassVar[str]  # §§
    plural_cues: ClassVar[frozenset[str]]  # words before a plural noun: "les"

    def _amount_rules(self) -> Sequence[Rule]:
        nouns = alternation(self.per_nouns)
        grouped = rf"[0-9]{{1,3}}(?:[{re.escape(self.groups)}][0-9]{{3}})+"
        return (
            (re.compile(rf"\s?/\s?(?P<noun>{nouns})(?![\w²³])\.?"), self._per),
            (re.compile(rf"(?<=[€$£¥])/(?P<noun>{_WORD}{{3,24}})"), lambda f: f" {self.per} {f['noun']}"),
            (
                re.compile(r"(?P<a>[0-9]{1,3})/(?=[0-9]{1,3}\s?°)"),
                lambda f: f"{self.cardinal(int(f['a']))} {self.to} ",
            ),
            (re.compile(r"(?<=[^\W\d]\s)(?P<sign>[$€£¥])(?!\s?[0-9]|\w)"), self._lone_currency),
            (re.compile(r"(?P<a>[0-9]{1,6})(?P<sign>[€$£])(?P<cents>[0-9]{2})(?!\w|[.,][0-9])"), self._inner_sign),
            (re.compile(rf"1[:/](?P<n>{grouped}|[0-9]{{4,7}})(?![0-9])"), self._map_scale),
            (
                re.compile(r"(?<=[0-9])\s?[x×]\s?(?=[0-9,]{1,6}(?:\s?[x×]\s?[0-9,]{1,6})?\s?[cmk]?m(?!\w))"),
                lambda f: self.by,
            ),
            (re.compile(r"(?<=[0-9]\s)x\s(?=[0-9])"), lambda f: f"{self.times} "),
            (
                re.compile(r"(?<=[^\W\d]\s)(?P<unit>[km]?m[²³23]|km/h|[kMGT]Wh|km|kg|cm|mm|[MG][oB])(?![\w/])"),
                self._bare_unit,
            ),
            (re.compile(r"(?<=[ cmk0-9]m )[x×]\s(?=[0-9])"), lambda f: self.by.lstrip()),
            (re.compile(rf"(?P<n>{number_pattern(self)})\sA(?!\w)"), self._amperes),
            (re.compile(rf"(?P<a>{number_pattern(self)})\s[kK](?P<sign>[$€£])"), self._thousands),
            (re.compile(r"(?P<n>[0-9]{1,3})m(?P<cm>[0-9]{2})(?!\w)"), self._metres),
            (re.compile(r"§§\s?"), lambda f: f"{self.sections} "),
            (re.compile(r"(?<=[0-9])\s?[x×](?=\s?/)"), lambda f: f" {self.times}"),
            (re.compile(r"/100\s?km(?!\w)"), lambda f: self.per_hundred),
            (re.compile(r"(?P<n>[0-9]{3,4})(?P<scan>[pi])(?!\w)"), self._picture_lines),
            (re.compile(r"(?P<n>[248])K(?![\w€$£])"), self._resolution),
        )

    def _per(self, found: Found) -> str | None:
        if not re.search(
            r"(?:[€$£¥](?:/[\w²³]{1,6})?|[0-9]\s?[\w²³×]{1,12}\.?(?:\sde\s\w{1,12})?(?:/[\w²³]{1,6})?)$", found.before
        ):
            return None
        return f" {self.join(self.per, self.per_nouns[found['noun']])}"

    def _lone_currency(self, found: Found) -> str:
        sign = found["sign"]
        code = self.local_currency.get(sign) or cldr.CURRENCIES[sign]
        return self.currency_name(code, Decimal(2))

    def _inner_sign(self, found: Found) -> str:
        return self.say_money(Number(found["a"], found["cents"]), cldr.CURRENCIES[found["sign"]])

    def _map_scale(self, found: Found) -> str:
        return self.join(self.cardinal(1), self.map_scale, self.say_number(parse_number(found["n"], self)))

    def _metres(self, found: Found) -> str:
        return self.join(self.say_unit(Number(found["n"]), "m") or "", self.cardinal(int(found["cm"])))

    def say_unit(self, number: Number, unit: str) -> str | None:
        """A number with a unit, also with one that is made of two and has no name of its own: kWh/m²."""
        said = super().say_unit(number, unit)
        above, slash, below = unit.partition("/")
        if said is not None or not slash:
            return said
        said, noun = super().say_unit(number, above), self.per_nouns.get(below) or self.unit_noun(below, Decimal(1))
        return self.join(said, self.per, noun) if said and noun else None

    def _resolution(self, found: Found) -> str | None:
        """4K is the name of a picture's size, and four thousand where something is counted."""
        return None if re.match(rf"\s{_WORD}+s\b", found.after) else f"{self.cardinal(int(found['n']))} K"

    def _picture_lines(self, found: Found) -> str:
        return f"{self.cardinal(int(found['n']))} {found['scan']}"

    def _bare_unit(self, found: Found) -> str | None:
        """A unit that nothing counts: le prix au m²."""
        before = found.word_before.casefold()
        is_many = before in self.plural_cues or before in self.scales
        return self.unit_noun(found["unit"], Decimal(2 if is_many else 1))

    def _amperes(self, found: Found) -> str | None:
        """2 A beside 5 V; elsewhere it is a letter."""
        if not re.search(r"[0-9]\s?(?:[kM]?[VW]|mA|Ω)(?!\w)", f"{found.before} {found.after}"):
            return None
        return self.say_unit(parse_number(found["n"], self), "A")

    def _thousands(self, found: Found) -> str:
        return self.say_money(parse_number(found["a"], self), cldr.CURRENCIES[found["sign"]], "k")

    def say_sign(self, sign: str) -> str:
        return self.symbols["±"] if sign == "±" else super().say_sign(sign)

    def say_scaled_words(self, number: Number, scale: Noun) -> str:
        """80k, 21 M: a thousand is one number with what it multiplies."""
        if number.is_whole and scale.forms["other"] == self.thousand and len(number.whole) <= 6:
            return self.say_number(Number(f"{number.whole}000", sign=number.sign))
        return self.say_counted(number, scale)

    def say_scaled(self, number: Number, scale: str) -> str | None:
        return self.say_scaled_words(number, self.scales[scale])

    def say_counted(self, number: Number, counted: Noun) -> str:
        """A million OF euros."""
        if number.is_whole and number.whole[-6:] == "000000":
            return self.join(self.say_number(number), self.of_scale, counted.forms["other"])
        return super().say_counted(number, counted)

    def say_counting(self, number: int, noun: str, found: Found) -> str | None:
        if number != 1 and noun[-1] not in "sxz":
            return None  # no plural: en 1904 il
        before = found.word_before.casefold() if found.before[-2:-1] not in ",;:" else ""
        if before in self.before_number or before in self.roman_nouns or before == self.number_sign:
            return None
        return super().say_counting(number, noun, found)

    def say_money(self, number: Number, currency: str, scale: str = "") -> str:
        if not scale and number.whole == "0" and len(number.fraction) == 2 and currency in self.cents:
            return self.say_counted(Number(str(int(number.fraction)), sign=number.sign), self.cents[currency])
        if not scale or self.scales[scale].forms["other"] != self.thousand:
            return super().say_money(number, currency, scale)
        return self.join(
            self.say_scaled_words(number, self.scales[scale]), self.currency_name(currency, Decimal(1000))
        )
