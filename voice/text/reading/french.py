"""French, as France speaks it."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.language import Rule, number_words
from voice.text.reading.romance import Romance, symbols
from voice.text.reading.values import Clock, Found, Number, noun
from voice.text.reading.written import roman_value

_PARTS = {2: "demi", 3: "tiers", 4: "quart"}


class French(Romance):
    """See the module."""

    code = "fr"
    groups = " "
    point, minus, plus, to, ratio, times, percent = "virgule", "moins", "plus", "à", "à", "fois", "pour cent"
    dot, slash, dash, underscore, at = "point", "barre oblique", "tiret", "tiret bas", "arobase"
    number_sign, hashtag, version = "numéro", "hashtag", "version"
    and_word, of_scale = "et", "de"
    day_suffix = "er"
    clock_noun = r"heures?"
    clock_h = True
    ordinal_suffix = "ers?|res?|ères?|e|es|è|èmes?|emes?|ndes?|nds?|ième"
    phone_words = "tél|tel|téléphone|fax|appelez|appeler|appelle|mobile|portable|numéro"
    local_phone = r"0[1-9](?:[ .-]?[0-9]{2}){4}(?![0-9])"
    regnal_ordinals = 1
    symbols: ClassVar = symbols(
        "et|égale|paragraphe|copyright|marque déposée|marque déposée|divisé par|plus ou moins|environ"
        "|différent de|inférieur ou égal à|supérieur ou égal à|vers|degrés|pour cent|inférieur à|supérieur à|environ"
        "|racine carrée de|l'infini|pi|au carré|au cube"
    )
    scales: ClassVar = {
        **{key: noun("mille") for key in ("k", "K")},
        **{key: noun("million|millions") for key in ("M", " M", "mio", "Mio", "million", "millions")},
        **{
            key: noun("milliard|milliards")
            for key in ("Md", "Mds", " Md", "Mrd", "mds", "mrd", "bn", "B", "milliard", "milliards")
        },
    }
    units: ClassVar = {
        "Go": noun("gigaoctet|gigaoctets"),
        "Mo": noun("mégaoctet|mégaoctets"),
        "Ko": noun("kilooctet|kilooctets"),
        "ko": noun("kilooctet|kilooctets"),
        "To": noun("téraoctet|téraoctets"),
        "km/h": noun("kilomètre heure|kilomètres heure"),
        "mn": noun("minute|minutes", "f"),
        "sec": noun("seconde|secondes", "f"),
        "dB": noun("décibel|décibels"),
        "ch": noun("cheval|chevaux"),
        "kWh": noun("kilowattheure|kilowattheures"),
        "j": noun("jour|jours"),
    }
    unit_genders: ClassVar = dict.fromkeys("h hr hrs min s sec t lb lbs oz cal kcal ms d".split(), "f") | {"d": "m"}
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
    abbreviations: ClassVar = {
        "etc.": "et cetera",
        "p. ex.": "par exemple",
        "p.ex.": "par exemple",
        "par ex.": "par exemple",
        "c.-à-d.": "c'est-à-dire",
        "c-à-d": "c'est-à-dire",
        "càd": "c'est-à-dire",
        "s.v.p.": "s'il vous plaît",
        "svp": "s'il vous plaît",
        "av. J.-C.": "avant Jésus-Christ",
        "apr. J.-C.": "après Jésus-Christ",
        "ap. J.-C.": "après Jésus-Christ",
        "J.-C.": "Jésus-Christ",
        "env.": "environ",
        "tél.": "téléphone",
        "tél": "téléphone",
        "qqch.": "quelque chose",
        "qqn": "quelqu'un",
        "cf.": "voir",
        "ex.": "exemple",
        "N.B.": "nota bene",
        "P.-S.": "post-scriptum",
        "r.-d.-c.": "rez-de-chaussée",
        "min.": "minimum",
        "max.": "maximum",
        "Cie": "compagnie",
        "Ste-": "Sainte-",
        "St-": "Saint-",
        "vs": "contre",
        "dépt.": "département",
        "h/j": "heures par jour",
        "km/s": "kilomètres par seconde",
    }
    before_name: ClassVar = {
        "M.": "Monsieur",
        "MM.": "Messieurs",
        "Mme": "Madame",
        "Mmes": "Mesdames",
        "Mlle": "Mademoiselle",
        "Mlles": "Mesdemoiselles",
        "Dr": "docteur",
        "Pr": "professeur",
        "Prof": "professeur",
        "Me": "maître",
        "Mgr": "monseigneur",
        "St": "Saint",
        "Ste": "Sainte",
        "bd": "boulevard",
        "boul": "boulevard",
        "blvd": "boulevard",
        "av": "avenue",
        "pl": "place",
        "fg": "faubourg",
        "imp": "impasse",
        "rte": "route",
        "Cdt": "commandant",
        "Gal": "général",
        "Col": "colonel",
        "Cap": "capitaine",
        "all": "allée",
        "chem": "chemin",
    }
    before_number: ClassVar = {
        "n°": "numéro",
        "nº": "numéro",
        "n": "numéro",
        "no": "numéro",
        "p": "page",
        "pp": "pages",
        "vol": "volume",
        "chap": "chapitre",
        "ch": "chapitre",
        "art": "article",
        "fig": "figure",
        "t": "tome",
        "éd": "édition",
        "num": "numéro",
        "nos": "numéros",
        "ligne": "ligne",
        "env": "environ",
    }
    roman_nouns: ClassVar = frozenset(
        "chapitre tome livre volume partie acte scène article titre annexe guerre phase type classe niveau apollo".split()
    )
    regnal_names: ClassVar = frozenset(
        "louis henri charles françois napoléon philippe jean pie léopold georges guillaume élisabeth elisabeth catherine"
        " nicolas pierre alexandre frédéric paul benoît léon urbain innocent clément grégoire baudouin albert édouard"
        " richard robert victor-emmanuel jean-paul umberto rainier ramsès ptolémée xerxès darius".split()
    )
    ungendered: ClassVar = frozenset("est sont était sur dans pour avec par que qui mais heures heure".split())
    feminine: ClassVar = re.compile(
        r"^(?:pages?|personnes?|femmes?|filles?|minutes?|secondes?|semaines?|années?|heures?|fois|choses?|voitures?|places?"
        r"|tonnes?|livres? sterling|équipes?|villes?|maisons?|chambres?|tables?|portes?|étoiles?|histoires?|langues?|lettres?"
        r"|lignes?|mères?|sœurs?|nuits?|mains?|pommes?|familles?|écoles?|roues?|couleurs?|fleurs?|parts?|pièces?|photos?"
        r"|tasses?|bouteilles?|routes?|rues?|îles?|dents?|clés?|vidéos?|radios?|vaches?|poules?|actrices?|victimes?|images?"
        r"|cartes?|plantes?|étapes?|feuilles?|chaises?|règles?|questions?|réponses?|marches?|lampes?|tours|cuillères?"
        r"|oranges?|bananes?|pistes?|listes?|fautes?|notes?|offres?|œuvres?|vues?|vies?|voix|dates?|scènes?|séances?)$"
        r"|(?:tions?|sions?|sons|tés?|ettes?|ures?|ances?|ences?|ées|ades?|esses?|elles|aisons?|euses?|trices?|iques?|ies)$"
    )
    masculine: ClassVar = re.compile(
        r"étés?|côtés?|musées?|lycées?|squelettes?|murmures?|silences?|grades?|stades?|comités?|traités?|génies?|incendies?"
        r"|garçons|moyens|publiques?|plastiques?|domestiques?|mécaniques?|trophées?|députés?|blessés?|employés?|bastions?"
    )

    def own_rules(self) -> Sequence[Rule]:
        suffix = r"(?<![\w.'’-])(?P<roman>[IVX]{1,8})(?P<suffix>er|re|ère|e|ème|es)(?!\w)"
        return (*super().own_rules(), (re.compile(suffix), self._suffixed_roman))

    def _suffixed_roman(self, found: Found) -> str | None:
        value = roman_value(found["roman"])
        return None if value is None else self.say_suffixed_ordinal(value, found["suffix"], found)

    def cardinal(self, number: int, gender: str = "") -> str:
        words = number_words(number, "fr")
        return re.sub(r"\bun$", "une", words) if gender == "f" else words

    def ordinal(self, number: int, gender: str = "") -> str:
        if number == 1:
            return "première" if gender == "f" else "premier"
        return number_words(number, "fr", "ordinal")

    def say_suffixed_ordinal(self, number: int, suffix: str, found: Found) -> str | None:
        if suffix.startswith("nd"):
            return ("seconde" if "e" in suffix else "second") if number == 2 else None
        if suffix.rstrip("s") in ("er", "re", "ère") and number != 1:
            return None
        said = self.ordinal(number, "f" if suffix.rstrip("s") in ("re", "ère") else "")
        return f"{said}s" if suffix.endswith("s") else said

    def say_day(self, day: int) -> str:
        return "premier" if day == 1 else self.cardinal(day)

    def say_clock(self, clock: Clock) -> str:
        hours = f"{self.cardinal(clock.hour, 'f')} heure{'s' if clock.hour > 1 else ''}"
        return self.join(hours, self.cardinal(clock.minute) if clock.minute else "")

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
        said = self.cardinal(int(digits)) if len(digits) in (2, 3) and digits[0] != "0" else self.say_digits(digits)
        return f"{self.plus} {said}" if group[0] == "+" else said
