"""How one language says what the recognisers of `rules.py` understand.

A language is a subclass that fills in the words and overrides what its speakers say otherwise. Every `say_*` gets a
value and returns words; none raises for any value that a recogniser can make.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from threading import Lock
from typing import ClassVar

from num2words import num2words

from voice.text.reading import cldr
from voice.text.reading.capitals import without_shouting
from voice.text.reading.values import Clock, Date, Found, Noun, Number, ordered

Rule = tuple[re.Pattern[str], Callable[[Found], str | None]]
"""What a match of the pattern is said as; None where it is something else, and the next rule is asked."""

MAX_DIGITS = 12
_NUM2WORDS_LOCK = Lock()
"""num2words keeps the number it is working on in converters that all callers share (ar): one thread at a time."""


@lru_cache(maxsize=4096)
def number_words(number: int, language: str, kind: str = "cardinal") -> str:
    """Return `number` (at most 12 digits) in words by num2words. Thread-safe. `kind`: cardinal, ordinal or year."""
    with _NUM2WORDS_LOCK:
        return str(num2words(number, lang=language, to=kind)).replace(",", "").strip()


class Language:
    """The words of a language, and how it puts them together. One instance, shared by all threads, without state."""

    code: ClassVar[str]
    decimal: ClassVar[str] = "."  # the sign in 1.5
    groups: ClassVar[str] = ","  # the signs in 1,000,000; a space counts too where it is among them
    group_digits: ClassVar[str] = "[0-9]{3}"  # of a group that is not the last: India writes 12,34,567
    gap: ClassVar[str] = " "  # between words
    outer_gap: ClassVar[str] = " "  # between words that were made and letters that stood right beside them
    years: ClassVar[range] = range(1100, 2100)  # a bare number of four digits in it is a year, for `say_year`
    month_first: ClassVar[bool] = False  # 3/5/2026 is March

    point: ClassVar[str]  # 3 POINT 5
    minus: ClassVar[str]
    plus: ClassVar[str]
    to: ClassVar[str]  # 40 TO 60, 9:00 TO 17:00
    ratio: ClassVar[str]  # 3:2, 16:9
    times: ClassVar[str]  # 3 × 4, 10x
    of_scale: ClassVar[str] = ""  # between a scale and a currency: "millones DE dólares"
    percent: ClassVar[str]
    dot: ClassVar[str]  # in addresses and versions
    slash: ClassVar[str]
    dash: ClassVar[str]  # in addresses
    underscore: ClassVar[str]
    at: ClassVar[str]
    address_signs: ClassVar[Mapping[str, str]] = {}  # further signs in addresses: "?", "="
    number_sign: ClassVar[str]  # "#5"
    hashtag: ClassVar[str]  # "#podcast"
    version: ClassVar[str]  # "v2.1"
    to_the_power: ClassVar[str] = ""  # 10⁶

    # patterns, case-insensitive and without groups; "(?!)" matches nothing
    day_suffix: ClassVar[str] = r"(?!)"  # behind the day in a written date: "st|nd|rd|th", r"\.", "º"
    day_link: ClassVar[str] = r"\s"  # between day and month: r"\s(?:de\s)?"
    year_link: ClassVar[str] = r",?\s"  # between month and year
    months_capital: ClassVar[bool] = False  # a month is written with a capital: "may" is none
    half_words: ClassVar[str] = r"[ap]\.?\s?m\b\.?"  # 5 pm
    am_starts: ClassVar[str] = "a"  # how the words for the morning begin
    clock_noun: ClassVar[str] = r"(?!)"  # 14:30 Uhr, 14.30 Uhr, 14 Uhr
    clock_h: ClassVar[bool] = False  # 14h30
    length_link: ClassVar[str] = ""  # 1 h 30 min: between hours and minutes
    weekdays: ClassVar[Mapping[str, str]] = {}  # shortened, as written without full stop: "Mon", "lun"
    ordinal_suffix: ClassVar[str] = r"(?!)"  # 5th
    phone_words: ClassVar[str] = r"tel|telephone|phone|fax|call"  # before digits that are called
    local_phone: ClassVar[str] = r"(?!)"  # numbers that are called wherever they stand: "[0-9]{3}-[0-9]{4}"

    local_currency: ClassVar[Mapping[str, str]] = {}  # what "$" or "kr" means here, if not what it means elsewhere
    dot_between: ClassVar[str] = ""  # in versions; `dot` if empty
    slash_between: ClassVar[str] = " "  # between two words or numbers: "and/or", "24/7"
    regnal_stop: ClassVar[bool] = False  # a full stop belongs to a Roman ordinal: "Ludwig XIV. war"
    symbols: ClassVar[Mapping[str, str]]  # "&", "=", "§", "©", "≈", ... anywhere in the text
    scales: ClassVar[Mapping[str, Noun]]  # "M", "bn", "Mio.", as written, and what they multiply by
    units: ClassVar[Mapping[str, Noun]] = {}  # units of its own, and those that it calls otherwise than CLDR
    units_alone: ClassVar[Sequence[str]] = ordered(
        "kg km cm mm ml km/h m² m³ km² kWh MB GB TB kHz MHz GHz"
    )  # read without a number, too: "per kg"
    foreign_units: ClassVar[frozenset[str]] = frozenset()  # units of CLDR that are something else here: "4 d. C."
    currencies: ClassVar[Mapping[str, tuple[Noun, Noun | None]]] = {}  # by code: the noun, and that of the hundredth
    months: ClassVar[Mapping[str, int]] = {}  # written months beside CLDR's, case-folded and without full stop
    abbreviations: ClassVar[Mapping[str, str]] = {}  # anywhere; as written, matched in any case
    before_name: ClassVar[Mapping[str, str]] = {}  # titles, with or without a full stop, before a capital letter
    after_name: ClassVar[Mapping[str, str]] = {}  # "St", "Blvd": behind a capitalised word
    before_number: ClassVar[Mapping[str, str]] = {}  # "No.", "p.": before a digit or a Roman numeral
    only_with_stop: ClassVar[frozenset[str]] = frozenset()  # keys of these that are other words without a full stop
    roman_nouns: ClassVar[frozenset[str]] = frozenset()  # "chapter", "part": followed by a Roman cardinal; case-folded
    regnal_names: ClassVar[frozenset[str]] = frozenset()  # "Henry": followed by an ordinal; case-folded

    def __init__(self) -> None:
        self._folded_abbreviations = {key.casefold(): said for key, said in self.abbreviations.items()}

    def own_rules(self) -> Sequence[Rule]:
        """Rules that are asked before those that all languages share."""
        return ()

    def prepared(self, line: str) -> str:
        """Return `line` in the letters and signs that the rules know: what is shouted in capitals is written small."""
        return without_shouting(line, self.code)

    def finished(self, line: str) -> str:
        """Return the line that all rules have read, with what could only be joined once its words were there."""
        return line

    # numbers

    def cardinal(self, number: int, gender: str = "") -> str:
        """0 <= number < 10**12. `gender`: that of the noun which follows, "" for counting."""
        return number_words(number, self.code)

    def ordinal(self, number: int, gender: str = "") -> str:
        """1 <= number < 10**6."""
        return number_words(number, self.code, "ordinal")

    def say_year(self, year: int) -> str:
        return self.cardinal(year)

    def say_digits(self, digits: str) -> str:
        """Digit by digit."""
        return self.gap.join(self.cardinal(int(digit)) for digit in digits)

    def say_whole(self, digits: str, gender: str = "") -> str:
        """A whole number; one too long, or with a leading zero, digit by digit."""
        if len(digits) > MAX_DIGITS or (len(digits) > 1 and digits[0] == "0"):
            return self.say_digits(digits)
        return self.cardinal(int(digits), gender)

    def say_number(self, number: Number, gender: str = "") -> str:
        """A number that counts nothing, or the number before a noun of this gender."""
        words = self.say_whole(number.whole or "0", gender if number.is_whole else "")
        if number.fraction:
            words = self.join(words, self.point, self.say_decimals(number.fraction))
        return self.join(self.say_sign(number.sign), words)

    def say_sign(self, sign: str) -> str:
        return {"-": self.minus, "+": self.plus, "±": self.join(self.plus, self.minus)}.get(sign, "")

    def say_decimals(self, fraction: str) -> str:
        return self.say_digits(fraction)

    def say_counted(self, number: Number, counted: Noun) -> str:
        """A number with its noun: "two kilometres"."""
        category = cldr.plural_category(self.code, number.value)
        form = counted.forms.get(category) or counted.forms["other"]
        return self.join(self.say_number(number, counted.gender), form)

    def say_unit(self, number: Number, unit: str) -> str | None:
        """A number with a written unit; None where the unit is unknown."""
        if (own := self.units.get(unit)) is not None:
            return self.say_counted(number, own)
        frame = cldr.unit_frame(self.code, unit, number.value)
        if frame is None:
            return None
        words = frame.replace("{}", self.say_number(number, self.unit_gender(unit)))
        return words if self.gap else words.replace(" ", "")

    def unit_gender(self, unit: str) -> str:
        """The gender of CLDR's noun for a unit, where numbers agree with it."""
        return ""

    def say_percent(self, number: Number) -> str:
        return self.join(self.say_number(number), self.percent)

    def say_money(self, number: Number, currency: str, scale: str = "") -> str:
        """An amount of the currency of an ISO 4217 code; `scale` is a key of `scales`: 3, "USD", "M"."""
        if scale:
            scaled = self.say_counted(number, self.scales[scale])
            return self.join(scaled, self.of_scale, self.currency_name(currency, Decimal(1_000_000)))
        major, minor = self.currencies.get(currency, (None, None))
        if len(number.fraction) != 2 or major is None:
            named = major or Noun({"other": self.currency_name(currency, number.value)})
            return self.say_counted(number, named)
        if not int(number.whole[-MAX_DIGITS:] or "0") and minor and int(number.fraction):
            return self.say_counted(Number(str(int(number.fraction)), sign=number.sign), minor)
        return self.say_hundredths(self.say_counted(Number(number.whole, sign=number.sign), major), number, minor)

    def say_hundredths(self, amount: str, number: Number, minor: Noun | None) -> str:
        """An amount with two decimals: "twelve dollars fifty"."""
        if not int(number.fraction):
            return amount
        return self.join(amount, self.cardinal(int(number.fraction), minor.gender if minor else ""))

    def currency_name(self, currency: str, value: Decimal) -> str:
        if currency in self.currencies:
            forms = self.currencies[currency][0].forms
            return forms.get(cldr.plural_category(self.code, value)) or forms["other"]
        return cldr.currency_noun(self.code, currency, value)

    def say_fraction(self, above: int, below: int) -> str:
        """A vulgar fraction, 1/2 .. 99/100."""
        raise NotImplementedError

    def say_mixed(self, whole: str, fraction: str) -> str:
        """One and a half: `fraction` is what `say_fraction` said."""
        raise NotImplementedError

    def say_power(self, power: Number) -> str:
        """The power that a number or letter is raised to, as it stands behind it: 10⁶."""
        return self.join(self.to_the_power, self.say_number(power))

    def say_ratio(self, left: str, right: str) -> str:
        """3:2, 16:9, a score."""
        return self.join(self.say_whole(left), self.ratio, self.say_whole(right))

    def say_fraction_of(self, fraction: str, unit: str, *, is_mixed: bool) -> str | None:
        """A vulgar fraction or a mixed number, already in words, with its unit."""
        noun = self.unit_noun(unit, Decimal("1.5") if is_mixed else Decimal(1))
        return None if noun is None else self.join(fraction, noun)

    def unit_noun(self, unit: str, value: Decimal) -> str | None:
        """The noun alone, in the form that stands behind `value`."""
        if unit in self.units:
            forms = self.units[unit].forms
            return forms.get(cldr.plural_category(self.code, value)) or forms["other"]
        frame = cldr.unit_frame(self.code, unit, value)
        return None if frame is None else frame.replace("{}", "").strip()

    def say_scaled(self, number: Number, scale: str) -> str | None:
        """A number with a scale and nothing that it counts, 5k or 3 Mio.; None where it is something else (10m)."""
        return self.say_counted(number, self.scales[scale])

    def say_suffixed_ordinal(self, number: int, suffix: str, found: Found) -> str | None:
        """An ordinal as the language marks it: 5th, 1er."""
        return self.ordinal(number)

    def say_dot_ordinal(self, number: int, found: Found) -> str | None:
        """A number with a full stop and a word behind it: an ordinal (3. Mai), or None for the end of a sentence."""
        return None

    # dates and times

    def month(self, month: int) -> str:
        """A month as it stands in a date."""
        return cldr.months(self.code)[month - 1]

    def say_date(self, date: Date, found: Found) -> str:
        """A date, of which the day or the year can be missing; `found` shows what stands before it."""
        raise NotImplementedError

    def say_clock(self, clock: Clock) -> str:
        raise NotImplementedError

    def say_duration(self, hours: int, minutes: int, seconds: int) -> str | None:
        """1:02:03 where it is a length; None to read it as a time of day."""
        return None

    # the rest

    def say_phone(self, groups: Sequence[str]) -> str:
        """A telephone number in its written groups, "+" before the first one where it is international."""
        said = [
            self.join(self.plus if group[0] == "+" else "", self.say_digits(group.lstrip("+"))) for group in groups
        ]
        return ", ".join(said)

    def abbreviation(self, folded: str, found: Found) -> str | None:
        """What a key of `abbreviations` stands for here."""
        return self._folded_abbreviations.get(folded)

    def say_regnal(self, number: int, name: str) -> str:
        """The Roman numeral behind a ruler's name."""
        return self.ordinal(number)

    def say_roman(self, number: int, noun_before: str) -> str:
        """The Roman numeral behind a noun."""
        return self.cardinal(number)

    def say_address(self, address: str) -> str:
        """A URL without its scheme, a domain or an e-mail address."""
        words = {
            ".": self.dot,
            "/": self.slash,
            "-": self.dash,
            "_": self.underscore,
            "@": self.at,
            **self.address_signs,
        }
        parts = re.findall(rf"[^\W\d_]+|[0-9]+|[{re.escape(''.join(words))}]", address.rstrip("/"))
        said = [words.get(part) or (self.say_whole(part) if part.isdigit() else part) for part in parts]
        for place, part in enumerate(parts):
            if len(part) == 2 and part.isalpha() and parts[place - 1 : place] == ["."]:
                said[place] = part.upper()  # a country, which is spelled
        return (self.gap or " ").join(said)

    def join(self, *words: str) -> str:
        return self.gap.join(filter(None, words))
