"""Spanish, as Spain speaks it."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.language import Rule, number_words
from voice.text.reading.notation import Notation
from voice.text.reading.romance import symbols
from voice.text.reading.values import Clock, Date, Found, noun, table, words

_DAYS = "lunes|martes|miércoles|jueves|viernes|sábado|domingo"
_PARTS = {3: "tercio", 4: "cuarto", 5: "quinto", 6: "sexto", 7: "séptimo", 8: "octavo", 9: "noveno", 10: "décimo"}
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
    roman_links = "y|e|a|al|o"
    halves: ClassVar = {"m": "y medio", "f": "y media"}
    symbols: ClassVar = symbols(
        "y|igual a|sección|copyright|marca registrada|marca registrada|dividido entre|más menos|aproximadamente"
        "|distinto de|menor o igual que|mayor o igual que|a|grados|por ciento|menor que|mayor que|unos"
        "|raíz cuadrada de|infinito|pi|al cuadrado|al cubo"
    )
    scales: ClassVar = {
        **{key: noun("mil") for key in ("k", "K", "mil")},
        **{key: noun("millón|millones", "m") for key in ("M", " M", "MM", "mill.", "mill", "millón", "millones")},
        **{key: noun("mil millones") for key in ("mM", "B", "bn", "mil millones")},
        **{key: noun("billón|billones", "m") for key in ("T", "billón", "billones")},
    }
    units: ClassVar = {
        "t": noun("tonelada|toneladas", "f"),
        "dB": noun("decibelio|decibelios", "m"),
        "°C": noun("grado|grados", "m"),
        "º": noun("grado|grados", "m"),
        "ºC": noun("grado|grados", "m"),
        "gr": noun("gramo|gramos", "m"),
        "seg": noun("segundo|segundos", "m"),
        "Gb/s": noun("gigabit por segundo|gigabits por segundo", "m"),
        "Gbps": noun("gigabit por segundo|gigabits por segundo", "m"),
        "Mb/s": noun("megabit por segundo|megabits por segundo", "m"),
        "Mbps": noun("megabit por segundo|megabits por segundo", "m"),
        "kbps": noun("kilobit por segundo|kilobits por segundo", "m"),
        "Gb": noun("gigabit|gigabits", "m"),
        "Mb": noun("megabit|megabits", "m"),
        "Kg": noun("kilogramo|kilogramos", "m"),
        "Km": noun("kilómetro|kilómetros", "m"),
        "CV": noun("caballo|caballos", "m"),
    }
    unit_genders: ClassVar = dict.fromkeys("h hr hrs t mi yd in lb lbs oz ha cal kcal".split(), "f")
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
        "MXN": (noun("peso|pesos", "m"), None),
        "BRL": (noun("real|reales", "m"), None),
        "INR": (noun("rupia|rupias", "f"), None),
        "CNY": (noun("yuan|yuanes", "m"), None),
    }
    abbreviations: ClassVar = {
        **dict.fromkeys(("EE.UU.", "EE. UU.", "EEUU", "EE UU", "EE.UU", "E.U.A."), "Estados Unidos"),
        **dict.fromkeys(("p. ej.", "p.ej.", "p.e.", "por ej."), "por ejemplo"),
        **dict.fromkeys(("a. C.", "a.C.", "a. de C.", "a.de C."), "antes de Cristo"),
        **dict.fromkeys(("d. C.", "d.C.", "d. de C."), "después de Cristo"),
        "etc.": "etcétera",
        "Ud.": "usted",
        "Uds.": "ustedes",
        "Vd.": "usted",
        "Vds.": "ustedes",
        "tel.": "teléfono",
        "tfno.": "teléfono",
        "teléf.": "teléfono",
        "aprox.": "aproximadamente",
        "vs.": "contra",
        "RR.HH.": "recursos humanos",
        "RR. HH.": "recursos humanos",
        "JJ.OO.": "Juegos Olímpicos",
        "JJ. OO.": "Juegos Olímpicos",
        "S.A.": "sociedad anónima",
        "S. A.": "sociedad anónima",
        "dpto.": "departamento",
        "izq.": "izquierda",
        "dcha.": "derecha",
        "máx.": "máximo",
        "mín.": "mínimo",
        "ej.": "ejemplo",
        "cía.": "compañía",
        "c/u": "cada uno",
        "s/n": "sin número",
        "c/": "calle ",
        "CC.OO.": "Comisiones Obreras",
        "FF.AA.": "Fuerzas Armadas",
        "P.D.": "posdata",
        "N.B.": "nota bene",
        "q.e.p.d.": "que en paz descanse",
        "atte.": "atentamente",
    }
    before_name: ClassVar = {
        "Sr": "señor",
        "Sra": "señora",
        "Srta": "señorita",
        "Sres": "señores",
        "Sras": "señoras",
        "Dr": "doctor",
        "Dra": "doctora",
        "D.": "don",
        "Dña": "doña",
        "Da": "doña",
        "Prof": "profesor",
        "Profa": "profesora",
        "Lic": "licenciado",
        "Ing": "ingeniero",
        "Arq": "arquitecto",
        "Gral": "general",
        "Cap": "capitán",
        "Avda": "avenida",
        "Av": "avenida",
        "Pza": "plaza",
        "Pl": "plaza",
        "Plza": "plaza",
        "Ctra": "carretera",
        "Sto": "santo",
        "Sta": "santa",
        "Pº": "paseo",
        "Mons": "monseñor",
        "Cte": "comandante",
        "Cnel": "coronel",
        "Excmo": "excelentísimo",
        "Excma": "excelentísima",
        "Ilmo": "ilustrísimo",
        "Ilma": "ilustrísima",
        "Rvdo": "reverendo",
        "Rvda": "reverenda",
        "Dres": "doctores",
        "D.ª": "doña",
        "Dª": "doña",
        "Hno": "hermano",
        "Hna": "hermana",
        "Hnos": "hermanos",
        "Fdo": "firmado",
        "Pte": "presidente",
        "Pdte": "presidente",
        "Gob": "gobernador",
        "Alm": "almirante",
        "Tte": "teniente",
        "Sgto": "sargento",
        "Mtro": "maestro",
        "Mtra": "maestra",
        "Licda": "licenciada",
        "Urb": "urbanización",
        "Edif": "edificio",
        "Pje": "pasaje",
        "Bº": "barrio",
        "Ayto": "ayuntamiento",
        "Univ": "universidad",
        "Dpto": "departamento",
        "Dir": "director",
    }
    before_name |= {
        "avda. de": "avenida de",
        "avda. del": "avenida del",
        "av. de": "avenida de",
        "pza. de": "plaza de",
    }
    before_number: ClassVar = {
        "núm": "número",
        "n.º": "número",
        "nº": "número",
        "n°": "número",
        "pág": "página",
        "págs": "páginas",
        "p": "página",
        "pp": "páginas",
        "vol": "volumen",
        "cap": "capítulo",
        "art": "artículo",
        "fig": "figura",
        "ed": "edición",
        "núms": "números",
        "km": "kilómetro",
        "t": "tomo",
        "apdo": "apartado",
        "s": "siglo",
        "ss": "siglos",
        "ext": "extensión",
    }
    only_with_stop = frozenset({"s", "ss"})
    roman_nouns: ClassVar = frozenset(
        "siglo siglos capítulo tomo volumen parte acto escena artículo título anexo fase tipo clase nivel libro época".split()
    )
    regnal_names: ClassVar = frozenset(
        "felipe alfonso carlos fernando juan isabel luis enrique pedro jaime sancho ramiro napoleón pío pablo benedicto león"
        " francisco jorge guillermo nicolás catalina alejandro federico maría jacobo ricardo eduardo".split()
    )
    ungendered: ClassVar = frozenset(
        "las los del que por para con sin como pero más son está según entre hasta desde".split()
    )
    feminine: ClassVar = re.compile(
        r"^(?:mujer(?:es)?|vez|veces|noches?|tardes?|manos?|clases?|partes?|calles?|torres?|llaves?|nubes?|gentes?|fuentes?"
        r"|series?|fotos?|motos?|flor(?:es)?|ley(?:es)?|luz|luces|red(?:es)?|voz|voces|paz|cruz|cruces|bases?|frases?|fases?"
        r"|naves?|imagen|imágenes|isabel|radios?|cárcel(?:es)?|señal(?:es)?|capital(?:es)?|pieles?|sangre|leche|llave)$"
        r"|(?:as?|ción|ciones|sión|siones|dad|dades|tad|tades|tud|tudes|umbres?|itis)$"
    )
    masculine: ClassVar = re.compile(
        r"días?|(?:kilo|mili|tele|pro|dia|ana)?gramas?|problemas?|mapas?|programas?|temas?|sistemas?|idiomas?|planetas?|poemas?"
        r"|climas?|dramas?|cometas?|fantasmas?|diplomas?|dilemas?|síntomas?|esquemas?|tranvías?|sofás?|papás?|gas|más|guardias?"
        r"|colegas?|policías?|poetas?|atletas?|artistas?|turistas?|periodistas?|futbolistas?|carismas?|lemas?"
    )

    def own_rules(self) -> Sequence[Rule]:
        clock = r"(?P<hour>[01]?[0-9]|2[0-4])\.(?P<minute>[0-5][05])(?![0-9]|[.,:][0-9])"
        return ((re.compile(rf"(?<![\w.,:]){clock}"), self._clock_in_span), *super().own_rules())

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
        words = number_words(number, "es", "ordinal")
        return " ".join(f"{word[:-1]}a" for word in words.split()) if gender == "f" else words

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
        day = "" if date.day is None else self.cardinal(date.day)
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
        hours = "horas" if clock.noun and not minutes else ""
        return self.join(self.cardinal(clock.hour, "f"), minutes, hours, half)

    def say_fraction(self, above: int, below: int) -> str:
        if (above, below) == (1, 2):
            return "medio"
        if below == 2:
            return f"{self.cardinal(above)} medios"
        part = _PARTS.get(below) or f"{self.cardinal(below).replace(' y ', 'i').replace(' ', '').rstrip('aeo')}avo"
        return f"{self.cardinal(above, 'm')} {part}{'' if above == 1 else 's'}"
