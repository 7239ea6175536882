"""What the Romance languages write alike beyond what all languages do: short dates, prices per month, Roman numerals in
a row, mixed numbers before their noun.

Asked before the rules of `agreement.py`; what is not sure is left to them.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import Rule
from voice.text.reading.romance import Romance
from voice.text.reading.values import Date, Found, Noun, Number
from voice.text.reading.written import VULGAR, alternation, number_pattern, parse_number, roman_value

_WORD = r"[^\W\d_]"
_FREE = r"(?<![\w.,:/-])"
_RAISED = str.maketrans("ᵃᵈᵉᵐⁿᵒʳˢ", "ademnors")
_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "=>": "→", "+/-": "±"}
_TYPED_SIGN = re.compile(r"(?<![<>=!/+-])(?:<=|>=|!=|->|=>|\+/-)(?![<>=/-])")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Notation(Romance):
    """The words for it, which each of these languages fills in."""

    weekdays: ClassVar[Mapping[str, str]]  # "lun": "lundi", case-folded and without full stop
    weekday_links: ClassVar[str]  # a pattern between two of them: lun. AU ven.
    part_links: ClassVar[str]  # a pattern behind a fraction, 1/4 DU lait
    date_cues: ClassVar[str]  # a pattern of words before "3/5" that is a date
    per: ClassVar[str]  # 850 € PER month
    per_nouns: ClassVar[Mapping[str, str]]  # what stands behind the slash, as written: "j": "jour"
    map_scale: ClassVar[str]  # 1:25 000
    roman_links: ClassVar[str]  # a pattern between two Roman numerals: XVI y XVII
    halves: ClassVar[Mapping[str, str]]  # "and a half" by gender
    over: ClassVar[str]  # 8/10, the mark of a pupil
    plural_cues: ClassVar[frozenset[str]]  # words before a plural noun: "les"
    verse_cues: ClassVar[str]  # a pattern of words before a line of verse, "v. 12"; elsewhere it is a version
    to_the_power: ClassVar[str]  # 10⁶
    ways: ClassVar[str]  # a pattern of shortened streets, before "de"
    cents: ClassVar[Mapping[str, Noun]]  # hundredths of a currency, for amounts below one
    sections: ClassVar[str]  # §§
    hash_key: ClassVar[str]  # the key of a telephone
    by: ClassVar[str]  # 3 x 4 m
    per_hundred: ClassVar[str]  # 5 l/100 km
    thousand: ClassVar[str]

    def own_rules(self) -> Sequence[Rule]:
        return (
            *self._letter_rules(),
            *self._date_rules(),
            *self._amount_rules(),
            *self._roman_rules(),
            *super().own_rules(),
        )

    def prepared(self, line: str) -> str:
        """Return `line` with the small raised letters of 1ᵉʳ, XIXᵉ and 3ᵃ as ordinary ones, and ≤ for <=."""
        typed = _TYPED_SIGN.sub(lambda sign: _SIGNS[sign[0]], line.translate(_RAISED))
        return super().prepared(typed)

    # letters and names

    def _letter_rules(self) -> Sequence[Rule]:
        return (
            (re.compile(r"(?:[A-ZÉ]\.){3,8}(?!\w)"), self._dotted_acronym),
            (re.compile(r"(?<!\w)(?P<mark>[@#])(?=[^\W\d])(?P<name>\w{1,60})"), self._handle),
            (re.compile(r"v\.\s?(?=[0-9])"), self._verse_or_version),
            (re.compile(r"(?<=\s)#(?=\s)"), lambda f: self.hash_key),
            (re.compile(rf"(?P<way>{self.ways})\b\.?\s(?=(?:del?|du|des)\s|d['’])", re.I), self._way),
        )

    def _dotted_acronym(self, found: Found) -> str | None:
        if found[0].casefold() in self._folded_abbreviations:
            return None
        return " ".join(found[0].replace(".", ""))

    def _handle(self, found: Found) -> str:
        name = re.sub("_+", f" {self.underscore} ", found["name"].strip("_"))
        name = re.sub("[0-9]+", lambda digits: f" {self.say_whole(digits[0])} ", name).strip()
        return self.join(self.at if found["mark"] == "@" else self.hashtag, name)

    def _verse_or_version(self, found: Found) -> str:
        is_verse = re.search(rf"\b(?:{self.verse_cues})\b", found.before, re.I)
        return f"{self.before_number['v'] if is_verse else self.version} "

    def _way(self, found: Found) -> str:
        return f"{self.before_name[found['way'].casefold()]} "

    # dates

    def _date_rules(self) -> Sequence[Rule]:
        months = alternation({*cldr.month_numbers(self.code), *self.months})
        date = rf"(?:0?[1-9]|[12][0-9]|3[01])(?:(?:{self.day_suffix})?{self.day_link}(?:{months})(?!\w)|[/.-][01]?[0-9]\b)"
        hours = r"(?:(?P<h>[0-9]{1,2})\s?h\s?)?"
        short_months = alternation(month for month in self._short_months() if month not in self.weekdays)
        days = alternation({*self.weekdays, *self.weekdays.values()})
        day = rf"(?<![\w.@/-])(?P<day>{days})\b"
        return (
            (re.compile(rf"{day}\.?(?P<mark>,?)(?=\s{date})", re.I), self._weekday),
            (
                re.compile(rf"{day}\.(?P<mark>,?)(?=\s(?:[0-9]{{1,2}}\b|(?:{self.weekday_links})\s))", re.I),
                self._weekday,
            ),
            (re.compile(rf"{day}\.?\s?[-–]\s?(?P<last>{days})\b\.?", re.I), self._weekdays),
            (re.compile(r"(?P<n>(?:1[89]|20)?[1-9]0)['’]s(?!\w)"), lambda f: self._decade(f["n"])),
            (re.compile(r"(?P<h>[0-9]{1,2})\s?h\s?(?P<m>[0-5]?[0-9])(?P<s>)\s?(?:min|mn|m)(?!\w)"), self._minutes),
            (
                re.compile(rf"{hours}(?P<m>[0-9]{{1,3}})['’′](?P<s>[0-5][0-9])(?:['’′]{{2}}|[\"”″])?(?!\w)"),
                self._minutes,
            ),
            (re.compile(rf"(?P<month>{short_months})\.(?!\w)", re.I), self._short_month),
            (re.compile(r"n[°º]\s?(?=[0-9])", re.I), lambda f: f"{self.number_sign} "),
            (re.compile(r"(?P<month>0[1-9]|1[0-2])/(?P<year>(?:19|20)[0-9]{2})(?![\w/])"), self._month_year),
            (
                re.compile(r"(?P<day>[0-3]?[0-9])(?P<by>[/.-])(?P<month>[01]?[0-9])(?![\w/]|[.,:-][0-9])"),
                self._day_month,
            ),
        )

    def _short_months(self) -> set[str]:
        names = {*cldr.month_numbers(self.code), *self.months}
        return {name for name in names if len(name) > 2} - {name.casefold() for name in cldr.months(self.code)}

    def _short_month(self, found: Found) -> str:
        written = found["month"].casefold()
        return self.month(self.months.get(written) or cldr.month_numbers(self.code)[written])

    def _weekday(self, found: Found) -> str:
        written = found["day"].casefold()
        return self.weekdays.get(written, written) + (found.match.groupdict().get("mark") or "")

    def _weekdays(self, found: Found) -> str:
        first, last = (self.weekdays.get(found[part].casefold(), found[part].casefold()) for part in ("day", "last"))
        return self.join(first, self.to, last)

    def _decade(self, digits: str) -> str:
        return self.say_year(int(digits)) if len(digits) == 4 else self.cardinal(int(digits))

    def _minutes(self, found: Found) -> str:
        """3'45": a length, or its end behind the hours."""
        return self._length(found["h"], str(int(found["m"])), str(int(found["s"])) if found["s"] else "")

    def say_duration(self, hours: int, minutes: int, seconds: int) -> str:
        is_empty = not (hours or minutes or seconds)
        return self._length(str(hours or ""), str(minutes or ""), str(seconds or ("0" if is_empty else "")))

    def _length(self, hours: str, minutes: str, seconds: str) -> str:
        parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
        said = [self.say_unit(Number(digits), unit) or "" for digits, unit in parts if digits]
        return self.join(*said[:-1], self.length_link if len(said) > 1 else "", *said[-1:])

    def _month_year(self, found: Found) -> str:
        return self.say_date(Date(month=int(found["month"]), year=int(found["year"])), found)

    def _day_month(self, found: Found) -> str | None:
        """A date without its year, behind words that make it one."""
        day, month = int(found["day"]), int(found["month"])
        if not 1 <= month <= 12 or not 1 <= day <= _MONTH_DAYS[month - 1]:
            return None
        if found["by"] != "/" and (len(found["month"]) == 1 or re.match(rf"\s(?:{_WORD}|[0-9])", found.after)):
            return None
        cue = re.search(rf"(?<!\w)(?:{self.date_cues})\s$", found.before, re.I)
        is_padded = found["month"][0] == "0"
        if cue is None and not (is_padded and found["by"] == "/"):
            return None
        if re.match(self.part_links, found.after) and not is_padded:
            return None
        return self.say_date(Date(day, month), found)

    # amounts

    def _amount_rules(self) -> Sequence[Rule]:
        nouns = alternation(self.per_nouns)
        part = rf"(?:\s(?P<above>[1-9])[/⁄](?P<below>[1-9])|\s?(?P<vulgar>[{''.join(VULGAR)}]))"
        units = alternation({*cldr.UNITS, *self.units} - self.foreign_units)
        grouped = rf"[0-9]{{1,3}}(?:[{re.escape(self.groups)}][0-9]{{3}})+"
        return (
            (re.compile(rf"\s?/\s?(?P<noun>{nouns})(?![\w²³])\.?"), self._per),
            (re.compile(r"(?<=[^\W\d]\s)(?P<sign>[$€£¥])(?!\s?[0-9]|\w)"), self._lone_currency),
            (re.compile(r"(?P<a>[0-9]{1,6})(?P<sign>[€$£])(?P<cents>[0-9]{2})(?!\w|[.,][0-9])"), self._inner_sign),
            (re.compile(rf"1:(?P<n>{grouped})(?![0-9])"), self._map_scale),
            (re.compile(rf"(?P<n>[0-9]{{1,3}}){part}\s?(?P<unit>{units})(?![\w²³/])"), self._mixed_unit),
            (re.compile(rf"(?P<n>[0-9]{{1,3}}){part}\s(?P<noun>{_WORD}{{3,24}})"), self._mixed_noun),
            (
                re.compile(r"(?<=[0-9])\s?[x×]\s?(?=[0-9,]{1,6}(?:\s?[x×]\s?[0-9,]{1,6})?\s?[cmk]?m(?!\w))"),
                lambda f: self.by,
            ),
            (re.compile(r"(?<=[0-9]\s)x\s(?=[0-9])"), lambda f: f"{self.times} "),
            (re.compile(r"(?P<x>\b[A-Za-ln-z]|(?<=[)\]]))(?P<power>[²³])"), self._power),
            (
                re.compile(r"(?<=[^\W\d]\s)(?P<unit>[km]?m[²³23]|km/h|[kMGT]Wh|km|kg|cm|mm|[MG][oB])(?![\w/])"),
                self._bare_unit,
            ),
            (re.compile(r"(?<=[ cmk0-9]m )[x×]\s(?=[0-9])"), lambda f: self.by.lstrip()),
            (re.compile(rf"(?P<n>{number_pattern(self)})\sA(?!\w)"), self._amperes),
            (re.compile(r"(?<=[0-9A-Za-z)])(?P<power>⁻?[⁰¹²³⁴-⁹]{1,3})(?!\w)"), self._high_power),
            (re.compile(r"(?<=[0-9A-Za-z)])\^(?P<sign>-?)(?P<power>[0-9]{1,3})(?![0-9])"), self._high_power),
            (re.compile(rf"(?P<a>{number_pattern(self)})\s[kK](?P<sign>[$€£])"), self._thousands),
            (re.compile(r"(?P<n>[0-9]{1,3})m(?P<cm>[0-9]{2})(?!\w)"), self._metres),
            (
                re.compile(
                    rf"(?P<n>[0-9]{{1,3}})\s?(?P<unit>{units})\s?(?:(?P<above>1)/(?P<below>2)|(?P<vulgar>½))(?!\w)"
                ),
                self._mixed_unit,
            ),
            (re.compile(r"§§\s?"), lambda f: f"{self.sections} "),
            (re.compile(r"(?<=[0-9])/1(?![\w/]|[.,][0-9])"), lambda f: f" {self.to} {self.cardinal(1)}"),
            (
                re.compile(rf"{_FREE}(?P<a>[1-9][0-9]?)/(?P<b>[1-9][0-9])(?![\w/]|[.,:-][0-9])"),
                self._either,
            ),
            (re.compile(r"(?<=[0-9])\s?[x×](?=\s?/)"), lambda f: f" {self.times}"),
            (re.compile(r"/100\s?km(?!\w)"), lambda f: self.per_hundred),
            (re.compile(r"(?P<n>[248])K(?![\w€$£])"), self._resolution),
            (re.compile(r"(?:16[/:](?:9|10)|21[/:]9|4[/:]3)(?![\w/:]|[.,-][0-9])"), self._screen),
            (
                re.compile(rf"{_FREE}(?P<a>[0-9]{{1,3}}(?:,[0-9])?)/(?P<b>10|20|100)(?![\w/]|[.,:-][0-9])"),
                self._mark,
            ),
        )

    def _per(self, found: Found) -> str | None:
        if not re.search(r"(?:[€$£¥]|[0-9]\s?[\w²³×]{1,12}\.?(?:/[\w²³]{1,6})?)$", found.before):
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

    def _mixed_noun(self, found: Found) -> str | None:
        """One and a half litres, in the order of these languages: un litre et demi."""
        noun, part = found["noun"], _part(found)
        if part is None or noun.casefold() in self.ungendered:
            return None
        return self.say_mixed_noun(int(found["n"]), part, noun, self.gender_of(noun))

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

    def _resolution(self, found: Found) -> str | None:
        """4K is the name of a picture's size, and four thousand where something is counted."""
        return None if re.match(rf"\s{_WORD}+s\b", found.after) else f"{self.cardinal(int(found['n']))} K"

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

    def _power(self, found: Found) -> str:
        return f"{found['x']} {self.symbols[found['power']]}"

    def _high_power(self, found: Found) -> str:
        """10⁶, 10^6; a square and a cube have names of their own."""
        digits = found["power"].translate(_SUPERSCRIPTS).lstrip("-")
        minus = self.minus if len(digits) < len(found["power"]) or found.match.groupdict().get("sign") else ""
        named = {"2": self.symbols["²"], "3": self.symbols["³"]}.get(digits) if not minus else None
        return f" {named or self.join(self.to_the_power, minus, self.cardinal(int(digits)))}"

    def _thousands(self, found: Found) -> str:
        return self.say_money(parse_number(found["a"], self), cldr.CURRENCIES[found["sign"]], "k")

    def say_sign(self, sign: str) -> str:
        return self.symbols["±"] if sign == "±" else super().say_sign(sign)

    def _screen(self, found: Found) -> str:
        above, below = map(int, re.findall("[0-9]+", found[0]))
        return self.say_fraction(above, below)

    def _either(self, found: Found) -> str | None:
        """25/30 ans: two numbers so near to each other are no fraction."""
        low, high = int(found["a"]), int(found["b"])
        if (
            not 5 < low < high <= 2 * low
            or high in (10, 20, 100)
            or low == high - 1
            or re.match(self.part_links, found.after)
        ):
            return None
        return self.join(self.cardinal(low), self.to, self.cardinal(high))

    def say_fraction_of(self, fraction: str, unit: str, *, is_mixed: bool) -> str | None:
        """A quarter OF an hour; of halves there is an adjective."""
        noun = None if is_mixed else self.unit_noun(unit, Decimal(1))
        if noun is None or fraction == self.say_fraction(1, 2):
            return super().say_fraction_of(fraction, unit, is_mixed=is_mixed)
        return self.join(fraction, self.of_unit(noun))

    def of_unit(self, noun: str) -> str:
        return f"de {noun}"

    def _mark(self, found: Found) -> str | None:
        above = parse_number(found["a"], self)
        if above.value <= 1 or above.value > int(found["b"]) or re.match(self.part_links, found.after):
            return None
        return self.join(self.say_number(above), self.over, self.cardinal(int(found["b"])))

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
        return super().say_counting(number, noun, found)

    def say_money(self, number: Number, currency: str, scale: str = "") -> str:
        if not scale and number.whole == "0" and len(number.fraction) == 2 and currency in self.cents:
            return self.say_counted(Number(str(int(number.fraction)), sign=number.sign), self.cents[currency])
        if not scale or self.scales[scale].forms["other"] != self.thousand:
            return super().say_money(number, currency, scale)
        return self.join(
            self.say_scaled_words(number, self.scales[scale]), self.currency_name(currency, Decimal(1000))
        )

    # Roman numerals

    def _roman_rules(self) -> Sequence[Rule]:
        numeral = "[IVXLC]{1,9}"
        return (
            (re.compile(rf"(?<![\w.'’-])(?P<a>{numeral})\s?[-–]\s?(?P<b>{numeral})(?![\w-])"), self._roman_span),
            (re.compile(rf"(?<![\w.'’-])(?P<roman>{numeral})(?!\w|['’]\w)"), self._roman_behind),
        )

    def _roman_span(self, found: Found) -> str | None:
        if self._numbered_noun(found) is None:
            return None
        low, high = roman_value(found["a"]), roman_value(found["b"])
        return self.join(self.cardinal(low), self.to, self.cardinal(high)) if low and high else None

    def _roman_behind(self, found: Found) -> str | None:
        """A numeral behind an abbreviated noun, behind another numeral, or a long one behind a name (Super Bowl LVIII)."""
        value, noun = roman_value(found["roman"]), self._numbered_noun(found)
        if value is None:
            return None
        before = found.word_before
        if found["roman"] in ("I", "V") and before.istitle() and len(before) > 3 and found.after[:1] != ".":
            return self.say_roman(value, before)
        return self.cardinal(value) if noun or self._is_numbered_by(found) else None

    def _is_numbered_by(self, found: Found) -> bool:
        """A long numeral behind a name (Super Bowl LVIII), or one behind a common noun (épisode IV)."""
        before, numeral = found.word_before, found["roman"]
        if before.casefold() in self.regnal_names or found.before[-1:] != " " or found.before[-2:-1] in ".,;:!?":
            return False
        if before.islower() and set(numeral) <= set("IVX") and numeral != "X":  # les rayons X
            is_bare = not re.match(rf"\s{_WORD}" + ("" if len(numeral) == 1 else "{4}"), found.after)
            return (
                is_bare if len(before) <= 3 and len(numeral) > 1 else len(before) > 3 and (is_bare or len(numeral) > 1)
            )
        return len(numeral) > 3 and before.istitle()

    def _numbered_noun(self, found: Found) -> str | None:
        row = rf"(?:[IVXLC]{{1,9}}(?:,|\s?[-–]|,?\s(?:{self.roman_links}))\s?){{0,4}}$"
        before = re.search(rf"({_WORD}{{1,20}}º?)\.?\s{row}", found.before)
        if before is None:
            return None
        word = before[1].casefold()
        is_letter = found[0] in ("C", "L")  # puerta C
        return word if word in self.roman_nouns or (word in self.before_number and not is_letter) else None


def _part(found: Found) -> tuple[int, int] | None:
    above, below = VULGAR[found["vulgar"]] if found["vulgar"] else (int(found["above"]), int(found["below"]))
    return (above, below) if above < below else None
