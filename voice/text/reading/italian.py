"""Italian."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.language import Rule, number_words
from voice.text.reading.notation import Notation
from voice.text.reading.romance import symbols
from voice.text.reading.values import Clock, Found, Number, noun, table, words


class Italian(Notation):
    """See the module."""

    code = "it"
    weekdays: ClassVar = table(
        "lun lunedì, mar martedì, mer mercoledì, gio giovedì, ven venerdì, sab sabato, dom domenica"
    )
    weekday_links, part_links = "a|al|e|o", r"\s(?:di|dei|degli|del|della|delle|dello)\b|\s(?:d|dell)['’]"
    date_cues = "il|dal|al|del|entro il|fino al|giorno|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica"
    per, over, per_hundred, map_scale, thousand, by = "", "su", " per cento chilometri", "a", "mila", " per "
    per_nouns: ClassVar = table(
        "mese al mese, anno all'anno, giorno al giorno, gg al giorno, settimana alla settimana, sett alla settimana, "
        "h all'ora, ora all'ora, min al minuto, minuto al minuto, s al secondo, sec al secondo, notte a notte, "
        "persona a persona, pers a persona, pax a persona, kg al chilo, Kg al chilo, g al grammo, l al litro, "
        "L al litro, litro al litro, t a tonnellata, km al chilometro, m al metro, m² al metro quadrato, "
        "m2 al metro quadrato, mq al metro quadrato, m³ al metro cubo, mc al metro cubo, kWh al chilowattora, "
        "ha all'ettaro, abitante per abitante, pezzo al pezzo"
    )
    plural_cues, verse_cues = words("i gli le in molti pochi vari"), "scena|atto|canto|sonetto|verso"
    roman_links, sections, hash_key = "e|o|a|al", "paragrafi", "cancelletto"
    to_the_power, ways = "elevato a", r"(?!)"
    cents: ClassVar = {
        "EUR": noun("centesimo|centesimi", "m"),
        "USD": noun("centesimo|centesimi", "m"),
        "GBP": noun("penny|pence", "m"),
    }
    halves: ClassVar = {"m": "e mezzo", "f": "e mezza"}
    length_link = "e"
    point, minus, plus, to, ratio, times, percent = "virgola", "meno", "più", "a", "a", "per", "per cento"
    dot, slash, dash, underscore, at = "punto", "barra", "trattino", "trattino basso", "chiocciola"
    number_sign, hashtag, version = "numero", "hashtag", "versione"
    and_word, of_scale, money_link = "e", "di", "e"
    day_suffix = "[°º]"
    dot_clock_after = "alle|dalle|ore|le|fino alle|dell['’]|all['’]"
    ordinal_suffix = "[ºª°]"
    phone_words = "tel|telefono|cell|cellulare|fax|chiama|chiamare|chiamate|chiami|numero"
    roman_before_noun = True
    half_before: ClassVar = {"m": "mezzo", "f": "mezza"}
    regnal_ordinals = 100
    symbols: ClassVar = symbols(
        "e|uguale|paragrafo|copyright|marchio registrato|marchio|diviso|più o meno|circa"
        "|diverso da|minore o uguale a|maggiore o uguale a|a|gradi|per cento|minore di|maggiore di|circa"
        "|radice quadrata di|infinito|pi greco|al quadrato|al cubo"
    )
    scales: ClassVar = {
        **{key: noun("mila") for key in ("k", "K", "mila")},
        **{
            key: noun("milione|milioni", "m") for key in ("M", " M", "mln", "Mln", "mil.", "mio", "milione", "milioni")
        },
        **{key: noun("miliardo|miliardi", "m") for key in ("mld", "Mld", "mrd", "bn", "B", "miliardo", "miliardi")},
    }
    units: ClassVar = {
        "t": noun("tonnellata|tonnellate", "f"),
        "kg": noun("chilo|chili", "m"),
        "Kg": noun("chilo|chili", "m"),
        "Km": noun("chilometro|chilometri", "m"),
        "gr": noun("grammo|grammi", "m"),
        "sec": noun("secondo|secondi", "m"),
        "°C": noun("grado|gradi", "m"),
        "dB": noun("decibel", "m"),
        "mq": noun("metro quadrato|metri quadrati", "m"),
        "kmq": noun("chilometro quadrato|chilometri quadrati", "m"),
        "mc": noun("metro cubo|metri cubi", "m"),
        "CV": noun("cavallo|cavalli", "m"),
    }
    unit_genders: ClassVar = dict.fromkeys("h hr hrs t lb lbs oz cal kcal yd".split(), "f")
    currencies: ClassVar = {
        "EUR": (noun("euro", "m"), None),
        "USD": (noun("dollaro|dollari", "m"), None),
        "GBP": (noun("sterlina|sterline", "f"), None),
        "JPY": (noun("yen", "m"), None),
        "CHF": (noun("franco svizzero|franchi svizzeri", "m"), None),
        "RUB": (noun("rublo|rubli", "m"), None),
        "PLN": (noun("zloty", "m"), None),
        "CZK": (noun("corona ceca|corone ceche", "f"), None),
        "HUF": (noun("fiorino ungherese|fiorini ungheresi", "m"), None),
        "TRY": (noun("lira turca|lire turche", "f"), None),
        "INR": (noun("rupia|rupie", "f"), None),
        "CNY": (noun("yuan", "m"), None),
    }
    abbreviations: ClassVar = {
        **dict.fromkeys(("ad es.", "p. es.", "p.es.", "per es."), "ad esempio"),
        **dict.fromkeys(("a.C.", "a. C."), "avanti Cristo"),
        **dict.fromkeys(("d.C.", "d. C."), "dopo Cristo"),
        "ecc.": "eccetera",
        "etc.": "eccetera",
        "tel.": "telefono",
        "cell.": "cellulare",
        "ca.": "circa",
        "c.a.": "corrente anno",
        "u.s.": "ultimo scorso",
        "cfr.": "confronta",
        "vs.": "contro",
        "S.p.A.": "società per azioni",
        "SpA": "società per azioni",
        "S.r.l.": "società a responsabilità limitata",
        "max.": "massimo",
        "min.": "minimo",
        "c.so": "corso",
        "v.le": "viale",
        "p.zza": "piazza",
        "p.za": "piazza",
        "P.S.": "post scriptum",
        "N.B.": "nota bene",
        "sig.ra": "signora",
        "sig.na": "signorina",
        "dott.ssa": "dottoressa",
        "prof.ssa": "professoressa",
        "sigg.ri": "signori",
        "f.lli": "fratelli",
        "gent.ma": "gentilissima",
        "gent.mo": "gentilissimo",
        "U.S.A.": "Stati Uniti",
        "c.d.": "cosiddetto",
        "n.d.r.": "nota del redattore",
        "all.": "allegato",
    }
    before_name: ClassVar = {
        "Sig": "signor",
        "Sigg": "signori",
        "Dott": "dottor",
        "Dr": "dottor",
        "Prof": "professor",
        "Ing": "ingegner",
        "Avv": "avvocato",
        "Arch": "architetto",
        "Geom": "geometra",
        "On": "onorevole",
        "Rag": "ragionier",
        "Mons": "monsignor",
        "S.": "San",
        "Ss": "Santi",
        "Gen": "generale",
        "Col": "colonnello",
        "Cap": "capitano",
        "Sen": "senatore",
        "V.": "via",
        "P.za": "piazza",
        "Dott.ri": "dottori",
        "Cav": "cavalier",
        "Comm": "commendator",
    }
    before_number: ClassVar = {
        "n°": "numero",
        "nº": "numero",
        "n": "numero",
        "nn": "numeri",
        "nr": "numero",
        "num": "numero",
        "pag": "pagina",
        "pagg": "pagine",
        "p": "pagina",
        "v": "verso",
        "es": "esercizio",
        "c.": "comma",
        "pp": "pagine",
        "vol": "volume",
        "cap": "capitolo",
        "art": "articolo",
        "artt": "articoli",
        "fig": "figura",
        "ed": "edizione",
        "h": "ore",
        "sez": "sezione",
        "km": "chilometro",
    }
    roman_nouns: ClassVar = frozenset("capitolo tomo volume parte atto scena articolo titolo fase tipo classe".split())
    regnal_names: ClassVar = frozenset(
        "luigi vittorio emanuele umberto carlo enrico federico filippo giovanni paolo pio benedetto leone gregorio"
        " elisabetta caterina napoleone pietro nicola alessandro giorgio guglielmo giacomo francesco ferdinando edoardo"
        " clemente urbano innocenzo isabella maria sisto giulio bonifacio celestino amedeo cosimo riccardo".split()
    )
    ungendered: ClassVar = frozenset(
        "alle dalle delle della del che per con sono era nel nella sul sulla gli dei degli dal".split()
    )
    feminine: ClassVar = re.compile(
        r"^(?:volte|persone|donne|mano|mani|notte|notti|parte|parti|stazione|classe|chiave|moglie|madre|gente|auto|foto|moto"
        r"|radio|elisabetta|settimane|pagine|ore|case|nave|navi|legge|leggi|voce|voci|lezione|città|università|serie)$"
        r"|(?:a|zione|sione|tà|tù|trice|gione)$"
    )
    masculine: ClassVar = re.compile(
        r"problema|programma|tema|sistema|clima|poeta|pianeta|dramma|schema|diploma|grammo|papa|cinema|nicola|panorama|telegramma"
        r"|atleta|artista|giornalista|turista|sofà|papà|collega|autista|pilota|fantasma|dilemma|sintomo|chilogramma|luca|andrea"
    )

    def own_rules(self) -> Sequence[Rule]:
        return (
            *super().own_rules(),
            (re.compile(r"(?<![\w.,])([0-9]{1,3})°(?=\s[^\W\d_]{3,})"), self._degree_ordinal),
        )

    def _degree_ordinal(self, found: Found) -> str | None:
        word = found.word_after
        is_degree = word[:1].isupper() or word.casefold() in self.ungendered | {"all", "celsius", "gradi"}
        return None if is_degree or not int(found[1]) else self.ordinal(int(found[1]), self.gender_of(word))

    def cardinal(self, number: int, gender: str = "") -> str:
        words = number_words(number, "it")
        if number == 1:
            return {"f": "una", "m": "un"}.get(gender, words)
        return words

    def ordinal(self, number: int, gender: str = "") -> str:
        words = number_words(number, "it", "ordinal")
        words = (
            f"{self.cardinal(number)}esimo"
            if number > 10 and number % 10 in (3, 6) and number % 100 not in (13, 16)
            else words
        )
        words = words.replace("éesimo", "eesimo")
        return f"{words[:-1]}a" if gender == "f" else words

    def say_suffixed_ordinal(self, number: int, suffix: str, found: Found) -> str | None:
        if suffix == "°" and not re.match(r"\s[^\W\d_]{3,}", found.after):
            return None
        return self.ordinal(number, "f" if suffix == "ª" else "")

    def say_day(self, day: int) -> str:
        return "primo" if day == 1 else self.cardinal(day)

    def of_unit(self, noun: str) -> str:
        return f"d'{noun}" if noun[0] in "aeiou" else f"di {noun}"

    def say_unit(self, number: Number, unit: str) -> str | None:
        said = super().say_unit(number, unit)
        return said and re.sub(r"^una (?=[aeiou])", "un'", said)

    def say_clock(self, clock: Clock) -> str:
        hour = "una" if clock.hour == 1 else self.cardinal(clock.hour)
        return self.join(hour, f"e {self.cardinal(clock.minute)}" if clock.minute else "")

    def say_span(self, low: int, high: int, found: Found) -> str | None:
        has_link = found.word_before.casefold() in ("da", "dal", "dalle", "dai", "dagli", "tra", "fra", "le")
        end = self.cardinal(high) if not found["unit"] else self.say_counted_unit(high, found["unit"])
        return self.join(
            "" if has_link else "da", self.cardinal(low), "e" if found.word_before in ("tra", "fra") else "a", end
        )

    def say_fraction(self, above: int, below: int) -> str:
        if (above, below) == (1, 2):
            return "mezzo"
        part = "mezzo" if below == 2 else self.ordinal(below)
        return f"{self.cardinal(above, 'm')} {part if above == 1 else part[:-1] + 'i'}"
