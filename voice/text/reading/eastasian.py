"""What Chinese, Japanese and Korean write alike: no spaces around figures, counters, full-width signs, myriads.

The rules that all languages share end a number at a letter. Here letters follow at once ("3.5亿元", "50%です"), and
what follows decides how the number is read, so amounts are found by rules of their own. What is not found here
(dates in figures, times of day, addresses, telephone numbers in groups, fractions) is left to the shared rules.
"""

import re
import unicodedata
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import MAX_DIGITS, Language, Rule
from voice.text.reading.values import Date, Found, Number
from voice.text.reading.written import TOP_LEVEL, alternation, number_pattern, parse_number, roman_value

DASH = "[-–—−~〜]"
_FULL_WIDTH = re.compile(
    r"[０-９Ａ-Ｚａ-ｚ％＃＄＆＋＝＠／－～＜＞￥￡￦①-⑳Ⅰ-ⅿ㎀-㏟℃℉№ｦ-ﾟ]+|(?<=[0-9０-９])[．，：](?=[0-9０-９])"
)
_LATIN_BEFORE = r"(?<![A-Za-z0-9.])"
_NO_RANGE_BEFORE = r"(?<![A-Za-z0-9.%°)）年月日号點点时時分년월일시분])"
_LETTERS = "\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3"
_ADDRESS = (
    r"(?:https?://|www\.)[!#-;=?-~]{1,300}|[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}"
    rf"|(?:[A-Za-z0-9-]{{1,63}}\.){{1,4}}(?:{TOP_LEVEL})(?![A-Za-z0-9.])"
)
_SPELLED_LETTERS = 4
_POWERS = {"K": 3, "k": 3, "M": 6, "B": 9, "bn": 9, "T": 12}
_YEAR_DIGITS = 4


class EastAsian(Language):
    """The shared rules of the three. `say_amount` of a language reads a number with the counter behind it."""

    gap: ClassVar[str] = ""
    outer_gap: ClassVar[str] = ""
    years: ClassVar[range] = range(0)
    half_words: ClassVar[str] = r"[ap]\.?m\b\.?"

    counters: ClassVar[Sequence[str]]  # what is read together with the number before it, as written
    myriads: ClassVar[Mapping[str, str]]  # 万, 億: as written, and as said behind a number
    money_names: ClassVar[Mapping[str, str]]  # by code; CLDR's names have the country's before them
    money_words: ClassVar[Sequence[str]]  # currencies as written behind numbers: 元, 円, 원, 美元
    unit_names: ClassVar[Mapping[str, str]]  # units that are called otherwise than by CLDR
    letter_names: ClassVar[Mapping[str, str]] = {}  # A .. Z; without them letters are set apart
    word_acronyms: ClassVar[Mapping[str, str]] = {}  # capitals that are read as a word
    called: ClassVar[str]  # a pattern of what stands before digits that are called
    ordinal_prefix: ClassVar[str]  # 第, 제
    negative_word: ClassVar[str] = r"(?!)"  # a word before a number that already says minus: 零下
    phone_digits: ClassVar[Sequence[str]]

    def prepared(self, line: str) -> str:
        """Return `line` with full-width letters, digits and signs, squared units and Roman numerals as plain ones."""
        return _FULL_WIDTH.sub(lambda found: unicodedata.normalize("NFKC", found[0]), line)

    def own_rules(self) -> Sequence[Rule]:
        number = number_pattern(self)
        sign = rf"(?P<sign>{_NO_RANGE_BEFORE}[-−–+±]\s?(?=[0-9]))?"
        amount = rf"(?:(?P<a>{number})\s?{DASH}\s?)?(?P<b>{number})"
        units = alternation({*cldr.UNITS, *self.unit_names} - {"K"})  # 4K is no temperature
        unit = rf"(?P<unit>(?:{units})(?:/(?:{units}))?)(?![A-Za-z0-9²³/])"
        signs, words = alternation(cldr.CURRENCIES), alternation(self.money_words)
        codes = alternation(cldr.CODES)
        myriad = rf"(?:\s?(?P<scale>{alternation(self.myriads)})|(?P<letter>{alternation(_POWERS)})(?![A-Za-z]))"
        month = r"(?P<month>1[0-2]|0?[1-9])/(?P<day>3[01]|[12][0-9]|0?[1-9])"
        counters = alternation(self.counters)
        return [
            (re.compile(_ADDRESS), self._plain_address),
            (
                re.compile(rf"{_LATIN_BEFORE}{month}(?=\s?[(（][月火水木金土日一二三四五六월화수목금토일])"),
                self._short_date,
            ),
            (re.compile(r"\+?[0-9]{2,15}(?:[- ][0-9]{2,8}){0,4}(?![0-9年月日时時点點:]|[.,/][0-9])"), self._called),
            (re.compile(rf"(?P<first>{signs}|(?<![A-Za-z])(?:{codes})\s?)\s?{amount}{myriad}?"), self._money),
            (re.compile(rf"{sign}{amount}{myriad}?\s?(?P<last>{words}|(?:{signs}|{codes})(?![A-Za-z]))"), self._money),
            (re.compile(rf"{sign}{amount}\s?%"), self._percent),
            (
                re.compile(
                    rf"{self.ordinal_prefix}\s?(?P<roman>[IVXLC]{{1,8}})(?![A-Za-z])(?:\s?(?P<counter>{counters}))?"
                ),
                self._roman_ordinal,
            ),
            (re.compile(rf"{self.ordinal_prefix}\s?{amount}(?:\s?(?P<counter>{counters}))?"), self._ordinal),
            (re.compile(rf"{sign}{amount}\s?{unit}"), self._measure),
            (
                re.compile(
                    rf"(?P<a>(?!))?(?P<b>{number})(?P<scale>{alternation(self.myriads)})(?P<counter>{counters})?"
                ),
                self._scaled,
            ),
            (re.compile(rf"{sign}{amount}\s?(?P<counter>{counters})"), self._counter),
            (re.compile(rf"{_LATIN_BEFORE}(?P<a>{number}){DASH}(?P<b>{number})(?![0-9/]|{DASH})"), self._range),
            (re.compile(rf"{_NO_RANGE_BEFORE}[-−–](?P<b>{number})"), self._negative),
            (
                re.compile(rf"(?:No\.|NO\.|№)\s?(?P<b>{number})"),
                lambda found: self.say_numbered(self._numbers(found)[1]),
            ),
            (re.compile(rf"{_LATIN_BEFORE}(?:{alternation(self.abbreviations)})(?![A-Za-z])"), self._short),
            (re.compile(r"(?P<roman>[IVX]{1,6})(?![A-Za-z0-9])(?:\s?(?P<counter>[世세]))?"), self._name_roman),
            (re.compile(r"(?<![A-Za-z.])[A-Z]{2,6}(?![A-Za-z])"), self._acronym),
            (
                re.compile(rf"(?<=[0-9{_LETTERS}])[A-Z](?![A-Za-z.])|(?<![A-Za-z.])[A-Z](?=[0-9{_LETTERS}])"),
                self._acronym,
            ),
            (re.compile(rf"(?<=[0-9%°)）{_LETTERS}])\s?{DASH}\s?(?=[0-9$€£¥₩])"), self._joined),
            (re.compile(r"[=<>]"), lambda found: self.symbols.get(found[0])),
        ]

    # what a language says

    @abstractmethod
    def say_amount(self, number: Number, counter: str, found: Found) -> str:
        """A number with one of `counters`."""

    @abstractmethod
    def say_ordinal(self, number: Number, counter: str) -> str:
        """第3回: without a counter `counter` is ""."""

    def say_measure(self, number: Number, unit: str) -> str | None:
        """A number with a written unit; None where it is unknown."""
        if unit in self.unit_names:
            return f"{self.say_number(number)}{self.unit_names[unit]}"
        above, slash, _ = unit.partition("/")
        if slash and above in self.unit_names:
            return None
        return self.say_unit(number, unit)

    def say_range(self, first: str, last: str) -> str:
        return f"{first}{self.to}{last}"

    def say_sum(self, number: Number, scale: str, noun: str) -> str:
        """An amount of money; `noun` is the currency as it is said."""
        return f"{self.say_number(number)}{self.myriads.get(scale, '')}{noun}"

    def say_letters(self, letters: str) -> str:
        if letters in self.word_acronyms:
            return self.word_acronyms[letters]
        if self.letter_names:
            return "".join(self.letter_names[letter] for letter in letters)
        return " ".join(letters)

    def say_phone(self, groups: Sequence[str]) -> str:
        said = ["".join(self.plus if c == "+" else self.phone_digits[int(c)] for c in group) for group in groups]
        return "、".join(said) if self.gap == "" else ", ".join(said)

    # what was found

    def _short_date(self, found: Found) -> str | None:
        return self.say_date(Date(int(found["day"]), int(found["month"])), found)

    def _called(self, found: Found) -> str | None:
        groups = re.findall(r"\+?[0-9]+", found[0])
        is_shaped = re.fullmatch(self.local_phone, found[0]) or (found[0][0] == "+" and sum(map(len, groups)) > 8)
        if is_shaped or re.search(rf"(?:{self.called})\W{{0,3}}$", found.before, re.IGNORECASE):
            return self.say_phone(groups)
        return None

    def _numbers(self, found: Found) -> tuple[Number | None, Number]:
        groups = found.match.groupdict()
        sign = (groups.get("sign") or "").strip()
        first = parse_number(sign + found["a"], self) if groups.get("a") else None
        last = parse_number(found["b"] if first else sign + found["b"], self)
        return first, last

    def _money(self, found: Found) -> str | None:
        groups = found.match.groupdict()
        written = (groups.get("first") or groups.get("last") or "").strip()
        code = self.local_currency.get(written) or cldr.CURRENCIES.get(written, written)
        is_word = written in self.money_words
        noun = written if is_word and code not in self.money_names else self.money_names.get(code)
        if noun is None:
            noun = cldr.currency_noun(self.code, code, parse_number(found["b"], self).value).replace(" ", "")
        first, last = self._numbers(found)
        letter = groups.get("letter") or ""
        said = self.say_sum(_times_power(last, letter), found["scale"], noun)
        return said if first is None else self.say_range(self.say_number(_times_power(first, letter)), said)

    def _percent(self, found: Found) -> str:
        first, last = self._numbers(found)
        said = self.say_percent(last)
        return said if first is None else self.say_percent_range(first, last)

    def say_percent_range(self, first: Number, last: Number) -> str:
        return self.say_range(self.say_number(first), self.say_percent(last))

    def _roman_ordinal(self, found: Found) -> str | None:
        value = roman_value(found["roman"])
        return None if value is None else self.say_ordinal(Number(str(value)), found["counter"])

    def _ordinal(self, found: Found) -> str | None:
        first, last = self._numbers(found)
        said = self.say_ordinal(last, found["counter"])
        if first is None:
            return said
        return self.say_range(self.say_ordinal(first, ""), said.removeprefix(self.say_ordinal(Number(""), "")))

    def _measure(self, found: Found) -> str | None:
        first, last = self._numbers(found)
        said = self.say_measure(last, found["unit"])
        return said if said is None or first is None else self.say_range(self.say_number(first), said)

    def _scaled(self, found: Found) -> str | None:
        return f"{self.say_sum(parse_number(found['b'], self), found['scale'], '')}{found['counter']}"

    def _counter(self, found: Found) -> str | None:
        first, last = self._numbers(found)
        said = self.say_amount(last, found["counter"], found)
        return said if first is None else self.say_counter_range(first, last, found)

    def say_counter_range(self, first: Number, last: Number, found: Found) -> str:
        return self.say_range(self.say_number(first), self.say_amount(last, found["counter"], found))

    def _range(self, found: Found) -> str | None:
        if len(found["a"]) > MAX_DIGITS or found["a"][0] == "0" or found["b"][0] == "0":
            return None
        first, last = self._numbers(found)
        assert first is not None
        return self.say_range(self.say_number(first), self.say_number(last))

    def _negative(self, found: Found) -> str | None:
        number = parse_number(found["b"], self)
        return self.say_number(Number(number.whole, number.fraction, "-"))

    def _name_roman(self, found: Found) -> str | None:
        """A Roman numeral right behind a name, or with the word for a ruler's number: 路易XIV, ルイXIV世."""
        value = roman_value(found["roman"])
        before = found.before.rstrip()[-1:]
        if value is None or before.isascii() or not before.isalpha():
            return None
        if found["counter"]:
            return self.say_amount(Number(str(value)), found["counter"], found)
        return self.say_regnal(value, before) if len(found["roman"]) > 1 else None

    def _short(self, found: Found) -> str | None:
        return self.abbreviation(found[0].casefold(), found)

    def say_numbered(self, number: Number) -> str:
        """No. 5."""
        return f"{self.number_sign}{self.say_number(number)}"

    def _acronym(self, found: Found) -> str | None:
        letters = found[0]
        if len(letters) > _SPELLED_LETTERS and letters not in self.word_acronyms and set(letters) & set("AEIOU"):
            return None  # a word, such as COVID
        return self.say_letters(letters)

    def _plain_address(self, found: Found) -> str:
        address = found[0].rstrip(".,;:!?")
        said = self.say_address(re.sub(r"^(?:https?://)?(?:www\.)?", "", address))
        return (said or address) + found[0][len(address) :]

    def _joined(self, found: Found) -> str:
        return self.say_range("", "")


def _times_power(number: Number, letter: str) -> Number:
    """3M as 3,000,000."""
    if not letter:
        return number
    power = _POWERS[letter]
    digits = number.whole + number.fraction.ljust(power, "0")[:power]
    return Number(digits.lstrip("0") or "0", number.fraction[power:], number.sign)
