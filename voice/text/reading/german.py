"""German: ordinals that agree with the article before them, years by hundreds, clock times with "Uhr"."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import Language, Rule, number_words
from voice.text.reading.values import Clock, Date, Found, Noun, Number, noun, table, words
from voice.text.reading.written import parse_number, roman_value

_EN_AFTER = words(
    "am im zum vom beim den dem des zur ab bis seit nach vor von mit zu jedem jeden jedes diesem diesen dieses "
    "einem einen eines einer meinem meinen ihrem ihren seinem seinen unserem unseren und keinen keinem alle "
    "beide"
)
_E_AFTER = words("der die das diese dieser jede jeder meine deine seine ihre unsere eine keine erste welche sein")
_ER_AFTER = frozenset(["ein", "mein", "dein", "sein", "ihr", "unser", "kein", "euer"])
_ORDINAL_NOUNS = words(
    "jahrhundert jahrtausend klasse platz mal tag stock etage liga quartal weltkrieg auflage kapitel reich "
    "stunde minute woche monat jahr runde spieltag semester bezirk lebensjahr geburtstag advent etappe akt "
    "teil band staffel folge halbzeit generation grad rang versuch sinfonie symphonie buch oktober"
)
_NEUTER = words("mal jahrhundert jahrtausend quartal kapitel reich jahr semester lebensjahr buch kind")
_FEMININE = words(
    "klasse etage liga auflage stunde minute woche runde etappe staffel folge halbzeit generation sinfonie"
)
_FEMININE_UNITS = words("h hr hrs min s sec ms t mi kWh MWh oz ly gal")
_QUEENS = words("elisabeth katharina maria margarete margrethe beatrix wilhelmina christina anna isabella")
_JOINED_ORDINALS = re.compile(r"(\w{1,20})\s(?:[0-9]{1,3}\.,?\s(?:(?:und|oder|bis|sowie)\s)?){1,3}$")
_ENDINGS = (
    "jähr|tägi|wöch|monat|stünd|minüt|sekünd|köpf|seit|prozent|teil|stöck|stell|bänd|spur|zeil|tür|punkt|silb|fach"
)
_PARTS = {2: "halb", 3: "Drittel", 7: "Siebtel", 8: "Achtel"}


class German(Language):
    """See the module."""

    code = "de"
    weekdays: ClassVar = cldr.weekdays("de")
    decimal, groups = ",", ". "
    years = range(1100, 2000)
    point, minus, plus, to, ratio, times, percent = "Komma", "minus", "plus", "bis", "zu", "mal", "Prozent"
    dot, slash, dash, underscore, at = "Punkt", "Schrägstrich", "Bindestrich", "Unterstrich", "at"
    number_sign, hashtag, version, to_the_power = "Nummer", "Hashtag", "Version", "hoch"
    day_suffix = r"\."
    day_link = r"\s"
    clock_noun = "Uhr"
    half_words = r"(?!)"
    phone_words = r"tel|telefon|telefonnummer|rufnummer|fax|mobil|handy|hotline|durchwahl|notruf|wählen|wähle|wählt"
    local_phone = r"\(?0[1-9][0-9]{1,4}\)?(?:\s?[/-]\s?|\s)[0-9]{2,9}(?:[ -][0-9]{1,6}){0,4}(?![0-9])"
    months: ClassVar = {"sept": 9, "jänner": 1, "mrz": 3}
    symbols: ClassVar = table(
        "& und, = gleich, § Paragraf, §§ Paragrafen, © Copyright, ÷ geteilt durch, ± plus minus, ≈ ungefähr, "
        "≠ ungleich, ≤ höchstens, ≥ mindestens, → nach, ° Grad, % Prozent, < kleiner als, > größer als, ~ etwa, "
        "√ Wurzel aus, ∞ unendlich, π Pi, ² Quadrat, ³ hoch drei, ¢ Cent, ‰ Promille"
    )
    scales: ClassVar = {
        **{key: noun("Million|Millionen", "f") for key in ("Mio.", "Mio", "Mill.", "M", "Million", "Millionen")},
        **{key: noun("Milliarde|Milliarden", "f") for key in ("Mrd.", "Mrd", "Milliarde", "Milliarden")},
        **{key: noun("Billion|Billionen", "f") for key in ("Bio.", "Billion", "Billionen")},
        **{key: noun("tausend") for key in ("Tsd.", "Tsd", "k", "K", "tausend", "Tausend")},
    }
    currencies: ClassVar = {
        "EUR": (noun("Euro", "m"), noun("Cent", "m")),
        "USD": (noun("Dollar", "m"), noun("Cent", "m")),
        "GBP": (noun("Pfund", "n"), noun("Penny|Pence", "m")),
        "JPY": (noun("Yen", "m"), None),
        "CHF": (noun("Schweizer Franken", "m"), noun("Rappen", "m")),
        "RUB": (noun("Rubel", "m"), None),
        "CNY": (noun("Yuan", "m"), None),
        "INR": (noun("Rupie|Rupien", "f"), None),
    }
    units: ClassVar = {
        "Std.": noun("Stunde|Stunden", "f"),
        "Std": noun("Stunde|Stunden", "f"),
        "Min.": noun("Minute|Minuten", "f"),
        "Sek.": noun("Sekunde|Sekunden", "f"),
        "qm": noun("Quadratmeter", "m"),
        "Ltr.": noun("Liter", "m"),
        "Pfd.": noun("Pfund", "n"),
        "EL": noun("Esslöffel", "m"),
        "TL": noun("Teelöffel", "m"),
        "PS": noun("PS"),
        "dB": noun("Dezibel", "n"),
        "MWh": noun("Megawattstunde|Megawattstunden", "f"),
        "mAh": noun("Milliamperestunde|Milliamperestunden", "f"),
        "Ct.": noun("Cent", "m"),
        "ct": noun("Cent", "m"),
        "Mbit/s": noun("Megabit pro Sekunde", "n"),
        "GBit/s": noun("Gigabit pro Sekunde", "n"),
        "U/min": noun("Umdrehung pro Minute|Umdrehungen pro Minute", "f"),
        "ppm": noun("Teil pro Million|Teile pro Million", "m"),
        "psi": noun("PSI"),
    }
    abbreviations: ClassVar = table(
        "z.B. zum Beispiel, z._B. zum Beispiel, zB zum Beispiel, d.h. das heißt, d._h. das heißt, usw. und so weiter, "
        "u.s.w. und so weiter, bzw. beziehungsweise, ca. circa, etc. et cetera, u.a. unter anderem, "
        "u._a. unter anderem, vgl. vergleiche, evtl. eventuell, ggf. gegebenenfalls, inkl. inklusive, "
        "exkl. exklusive, "
        "zzgl. zuzüglich, abzgl. abzüglich, max. maximal, min. minimal, mind. mindestens, i.d.R. in der Regel, "
        "i._d._R. in der Regel, o.ä. oder ähnlich, o._ä. oder ähnlich, s.o. siehe oben, s.u. siehe unten, "
        "u.v.m. und vieles mehr, v.a. vor allem, v._a. vor allem, z.T. zum Teil, z._T. zum Teil, sog. sogenannte, "
        "bspw. beispielsweise, geb. geboren, gest. gestorben, Hrsg. Herausgeber, Jh. Jahrhundert, Jhd. Jahrhundert, "
        "n._Chr. nach Christus, v._Chr. vor Christus, n.Chr. nach Christus, v.Chr. vor Christus, "
        "u.U. unter Umständen, m.E. meines Erachtens, a.D. außer Dienst, i.A. im Auftrag, o.g. oben genannt, "
        "Tel. Telefon, Str. Straße, Dr. Doktor, Prof. Professor, Dipl. Diplom, Ing. Ingenieur, Fr. Frau, Hr. Herr, "
        "Hrn. Herrn, St. Sankt, vs. gegen, Mo. Montag, Di. Dienstag, Mi. Mittwoch, Do. Donnerstag, "
        "zzt. zurzeit, z.Z. zur Zeit, p.a. pro Jahr, Mwst. Mehrwertsteuer, MwSt. Mehrwertsteuer, allg. allgemein, "
        "bes. besonders, eigtl. eigentlich, ehem. ehemalig, entspr. entsprechend, insb. insbesondere, "
        "jährl. jährlich, mtl. monatlich, tägl. täglich, ugs. umgangssprachlich, urspr. ursprünglich, "
        "ff. fortfolgende, u. und, gem. gemäß, verh. verheiratet, Whg. Wohnung, zus. zusammen, Fam. Familie, Kfm. Kaufmann"
    )
    before_number: ClassVar = table(
        "nr Nummer, s Seite, abb Abbildung, kap Kapitel, art Artikel, abs Absatz, bd Band, tel Telefon, aufl Auflage, "
        "tab Tabelle, ziff Ziffer, anm Anmerkung, jg Jahrgang, hausnr Hausnummer, ab_ca ab circa"
    )
    before_name: ClassVar = table("dr Doktor, prof Professor, hl heilige, mag Magister")
    roman_nouns: ClassVar = words(
        "kapitel teil band akt phase klasse stufe abschnitt artikel buch szene typ folge staffel hartz weltkrieg "
        "grad gruppe abteilung anhang tabelle"
    )
    regnal_names: ClassVar = words(
        "ludwig heinrich friedrich wilhelm karl otto johannes paul pius benedikt gregor leo innozenz clemens "
        "klemens urban alexander nikolaus peter iwan katharina elisabeth georg eduard richard jakob maria philipp "
        "franz joseph josef rudolf maximilian napoleon ramses ptolemäus konstantin leopold albert gustav juan "
        "felipe alfons ferdinand konrad sigismund ernst august christian albrecht joachim stephan bonifatius "
        "margrethe margarete beatrix victor viktor emanuel kleopatra wilhelmina selim mehmed murad süleyman xerxes "
        "dareios theoderich"
    )
    regnal_stop = True

    def own_rules(self) -> Sequence[Rule]:
        return [
            (re.compile(r"(?P<day>[0-3]?[0-9])\.(?P<month>0?[1-9]|1[0-2])\.(?![0-9])"), self._short_date),
            (re.compile(r"(?P<n>[0-9]{1,4})er(?![^\W-])"), self._decade),
            (re.compile(r"(?P<n>[0-9]{1,3})(?:-mal|x)(?!\w)"), self._times),
            (re.compile(rf"(?P<n>[0-9]{{1,4}})-(?P<ending>(?:{_ENDINGS})[a-zäöüß]{{1,10}})(?!\w)"), self._compound),
            (re.compile(r"(?P<a>[0-9]{1,3}(?:\.[0-9]{3})*),[-–—]{1,2}(?:\s?(?:€|Euro|EUR)(?!\w))?"), self._even_sum),
            (re.compile(r"(?P<stem>[A-ZÄÖÜ][a-zäöüß-]{2,30})str\.?(?![\w-])"), lambda f: f"{f['stem']}straße"),
            (re.compile(r"(?P<roman>[IVX]{1,6})\.\s(?=[A-ZÄÖÜ][a-zäöüß]{2})"), self._roman_before),
            (re.compile(r"(?P<n>[0-9]{1,3})\.?\s?[-–]\s?(?P<last>[0-9]{1,3})\.(?=\s?[^\W\d_])"), self._ordinal_span),
        ]

    # ordinals

    def _short_date(self, found: Found) -> str | None:
        day, month = int(found["day"]), int(found["month"])
        return self.say_date(Date(day, month), found) if 1 <= day <= 31 else None

    def _decade(self, found: Found) -> str:
        words = self.say_year(int(found["n"])) if 1100 <= int(found["n"]) < 2000 else self.say_whole(found["n"])
        return f"{words}er" if len(found["n"]) > 2 else f"{words}er".capitalize()

    def _times(self, found: Found) -> str:
        return f"{'ein' if found['n'] == '1' else self.say_whole(found['n'])}mal"

    def _compound(self, found: Found) -> str:
        """5-jähriges."""
        return f"{self.say_whole(found['n'])}{found['ending']}"

    def _even_sum(self, found: Found) -> str:
        """5,- Euro."""
        return self.say_money(parse_number(found["a"], self), "EUR")

    def _roman_before(self, found: Found) -> str | None:
        value = roman_value(found["roman"])
        if value is None or (found["roman"] in "VX" and found.word_after.casefold() not in _ORDINAL_NOUNS):
            return None
        return f"{self._agreeing(value, found)} "

    def _ordinal_span(self, found: Found) -> str | None:
        last = self.say_dot_ordinal(int(found["last"]), found)
        return None if last is None else f"{self._agreeing(int(found['n']), found)} bis {last}"

    def say_dot_ordinal(self, number: int, found: Found) -> str | None:
        after, before = found.word_after, found.word_before.casefold()
        if number > 999 or not after or found.before[-1:].isdigit():
            return None
        is_agreeing = before in _EN_AFTER or before in _E_AFTER or before in _ER_AFTER
        is_counted = any(after.casefold().startswith(known) for known in _ORDINAL_NOUNS)
        if not (after[0].islower() or is_agreeing or is_counted):
            return None
        return self._agreeing(number, found)

    def _article(self, found: Found) -> str:
        """The word that an ordinal agrees with: right before it, or before the ordinals that it is joined to."""
        joined = _JOINED_ORDINALS.search(found.before)
        return (joined[1] if joined else found.word_before).casefold()

    def _agreeing(self, number: int, found: Found) -> str:
        """The ordinal with the ending that the word before it asks for: im dritten, der dritte, ein drittes."""
        words = self.ordinal(number)
        before, after = self._article(found), found.word_after.casefold()
        if found.before.rstrip()[-1:] in ".,;:!?":
            before = ""
        if before in _EN_AFTER:
            return f"{words}n"
        if before in _E_AFTER or after in _FEMININE:
            return words
        return f"{words}s" if after in _NEUTER else f"{words}r"

    def ordinal(self, number: int, gender: str = "") -> str:
        return number_words(number, "de", "ordinal")

    # numbers

    def cardinal(self, number: int, gender: str = "") -> str:
        if number == 1 and gender:
            return "eine" if gender == "f" else "ein"
        return number_words(number, "de")

    def say_year(self, year: int) -> str:
        return number_words(year, "de", "year") if 1100 <= year < 2000 else self.cardinal(year)

    def unit_gender(self, unit: str) -> str:
        return "f" if unit.partition("/")[0] in _FEMININE_UNITS else "m"

    def say_percent(self, number: Number) -> str:
        return self.join(self.say_number(number, "n"), self.percent)

    def say_scaled(self, number: Number, scale: str) -> str | None:
        if self.scales[scale].forms["other"] == "tausend":
            return self.join(self.say_number(number, "n"), "tausend")
        return super().say_scaled(number, scale)

    def say_hundredths(self, amount: str, number: Number, minor: Noun | None) -> str:
        return self.join(amount, self.cardinal(int(number.fraction))) if int(number.fraction) else amount

    def say_fraction(self, above: int, below: int) -> str:
        part = _PARTS.get(below) or f"{self.cardinal(below)}{'tel' if below < 20 else 'stel'}".capitalize()
        return f"{self.cardinal(above, 'n')} {part}"

    def say_mixed(self, whole: str, fraction: str) -> str:
        words = "ein" if whole == "1" else self.say_whole(whole)
        return f"{words}{fraction.replace(' ', '')}" if fraction == "ein halb" else f"{words} {fraction}"

    def say_fraction_of(self, fraction: str, unit: str, *, is_mixed: bool) -> str | None:
        named = self.unit_noun(unit, Decimal("1.5") if is_mixed else Decimal(1))
        if named is None or is_mixed or fraction != "ein halb":
            return None if named is None else f"{fraction} {named}"
        gender = self.units[unit].gender if unit in self.units else self.unit_gender(unit)
        return {"f": f"eine halbe {named}", "n": f"ein halbes {named}"}.get(gender, f"ein halber {named}")

    # dates and times

    def say_date(self, date: Date, found: Found) -> str:
        month = self.month(date.month) if date.month else ""
        year = "" if date.year is None else self.say_year(date.year)
        if date.day is None:
            return self.join(month, year)
        day = self._agreeing_day(date.day, found)
        if date.last_day:
            day = f"{day} bis {self._agreeing_day(date.last_day, found)}"
        return self.join(day, month, year)

    def _agreeing_day(self, day: int, found: Found) -> str:
        before = "" if found.before.rstrip()[-1:] in ".,;:!?" else self._article(found)
        words = self.ordinal(day)
        return f"{words}n" if before in _EN_AFTER else words if before in _E_AFTER else f"{words}r"

    def say_clock(self, clock: Clock) -> str:
        hour = "ein" if clock.hour == 1 else self.cardinal(clock.hour)
        minute = self.cardinal(clock.minute) if clock.minute else ""
        if clock.second:
            minute = f"{minute or 'null'} und {self.cardinal(clock.second)} Sekunden"
        return self.join(hour, "Uhr", minute)

    def say_duration(self, hours: int, minutes: int, seconds: int) -> str | None:
        names = (("Stunde", "Stunden"), ("Minute", "Minuten"), ("Sekunde", "Sekunden"))
        parts = zip((hours, minutes, seconds), names, strict=True)
        said = [f"{self.cardinal(number, 'f')} {name[number != 1]}" for number, name in parts if number]
        return " und ".join(filter(None, (" ".join(said[:-1]), *said[-1:]))) if said else None

    # the rest

    def say_regnal(self, number: int, name: str) -> str:
        article = "die" if name.casefold() in _QUEENS else "der"
        return f"{article} {self.ordinal(number).capitalize()}"
