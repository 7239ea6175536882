"""What all languages write alike: dates and times of day."""

import re

from voice.text.reading import cldr
from voice.text.reading.language import Language, Rule
from voice.text.reading.values import Clock, Date, Found, Number
from voice.text.reading.written import DASH, alternation

_LINKS = "to|through|and|bis|und|t/m|tot|en|al?|e|[&+]"
"""Between two shortened weekdays."""
_TWO_DIGIT_YEARS_FROM = 50


class DateRules:
    """The rules for dates and times that all languages share, made for one of them."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def rules(self) -> list[Rule]:
        return [*self._weekdays(), *self._dates(), *self._times()]

    # weekdays

    def _weekdays(self) -> list[Rule]:
        if not self._language.weekdays:
            return []
        days = alternation(self._language.weekdays)
        start = rf"(?<![\w/-])(?P<day>{days})"
        months = alternation({*cldr.month_numbers(self._language.code), *self._language.months})
        date = rf"(?:[0-3]?[0-9](?:[./]|(?:{self._language.day_suffix})?\s?(?:{months})(?!\w))|(?i:{months})(?!\w))"
        return [
            (re.compile(rf"{start}\.?\s?{DASH}\s?(?P<last>{days})(?![\w-])\.?"), self._weekday),
            (re.compile(rf"{start}\.?(?=,?\s{date}|\s(?:{_LINKS})\s(?:{days})(?!\w))"), self._weekday),
            (
                re.compile(rf"{start}(?!\w)\.?"),
                lambda f: self._weekday(f) if re.search(rf"(?:{days})\.?\s(?:{_LINKS})\s$", f.before) else None,
            ),
        ]

    def _weekday(self, found: Found) -> str:
        language, last = self._language, found.match.groupdict().get("last")
        first = language.weekdays[found["day"]]
        return language.join(first, language.to, language.weekdays[last]) if last else first

    # dates

    def _dates(self) -> list[Rule]:
        language = self._language
        iso = r"(?P<year>[12][0-9]{3})(?P<by>[-/.])(?P<month>0?[1-9]|1[0-2])(?P=by)(?P<day>0?[1-9]|[12][0-9]|3[01])"
        local = r"(?P<one>[0-3]?[0-9])(?P<by>[./-])(?P<two>[0-3]?[0-9])(?P=by)(?P<year>(?:[12][0-9])?[0-9]{2})"
        local += r"(?![0-9]|[./-][0-9])"
        months = alternation({*cldr.month_numbers(language.code), *language.months})
        day = rf"(?P<day>0?[1-9]|[12][0-9]|3[01])(?:{language.day_suffix})?"
        last = rf"(?:\s?{DASH}\s?(?P<last>0?[1-9]|[12][0-9]|3[01])(?:{language.day_suffix})?)?"
        month = rf"(?P<month>{months})(?!\w)\.?"
        year = rf"(?:{language.year_link}(?P<year>[12][0-9]{{3}})(?![0-9]|[.,][0-9]))?"
        return [
            (
                re.compile(
                    rf"{iso}(?:T(?P<clock>[0-9:]{{5,8}})(?:\.[0-9]{{1,6}})?(?P<zone>Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?(?![0-9]|[-/.][0-9])"
                ),
                self._iso_date,
            ),
            (re.compile(local), self._local_date),
            (re.compile(rf"{day}{last}{language.day_link}{month}{year}", re.IGNORECASE), self._written_date),
            (
                re.compile(rf"(?<!\w){month} {day}{last}(?![0-9:]|[.,][0-9]|\w){year}", re.IGNORECASE),
                self._written_date,
            ),
            (
                re.compile(
                    rf"(?<!\w){month}{language.year_link}(?P<year>[12][0-9]{{3}})(?![0-9]|[.,][0-9])", re.IGNORECASE
                ),
                self._written_date,
            ),
        ]

    def _iso_date(self, found: Found) -> str | None:
        date = _valid_date(int(found["day"]), int(found["month"]), int(found["year"]))
        if date is None:
            return None
        said = self._language.say_date(date, found)
        if not found["clock"]:
            return said
        hour, minute, *_ = [*found["clock"].split(":"), "0"]
        return f"{said}, {self._language.say_clock(Clock(int(hour) % 25, int(minute or 0) % 60))}"

    def _local_date(self, found: Found) -> str | None:
        one, two, written = int(found["one"]), int(found["two"]), found["year"]
        day, month = (two, one) if self._language.month_first and found["by"] != "." else (one, two)
        if month > 12:
            day, month = month, day
        if len(written) == 2 and found["by"] == "." and self._language.decimal == ".":
            return None  # a version
        year = (
            int(written)
            if len(written) == 4
            else int(written) + (1900 if int(written) >= _TWO_DIGIT_YEARS_FROM else 2000)
        )
        date = _valid_date(day, month, year)
        return None if date is None else self._language.say_date(date, found)

    def _written_date(self, found: Found) -> str | None:
        groups = found.match.groupdict()
        written = found["month"]
        if self._language.months_capital and not written[0].isupper():
            return None
        name = written.casefold().rstrip(".")
        month = self._language.months.get(name) or cldr.month_numbers(self._language.code).get(name)
        day, last, year = (int(groups[part]) if groups.get(part) else None for part in ("day", "last", "year"))
        return self._language.say_date(Date(day, month, year, last), found)

    # times

    def _times(self) -> list[Rule]:
        language = self._language
        hour, minute = r"(?P<hour>[01]?[0-9]|2[0-4])", r"(?P<minute>[0-5][0-9])"
        half = rf"(?:\s?(?P<half>{language.half_words})(?!\w))"
        noun = rf"(?:\s?(?P<noun>{language.clock_noun})(?!\w))"
        rules: list[Rule] = [
            (re.compile(rf"{hour}:{minute}(?::(?P<second>[0-5][0-9]))?(?![0-9:]){half}?{noun}?", re.I), self._clock),
            (re.compile(rf"{hour}\.{minute}(?![0-9.])(?:{half}|{noun})", re.I), self._clock),
            (re.compile(rf"{hour}(?:{half}|{noun})", re.I), self._clock),
        ]
        minutes = rf"(?P<length>[0-9]{{1,3}})\s?h\s?(?P<min>[0-5]?[0-9])(?:\s?min\b\.?{'' if language.clock_h else '|(?![0-9])'})"
        rules.append((re.compile(rf"{minutes}(?!\w)"), self._length))
        if language.clock_h:
            rules.append((re.compile(rf"{hour}\s?h\s?{minute}?(?!\w)", re.I), self._clock))
        return rules

    def _length(self, found: Found) -> str | None:
        hours, minutes = (
            self._language.say_unit(Number(str(int(found[part]))), unit)
            for part, unit in (("length", "h"), ("min", "min"))
        )
        return self._language.join(hours, self._language.length_link, minutes) if hours and minutes else None

    def _clock(self, found: Found) -> str | None:
        groups = found.match.groupdict()
        hour, minute, second = (int(groups.get(part) or 0) for part in ("hour", "minute", "second"))
        if groups.get("second") and (said := self._language.say_duration(hour, minute, second)) is not None:
            return said
        letters = (groups.get("half") or "").casefold()
        half = "" if not letters else "am" if letters.startswith(self._language.am_starts) else "pm"
        if (half and hour > 12) or (hour == 24 and minute):
            return None
        clock = Clock(hour, minute, second if groups.get("second") else None, half, bool(groups.get("noun")))
        return self._language.say_clock(clock)


def _valid_date(day: int, month: int, year: int) -> Date | None:
    if not 1 <= month <= 12 or not 1 <= day <= (29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31):
        return None
    return Date(day, month, year)
