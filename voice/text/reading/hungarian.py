"""Hungarian."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.agglutinative import Agglutinative
from voice.text.reading.language import Rule
from voice.text.reading.romance import symbols
from voice.text.reading.values import Clock, Date, Found, Noun, Number, by_word, noun, ordered, table, words
from voice.text.reading.written import alternation

_ONES = ordered("nulla egy kettő három négy öt hat hét nyolc kilenc")
_TENS = ordered("- tíz húsz harminc negyven ötven hatvan hetven nyolcvan kilencven")
_BEFORE_ONES = {1: "tizen", 2: "huszon"}
_ORDINALS = table(
    "nulla nulladik, egy egyedik, kettő kettedik, három harmadik, négy negyedik, öt ötödik, hat hatodik, hét hetedik, "
    "nyolc nyolcadik, kilenc kilencedik, tíz tizedik, húsz huszadik, harminc harmincadik, negyven negyvenedik, "
    "ötven ötvenedik, hatvan hatvanadik, hetven hetvenedik, nyolcvan nyolcvanadik, kilencven kilencvenedik, "
    "száz századik, ezer ezredik, millió milliomodik, milliárd milliárdodik"
)
_LAST = re.compile(f"(?:{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})$")
_SHORTENED = {"három": "hárm", "hét": "het", "kettő": "kett", "ezer": "ezr"}
_SHORT_STEM = re.compile(f"(?:{'|'.join(_SHORTENED)})$")
_DAY = r"(?P<day>0?[1-9]|[12][0-9]|3[01])"
_LAST_DAY = r"(?:\s?[–-]\s?(?P<last>0?[1-9]|[12][0-9]|3[01]))?"
_ENDING = r"(?:\.|-(?P<ending>[a-záéíóöőúüű]{1,8}))?(?![\w:])"


class Hungarian(Agglutinative):
    """A gender, whatever it is, says that a noun follows: "két kilométer", but "kettő"."""

    code = "hu"
    hinge = "-"
    point, minus, plus, to, ratio, times, percent = "egész", "mínusz", "plusz", "–", "az", "szorozva", "százalék"
    dot, slash, dash, underscore, at = "pont", "per", "kötőjel", "aláhúzás", "kukac"
    number_sign, hashtag, version = "szám", "hesteg", "verzió"
    and_word = "egész"
    groups = ". "
    phone_words = "tel|telefon|telefonszám|fax|hívja|hívj|mobil|szám|hívható"
    local_phone = r"(?<![\w.,])06[ /-][0-9]{1,2}[ /-][0-9]{3}[ -]?[0-9]{3,4}(?![0-9])"
    clock_noun = r"óra"
    dot_clock_after = "(?!)"
    years = range(1100, 2100)
    symbols: ClassVar = symbols(
        "és|egyenlő|paragrafus|copyright|bejegyzett védjegy|védjegy|osztva|plusz mínusz|körülbelül"
        "|nem egyenlő|kisebb vagy egyenlő|nagyobb vagy egyenlő|nyíl|fok|százalék|kisebb mint|nagyobb mint|körülbelül"
        "|négyzetgyök|végtelen|pí|négyzet|köb"
    )
    scales: ClassVar = by_word(
        (noun("ezer", "a"), "e k K E ezer"),
        (noun("millió", "a"), "M _M mill. mill mio millió"),
        (noun("milliárd", "a"), "mrd mrd. Mrd Mrd. B bn milliárd"),
        (noun("billió", "a"), "T billió"),
    )
    units: ClassVar = {
        key: noun(said, "a")
        for key, said in table(
            "dkg dekagramm, dag dekagramm, °C fok, ℃ fok, t tonna, km/h kilométer per óra, kmh kilométer per óra, "
            "kph kilométer per óra, km/ó kilométer per óra, m/s méter per másodperc, LE lóerő, dB decibel, gr gramm, "
            "db darab, fő fő, mp másodperc, p perc, ha hektár, kcal kilokalória, Mbps megabit per másodperc, "
            "mm milliméter, nm négyzetméter, nm2 négyzetméter"
        ).items()
    }
    local_currency: ClassVar = {"Ft": "HUF", "ft": "HUF"}
    currencies: ClassVar = {
        "HUF": (noun("forint", "a"), noun("fillér", "a")),
        "EUR": (noun("euró", "a"), noun("cent", "a")),
        "USD": (noun("dollár", "a"), noun("cent", "a")),
        "GBP": (noun("font", "a"), noun("penny", "a")),
        "JPY": (noun("jen", "a"), None),
        "CHF": (noun("svájci frank", "a"), None),
        "RUB": (noun("rubel", "a"), None),
        "PLN": (noun("zloty", "a"), None),
        "CZK": (noun("cseh korona", "a"), None),
        "TRY": (noun("török líra", "a"), None),
        "INR": (noun("rúpia", "a"), None),
        "CNY": (noun("jüan", "a"), None),
        "UAH": (noun("hrivnya", "a"), None),
    }
    abbreviations: ClassVar = table(
        "pl. például, stb. satöbbi, kb. körülbelül, ill. illetve, ún. úgynevezett, vö. vesd össze, i._sz. időszámításunk "
        "szerint, i.sz. időszámításunk szerint, i._e. időszámításunk előtt, i.e. időszámításunk előtt, "
        "kr._e. Krisztus előtt, kr.e. Krisztus előtt, kr._u. Krisztus után, kr.u. Krisztus után, tel. telefon, "
        "ti. tudniillik, u.n. úgynevezett, max. maximum, min. minimum, szerk. szerkesztő, "
        "ford. fordította, évf. évfolyam, vmint valamint, ld. lásd, u.ö. ugyanő, s.k. saját kezűleg, "
        "ker. kerület, krt. körút, fszt. földszint, szt. Szent, cca. körülbelül, bp. Budapest"
    )
    before_name: ClassVar = table(
        "dr doktor, prof professzor, ifj ifjabb, id idősebb, özv özvegy, szt Szent, gen generális, ing mérnök, "
        "hr herr, mr miszter, mrs misszisz"
    )
    before_number: ClassVar = table("sz szám, no szám, nr szám, tel telefon, kb körülbelül, ld lásd, min minimum")
    roman_nouns: ClassVar = words("rész kötet fejezet felvonás jelenet osztály")
    ungendered: ClassVar = words("vagy pedig volt lett lesz és az egy meg mint hogy még csak van nem óta körül közül")

    def own_rules(self) -> Sequence[Rule]:
        months = alternation(cldr.month_numbers("hu"))
        parted = r"(?:\.\s?|-|/)"
        numeric = rf"(?<![\w.,-])(?P<year>[12][0-9]{{3}}){parted}(?P<month>0?[1-9]|1[0-2]){parted}{_DAY}"
        written = rf"(?<!\w)(?:(?P<year>[12][0-9]{{3}})\.?\s)?(?P<month>{months})(?!\w)\.?\s{_DAY}{_LAST_DAY}{_ENDING}"
        clock = r"(?<![\w.,])(?P<hour>[01]?[0-9]|2[0-4])[.:](?P<minute>[0-5][0-9])"
        return (
            (re.compile(rf"{numeric}(?![0-9]|T[0-9]){_ENDING}"), self._whole_date),
            (re.compile(written, re.IGNORECASE), self._whole_date),
            (re.compile(rf"(?<![\w.,])(?P<year>[12][0-9]{{3}})\.\s(?={months})", re.I), self._year_before_month),
            (re.compile(rf"{clock}\s?ór(?P<ending>a|akor|ától|ától|áig|ára|ai)(?!\w)"), self._clock_with_noun),
            (re.compile(r"(?<![\w.,:/-])(?P<n>[1-9]|[12][0-9]|3[01])-(?P<ending>j?[áé]n|j?[ae]i)(?!\w)"), self._day_alone),
            (
                re.compile(r"(?<![\w.,])(?P<a>[0-9]{1,4})\.?\s?[-–]\s?(?P<b>[0-9]{1,4})\.(?=\s?[^\W\d_])"),
                self._ordinal_span,
            ),
            (re.compile(r"(?<=[0-9]\.\s)(?:o|old)\.(?!\w)"), lambda f: "oldal"),
            (re.compile(r"(?<=[^\W\d_]\s)u\.(?=\s[0-9])"), lambda f: "utca"),
            (re.compile(r"(?<=[0-9]\.\s)sz\.(?!\w)"), lambda f: "szám"),
            *super().own_rules(),
        )  # fmt: skip

    def glued(self, stem: str, ending: str) -> str:
        if stem.endswith("kettő") and (ending.startswith(("szer", "fél")) or len(ending) > 4):
            return f"{stem[:-5]}két{ending}"
        if ending[:1] in "aáeéoóöőu" and ending[:1] and ending not in ("ért", "ig"):
            stem = _SHORT_STEM.sub(lambda word: _SHORTENED[word[0]], stem)
            if stem.endswith("kett") and ending == "ő":
                return f"{stem}ő"
            ending = (
                ending[1:] if stem[-1:] in "aeáéióöőuü" and ending[:1] in "aáeéoöő" and stem[-1:] in "óőá" else ending
            )
        elif stem[-1:] in ("a", "e") and not ending.startswith(("kor", "ként", "i", "szer", "szor")):
            stem = stem[:-1] + {"a": "á", "e": "é"}[stem[-1]]
        return re.sub(r"(\w)\1\1", r"\1\1", f"{stem}{ending}")

    def is_named_by_number(self, found: Found) -> bool:
        return found.starts_sentence

    # numbers

    def cardinal(self, number: int, gender: str = "") -> str:
        said = _counted(number)
        return re.sub("kettő$", "két", said) if gender else said

    def ordinal(self, number: int, gender: str = "") -> str:
        if number in (1, 2):
            return ("első", "második")[number - 1]
        return _LAST.sub(lambda word: _ORDINALS[word[0]], _counted(number))

    def say_counting(self, number: int, noun: str, found: Found) -> str | None:
        return self.cardinal(number, "a") if number % 10 == 2 else None

    def say_percent(self, number: Number) -> str:
        return self.say_counted(number, Noun({"other": self.percent}, "a"))

    def unit_gender(self, unit: str) -> str:
        return "a"

    def say_fraction(self, above: int, below: int) -> str:
        if below == 2:
            return "fél" if above == 1 else f"{self.cardinal(above, 'a')}ketted"
        return f"{self.cardinal(above, 'a')}{self.ordinal(below).removesuffix('ik')}"

    def say_mixed(self, whole: str, fraction: str) -> str:
        amount = self.say_whole(whole, "a")
        return self.join(amount, "és" if fraction == "fél" else "egész", fraction)

    def say_span(self, low: int, high: int, found: Found) -> str | None:
        if found["unit"]:
            return self.join(self.cardinal(low), self.say_counted_unit(high, found["unit"]))
        is_counting = found.word_after[:1].islower()
        return self.join(self.cardinal(low), self.cardinal(high, "a" if is_counting else ""))

    def say_ratio(self, left: str, right: str) -> str:
        return self.join(self.say_whole(left), self.say_whole(right))

    def _ordinal_span(self, found: Found) -> str | None:
        low, high = int(found["a"]), int(found["b"])
        if not 0 < low < high or not found.word_after[:1].islower():
            return None
        return self.join(self.cardinal(low), self.ordinal(high))

    # dates and times

    def say_day(self, day: int) -> str:
        return self._day(day, "")

    def _day(self, day: int, ending: str) -> str:
        """A day of the month, which belongs to it: "elseje", and "elsején" by the ending that is written, -jén."""
        ordinal = self.ordinal(day)
        said = "elseje" if day == 1 else f"{ordinal}{'a' if ordinal[-4] in 'aáoóuú' else 'e'}"
        rest = re.sub("^j?[aáeé]", "", ending)
        if not rest or rest == "i":
            return said + rest
        return said[:-1] + ("á" if said[-1] == "a" else "é") + rest

    def _whole_date(self, found: Found) -> str | None:
        written = found["month"]
        month = int(written) if written.isdigit() else cldr.month_numbers("hu").get(written.casefold().rstrip("."))
        if month is None:
            return None
        day = self._day(
            int(found["last"] if "last" in found.match.groupdict() and found["last"] else found["day"]),
            found["ending"],
        )
        if found.word_after.startswith("nap") and found[0].endswith("."):
            day = self.ordinal(int(found["day"]))
        elif "last" in found.match.groupdict() and found["last"]:
            day = self.join(self._day(int(found["day"]), ""), day)
        return self.join(self.say_year(int(found["year"])) if found["year"] else "", self.month(month), day)  # fmt: skip

    def _year_before_month(self, found: Found) -> str:
        return f"{self.say_year(int(found['year']))} "

    def _day_alone(self, found: Found) -> str:
        return self._day(int(found["n"]), found["ending"])

    def say_date(self, date: Date, found: Found) -> str:
        days = "" if date.day is None else self._day(date.day, "")
        last = self._day(date.last_day, "") if date.last_day else ""
        year = "" if date.year is None else self.say_year(date.year)
        return self.join(year, self.month(date.month) if date.month else "", days, last)

    def say_clock(self, clock: Clock) -> str:
        return self.join(self.cardinal(clock.hour, "a"), "óra", self.cardinal(clock.minute) if clock.minute else "")

    def _clock_with_noun(self, found: Found) -> str:
        clock, ending = Clock(int(found["hour"]), int(found["minute"])), found["ending"]
        if not clock.minute:
            return f"{self.cardinal(clock.hour, 'a')} ór{ending}"
        return self.glued(self.say_clock(clock), ending[1:])


def _counted(number: int) -> str:
    """Joined up to two thousand, and by hyphens between the groups of three digits beyond it."""
    if number < 1000:
        return _below_thousand(number)
    groups: list[str] = []
    for scale, name in ((10**9, "milliárd"), (10**6, "millió"), (1000, "ezer")):
        count, number = divmod(number, scale)
        if count:
            said = (
                "" if (name, count) == ("ezer", 1) and not groups else re.sub("kettő$", "két", _below_thousand(count))
            )
            groups.append(f"{said}{name}")
    rest = _below_thousand(number) if number else ""
    return groups[0] + rest if groups == ["ezer"] else "-".join(filter(None, (*groups, rest)))


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    said = "" if not hundreds else "száz" if hundreds == 1 else re.sub("kettő$", "két", _ONES[hundreds]) + "száz"
    if tens:
        said += _BEFORE_ONES.get(tens, _TENS[tens]) if ones else _TENS[tens]
    return said + (_ONES[ones] if ones or not number else "")
