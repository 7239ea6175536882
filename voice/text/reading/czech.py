"""Czech."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.language import Rule, number_words
from voice.text.reading.romance import symbols
from voice.text.reading.slavic import Slavic
from voice.text.reading.values import Clock, Date, Found, Noun, Number

_ORDINALS = {
    **dict(enumerate("nultý první druhý třetí čtvrtý pátý šestý sedmý osmý devátý desátý jedenáctý dvanáctý třináctý čtrnáctý "
    "patnáctý šestnáctý sedmnáctý osmnáctý devatenáctý".split())),
    **dict(zip(range(20, 100, 10), "dvacátý třicátý čtyřicátý padesátý šedesátý sedmdesátý osmdesátý devadesátý".split(), strict=True)),
    **dict(zip(range(100, 1000, 100), "stý dvoustý třístý čtyřstý pětistý šestistý sedmistý osmistý devítistý".split(), strict=True)),
    1000: "tisící", 2000: "dvoutisící",
}  # fmt: skip
_HARD = {
    "m:nom": "ý", "m:gen": "ého", "m:loc": "ém", "n:nom": "é", "n:gen": "ého", "n:loc": "ém", "f:nom": "á", "f:gen": "é",
    "f:loc": "é", "pl:nom": "á", "pl:gen": "ých", "pl:loc": "ých",
}  # fmt: skip
_SOFT = {"m:gen": "ího", "n:gen": "ího", "m:loc": "ím", "n:loc": "ím", "pl:gen": "ích", "pl:loc": "ích"}
_GENITIVES = {0: "nuly", 1: "jednoho", 2: "dvou", 3: "tří", 4: "čtyř", 9: "devíti", 10: "deseti", 100: "sta"}
_PARTS = {
    3: "třetin",
    4: "čtvrtin",
    5: "pětin",
    6: "šestin",
    7: "sedmin",
    8: "osmin",
    9: "devítin",
    10: "desetin",
    100: "setin",
}


def forms(said: str, gender: str = "m") -> Noun:
    """Return the noun of "one|few|many|fractions": 1, 2 to 4, 5 and more, 1.5; the last is as `few` if it is missing."""
    one, few, many, *rest = said.split("|")
    return Noun({"one": one, "few": few, "other": many, "many": rest[0] if rest else few}, gender)


class Czech(Slavic):
    """See the module."""

    code = "cs"
    point, minus, plus, to, ratio, times, percent = "celá", "minus", "plus", "až", "ku", "krát", "procent"
    dot, slash, dash, underscore, at = "tečka", "lomítko", "pomlčka", "podtržítko", "zavináč"
    to_the_power = "na"
    number_sign, hashtag, version = "číslo", "hashtag", "verze"
    and_word, half = "a", "půl"
    day_suffix = r"\."
    phone_words = "tel|telefon|fax|volejte|volej|zavolejte|mobil|číslo"
    dot_clock_after = "v|ve|od|do|po|před"
    clock_noun = r"hodin|hod\.?"
    regnal_stop = True
    symbols: ClassVar = symbols(
        "a|rovná se|paragraf|copyright|registrovaná značka|ochranná známka|děleno|plus minus|přibližně"
        "|nerovná se|menší nebo rovno|větší nebo rovno|do|stupňů|procent|menší než|větší než|přibližně"
        "|odmocnina z|nekonečno|pí|na druhou|na třetí"
    )
    scales: ClassVar = {
        **{key: forms("tisíc|tisíce|tisíc|tisíce") for key in ("tis.", "tis", "k", "K")},
        **{key: forms("milion|miliony|milionů|milionu") for key in ("mil.", "mil", "mio", "M")},
        **{key: forms("miliarda|miliardy|miliard|miliardy", "f") for key in ("mld.", "mld", "B", "bn")},
        **{key: forms("bilion|biliony|bilionů|bilionu") for key in ("bil.", "T")},
    }
    units: ClassVar = {
        "dkg": forms("dekagram|dekagramy|dekagramů|dekagramu"),
        "hod": forms("hodina|hodiny|hodin", "f"),
        "hod.": forms("hodina|hodiny|hodin", "f"),
        "sek": forms("sekunda|sekundy|sekund", "f"),
        "dB": forms("decibel|decibely|decibelů|decibelu"),
    }
    unit_genders: ClassVar = dict.fromkeys("h hr hrs min s sec ms t kWh mi lb oz kcal cal".split(), "f")
    percent_noun = forms("procento|procenta|procent|procenta", "n")
    currencies: ClassVar = {
        "CZK": (forms("koruna|koruny|korun", "f"), forms("haléř|haléře|haléřů")),
        "EUR": (forms("euro|eura|eur", "n"), forms("cent|centy|centů")),
        "USD": (forms("dolar|dolary|dolarů|dolaru"), forms("cent|centy|centů")),
        "GBP": (forms("libra|libry|liber", "f"), forms("pence|pence|pencí", "f")),
        "JPY": (forms("jen|jeny|jenů|jenu"), None),
        "CHF": (forms("švýcarský frank|švýcarské franky|švýcarských franků|švýcarského franku"), None),
        "RUB": (forms("rubl|rubly|rublů|rublu"), None),
        "PLN": (forms("zlotý|zloté|zlotých|zlotého"), None),
        "HUF": (forms("forint|forinty|forintů|forintu"), None),
        "TRY": (forms("turecká lira|turecké liry|tureckých lir|turecké liry", "f"), None),
        "UAH": (forms("hřivna|hřivny|hřiven", "f"), None),
        "CNY": (forms("jüan|jüany|jüanů|jüanu"), None),
    }
    abbreviations: ClassVar = {
        "např.": "například",
        "atd.": "a tak dále",
        "apod.": "a podobně",
        "tj.": "to jest",
        "tzn.": "to znamená",
        "tzv.": "takzvaný",
        "mj.": "mimo jiné",
        "př. n. l.": "před naším letopočtem",
        "př.n.l.": "před naším letopočtem",
        "n. l.": "našeho letopočtu",
        "n.l.": "našeho letopočtu",
        "cca": "cirka",
        "popř.": "popřípadě",
        "příp.": "případně",
        "tel.": "telefon",
        "sv.": "svatý",
        "resp.": "respektive",
        "aj.": "a jiné",
        "max.": "maximálně",
        "min.": "minimálně",
        "vč.": "včetně",
        "s. r. o.": "s ručením omezeným",
        "s.r.o.": "s ručením omezeným",
        "a. s.": "akciová společnost",
        "a.s.": "akciová společnost",
        "č. p.": "číslo popisné",
        "č.p.": "číslo popisné",
        "srov.": "srovnej",
        "tř.": "třída",
        "m n. m.": "metrů nad mořem",
        "ks": "kusů",
        "nám.": "náměstí",
        "stol.": "století",
        "pol.": "polovina",
    }
    before_name: ClassVar = {
        "dr": "doktor",
        "prof": "profesor",
        "ing": "inženýr",
        "mgr": "magistr",
        "mudr": "doktor",
        "judr": "doktor",
        "phdr": "doktor",
        "doc": "docent",
        "bc": "bakalář",
        "p": "pan",
        "pí": "paní",
        "gen": "generál",
        "plk": "plukovník",
        "rndr": "doktor",
        "sl": "slečna",
    }
    before_number: ClassVar = {
        "č": "číslo",
        "str": "strana",
        "s": "strana",
        "obr": "obrázek",
        "kap": "kapitola",
        "odst": "odstavec",
        "čl": "článek",
        "tab": "tabulka",
        "sv": "svazek",
        "nr": "číslo",
    }
    only_with_stop: ClassVar = frozenset({"s", "p", "sl"})
    roman_nouns: ClassVar = frozenset("kapitola díl část akt scéna článek fáze třída kniha svazek válka".split())
    genitive_after: ClassVar = frozenset(
        "od do z ze bez u kolem během konce začátku počátku poloviny vedle podle".split()
    )
    locative_after: ClassVar = frozenset("v ve na o po při".split())
    stems: ClassVar = {
        **dict.fromkeys("patr stolet míst let pololet měst vydán kol číslo slov narozenin výroč desetilet tisíciletí auto procent eur kot jablk oken".split(), "n"),
        **dict.fromkeys(
            "kapitol třid tříd stran polovin část lig hodin minut lekc válk knih osob žen ulic scén sekund ligy etap sezon sezón "
            "sér řad otázk dcer sester verz tun korun rodin škol hlav dívk krav koček sklenic lahv".split(), "f",
        ),
        **dict.fromkeys("den dne dny rok ročník kvartál týden měsíc díl stupeň pokus závod gól bod tatr předsed".split(), "m"),
        **dict.fromkeys("let léta letech letům".split(), "pl"),
    }  # fmt: skip
    rulers: ClassVar = {
        **dict.fromkeys(
            "karel karl václav vladislav jan jindřich přemysl otakar ludvík rudolf rudolfa ferdinand leopold josef františek františk "
            "petr mikuláš alexandr pavel pavl pius benedikt vilém napoleon zikmund matyáš filip eduard jiří fridrich boleslav břetislav".split(), "m",
        ),
        **dict.fromkeys("alžbět kateřin mari ann viktori izabel".split(), "f"),
    }  # fmt: skip
    ruler_cases: ClassVar = {
        "m:a": "gen",
        "m:e": "gen",
        "m:ho": "gen",
        "m:ovi": "loc",
        "m:u": "loc",
        "m:em": "loc",
        "f:y": "gen",
        "f:e": "gen",
        "f:ě": "loc",
        "f:ou": "gen",
        "f:u": "gen",
    }
    year_nouns: ClassVar = {}
    ungendered: ClassVar = frozenset("nebo anebo jsou byl byla ale pro při lidí".split())

    def own_rules(self) -> Sequence[Rule]:
        date = r"(?<![\w.])(?P<day>0?[1-9]|[12][0-9]|3[01])\.\s?(?P<month>0?[1-9]|1[0-2])\.(?:\s?(?P<year>[12][0-9]{3}))?(?![0-9.])"
        return (
            (re.compile(date), self._spaced_date),
            (re.compile(r"ul\.(?=\s?\w)"), lambda f: "ulici" if self.case_before(f) == "loc" else "ulice"),
            (
                re.compile(
                    r"(?P<n>[1-9][0-9]{0,2})(?:-|(?=let[ýáéo]|denní|členn|procentn|minutov))(?P<rest>(?:let[ýáéo]|denní|členn|procentn|minutov|hodinov|metrov|kilometrov|patrov|stránkov)\w*)"
                ),
                self._compound,
            ),
            *super().own_rules(),
        )

    def _spaced_date(self, found: Found) -> str | None:
        if not found["year"] and not found[0].endswith("."):
            return None
        return self.say_date(
            Date(int(found["day"]), int(found["month"]), int(found["year"]) if found["year"] else None), found
        )

    def _compound(self, found: Found) -> str:
        return (
            self.genitive(int(found["n"])).replace(" ", "").replace("jednoho", "jedno").replace("sta", "sto")
            + found["rest"]
        )

    def cardinal(self, number: int, gender: str = "") -> str:
        words = re.sub(r"(?<=\w)(stě|sta)\b|(?<=[tm])(set)\b", r" \1\2", number_words(number, "cs"))
        words = re.sub(r"jedna(?= (?:tisíc|mili|bili))", "jeden", words)
        last = number % 10 if number % 100 not in (11, 12) else 0
        if last == 1:
            return re.sub(r"jed(?:na|en)$", {"m": "jeden", "n": "jedno"}.get(gender, "jedna"), words)
        if last == 2:
            return re.sub(r"dv[aě]$", "dvě" if gender in ("f", "n") and number == 2 else "dva", words)
        return words

    def genitive(self, number: int, gender: str = "m") -> str:
        if number == 1 and gender == "f":
            return "jedné"
        if number in _GENITIVES:
            return _GENITIVES[number]
        if number < 10 or 10 < number < 20 or (number < 100 and number % 10 == 0):
            return f"{self.cardinal(number)}i"
        if number < 100:
            return f"{self.genitive(number // 10 * 10)} {self.genitive(number % 10)}".replace(
                "jednoho", "jedné" if gender == "f" else "jednoho"
            )
        return self.cardinal(number)

    def inflected(self, number: int, gender: str, case: str) -> str:
        if number >= 1000 and number not in _ORDINALS:
            return self.join(
                self.cardinal(number // 100 * 100), self.inflected(number % 100, gender, case) if number % 100 else ""
            )
        parts = [number] if number in _ORDINALS else [number // 100 * 100, number % 100]
        if parts[-1] not in _ORDINALS:
            parts[-1:] = [parts[-1] // 10 * 10, parts[-1] % 10]
        return " ".join(self._bent(_ORDINALS[part], f"{gender}:{case}") for part in parts if part or number == 0)

    def _bent(self, word: str, form: str) -> str:
        return word[:-1] + (_HARD[form] if word[-1] == "ý" else _SOFT.get(form, "í"))

    def say_digits(self, digits: str) -> str:
        return " ".join(self.cardinal(int(digit)) for digit in digits)

    def say_number(self, number: Number, gender: str = "") -> str:
        if not number.fraction or len(number.whole) > 9:
            return super().say_number(number, gender)
        whole = int(number.whole or "0")
        celá = "celá" if whole in (0, 1) else "celé" if whole in (2, 3, 4) else "celých"
        return self.join(
            self.say_sign(number.sign),
            self.cardinal(whole, "f" if whole in (1, 2) else ""),
            celá,
            self.say_decimals(number.fraction),
        )

    def say_date(self, date: Date, found: Found) -> str:
        day = "" if date.day is None else self.inflected(date.day, "m", "gen")
        if date.last_day:
            day = f"{day} až {self.inflected(date.last_day, 'm', 'gen')}"
        return self.join(
            day, self.month(date.month) if date.month else "", self.say_year(date.year) if date.year else ""
        )

    def say_clock(self, clock: Clock) -> str:
        if not clock.minute:
            return self.join(
                self.cardinal(clock.hour),
                "hodina" if clock.hour == 1 else "hodiny" if clock.hour in (2, 3, 4) else "hodin",
            )
        return self.join(self.cardinal(clock.hour), "nula" if clock.minute < 10 else "", self.cardinal(clock.minute))

    def say_span(self, low: int, high: int, found: Found) -> str | None:
        return self.join(
            self.cardinal(low),
            "až",
            self.say_counted_unit(high, found["unit"]) if found["unit"] else self.cardinal(high),
        )

    def say_score(self, left: int, right: int) -> str | None:
        return self.say_ratio(str(left), str(right))

    def say_ratio(self, left: str, right: str) -> str:
        if max(len(left), len(right)) < 3:
            return f"{self.say_whole(left)} {self.say_whole(right)}"
        return super().say_ratio(left, right)

    def case_of(self, noun: str, gender: str) -> str:
        if gender == "pl":
            return "nom" if noun == "léta" else "gen"
        if gender == "f":
            return "nom" if noun[-1] in "ate" or noun.endswith("ost") else "gen"
        if gender == "n":
            return "gen" if noun[-1] == "a" else "loc" if noun[-1] in "eěu" and noun != "pole" else "nom"
        return "gen" if noun[-1] in "ue" else "nom"

    def fraction_noun(self, below: int) -> Noun:
        if below == 2:
            return forms("polovina|poloviny|polovin", "f")
        stem = _PARTS.get(below)
        if stem is None:
            words = self.inflected(below, "f", "nom")
            return forms(f"{words}|{self.inflected(below, 'f', 'gen')}|{self.inflected(below, 'pl', 'gen')}", "f")
        return forms(f"{stem}a|{stem}y|{stem}", "f")
