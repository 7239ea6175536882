"""Dutch: dates with cardinals, clock times with "uur", ordinals in -e and -ste."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import Language, Rule, number_words
from voice.text.reading.values import Clock, Date, Found, Noun, Number, noun, table, words

_HALVES = {"1": "anderhalf", "2": "tweeënhalf", "3": "drieënhalf"}
_NEUTER_UNITS = frozenset(["h", "hr", "hrs", "pond", "jaar"])


class Dutch(Language):
    """See the module."""

    code = "nl"
    weekdays: ClassVar = cldr.weekdays("nl")
    decimal, groups = ",", ". "
    years = range(1100, 2000)
    point, minus, plus, to, ratio, times, percent = "komma", "min", "plus", "tot", "", "keer", "procent"
    dot, slash, dash, underscore, at = "punt", "slash", "streepje", "laag streepje", "apenstaartje"
    number_sign, hashtag, version, to_the_power = "nummer", "hashtag", "versie", "tot de macht"
    day_suffix = "ste|de|e"
    day_link = r"\s"
    clock_noun = r"uur|u"
    clock_h = False
    half_words = r"(?!)"
    ordinal_suffix = "ste|de|e"
    phone_words = r"tel|telefoon|telefoonnummer|fax|mobiel|bel|bellen|gsm|nummer"
    local_phone = r"\(?0[1-9][0-9]{0,3}\)?\s?[-/ ]\s?[0-9]{3,8}(?:[ -][0-9]{2,4}){0,4}(?![0-9])"
    months: ClassVar = {"sept": 9, "mrt": 3}
    symbols: ClassVar = table(
        "& en, = is, § paragraaf, §§ paragrafen, © copyright, ÷ gedeeld door, ± plus min, ≈ ongeveer, "
        "≠ is niet gelijk aan, ≤ hoogstens, ≥ minstens, → naar, ° graden, % procent, < kleiner dan, > groter dan, "
        "~ ongeveer, √ de wortel van, ∞ oneindig, π pi, ² kwadraat, ³ tot de derde, ¢ cent, ‰ promille"
    )
    scales: ClassVar = {
        **{key: noun("miljoen") for key in ("mln.", "mln", "milj.", "M", "miljoen")},
        **{key: noun("miljard") for key in ("mld.", "mld", "mrd.", "mrd", "miljard")},
        **{key: noun("biljoen") for key in ("bln", "biljoen")},
        **{key: noun("duizend") for key in ("dzd.", "k", "K", "duizend")},
    }
    currencies: ClassVar = {
        "EUR": (noun("euro"), noun("cent")),
        "USD": (noun("dollar"), noun("cent")),
        "GBP": (noun("pond"), noun("pence")),
        "JPY": (noun("yen"), None),
        "CHF": (noun("Zwitserse frank"), None),
        "RUB": (noun("roebel"), None),
        "CNY": (noun("yuan"), None),
        "INR": (noun("roepie|roepies"), None),
    }
    units: ClassVar = {
        "°C": noun("graad Celsius|graden Celsius"),
        "°": noun("graad|graden"),
        "km/u": noun("kilometer per uur"),
        "u": noun("uur"),
        "kWh": noun("kilowattuur"),
        "MWh": noun("megawattuur"),
        "dB": noun("decibel"),
        "pk": noun("pk"),
        "Mbit/s": noun("megabit per seconde"),
        "mAh": noun("milliampère-uur"),
        "ct": noun("cent"),
        "ppm": noun("deel per miljoen|delen per miljoen"),
    }
    abbreviations: ClassVar = table(
        "bijv. bijvoorbeeld, bv. bijvoorbeeld, b.v. bijvoorbeeld, d.w.z. dat wil zeggen, enz. enzovoort, "
        "etc. et cetera, e.d. en dergelijke, o.a. onder andere, ca. circa, i.p.v. in plaats van, "
        "m.b.t. met betrekking tot, t.o.v. ten opzichte van, vgl. vergelijk, z.g. zogenaamde, zgn. zogenaamde, "
        "a.u.b. alstublieft, s.v.p. alsjeblieft, m.a.w. met andere woorden, o.l.v. onder leiding van, "
        "n.a.v. naar aanleiding van, i.v.m. in verband met, t.a.v. ten aanzien van, t/m tot en met, "
        "a.s. aanstaande, j.l. jongstleden, jl. jongstleden, incl. inclusief, excl. exclusief, max. maximaal, "
        "min. minimaal, mevr. mevrouw, dhr. de heer, mw. mevrouw, dr. dokter, drs. doctorandus, prof. professor, "
        "ir. ingenieur, ing. ingenieur, mr. meester, st. sint, tel. telefoon, v.Chr. voor Christus, "
        "n.Chr. na Christus, v._Chr. voor Christus, n._Chr. na Christus, m.n. met name, t.b.v. ten behoeve van, "
        "o.m. onder meer, resp. respectievelijk, p.p. per persoon, p.m. per maand, p.j. per jaar, evt. eventueel, "
        "vnl. voornamelijk, ong. ongeveer, vs. tegen, fam. familie, burg. burgemeester"
    )
    before_number: ClassVar = table(
        "nr nummer, nrs nummers, blz bladzijde, p pagina, pag pagina, afb afbeelding, fig figuur, hfst hoofdstuk, "
        "art artikel, dl deel, tel telefoon, par paragraaf, no nummer"
    )
    after_name: ClassVar = table("str straat")
    roman_nouns: ClassVar = words(
        "hoofdstuk deel band akte fase klasse type boek artikel scène seizoen aflevering groep bijlage wereldoorlog"
    )
    regnal_names: ClassVar = words(
        "willem lodewijk hendrik frederik karel otto johannes paulus paul pius benedictus gregorius leo "
        "innocentius clemens urbanus alexander nicolaas peter ivan catharina elizabeth george edward richard "
        "jacobus maria filips frans jozef rudolf maximiliaan napoleon ramses constantijn leopold albert boudewijn "
        "gustaaf juan felipe alfons ferdinand christiaan jan floris wilhelmina beatrix victor emanuel"
    )

    def own_rules(self) -> Sequence[Rule]:
        return [
            (re.compile(r"(?P<a>[0-9]{1,2})[-–](?P<b>[0-9]{1,2})(?![\w:/-]|[.,][0-9])"), self._score),
            (re.compile(r"(?<!\w)['’‘](?P<n>[0-9]{2})(?![\w'’])"), lambda f: self.say_whole(f["n"])),
            (re.compile(r"(?P<n>[0-9]{1,3})x(?!\w)"), lambda f: f"{self.say_whole(f['n'])} keer"),
            (re.compile(r"(?P<n>[0-9]{2,4})er(?=\s?jaren)"), lambda f: f"{self.say_year(int(f['n']))}er"),
        ]

    def _score(self, found: Found) -> str | None:
        """3-1, but 5-10 minuten."""
        is_told = re.search(
            r"(?<!\w)(?:met|wint|won|wonnen|verloor|verloren|stand|uitslag|eindstand)\W\s?$", found.before, re.I
        )
        if int(found["a"]) < int(found["b"]) and not is_told:
            return None
        return f"{self.say_whole(found['a'])} {self.say_whole(found['b'])}"

    def ordinal(self, number: int, gender: str = "") -> str:
        return number_words(number, "nl", "ordinal")

    def cardinal(self, number: int, gender: str = "") -> str:
        return number_words(number, "nl")

    def say_year(self, year: int) -> str:
        if not 1100 <= year < 2000:
            return self.cardinal(year)
        rest = self.cardinal(year % 100) if year % 100 else ""
        return f"{self.cardinal(year // 100)}honderd{rest}"

    def say_scaled(self, number: Number, scale: str) -> str | None:
        if self.scales[scale].forms["other"] == "duizend" and number.is_whole and len(number.whole) < 7:
            return self.join(self.say_sign(number.sign), self.cardinal(1000 * int(number.whole)))
        return super().say_scaled(number, scale)

    def say_unit(self, number: Number, unit: str) -> str | None:
        return None if unit == "t/m" else super().say_unit(number, unit)  # "tot en met", no tonnes

    def say_hundredths(self, amount: str, number: Number, minor: Noun | None) -> str:
        return self.join(amount, self.cardinal(int(number.fraction))) if int(number.fraction) else amount

    def say_fraction(self, above: int, below: int) -> str:
        if below == 2:
            return "een half"
        count = "een" if above == 1 else self.cardinal(above)
        return f"{count} {'kwart' if below == 4 else self.ordinal(below)}"

    def say_mixed(self, whole: str, fraction: str) -> str:
        if fraction == "een half":
            return _HALVES.get(whole) or f"{self.say_whole(whole)} en een half"
        return f"{self.say_whole(whole)} {fraction}"

    def say_fraction_of(self, fraction: str, unit: str, *, is_mixed: bool) -> str | None:
        named = self.unit_noun(unit, Decimal("1.5") if is_mixed else Decimal(1))
        if named is None or is_mixed or fraction != "een half":
            return None if named is None else f"{fraction} {named}"
        return f"een half {named}" if unit in _NEUTER_UNITS else f"een halve {named}"

    def say_date(self, date: Date, found: Found) -> str:
        month = self.month(date.month) if date.month else ""
        year = "" if date.year is None else self.say_year(date.year)
        day = "" if date.day is None else self.cardinal(date.day)
        if date.last_day:
            day = f"{day} tot {self.cardinal(date.last_day)}"
        return self.join(day, month, year)

    def say_clock(self, clock: Clock) -> str:
        minute = self.cardinal(clock.minute) if clock.minute else ""
        if clock.second:
            minute = f"{minute or 'nul'} en {self.cardinal(clock.second)} seconden"
        return self.join(self.cardinal(clock.hour), "uur", minute)

    def say_duration(self, hours: int, minutes: int, seconds: int) -> str | None:
        names = (("uur", "uur"), ("minuut", "minuten"), ("seconde", "seconden"))
        parts = zip((hours, minutes, seconds), names, strict=True)
        said = [f"{self.cardinal(number)} {name[number != 1]}" for number, name in parts if number]
        return " en ".join(filter(None, (" ".join(said[:-1]), *said[-1:]))) if said else None

    def say_regnal(self, number: int, name: str) -> str:
        return f"de {self.ordinal(number)}"
