"""Spanish, as Spain speaks it."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import Rule, number_words
from voice.text.reading.notation import Notation
from voice.text.reading.romance import symbols
from voice.text.reading.spanish_shorthand import ABBREVIATIONS, BEFORE_NUMBER, TITLES, UNITS
from voice.text.reading.values import Clock, Date, Found, noun, ordered, table, words
from voice.text.reading.written import roman_value

_DAYS = "lunes|martes|miércoles|jueves|viernes|sábado|domingo"
_PARTS = {3: "tercio", 4: "cuarto", 5: "quinto", 6: "sexto", 7: "séptimo", 8: "octavo", 9: "noveno", 10: "décimo"}
_DOLLARS_AND_PESOS = ordered("USD CAD AUD MXN ARS CLP COP UYU DOP CUP")
_ONES = ("", *ordered("primero segundo tercero cuarto quinto sexto séptimo octavo noveno"))
_TENTHS = (
    "",
    *ordered("décimo vigésimo trigésimo cuadragésimo quincuagésimo sexagésimo septuagésimo octogésimo nonagésimo"),
)
_HUNDREDTHS = (
    "",
    *ordered("centésimo ducentésimo tricentésimo cuadringentésimo quingentésimo sexcentésimo septingentésimo"),
    *ordered("octingentésimo noningentésimo"),
)
_TEENS = dict(enumerate(ordered("undécimo duodécimo decimotercero decimocuarto decimoquinto decimosexto"), 11))
_TEENS |= {17: "decimoséptimo", 18: "decimoctavo", 19: "decimonoveno"}
_BEHIND_FLOOR = words("izq izquierda dcha derecha exterior interior ext int centro puerta pta primaria")
_PARTS |= {100: "centésimo", 1000: "milésimo"}


class Spanish(Notation):
    """See the module."""

    code = "es"
    point, minus, plus, to, ratio, times, percent = "coma", "menos", "más", "a", "a", "por", "por ciento"
    dot, slash, dash, underscore, at = "punto", "barra", "guion", "guion bajo", "arroba"
    number_sign, hashtag, version = "número", "hashtag", "versión"
    and_word, of_scale, money_link = "y", "de", "con"
    day_suffix = r"\.?º|ro"
    day_link = r"\s(?:de\s)?"
    year_link = r",?\s(?:del?\s)?"
    half_words = r"[ap]\.?\s?m\b\.?"
    clock_noun = r"h\b|hs\b|hrs\b|horas?"
    clock_h = True
    dot_clock_after = "las?|hora"
    ordinal_suffix = r"\.?[ºª°]s?|\.?(?:os|as|er|ra|ro|da|do|ta|to|ma|mo|va|vo|na|no)"
    local_phone = (
        r"[6-9][0-9]{2}(?:[ .-][0-9]{3}[ .-](?!000)[0-9]{3}|(?:[ .-][0-9]{2}){3}|[0-9]{6})(?![0-9]|[ .,-][0-9])"
        r"|9[0-9] [0-9]{3} [0-9]{2} [0-9]{2}(?![0-9])"
    )
    phone_words = "tel|teléfono|telf|tfno|móvil|fax|llame|llama|llamar|llámenos|número"
    roman_before_noun = True
    weekdays: ClassVar = table(
        "lun lunes, mar martes, mié miércoles, mie miércoles, miérc miércoles, jue jueves, vie viernes, sáb sábado, "
        "sab sábado, dom domingo"
    )
    weekday_links, date_cues, part_links = "a|al|y|o", rf"el|del|al|día|hasta|desde|este|{_DAYS}", r"\sdel?\b"
    per, over, per_hundred, map_scale, thousand = "por", "sobre", " a los cien kilómetros", "a", "mil"
    per_nouns: ClassVar = table(
        "día día, d día, mes mes, año año, semana semana, sem semana, h hora, hora hora, min minuto, minuto minuto, "
        "s segundo, seg segundo, segundo segundo, noche noche, persona persona, pers persona, unidad unidad, ud unidad, "
        "pieza pieza, sesión sesión, kg kilo, Kg kilo, kilo kilo, g gramo, t tonelada, tonelada tonelada, l litro, "
        "L litro, litro litro, km kilómetro, m metro, m² metro cuadrado, m2 metro cuadrado, km² kilómetro cuadrado, "
        "m³ metro cúbico, ha hectárea, kWh kilovatio hora, MWh megavatio hora, alumno alumno, habitante habitante, "
        "hab habitante, partido partido"
    )
    plural_cues = words("los las unos unas en muchos pocos varios")
    verse_cues = "escena|acto|canto|poema|soneto|verso"
    to_the_power, ways = "elevado a", "avda|avd|av|pza|plza|pl|ctra|urb|pso|rda|gta"
    cents: ClassVar = {
        "EUR": noun("céntimo|céntimos", "m"),
        "USD": noun("centavo|centavos", "m"),
        "GBP": noun("penique|peniques", "m"),
    }
    address_signs: ClassVar = {
        "?": "interrogación",
        "=": "igual",
        "&": "y",
        "#": "almohadilla",
        "+": "más",
        ":": "dos puntos",
    }
    hash_key, sections, by = "almohadilla", "párrafos", " por "
    roman_links = "y|e|a|al|o"
    half_before: ClassVar = {"m": "medio", "f": "media"}
    halves: ClassVar = {"m": "y medio", "f": "y media"}
    symbols: ClassVar = symbols(
        "y|igual a|sección|copyright|marca registrada|marca registrada|dividido entre|más menos|aproximadamente"
        "|distinto de|menor o igual que|mayor o igual que|a|grados|por ciento|menor que|mayor que|aproximadamente"
        "|raíz cuadrada de|infinito|pi|al cuadrado|al cubo"
    )
    scales: ClassVar = {
        **{key: noun("mil") for key in ("k", "K", " k", "mil")},
        **{key: noun("millón|millones", "m") for key in ("M", " M", "MM", "mill.", "mill", "millón", "millones")},
        **{key: noun("mil millones") for key in ("mM", "B", "bn", "mil millones")},
        **{key: noun("billón|billones", "m") for key in ("T", "billón", "billones")},
    }
    units: ClassVar = UNITS
    foreign_units = words("d pt gal kt")
    unit_genders: ClassVar = dict.fromkeys("h hr hrs t mi yd in lb lbs oz ha cal kcal".split(), "f")
    local_currency: ClassVar = {"kr": "KR"} | {
        f"${gap}{code}": code for gap in ("", " ") for code in _DOLLARS_AND_PESOS
    }
    currencies: ClassVar = {
        "EUR": (noun("euro|euros", "m"), None),
        "USD": (noun("dólar|dólares", "m"), None),
        "GBP": (noun("libra|libras", "f"), None),
        "JPY": (noun("yen|yenes", "m"), None),
        "CHF": (noun("franco suizo|francos suizos", "m"), None),
        "RUB": (noun("rublo|rublos", "m"), None),
        "PLN": (noun("esloti|eslotis", "m"), None),
        "CZK": (noun("corona checa|coronas checas", "f"), None),
        "HUF": (noun("forinto|forintos", "m"), None),
        "TRY": (noun("lira turca|liras turcas", "f"), None),
        "KR": (noun("corona|coronas", "f"), None),
        "MXN": (noun("peso|pesos", "m"), None),
        "BRL": (noun("real|reales", "m"), None),
        "INR": (noun("rupia|rupias", "f"), None),
        "CNY": (noun("yuan|yuanes", "m"), None),
    }
    abbreviations: ClassVar = ABBREVIATIONS | {"c/": "calle "}
    before_name: ClassVar = TITLES
    before_number: ClassVar = BEFORE_NUMBER
    only_with_stop = words("da t cap sen min sec pl exp hab dip card dir fr")
    roman_nouns: ClassVar = frozenset(
        "siglo siglos s ss milenio milenios capítulo tomo volumen parte acto escena artículo título anexo fase tipo clase nivel libro época".split()
    )
    regnal_names: ClassVar = frozenset(
        "felipe alfonso carlos fernando juan isabel luis enrique pedro jaime sancho ramiro napoleón pío pablo benedicto león"
        " francisco jorge guillermo nicolás catalina alejandro federico maría jacobo ricardo eduardo"
        " amadeo leopoldo víctor manuel ramón berenguer garcía ordoño bermudo godofredo balduino otón constantino teodosio clemente"
        " gregorio urbano inocencio sixto bonifacio celestino martín adriano victoria ana margarita iván gustavo cristián haakon"
        " harald ramsés ptolomeo darío jerjes artajerjes moctezuma boabdil mohamed hasán humberto alberto roberto raniero".split()
    )
    ungendered: ClassVar = frozenset(
        "las los del que por para con sin como pero más son está según entre hasta desde".split()
    )
    feminine: ClassVar = re.compile(
        r"^(?:mujer(?:es)?|vez|veces|noches?|tardes?|manos?|clases?|partes?|calles?|torres?|llaves?|nubes?|gentes?|fuentes?"
        r"|series?|fotos?|motos?|flor(?:es)?|ley(?:es)?|luz|luces|red(?:es)?|voz|voces|paz|cruz|cruces|bases?|frases?|fases?"
        r"|naves?|imagen|imágenes|isabel|radios?|cárcel(?:es)?|señal(?:es)?|capital(?:es)?|pieles?|piel|sangre|leche|muertes?|suertes?|mentes?|sedes?|nieves?|carnes?|claves?|fiebres?|gripes?"
        r"|corrientes?|patentes?|variantes?|pendientes?|catedral(?:es)?|sucursal(?:es)?|labor(?:es)?|razones|razón|raíz|raíces"
        r"|nariz|narices|tos|toses|nuez|nueces|perdiz|perdices|tesis|crisis|dosis|hipótesis|síntesis|virgen|vírgenes|sal|sales|miel"
        r"|hélices?|índoles?|cumbres?|legumbres?|aves?|naves?|fases?|superficies?|especies?|planicies?|hambre|cohorte|cortes?)$"
        r"|(?:as?|ción|ciones|sión|siones|dad|dades|tad|tades|tud|tudes|umbres?|itis|tri(?:z|ces))$"
    )
    masculine: ClassVar = re.compile(
        r"días?|(?:kilo|mili|tele|pro|dia|ana)?gramas?|problemas?|mapas?|programas?|temas?|sistemas?|idiomas?|planetas?|poemas?"
        r"|climas?|dramas?|cometas?|fantasmas?|diplomas?|dilemas?|síntomas?|esquemas?|tranvías?|sofás?|papás?|gas|más|guardias?"
        r"|colegas?|policías?|poetas?|atletas?|artistas?|turistas?|periodistas?|futbolistas?|carismas?|lemas?"
    )

    def own_rules(self) -> Sequence[Rule]:
        clock = r"(?P<hour>[01]?[0-9]|2[0-4])\.(?P<minute>[0-5][05])(?![0-9]|[.,:][0-9])"
        return (
            (re.compile(rf"(?<![\w.,:]){clock}"), self._clock_in_span),
            (re.compile(r"s(?P<s>s?)\.\s?(?=[IVX]+\b)"), lambda found: "siglos " if found["s"] else "siglo "),
            (re.compile(r"(?<=[ªº] )pl\."), lambda found: "planta"),
            (
                re.compile(r"P\.(?=\s[^\W\d_])"),
                lambda f: "padre" if f.word_before in ("el", "El", "del", "al") else None,
            ),
            (re.compile(r"(?<=[0-9] )(?P<era>[AaDd])\.?C\b\.?"), self._era),
            (re.compile(r"(?P<n>[1-9][0-9]?)º(?![\w])"), self._ordinal_not_degree),
            (re.compile(r"(?<=el )mar\.(?=\s[0-9]{1,2}\s(?P<noun>[^\W\d_]{4,}))"), self._sea),
            (re.compile(r"col\.(?=\s[«“\"])"), lambda found: "colección"),
            (re.compile(r"(?P<n>[0-9]{1,4})/(?P<year>(?:19|20)[0-9]{2})(?![\w/])"), self._law),
            (re.compile(r"(?P<roman>[IVX]{1,7})\b"), self._second_century),
            *super().own_rules(),
        )

    def abbreviation(self, folded: str, found: Found) -> str | None:
        said = super().abbreviation(folded, found)
        is_feminine = folded in ("máx.", "mín.") and self.gender_of(self._noun_before(found)) == "f"
        return f"{said[:-1]}a" if said and is_feminine else said

    def _noun_before(self, found: Found) -> str:
        word = found.word_before.casefold()
        return self._folded_abbreviations.get(f"{word}.", word)

    def _law(self, found: Found) -> str | None:
        if not re.search(
            r"(?<!\w)(?:leye?s?|decretos?|orden|reglamento|directiva|R\.?\s?D\.?|nº|n\.º)\s$", found.before, re.I
        ):
            return None
        return self.join(self.say_whole(found["n"]), self.slash, self.say_year(int(found["year"])))

    def _ordinal_not_degree(self, found: Found) -> str | None:
        """3º without its full stop is as often a temperature."""
        is_one_of = re.search(r"(?:^|(?<!\w)(?:el|al|del|su|mi|tu|este|ese|piso|planta)\s)$", found.before, re.I)
        is_floor = re.match(r"\s(?:[A-H]\b|izq|dcha|derecha|izquierda)", found.after)
        if not (is_one_of or is_floor):
            return None
        return self.say_suffixed_ordinal(int(found["n"]), "º", found)

    def _sea(self, found: Found) -> str | None:
        return None if found["noun"].casefold() in cldr.month_numbers("es") else "mar"

    def _era(self, found: Found) -> str:
        return self._folded_abbreviations["a.c." if found["era"] in "aA" else "d.c."]

    def _second_century(self, found: Found) -> str | None:
        """The siglo XIX and the XX."""
        is_second = re.search(r"(?<!\w)(?:siglos?|ss?\.)\s[IVX]+(?!\w).*\s(?:el|del|al)\s$", found.before)
        value = roman_value(found["roman"]) if is_second else None
        return self.cardinal(value) if value else None

    def _clock_in_span(self, found: Found) -> str | None:
        """9.00 a 14.00: one such number alone is none."""
        link, clock = r"\s?(?:a|y|hasta|[-–])\s(?:las\s)?|[-–]", r"[0-9]{1,2}\.[0-5][05]"
        if not re.search(rf"(?<![\w.,]){clock}(?:\s?h)?(?:{link})$", found.before) and not (
            re.match(rf"(?:{link}){clock}(?![0-9])", found.after)
        ):
            return None
        return self.say_clock(Clock(int(found["hour"]), int(found["minute"])))

    def singular(self, noun: str) -> str:
        return re.sub(r"(?<=[aeiouáéó])s$|(?<=[lnrd])es$", "", noun)

    def cardinal(self, number: int, gender: str = "") -> str:
        words = re.sub(r"veintiuno(?= mil)", "veintiún", number_words(number, "es"))
        words = re.sub(r"\buno(?= mil)", "un", words)
        if gender == "f":
            head, mil, tail = words.rpartition("llones ") if "llones " in words else ("", "", words)
            tail = re.sub(r"uno$", "una", re.sub(r"(cient|quinient)os", r"\1as", tail))
            return head + mil + tail
        return re.sub(r"uno$", "un", re.sub(r"veintiuno$", "veintiún", words)) if gender == "m" else words

    def ordinal(self, number: int, gender: str = "") -> str:
        if number >= 1000:
            said = number_words(number, "es", "ordinal")
        elif (below := number % 100) in _TEENS:
            said = self.join(_HUNDREDTHS[number // 100], _TEENS[below])
        else:
            said = self.join(_HUNDREDTHS[number // 100], _TENTHS[below // 10], _ONES[below % 10])
        return " ".join(f"{word[:-1]}a" for word in said.split()) if gender == "f" else said

    def say_suffixed_ordinal(self, number: int, suffix: str, found: Found) -> str | None:
        mark = suffix.lstrip(".").rstrip("s")
        if mark == "°" or (len(mark) == 2 and number > 99):
            return None
        said = self.ordinal(number, "f" if mark in ("ª", "a", "ra", "da", "ta", "ma", "va", "na") else "")
        if suffix.endswith("s"):
            return f"{said}s"
        word = found.word_after
        is_before_noun = (
            mark == "º"
            and re.match(r"\s[^\W\d_]{3}", found.after)
            and word.casefold() not in self.ungendered | _BEHIND_FLOOR
        )
        return re.sub(r"(prim|terc)ero$", r"\1er", said) if mark == "er" or is_before_noun else said

    def say_roman_before_noun(self, number: int, noun: str, found: Found) -> str | None:
        said = super().say_roman_before_noun(number, noun, found)
        return re.sub(r"(prim|terc)ero$", r"\1er", said) if said else None

    def say_date(self, date: Date, found: Found) -> str:
        is_first = date.day == 1 and re.match(r"0?1(?:\.?º|ro|er)", found[0])
        day = "primero" if is_first else "" if date.day is None else self.cardinal(date.day)
        if date.last_day:
            day = f"{day} al {self.cardinal(date.last_day)}"
        month = self.month(date.month) if date.month else ""
        year = "" if date.year is None else self.say_year(date.year)
        return " de ".join(filter(None, (day, month, year)))

    def say_clock(self, clock: Clock) -> str:
        half = {"am": "de la mañana", "pm": "de la tarde"}.get(clock.half, "")
        if clock.half == "pm" and 9 <= clock.hour <= 11:
            half = "de la noche"
        minutes = "" if not clock.minute else self.join("y" if clock.minute < 10 else "", self.cardinal(clock.minute))
        hours = ("hora" if clock.hour == 1 else "horas") if clock.noun and not minutes else ""
        return self.join(self.cardinal(clock.hour, "f"), minutes, hours, half)

    def say_fraction(self, above: int, below: int) -> str:
        if (above, below) == (1, 2):
            return "medio"
        if below == 2:
            return f"{self.cardinal(above)} medios"
        part = _PARTS.get(below) or f"{self.cardinal(below).replace(' y ', 'i').replace(' ', '').rstrip('aeo')}avo"
        return f"{self.cardinal(above, 'm')} {part}{'' if above == 1 else 's'}"
