"""English, as most podcasts speak it: American dates and money, "and" in numbers."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import Language, Rule, number_words
from voice.text.reading.values import Clock, Date, Found, Noun, Number, noun, table, words
from voice.text.reading.written import alternation, number_pattern, parse_number

_DECADES: tuple[str, ...] = (
    "hundreds",
    "tens",
    "twenties",
    "thirties",
    "forties",
    "fifties",
    "sixties",
    "seventies",
    "eighties",
)
_DECADES += ("nineties",)
_COMPARED = {"<": "is less than", ">": "is greater than"}
_RESOLUTIONS = frozenset({"2", "4", "5", "8"})


class English(Language):
    """See the module."""

    code = "en"
    weekdays: ClassVar = cldr.weekdays("en") | {"Tues": "Tuesday", "Thur": "Thursday", "Thurs": "Thursday"}
    month_first = True
    months_capital = True
    point, minus, plus, to, ratio, times, percent = "point", "minus", "plus", "to", "to", "times", "percent"
    dot, slash, dash, underscore, at = "dot", "slash", "dash", "underscore", "at"
    dot_between = "point"
    number_sign, hashtag, version, to_the_power = "number", "hashtag", "version", "to the power of"
    day_suffix = "st|nd|rd|th"
    day_link = r"\s(?:of\s)?"
    clock_noun = r"o['’]?clock"
    ordinal_suffix = "st|nd|rd|th"
    months: ClassVar = {"sept": 9}
    phone_words = r"tel|telephone|phone|fax|call|dial|text|mobile|cell|extension|ext|hotline|ring"
    local_phone = (
        r"(?:1-)?[0-9]{3}[-.][0-9]{3}[-.][0-9]{4}(?![0-9-])|[0-9]{3}-[0-9]{4}(?![0-9-])"
        r"|0[0-9]{2,4} [0-9]{3,4} [0-9]{3,4}(?![0-9])"
    )
    symbols: ClassVar = table(
        "& and, = equals, § section, §§ sections, © copyright, ® registered, ™ trademark, ÷ divided by, "
        "± plus or minus, ≈ approximately, ≠ is not equal to, ≤ at most, ≥ at least, → to, ° degrees, % percent, "
        "< less than, > more than, ~ about, √ the square root of, ∞ infinity, π pi, ² squared, ³ cubed,"
        " ¢ cents, ‰ per mille"
    )
    scales: ClassVar = {
        **{key: noun("thousand") for key in ("k", "K", "thousand")},
        **{key: noun("million") for key in ("M", "m", "mn", "mln", "million", "mio", "mil")},
        **{key: noun("billion") for key in ("B", "b", "bn", "Bn", "billion")},
        **{key: noun("trillion") for key in ("T", "tn", "trillion")},
    }
    currencies: ClassVar = {
        "USD": (noun("dollar|dollars"), noun("cent|cents")),
        "EUR": (noun("euro|euros"), noun("cent|cents")),
        "GBP": (noun("pound|pounds"), noun("penny|pence")),
        "JPY": (noun("yen"), None),
        "INR": (noun("rupee|rupees"), noun("paisa|paise")),
        "RUB": (noun("ruble|rubles"), noun("kopeck|kopecks")),
        "CNY": (noun("yuan"), None),
        "KRW": (noun("won"), None),
    }
    units: ClassVar = {
        "kWh": noun("kilowatt hour|kilowatt hours"),
        "Mbps": noun("megabit per second|megabits per second"),
        "Gbps": noun("gigabit per second|gigabits per second"),
        "mbps": noun("megabit per second|megabits per second"),
        "kbps": noun("kilobit per second|kilobits per second"),
        "kbit/s": noun("kilobit per second|kilobits per second"),
        "rpm": noun("revolution per minute|revolutions per minute"),
        "bps": noun("basis point|basis points"),
        "bpm": noun("beat per minute|beats per minute"),
        "fps": noun("frame per second|frames per second"),
        "mpg": noun("mile per gallon|miles per gallon"),
        "dB": noun("decibel|decibels"),
        "m/s²": noun("meter per second squared|meters per second squared"),
        "MWh": noun("megawatt hour|megawatt hours"),
        "mAh": noun("milliamp hour|milliamp hours"),
        "hp": noun("horsepower"),
        "ppm": noun("part per million|parts per million"),
        "lb": noun("pound|pounds"),
        "lbs": noun("pound|pounds"),
        "oz": noun("ounce|ounces"),
        "yrs": noun("year|years"),
        "yr": noun("year|years"),
        "mins": noun("minute|minutes"),
        "secs": noun("second|seconds"),
        "kgs": noun("kilogram|kilograms"),
        "kms": noun("kilometer|kilometers"),
        "¢": noun("cent|cents"),
    }
    abbreviations: ClassVar = table(
        "mr. mister, mrs. missus, e.g. for example, eg. for example, i.e. that is, "
        "etc. et cetera, vs. versus, vs versus, approx. approximately, "
        "cf. compare, et_al. and others, w/o without, w/ with, incl. including, Inc. Incorporated, Ltd. Limited, "
        "Corp. Corporation, Co. Company, Jr. junior, Sr. senior, a.k.a. also known as, aka also known as, "
        "dept. department, govt. government, misc. miscellaneous, N.B. note, P.S. P S, ca. circa, a.m. a m, p.m. p m, "
        "U.S. US, U.K. UK, U.S.A. USA, E.U. EU, U.N. UN, Ph.D. PhD, est. established, min. minimum, max. maximum"
    )
    before_name: ClassVar = table(
        "mr mister, mrs missus, ms miz, dr doctor, prof professor, st saint, rev reverend, hon honorable, "
        "gen general, "
        "sen senator, rep representative, gov governor, sgt sergeant, capt captain, lt lieutenant, col colonel, "
        "cmdr commander, adm admiral, maj major, mt mount, ft fort, messrs messieurs, pres president"
    )
    after_name: ClassVar = table(
        "st street, dr drive, ave avenue, blvd boulevard, rd road, ln lane, ct court, pl place, sq square, "
        "hwy highway, "
        "pkwy parkway, mt mountain, apt apartment, bldg building"
    )
    before_number: ClassVar = table(
        "no number, nos numbers, nr number, p page, pp pages, vol volume, ch chapter, chap chapter, fig figure, "
        "figs figures, sec section, ed edition, art article, eq equation, ep episode, pt part, ext extension, "
        "approx approximately, ca circa, c circa, max maximum, min minimum, mt mount, apt apartment, rm room, "
        "jan January, feb February, mar March, apr April, jun June, jul July, aug August, sep September, "
        "sept September, oct October, nov November, dec December"
    )
    roman_nouns: ClassVar = words(
        "chapter part war act scene volume vol book section appendix phase type class level stage episode season "
        "title article amendment bowl figure grade division round table apollo mark series rocky rambo step group"
    )
    regnal_names: ClassVar = words(
        "henry elizabeth charles george edward richard james william mary louis philip francis john paul pius "
        "benedict gregory leo innocent clement urban alexander nicholas catherine peter ivan frederick wilhelm "
        "napoleon ramesses ramses ptolemy cleopatra constantine leopold albert carl gustav juan felipe alfonso "
        "ferdinand joseph franz rudolf otto robert malcolm david edmund julius sixtus boniface callixtus margaret "
        "christian haakon harald olaf maximilian akihito rama mehmed selim murad suleiman mohammed hassan abdullah "
        "darius xerxes tutankhamun thutmose amenhotep seti victor emmanuel pedro manuel ludwig theodore tsar "
        "sultan stephen"
    )

    def own_rules(self) -> Sequence[Rule]:
        units = alternation({*cldr.UNITS, *self.units} - {"°", "s", "A"})
        number = number_pattern(self)
        return [
            (re.compile(r"(?<![\w])(?P<century>1[0-9]|20)?['’‘]?(?P<decade>[0-9])0['’]?s(?!\w)"), self._decade),
            (
                re.compile(
                    r"(?P<feet>[0-9]{1,3})\s?(?:['’′]|ft)\s?"
                    r"(?P<inches>[0-9]{1,2})(?:[\"”″]|['’′]{2}|\s?in)?"
                    r"(?!\w)"
                ),
                self._feet,
            ),
            (re.compile(rf"(?P<n>{number})[\"″](?=\s|$|[.,;)])"), self._inches),
            (
                re.compile(
                    rf"(?:(?<=\b[Aa] )|(?<=\b[Aa]n ))(?P<a>{number})[\s-]?(?P<unit>{units})"
                    rf"(?=[\s-][a-z])(?!\s(?:{_NO_NOUN})\b)"
                ),
                self._unit_before_noun,
            ),
            (
                re.compile(
                    rf"(?:(?<=\b[Aa] )|(?<=\b[Aa]n )|(?<=\b[Tt]he ))(?P<sign>(?:US)?[$€£])(?P<a>{number})"
                    rf"(?:\s?(?P<scale>{alternation(self.scales)})(?!\w))?"
                    rf"(?=[\s-][a-z])(?!\s(?:{_NO_NOUN})\b)"
                ),
                self._money_before_noun,
            ),
            (re.compile(r"(?P<a>[0-9]{1,4})/7(?!\w)"), lambda f: f"{self.say_whole(f['a'])} seven"),
            (re.compile(r"9/11(?![\w/])"), lambda f: "nine eleven"),
            (
                re.compile(r"(?:(?<=\b[Oo]n )|(?<=\b[Bb]y ))(?P<month>1?[0-9])/(?P<day>[1-3]?[0-9])(?![\w/])"),
                self._month_day,
            ),
            (re.compile(r"(?<=[0-9]\s)[<>](?=\s[0-9])"), lambda f: _COMPARED[f[0]]),
            (re.compile(r"(?:(?<=[0-9][ap]m)|(?<=[0-9]\s[ap]m))\s?[-–]\s?(?=[0-9])", re.I), lambda f: " to "),
            (re.compile(r"(?<![\w.])(?P<n>100?|[0-9]{1,2}\.[0-9]|[0-9])/(?P<of>10|100|5)(?![\w/])"), self._rating),
        ]

    def _decade(self, found: Found) -> str | None:
        century, decade = found["century"], int(found["decade"])
        if not century:
            return None if decade < 1 or not re.match(r"['’‘]|[1-9]0['’]?s", found[0]) else _DECADES[decade]
        if decade == 0:
            return "two thousands" if century == "20" else f"{self.cardinal(int(century))} hundreds"
        return f"{self.cardinal(int(century))} {_DECADES[decade]}"

    def _feet(self, found: Found) -> str | None:
        if int(found["inches"]) > 11:
            return None
        return f"{self.say_whole(found['feet'])} foot {self.say_whole(found['inches'])}"

    def _unit_before_noun(self, found: Found) -> str | None:
        noun_alone = self.unit_noun(found["unit"], Decimal(1))
        return f"{self.say_number(parse_number(found['a'], self))} {noun_alone}"

    def _money_before_noun(self, found: Found) -> str | None:
        number, scale = parse_number(found["a"], self), found["scale"]
        if number.fraction and not scale:
            return None
        code = cldr.CURRENCIES[found["sign"].removeprefix("US")]
        amount = self.join(self.say_number(number), self.scales[scale].forms["other"] if scale else "")
        return f"{amount} {self.currency_name(code, Decimal(1))}"

    def _inches(self, found: Found) -> str:
        """3.5" wide, but a 3.5" disk."""
        is_adjective = (
            re.match(rf"\s(?!(?:{_NO_NOUN}|wide|tall|high|long|thick|deep)\b)[a-z]", found.after) is not None
        )
        return f"{self.say_number(parse_number(found['n'], self))} {'inch' if is_adjective else 'inches'}"

    def _month_day(self, found: Found) -> str | None:
        month, day = int(found["month"]), int(found["day"])
        return self.say_date(Date(day, month), found) if 1 <= month <= 12 and 1 <= day <= 31 else None

    def _rating(self, found: Found) -> str | None:
        if found["of"] == "5" and found["n"] in "123":
            return None  # two fifths
        return f"{self.say_number(parse_number(found['n'], self))} out of {self.say_whole(found['of'])}"

    def cardinal(self, number: int, gender: str = "") -> str:
        return number_words(number, "en")

    def say_year(self, year: int) -> str:
        return number_words(year, "en", "year")

    def say_scaled(self, number: Number, scale: str) -> str | None:
        if scale in ("m", "b", "mil"):
            return None  # ten meters
        if scale == "K" and number.is_whole and number.whole in _RESOLUTIONS:
            return f"{self.say_number(number)} K"  # a 4K film, a 5K run
        return super().say_scaled(number, scale)

    def say_hundredths(self, amount: str, number: Number, minor: Noun | None) -> str:
        cents = int(number.fraction)
        if cents >= 10 and (number.whole != "1" or minor is None):
            return f"{amount} {self.cardinal(cents)}"
        return f"{amount} and {self.say_counted(Number(str(cents)), minor)}" if cents and minor else amount

    def say_date(self, date: Date, found: Found) -> str:
        day = "" if date.day is None else self.ordinal(date.day)
        if date.last_day:
            day = f"{day} to {self.ordinal(date.last_day)}"
        month = self.month(date.month) if date.month else ""
        if re.search(r"\bthe $", found.before) and day:
            month, day = "", f"{day} of {month}"
        year = "" if date.year is None else self.say_year(date.year)
        return f"{self.join(month, day)}{', ' if day and year else ' ' if year else ''}{year}"

    def say_clock(self, clock: Clock) -> str:
        half = {"am": "a m", "pm": "p m"}.get(clock.half, "")
        if clock.minute:
            minutes = f"oh {self.cardinal(clock.minute)}" if clock.minute < 10 else self.cardinal(clock.minute)
        else:
            minutes = "" if half else "o'clock" if 0 < clock.hour <= 12 else "hundred"
        return self.join(self.cardinal(clock.hour), minutes, half)

    def say_duration(self, hours: int, minutes: int, seconds: int) -> str | None:
        parts = zip((hours, minutes, seconds), ("hour", "minute", "second"), strict=True)
        said = [f"{self.cardinal(number)} {name}{'' if number == 1 else 's'}" for number, name in parts if number]
        return " and ".join(filter(None, (", ".join(said[:-1]), *said[-1:]))) if said else None

    def say_fraction(self, above: int, below: int) -> str:
        if below == 2:
            return "one half"
        part = "quarter" if below == 4 else self.ordinal(below)
        return f"{self.cardinal(above)} {part}{'' if above == 1 else 's'}"

    def say_mixed(self, whole: str, fraction: str) -> str:
        said = {"one half": "a half", "one quarter": "a quarter", "one third": "a third"}.get(fraction, fraction)
        return f"{self.say_whole(whole)} and {said}"

    def say_fraction_of(self, fraction: str, unit: str, *, is_mixed: bool) -> str | None:
        named = self.unit_noun(unit, Decimal("1.5") if is_mixed else Decimal(1))
        if named is None or is_mixed:
            return None if named is None else f"{fraction} {named}"
        article = "an" if named[0] in "aeio" or named == "hour" else "a"
        return f"half {article} {named}" if fraction == "one half" else f"{fraction} of {article} {named}"

    def say_regnal(self, number: int, name: str) -> str:
        return f"the {self.ordinal(number)}"


_NO_NOUN = "and|or|to|in|on|at|of|for|from|with|a|an|per|each|is|was|are|were|but|as|by|than|after|before|while|when|they|you|we|he|she|it|i|that|which|will|had|has|have|would|could|can|did|does|due|went|came|goes|less|more|off|back"
"""What follows an amount that no noun follows: "a 5 km run", but "5 km and back"."""
