"""French, as France speaks it."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.french_genders import FEMININE, MASCULINE
from voice.text.reading.french_shorthand import ABBREVIATIONS, BEFORE_NUMBER, TITLES, UNITS
from voice.text.reading.language import Rule, number_words
from voice.text.reading.notation import Notation
from voice.text.reading.romance import symbols
from voice.text.reading.values import Clock, Found, Number, noun, table, words
from voice.text.reading.written import alternation, roman_value

_HYPHENED = table(
    "Gal Général, Mal Maréchal, Dr Docteur, Pr Professeur, Pdt Président, Cdt Commandant, Col Colonel, N.-D Notre-Dame"
)
_DAYS = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
_PARTS = {2: "demi", 3: "tiers", 4: "quart"}


class French(Notation):
    """See the module."""

    code = "fr"
    point, minus, plus, to, ratio, times, percent = "virgule", "moins", "plus", "à", "à", "fois", "pour cent"
    dot, slash, dash, underscore, at = "point", "barre oblique", "tiret", "tiret bas", "arobase"
    number_sign, hashtag, version = "numéro", "hashtag", "version"
    and_word, of_scale = "et", "de"
    day_suffix = "er"
    clock_noun = r"heures?"
    clock_h = True
    ordinal_suffix = "ers?|res?|ères?|e|es|è|èmes?|emes?|n?des?|nds?|ième"
    phone_words = "tél|tel|téléphone|fax|appelez|appeler|appelle|mobile|portable|numéro"
    local_phone = (
        r"0[1-9](?:[ .-]?[0-9]{2}){4}(?![0-9])|0 ?8[0-9]{2}(?:(?:[ .][0-9]{3}){2}|(?:[ .][0-9]{2}){3})(?![0-9])"
    )
    regnal_ordinals = 1
    weekdays: ClassVar = table("lun lundi, mar mardi, mer mercredi, jeu jeudi, ven vendredi, sam samedi, dim dimanche")
    weekday_links, date_cues, part_links = "au|à|et|ou", rf"le|du|au|ce|dès le|{_DAYS}", r"\s(?:de|du|des)\b|\sd['’]"
    per, over, per_hundred, map_scale, thousand = "par", "sur", " aux cent kilomètres", "pour", "mille"
    per_nouns: ClassVar = table(
        "jour jour, j jour, mois mois, an an, année année, semaine semaine, sem semaine, h heure, heure heure, min minute, "
        "mn minute, minute minute, s seconde, seconde seconde, nuit nuit, personne personne, pers personne, tête tête, "
        "pièce pièce, séance séance, kg kilo, kilo kilo, g gramme, t tonne, tonne tonne, l litre, L litre, litre litre, "
        "km kilomètre, m mètre, m² mètre carré, m2 mètre carré, km² kilomètre carré, m³ mètre cube, ha hectare, "
        "kWh kilowattheure, MWh mégawattheure, élève élève, habitant habitant, hab habitant, match match"
    )
    plural_cues = words("les des en aux ces quelques plusieurs")
    verse_cues = "scène|acte|chant|poème|sonnet|vers"
    to_the_power, ways = "puissance", r"av|ave|bd|boul|blvd|pl|rte|chem|fg|sq"
    cents: ClassVar = {"EUR": noun("centime|centimes"), "USD": noun("cent|cents"), "GBP": noun("penny|pence")}
    address_signs: ClassVar = {
        "?": "point d'interrogation",
        "=": "égale",
        "&": "et",
        "#": "dièse",
        "+": "plus",
        ":": "deux-points",
    }
    hash_key, sections, by = "dièse", "paragraphes", " sur "
    roman_links = "et|à|au|ou"
    half_before: ClassVar = {"m": "un demi", "f": "une demi"}
    halves: ClassVar = {"m": "et demi", "f": "et demie"}
    symbols: ClassVar = symbols(
        "et|égale|paragraphe|copyright|marque déposée|marque déposée|divisé par|plus ou moins|environ"
        "|différent de|inférieur ou égal à|supérieur ou égal à|vers|degrés|pour cent|inférieur à|supérieur à|environ"
        "|racine carrée de|l'infini|pi|au carré|au cube"
    )
    scales: ClassVar = {
        **{key: noun("mille") for key in ("k", "K", " k", "mille")},
        **{key: noun("million|millions") for key in ("M", " M", "mio", "Mio", "mios", "Mios", "million", "millions")},
        **{
            key: noun("milliard|milliards")
            for key in ("Md", "Mds", " Md", "Mrd", "mds", "mrd", "bn", "B", "milliard", "milliards")
        },
    }
    units: ClassVar = UNITS
    foreign_units = words("d pt gal mi kt")
    unit_genders: ClassVar = dict.fromkeys("h hr hrs min s sec t lb lbs oz cal kcal ms d".split(), "f") | {"d": "m"}
    local_currency: ClassVar = {
        "kr": "KR",
        **dict.fromkeys(("F CFA", "FCFA", "F.CFA"), "XOF"),
        **{f"${gap}{sign}": code for gap in ("", " ") for sign, code in (("CA", "CAD"), ("US", "USD"), ("AU", "AUD"))},
    }
    currencies: ClassVar = {
        "EUR": (noun("euro|euros"), None),
        "USD": (noun("dollar|dollars"), None),
        "GBP": (noun("livre|livres", "f"), None),
        "JPY": (noun("yen|yens"), None),
        "CHF": (noun("franc suisse|francs suisses"), None),
        "RUB": (noun("rouble|roubles"), None),
        "PLN": (noun("zloty|zlotys"), None),
        "CZK": (noun("couronne tchèque|couronnes tchèques", "f"), None),
        "HUF": (noun("forint|forints"), None),
        "TRY": (noun("livre turque|livres turques", "f"), None),
        "XOF": (noun("franc CFA|francs CFA"), None),
        "KR": (noun("couronne|couronnes", "f"), None),
        "CAD": (noun("dollar canadien|dollars canadiens"), None),
        "INR": (noun("roupie|roupies", "f"), None),
        "CNY": (noun("yuan|yuans"), None),
    }
    months: ClassVar = {
        "janv": 1,
        "fév": 2,
        "févr": 2,
        "avr": 4,
        "juil": 7,
        "sept": 9,
        "oct": 10,
        "nov": 11,
        "déc": 12,
    }
    abbreviations: ClassVar = ABBREVIATIONS
    before_name: ClassVar = TITLES
    before_number: ClassVar = BEFORE_NUMBER
    only_with_stop = words(
        "r v t al mal mis fr sr ex che cap adj gal gén col all lot imp pl sq vol art tab bx cte vte pce"
    )
    roman_nouns: ClassVar = frozenset(
        "chapitre tome livre volume partie acte scène article titre annexe guerre phase type classe niveau apollo".split()
    )
    regnal_names: ClassVar = frozenset(
        "louis henri charles françois napoléon philippe jean pie léopold georges guillaume élisabeth elisabeth catherine"
        " nicolas pierre alexandre frédéric paul benoît léon urbain innocent clément grégoire baudouin albert édouard"
        " richard robert victor-emmanuel jean-paul umberto rainier ramsès ptolémée xerxès darius"
        " amédée théodose constantin othon ferdinand alphonse christian gustave oscar haakon olaf harald albrecht sixte boniface"
        " célestin martin nicéphore basile victoria anne marie charlotte ivan boris michel carol humbert béatrix juliana"
        " wilhelmine norodom mohammed hassan farouk amenhotep séti thoutmôsis".split()
    )
    ungendered: ClassVar = frozenset("est sont était sur dans pour avec par que qui mais".split())
    feminine: ClassVar = FEMININE
    masculine: ClassVar = MASCULINE

    def own_rules(self) -> Sequence[Rule]:
        numeral = r"(?<![\w.'’])(?<![^e]-)(?P<roman>[IVX]{1,8})(?P<suffix>er|re|ère|e|ème|es)(?!\w)"
        return (
            (re.compile(rf"{numeral}\s?[-–]\s?(?=[IVX]+(?:e|ème)\b)"), self._first_suffixed_roman),
            (re.compile(numeral), self._suffixed_roman),
            (re.compile(r"s\.(?!\w)"), self._century),
            (re.compile(r"(?<=\b[Ll]e )P\.(?=\s[^\W\d_])"), lambda f: "père"),
            (re.compile(r"M(?P<s>M?)\.(?=\s(?:l[ea]s?\s|l['’]))"), lambda f: "Messieurs" if f["s"] else "Monsieur"),
            (re.compile(r"St(?P<e>e?)-(?=[^\W\d_])"), lambda found: f"Saint{found['e']}-"),
            (re.compile(r"118 [0-9]{3}(?![\w€%]|[ .,:/-][0-9])"), self._short_phone),
            (re.compile(r"(?P<l>[LRD])\.?\s?(?P<a>[0-9]{1,4})(?:-(?P<b>[0-9]{1,4}))?(?![\w/-])"), self._legal_article),
            (re.compile(r"av\.(?=\s(?:notre|l[ea]s?|midi|minuit|[0-9]{1,2}\s?h)\b)"), lambda f: "avant"),
            (re.compile(r"ex\.(?=\s?:)", re.I), lambda f: "exemple"),
            (re.compile(r"nos\s(?=[0-9]{1,5}(?:\s(?:et|à|ou)\s[0-9]|\s?[,–-]\s?[0-9]))"), lambda f: "numéros "),
            (re.compile(r"(?P<go>dép|arr)\.(?=\s?:?\s?[0-9]{1,2}\s?[h:])", re.I), self._timetable),
            (re.compile(rf"(?P<title>{alternation(_HYPHENED)})(?P<hyphen>-)(?=[^\W\d_])"), self._title),
            (re.compile(r"(?P<title>Gal|Cdt|Pdt)\.?(?P<hyphen>)(?=\s(?:de|du)\s|\sd['’])"), self._title),
            (re.compile(r"3[0-9] [0-9]{2}(?![\w€%]|[ .,:/-][0-9])"), self._short_phone),
            (re.compile(r"(?P<n>24)\s?h(?:eures)?/24|(?P<d>7)\s?j(?:ours)?/7"), self._all_day),
            *super().own_rules(),
        )

    def _legal_article(self, found: Found) -> str | None:
        if not re.search(r"(?<!\w)art(?:icles?|s?\.)\s$", found.before, re.I):
            return None
        after = f" {self.dash} {self.say_whole(found['b'])}" if found["b"] else ""
        return f"{found['l']} {self.say_whole(found['a'])}{after}"

    def _title(self, found: Found) -> str:
        return _HYPHENED[found["title"]] + found["hyphen"]

    def _timetable(self, found: Found) -> str:
        return "départ" if found["go"].casefold() == "dép" else "arrivée"

    def abbreviation(self, folded: str, found: Found) -> str | None:
        if folded in ("max.", "min.") and found[0][0].isupper() and not found.starts_sentence:
            return None  # a name
        return "pendant" if found[0] == "pdt" else super().abbreviation(folded, found)

    def _century(self, found: Found) -> str | None:
        return "siècle" if re.search(r"(?<!\w)[IVX]{1,6}(?:er|e|ème)\s$", found.before) else None

    def _short_phone(self, found: Found) -> str | None:
        if not re.search(r"(?<!\w)(?:le|au|composez|appelez)\s$", found.before, re.I):
            return None
        return self.say_phone(found[0].split())

    def _all_day(self, found: Found) -> str:
        return "vingt-quatre heures sur vingt-quatre" if found["n"] else "sept jours sur sept"

    def _first_suffixed_roman(self, found: Found) -> str | None:
        said = self._suffixed_roman(found)
        return said and f"{said} {self.to} "

    def _suffixed_roman(self, found: Found) -> str | None:
        value = roman_value(found["roman"])
        return None if value is None else self.say_suffixed_ordinal(value, found["suffix"], found)

    def cardinal(self, number: int, gender: str = "") -> str:
        words = number_words(number, "fr")
        return re.sub(r"\bun$", "une", words) if gender == "f" else words

    def ordinal(self, number: int, gender: str = "") -> str:
        if number == 1:
            return "première" if gender == "f" else "premier"
        return re.sub(r"(cent|vingt)sième$", r"\1ième", number_words(number, "fr", "ordinal"))

    def of_unit(self, noun: str) -> str:
        return f"d'{noun}" if noun[0] in "aeéiouh" else f"de {noun}"

    def say_suffixed_ordinal(self, number: int, suffix: str, found: Found) -> str | None:
        if "d" in suffix:
            plural = "s" if suffix.endswith("s") else ""
            return f"second{'e' if 'e' in suffix else ''}{plural}" if number == 2 else None
        if suffix.rstrip("s") in ("er", "re", "ère") and number != 1:
            return None
        said = self.ordinal(number, "f" if suffix.rstrip("s") in ("re", "ère") else "")
        return f"{said}s" if suffix.endswith("s") else said

    def say_year(self, year: int) -> str:
        return re.sub(r"(cent|vingt)s$", r"\1", self.cardinal(year))

    def say_day(self, day: int) -> str:
        return "premier" if day == 1 else self.cardinal(day)

    def say_clock(self, clock: Clock) -> str:
        hours = f"{self.cardinal(clock.hour, 'f')} heure{'s' if clock.hour > 1 else ''}"
        return self.join(hours, self.cardinal(clock.minute, "f") if clock.minute else "")

    def say_fraction(self, above: int, below: int) -> str:
        if (above, below) == (1, 2):
            return "un demi"
        part = _PARTS.get(below) or self.ordinal(below)
        return f"{self.cardinal(above)} {part}{'' if above == 1 or part.endswith('s') else 's'}"

    def say_mixed(self, whole: str, fraction: str) -> str:
        return f"{self.say_whole(whole)} et {fraction.removeprefix('un ') if fraction == 'un demi' else fraction}"

    def say_money(self, number: Number, currency: str, scale: str = "") -> str:
        return super().say_money(number, currency, scale).replace(" de euros", " d'euros")

    def say_decimals(self, fraction: str) -> str:
        return (
            self.cardinal(int(fraction))
            if len(fraction) in (2, 3) and fraction[0] != "0"
            else self.say_digits(fraction)
        )

    def say_phone(self, groups: Sequence[str]) -> str:
        return ", ".join(self._phone_group(group) for group in groups)

    def _phone_group(self, group: str) -> str:
        digits = group.lstrip("+")
        if len(digits) == 10 and digits[0] == "0":
            return ", ".join(self._phone_group(digits[at : at + 2]) for at in range(0, 10, 2))
        if len(digits) == 4 and digits[0] == "0" != digits[1]:
            return f"zéro, {self.cardinal(int(digits))}"
        said = self.cardinal(int(digits)) if len(digits) in (2, 3) and digits[0] != "0" else self.say_digits(digits)
        return f"{self.plus} {said}" if group[0] == "+" else said
