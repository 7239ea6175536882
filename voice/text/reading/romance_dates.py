"""Dates and lengths of time as the Romance languages write them short: a weekday, a date without its year, 3'45"."""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import Rule
from voice.text.reading.romance import Romance
from voice.text.reading.values import Date, Found, Number
from voice.text.reading.written import alternation

_WORD = r"[^\W\d_]"
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class RomanceDates(Romance):
    """The words for them, which each language fills in."""

    weekdays: ClassVar[Mapping[str, str]]  # "lun": "lundi", case-folded and without full stop
    weekday_links: ClassVar[str]  # a pattern between two of them: lun. AU ven.
    date_cues: ClassVar[str]  # a pattern of words before "3/5" that is a date
    part_links: ClassVar[str]  # a pattern behind a fraction, 1/4 DU lait

    def _date_rules(self) -> Sequence[Rule]:
        months = alternation({*cldr.month_numbers(self.code), *self.months})
        date = rf"(?:0?[1-9]|[12][0-9]|3[01])(?:(?:{self.day_suffix})?{self.day_link}(?:{months})(?!\w)|[/.-][01]?[0-9]\b)"
        hours = r"(?:(?P<h>[0-9]{1,2})\s?h\s?)?"
        short_months = alternation(month for month in self._short_months() if month not in self.weekdays)
        days = alternation({*self.weekdays, *self.weekdays.values()})
        day = rf"(?<![\w.@/-])(?P<day>{days})\b"
        return (
            (re.compile(rf"{day}\.?(?P<mark>,?)(?=\s{date})", re.I), self._weekday),
            (re.compile(rf"{day}\.(?P<mark>,?)(?=\s[0-9]{{1,2}}(?![0-9:./]|\s{_WORD}{{3}}))", re.I), self._weekday),
            (re.compile(rf"{day}\.\s(?P<link>{self.weekday_links})\s(?P<last>{days})\b\.?", re.I), self._weekdays),
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

    def _short_month(self, found: Found) -> str | None:
        written = found["month"].casefold()
        if (
            written == "sept"
            and not re.search(r"[0-9]\s$", found.before)
            and not re.match(r"\s(?:del?\s)?[0-9]", found.after)
        ):
            return None  # the number
        return self.month(self.months.get(written) or cldr.month_numbers(self.code)[written])

    def _weekday(self, found: Found) -> str:
        written = found["day"].casefold()
        return self.weekdays.get(written, written) + (found.match.groupdict().get("mark") or "")

    def _weekdays(self, found: Found) -> str:
        first, last = (self.weekdays.get(found[part].casefold(), found[part].casefold()) for part in ("day", "last"))
        return self.join(first, found.match.groupdict().get("link") or self.to, last)

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
