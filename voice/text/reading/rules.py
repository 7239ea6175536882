"""What all languages write alike: dates, times, telephone numbers, money, units, addresses, numerals and signs.

A rule is a pattern and what its matches are said as. At each place of a line the rules are asked in order, and the
first one that understands what stands there wins; its words are not looked at again. No pattern reads more than some
hundred characters, a run of digits aside, which is skipped as a whole where no rule wants it: the time is linear.
"""

import re
from decimal import Decimal
from functools import partial

from voice.text.reading import cldr
from voice.text.reading.dates import DateRules
from voice.text.reading.language import Language, Rule
from voice.text.reading.values import Found, Number
from voice.text.reading.written import ADDRESS, DASH, VULGAR, alternation, number_pattern, parse_number, roman_value

_RAISED_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_NOT_IN_A_NAME = r"(?<![A-Za-zÀ-ɏͰ-ӿ])"
"""No letter stands right before: B2B is neither two billion nor two bits."""
_TRAILING = ".,;:!?'’*_~"
_GLUED_SCALES = frozenset("kKMBT")
_NEVER_GLUED_UNITS = frozenset({"K"})
_UNITS_ARE_MANY_AFTER = frozenset({"in", "em", "en"})
_ALWAYS_GLUED_UNITS = frozenset({"A", "°"})


class CommonRules:
    """The rules that all languages share, made for one of them."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._number = number_pattern(language)
        self._units = alternation({*cldr.UNITS, *language.units} - language.foreign_units)

    def rules(self) -> list[Rule]:
        return [
            *self._addresses(),
            *DateRules(self._language).rules(),
            *self._codes(),
            *self._amounts(),
            *self._words(),
            *self._numbers(),
            *self._signs(),
        ]

    # addresses

    def _addresses(self) -> list[Rule]:
        language = self._language
        return [
            (re.compile(ADDRESS, re.IGNORECASE), self._address),
            (re.compile(r"(?<!\w)@([\w.]{1,40})"), lambda f: f"{language.at} {f[1]}"),
            (re.compile(r"(?<![\w&])#([^\W\d]\w{0,60})"), lambda f: f"{language.hashtag} {f[1]}"),
            (re.compile(r"(?<!\w)(?:#|№\s?)(?=[0-9])"), lambda f: language.number_sign),
        ]

    def _address(self, found: Found) -> str | None:
        whole = found[0]
        address = whole.rstrip(_TRAILING)
        if self._language.abbreviation(f"{address}.".casefold(), found):
            return None  # Polish m.in. is no site in India
        said = self._language.say_address(
            re.sub(r"^(?:[a-z][a-z0-9+.-]*://)?(?:www\.)?|^mailto:", "", address, flags=re.I)
        )
        return (said or address) + whole[len(address) :]

    # telephone numbers, versions, and digits that only name something

    def _codes(self) -> list[Rule]:
        language = self._language
        group = r"(?:[ .\-/]{1,2}|\s?\(0\)\s?)?\(?[0-9]{1,7}\)?"
        number = self._number
        return [
            (re.compile(rf"(?<!\w)\+[0-9]{{1,3}}(?:{group}){{1,6}}(?![0-9])"), partial(self._phone, least=8)),
            (
                re.compile(r"\([0-9]{2,5}\)[ -]?[0-9]{2,8}(?:[ -][0-9]{2,6}){0,4}(?![0-9])"),
                partial(self._phone, least=7),
            ),
            (re.compile(language.local_phone), partial(self._phone, least=6)),
            (re.compile(r"[0-9]{2,12}(?:[ ./-][0-9]{2,8}){0,5}(?![0-9]|[.,][0-9])"), self._called_number),
            (
                re.compile(r"(?<!\w)v\.?([0-9]{1,6}(?:\.[0-9]{1,6}){0,6})(?![0-9:])", re.I),
                self._version,
            ),
            (re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6}){1,7})(?![0-9]|,[0-9])"), self._grouped_or_dotted),
            (
                re.compile(rf"[0-9]{{1,12}}(?:{DASH}[0-9]{{1,12}}){{2,7}}(?![0-9])"),
                lambda f: ", ".join(map(language.say_digits, re.findall("[0-9]+", f[0]))),
            ),
            (
                re.compile(r"(?P<left>[0-9]{1,4}):(?P<right>[0-9]{1,4})(?![0-9:])"),
                lambda f: language.say_ratio(f["left"], f["right"]),
            ),
            (
                re.compile(rf"(?P<sign>)(?P<a>{number})(?:\s?×\s?|\sx\s)(?=[0-9])"),
                lambda f: language.join(language.say_number(parse_number(f["a"], language)), language.times),
            ),
        ]

    def _phone(self, found: Found, *, least: int) -> str | None:
        groups = re.findall(r"\+?[0-9]+", found[0].replace("(0)", " "))
        if sum(map(len, groups)) - found[0].count("+") < least:
            return None
        return self._language.say_phone(groups)

    def _called_number(self, found: Found) -> str | None:
        """Digits behind "Tel.", "call" and their like."""
        if not re.search(
            rf"(?<!\w)(?:{self._language.phone_words})\W{{0,3}}(?:\w{{1,6}}\W{{1,2}})?$", found.before, re.I
        ):
            return None
        return self._phone(found, least=3 if found[0].isdigit() else 6)

    def _version(self, found: Found) -> str:
        said = self._dotted(found[1])
        is_named = found.word_before.casefold() == self._language.version.casefold()
        return said if is_named else f"{self._language.version} {said}"

    def _grouped_or_dotted(self, found: Found) -> str | None:
        if re.fullmatch(number_pattern(self._language), found[0]):
            return None
        return self._dotted(found[0])

    def _dotted(self, digits: str) -> str:
        language = self._language
        dot = language.dot_between or language.dot
        parts = re.findall(r"[0-9]+|\.", digits)
        return language.join(*(dot if part == "." else language.say_whole(part) for part in parts))

    # money, percent, units, fractions

    def _amounts(self) -> list[Rule]:
        language, number = self._language, self._number
        short = alternation(scale for scale in language.scales if scale in _GLUED_SCALES)
        long = alternation(scale for scale in language.scales if scale not in _GLUED_SCALES)
        scale = rf"(?:\s?(?P<scale>{long})(?!\w)|(?P<letter>{short})(?!\w))"
        signs = alternation({*cldr.CURRENCIES, *language.local_currency})
        codes = alternation(cldr.CODES)
        sign = rf"{_NOT_IN_A_NAME}(?P<sign>(?<![^\s(])[-−–+±]\s?)?"
        currency = rf"(?P<currency>{signs}|(?<!\w)(?:{codes}))"
        after = rf"(?P<currency>(?:{signs}|{codes})(?!\w))"
        below = r"(?P<above>[1-9][0-9]?)[/⁄](?P<below>[1-9][0-9]{0,2})(?![0-9/])"
        vulgar = "".join(VULGAR)
        unit = rf"(?P<unit>(?:{self._units})(?:/(?:{self._units}))?)(?![\w²³]|['’.][^\W\d_])"
        return [
            (
                re.compile(
                    rf"{sign}{currency}\s?(?P<a>{number})(?:\s?{DASH}\s?(?P=currency)?(?P<b>{number}))?"
                    rf"(?!\.[0-9]){scale}?"
                ),
                self._money,
            ),
            (re.compile(rf"{sign}(?P<a>{number})(?:\s?{DASH}\s?(?P<b>{number}))?{scale}?\s?{after}"), self._money),
            (re.compile(rf"{sign}(?P<a>{number})\s?%(?!\w)"), lambda f: language.say_percent(self._signed(f))),
            (re.compile(rf"(?:(?P<whole>[0-9]{{1,6}})\s?)?(?P<vulgar>[{vulgar}])(?:[\s-]?{unit})?"), self._fraction),
            (re.compile(rf"(?:(?P<whole>[0-9]{{1,3}})\s)?{below}(?:[\s-]?{unit})?"), self._fraction),
            (re.compile(rf"{sign}(?P<a>{number}){scale}"), self._scaled),
            (re.compile(rf"{sign}(?P<a>{number})(?P<space>[\s-]?){unit}"), self._measured),
            (
                re.compile(rf"(?<=[^\W\d_]\s)(?P<unit>{alternation(language.units_alone)})(?![\w/²³-])"),
                self._unit_alone,
            ),
        ]

    def _signed(self, found: Found, group: str = "a") -> Number:
        groups = found.match.groupdict()
        return parse_number((groups.get("sign") or "").strip() + found[group], self._language)

    def _money(self, found: Found) -> str | None:
        language = self._language
        written = found["currency"]
        code = language.local_currency.get(written) or cldr.CURRENCIES.get(written, written)
        scale = found["scale"] or found["letter"]
        first = self._signed(found)
        if not found["b"]:
            return language.say_money(first, code, scale)
        last = language.say_money(parse_number(found["b"], language), code, scale)
        return language.join(language.say_number(first), language.to, last)

    def _scaled(self, found: Found) -> str | None:
        scale = found["scale"] or found["letter"]
        return self._language.say_scaled(self._signed(found), scale)

    def _measured(self, found: Found) -> str | None:
        unit = found["unit"]
        if (found["space"] and unit in _ALWAYS_GLUED_UNITS) or (not found["space"] and unit in _NEVER_GLUED_UNITS):
            return None
        return self._language.say_unit(self._signed(found), unit)

    def _unit_alone(self, found: Found) -> str | None:
        """A unit without a number: per kg, in km."""
        before = found.word_before.casefold()
        many = before in _UNITS_ARE_MANY_AFTER or before in self._language.scales
        return self._language.unit_noun(found["unit"], Decimal(2 if many else 1))

    def _fraction(self, found: Found) -> str | None:
        language = self._language
        groups = found.match.groupdict()
        vulgar = groups.get("vulgar")
        above, below = VULGAR[vulgar] if vulgar else (int(found["above"]), int(found["below"]))
        if not 0 < above < below or (found["whole"] == "0"):
            return None
        said = language.say_fraction(above, below)
        unit = found["unit"]
        if found["whole"]:
            said = language.say_mixed(found["whole"], said)
        if not unit:
            return said
        return language.say_fraction_of(said, unit, is_mixed=bool(found["whole"]))

    # abbreviations and Roman numerals

    def _words(self) -> list[Rule]:
        language = self._language
        listed = {
            key.casefold().rstrip(".")
            for key in (*language.before_name, *language.after_name, *language.before_number)
        }
        roman = r"(?<![\w.'’-])(?P<roman>[IVXLCDM]{1,9})(?P<suffix>\.)?(?!\w|['’]\w)"
        return [
            (
                re.compile(rf"(?<![\w.@/-]){'(?:' + alternation(language.abbreviations) + ')'}(?!\w)", re.I),
                self._abbreviation,
            ),
            (re.compile(rf"(?<![\w.@/-])(?P<word>{alternation(listed)})(?!\w)(?P<stop>\.?)", re.I), self._listed),
            (re.compile(roman), self._roman),
        ]

    def _abbreviation(self, found: Found) -> str | None:
        folded = found[0].casefold()
        return self._language.abbreviation(folded, found)

    def _listed(self, found: Found) -> str | None:
        language = self._language
        word, after = found["word"].casefold(), found.after.lstrip()
        spaced = found.after[:1].isspace() or found["stop"]
        if (not spaced and after) or (not found["stop"] and word in language.only_with_stop):
            return None
        if word in language.before_number and re.match(r"[0-9#]|[IVXLC]+\b", after):
            return language.before_number[word]
        if (
            word in language.after_name
            and (found.word_before[:1].isupper() or found.word_before[:1].isdigit())
            and found.before[-1:] == " "
            and found.before[-2:-1] not in ".,;:!?"
        ):
            return language.after_name[word]
        if word in language.before_name and after[:1].isupper():
            return language.before_name[word]
        return None

    def _roman(self, found: Found) -> str | None:
        language, numeral = self._language, found["roman"]
        value = roman_value(numeral)
        before = found.word_before
        if value is None or not before or found.before[-1:] != " ":
            return None
        stop = "." if found["suffix"] and (found.ends_sentence or not language.regnal_stop) else ""
        folded = before.casefold()
        if folded in language.regnal_names and found.before.endswith(f"{before} "):
            return language.say_regnal(value, before) + stop
        if folded.rstrip(".") in language.roman_nouns:
            return language.say_roman(value, before) + stop
        if len(numeral) > 1 and set(numeral) <= set("IVX") and before[:1].isupper() and not before.isupper():
            return language.say_roman(value, before) + stop
        return None

    # bare numbers

    def _numbers(self) -> list[Rule]:
        language = self._language
        return [
            (re.compile(r"(?P<n>[0-9]{1,4})\.(?=\s?[^\W\d_])"), self._dot_ordinal),
            (re.compile(rf"(?P<n>[0-9]{{1,6}})(?P<suffix>{language.ordinal_suffix})(?!\w)", re.I), self._ordinal),
            (
                re.compile(
                    rf"(?P<n>[0-9]{{1,3}}(?:[{re.escape(language.groups)}][0-9]{{3}}){{0,1}})(?P<suffix>{language.ordinal_suffix})(?!\w)",
                    re.I,
                ),
                self._ordinal,
            ),
            (re.compile(rf"(?P<sign>(?<![^\s(])[-−–+±]\s?)?(?P<a>{self._number})"), self._plain),
            (re.compile(rf"{re.escape(language.decimal)}(?P<fraction>[0-9]{{1,9}})(?![0-9])"), self._bare_fraction),
        ]

    def _dot_ordinal(self, found: Found) -> str | None:
        return self._language.say_dot_ordinal(int(found["n"]), found) if found["n"][0] != "0" else None

    def _ordinal(self, found: Found) -> str | None:
        digits = re.sub(r"\D", "", found["n"])
        if digits[0] == "0" or len(digits) > 6:
            return None
        return self._language.say_suffixed_ordinal(int(digits), found["suffix"].casefold(), found)

    def _plain(self, found: Found) -> str:
        language, written = self._language, found["a"]
        if written.isdigit() and len(written) == 4 and int(written) in language.years and not found["sign"]:
            return language.say_year(int(written))
        number = self._signed(found)
        if found["sign"].strip() in ("–", "—") and found["sign"][-1:].isspace():
            return f"{found['sign']}{language.say_number(Number(number.whole, number.fraction))}"
        return language.say_number(number)

    def _bare_fraction(self, found: Found) -> str | None:
        if found.before[-1:].strip() and found.before[-1:] not in "([":
            return None
        language = self._language
        return language.join(language.point, language.say_decimals(found["fraction"]))

    # signs

    def _signs(self) -> list[Rule]:
        language = self._language
        comparing = {sign: word for sign, word in language.symbols.items() if sign in "<>~"}
        anywhere = {sign: word for sign, word in language.symbols.items() if sign not in comparing}
        return [
            (
                re.compile(r"(?:(?<=[0-9%°€$£])|(?<=[0-9%°€$£]\s)(?=[–—−]\s))(?:[–—−]\s?|-)(?=[0-9€$£])"),
                lambda f: language.to,
            ),
            (
                re.compile(r"(?<=[a-z])[–-](?=[0-9]{1,2}:[0-9]{2})|(?<=[0-9]h)[–-](?=[0-9])", re.I),
                lambda f: language.to,
            ),
            (re.compile(r"(?<=[0-9]\s):(?=\s[0-9.,]{1,12}\s?=)"), lambda f: language.symbols["÷"]),
            (re.compile(r"×\s?(?=\w)|(?<=[0-9])x(?=[0-9])"), lambda f: language.times),
            (re.compile(r"\+(?=\s?\w|\+)|(?<=\w)\+"), lambda f: language.plus),
            (re.compile(r"(?<=[0-9]\s)[-−]\s(?=[0-9])"), lambda f: language.minus),
            (re.compile(rf"[{re.escape(''.join(comparing)) or '§'}](?=\s?[0-9€$£])"), lambda f: comparing.get(f[0])),
            (re.compile(r"(?:(?<=[0-9])|(?<=[0-9]\s))\*\s?(?=[0-9])"), lambda f: language.times),
            (re.compile(r"(?<=[0-9A-Za-z)])⁻?[⁰¹²³⁴-⁹]{1,4}(?!\w)"), self._power),
            (re.compile(r"[*^`~|\\_]"), lambda f: " "),
            (re.compile(alternation(anywhere)), lambda f: anywhere[f[0]]),
            (re.compile(r"(?<=\w)/(?=\w)"), lambda f: language.slash_between),
        ]

    def _power(self, found: Found) -> str | None:
        if found[0] in self._language.symbols:
            return self._language.symbols[found[0]]
        digits = found[0].translate(_RAISED_DIGITS)
        return self._language.say_power(Number(digits.lstrip("-"), sign="-" if digits[0] == "-" else ""))
