"""Polish."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.language import Rule, number_words
from voice.text.reading.romance import symbols
from voice.text.reading.slavic import Slavic, forms
from voice.text.reading.values import Clock, Date, Found, Noun

_ENDINGS = {
    "m:nom": "y", "m:gen": "ego", "m:loc": "ym", "n:nom": "e", "n:gen": "ego", "n:loc": "ym", "f:nom": "a", "f:gen": "ej",
    "f:loc": "ej", "pl:nom": "e", "pl:gen": "ych", "pl:loc": "ych",
}  # fmt: skip
_SOFT = ("drug", "trzec")
_GENITIVES = {
    **dict(zip(range(10), "zera jednego dwóch trzech czterech pięciu sześciu siedmiu ośmiu dziewięciu".split(), strict=True)),
    **dict(zip(range(10, 20), [f"{stem}u" for stem in "dziesięci jedenast dwunast trzynast czternast piętnast szesnast "
    "siedemnast osiemnast dziewiętnast".split()], strict=True)),
    **dict(zip(range(20, 100, 10), [f"{stem}u" for stem in "dwudziest trzydziest czterdziest pięćdziesięci sześćdziesięci "
    "siedemdziesięci osiemdziesięci dziewięćdziesięci".split()], strict=True)),
    **dict(zip(range(100, 1000, 100), "stu dwustu trzystu czterystu pięciuset sześciuset siedmiuset ośmiuset "
    "dziewięciuset".split(), strict=True)),
}  # fmt: skip


class Polish(Slavic):
    """See the module."""

    code = "pl"
    point, minus, plus, to, ratio, times, percent = "przecinek", "minus", "plus", "do", "do", "razy", "procent"
    dot, slash, dash, underscore, at = "kropka", "ukośnik", "myślnik", "podkreślenie", "małpa"
    to_the_power = "do potęgi"
    number_sign, hashtag, version = "numer", "hasztag", "wersja"
    and_word, half = "i", "pół"
    phone_words = "tel|telefon|fax|faks|zadzwoń|dzwoń|komórka|kom|numer"
    dot_clock_after = "o|godz|godz\\.|godzinie|godziny|od|do|po|przed"
    clock_noun = r"(?!)"
    symbols: ClassVar = symbols(
        "i|równa się|paragraf|copyright|zastrzeżony znak towarowy|znak towarowy|podzielić przez|plus minus|około"
        "|nie równa się|mniejsze lub równe|większe lub równe|do|stopni|procent|mniejsze niż|większe niż|około"
        "|pierwiastek z|nieskończoność|pi|do kwadratu|do sześcianu"
    )
    scales: ClassVar = {
        **{key: forms("tysiąc|tysiące|tysięcy|tysiąca") for key in ("tys.", "tys", "k", "K")},
        **{key: forms("milion|miliony|milionów|miliona") for key in ("mln", "mln.", "M", "mio")},
        **{key: forms("miliard|miliardy|miliardów|miliarda") for key in ("mld", "mld.", "B", "bn")},
        **{key: forms("bilion|biliony|bilionów|biliona") for key in ("bln", "T")},
    }
    units: ClassVar = {
        "dag": forms("dekagram|dekagramy|dekagramów|dekagrama"),
        "godz": forms("godzina|godziny|godzin", "f"),
        "sek": forms("sekunda|sekundy|sekund", "f"),
        "dB": forms("decybel|decybele|decybeli|decybela"),
        "KM": forms("koń mechaniczny|konie mechaniczne|koni mechanicznych|konia mechanicznego"),
    }
    unit_genders: ClassVar = dict.fromkeys("h hr hrs min s sec ms t kWh mi lb oz kcal cal".split(), "f")
    percent_noun = Noun({"other": "procent"})
    currencies: ClassVar = {
        "PLN": (forms("złoty|złote|złotych|złotego"), forms("grosz|grosze|groszy")),
        "EUR": (forms("euro|euro|euro", "n"), forms("cent|centy|centów")),
        "USD": (forms("dolar|dolary|dolarów|dolara"), forms("cent|centy|centów")),
        "GBP": (forms("funt|funty|funtów|funta"), forms("pens|pensy|pensów")),
        "JPY": (forms("jen|jeny|jenów|jena"), None),
        "CHF": (forms("frank szwajcarski|franki szwajcarskie|franków szwajcarskich|franka szwajcarskiego"), None),
        "RUB": (forms("rubel|ruble|rubli|rubla"), None),
        "CZK": (forms("korona czeska|korony czeskie|koron czeskich|korony czeskiej", "f"), None),
        "HUF": (forms("forint|forinty|forintów|forinta"), None),
        "TRY": (forms("lira turecka|liry tureckie|lir tureckich|liry tureckiej", "f"), None),
        "UAH": (forms("hrywna|hrywny|hrywien", "f"), None),
        "CNY": (forms("juan|juany|juanów|juana"), None),
    }
    abbreviations: ClassVar = {
        "np.": "na przykład",
        "itd.": "i tak dalej",
        "itp.": "i tym podobne",
        "tj.": "to jest",
        "tzn.": "to znaczy",
        "m.in.": "między innymi",
        "m. in.": "między innymi",
        "tzw.": "tak zwany",
        "p.n.e.": "przed naszą erą",
        "n.e.": "naszej ery",
        "ok.": "około",
        "zob.": "zobacz",
        "por.": "porównaj",
        "tel.": "telefon",
        "wg": "według",
        "pt.": "pod tytułem",
        "ds.": "do spraw",
        "św.": "święty",
        "im.": "imienia",
        "r.": "roku",
        "w.": "wiek",
        "zł.": "złotych",
        "maks.": "maksymalnie",
        "min.": "minimum",
        "ww.": "wyżej wymieniony",
        "dot.": "dotyczy",
        "br.": "bieżącego roku",
        "cdn.": "ciąg dalszy nastąpi",
        "jw.": "jak wyżej",
        "nt.": "na temat",
        "woj.": "województwo",
        "ust.": "ustęp",
    }
    before_name: ClassVar = {
        "dr": "doktor",
        "prof": "profesor",
        "mgr": "magister",
        "inż": "inżynier",
        "ks": "ksiądz",
        "gen": "generał",
        "płk": "pułkownik",
        "al": "aleja",
        "pl": "plac",
        "os": "osiedle",
        "hab": "habilitowany",
        "kpt": "kapitan",
        "red": "redaktor",
    }
    before_number: ClassVar = {
        "nr": "numer",
        "s": "strona",
        "str": "strona",
        "rozdz": "rozdział",
        "art": "artykuł",
        "rys": "rysunek",
        "t": "tom",
        "pkt": "punkt",
        "poz": "pozycja",
        "par": "paragraf",
        "m": "mieszkania",
        "ust": "ustęp",
    }
    only_with_stop: ClassVar = frozenset("s t m os pl al red".split())
    roman_nouns: ClassVar = frozenset(
        "rozdział tom część akt scena artykuł tytuł wojna etap faza klasa księga".split()
    )
    genitive_after: ClassVar = frozenset(
        "od do z ze bez dla koło około podczas spośród początku końca połowy prawie-".split()
    )
    locative_after: ClassVar = frozenset("w we na o po przy".split())
    stems: ClassVar = {
        **dict.fromkeys("piętr miejsc półrocz stuleci okn jezior dzieck wydani urodzin pokoleni zadani pytani".split(), "n"),
        **dict.fromkeys(
            "klas stron połow częś edycj lig godzin rund minut lekcj wojn książk osob kobiet rzecz ulic scen pozycj noc "
            "powieś córk siostr dziewczyn tur seri gimnazj sekund wersj ton złotów koron firm szkoł szkół gr rodzin głow".split(), "f",
        ),
        **dict.fromkeys("rozdział dzień dni rok wiek kwartał tom sezon odcin etap tydzień tygodni miesiąc poziom dom mężczyzn tat kole".split(), "m"),
        **dict.fromkeys("lata latach lat wieków wiekach urodzin".split(), "pl"),
    }  # fmt: skip
    rulers: ClassVar = {
        **dict.fromkeys(
            "jan paweł pawł zygmunt kazimierz władysław bolesław henryk ludwik mikołaj piotr karol fryderyk napoleon aleksander "
            "aleksandr august benedykt pius filip edward jerzy stanisław wilhelm ryszard franciszek leon mieszko stefan iwan juliusz".split(), "m",
        ),
        **dict.fromkeys("elżbiet katarzyn mari ann wiktori izabel jadwig małgorzat krystyn".split(), "f"),
    }  # fmt: skip
    ruler_cases: ClassVar = {
        "m:a": "gen",
        "m:ego": "gen",
        "m:owi": "gen",
        "m:ie": "loc",
        "m:em": "loc",
        "m:u": "loc",
        "f:y": "gen",
        "f:i": "gen",
        "f:ie": "loc",
        "f:ę": "gen",
    }
    year_nouns: ClassVar = {
        "roku": ("", "roku"),
        "r.": ("", "roku"),
        "rok": ("nom", "rok"),
        "rokiem": ("loc", "rokiem"),
        "rr.": ("gen", "roku"),
    }
    ungendered: ClassVar = frozenset("oraz czy jest był była jak ale dla nie tys mln mld lat".split())

    def own_rules(self) -> Sequence[Rule]:
        return (
            (re.compile(r"(?<![\w.,:])(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?![0-9:])"), self._clock),
            (
                re.compile(r"godz\.?(?=\s[0-9])"),
                lambda f: {"gen": "godziny", "loc": "godzinie"}.get(self.case_before(f), "godzina"),
            ),
            (re.compile(r"(?P<n>[1-9]0)\.(?=\s[^\W\d_]|$|[,;])"), self._decade),
            (re.compile(r"ul\.(?=\s?\w)"), lambda f: "ulicy" if self.case_before(f) else "ulica"),
            (
                re.compile(
                    r"(?P<n>[1-9][0-9]{0,2})-(?P<rest>(?:letni|dniow|osobow|minutow|godzinn|piętrow|procentow|metrow|kilometrow|miesięczn)\w*)"
                ),
                self._compound,
            ),
            *super().own_rules(),
        )

    def _compound(self, found: Found) -> str:
        said = self.genitive(int(found["n"]))
        said = re.sub(
            r"dwóch$",
            "dwu",
            re.sub(r"trzech$", "trzy", re.sub(r"czterech$", "cztero", re.sub(r"jednego$", "jedno", said))),
        )
        return (
            re.sub(r"(?<!st)u$|(?<=dziest)u$|(?<=nast)u$", "o", said).replace("dwo", "dwu").replace(" ", "")
            + found["rest"]
        )

    def _decade(self, found: Found) -> str | None:
        before = found.word_before.casefold()
        if before not in ("lat", "lata", "latach", "latami"):
            return None
        return self.inflected(int(found["n"]), "pl", "nom" if before == "lata" else "gen")

    def _clock(self, found: Found) -> str:
        return self.clock_in_context(Clock(int(found["hour"]), int(found["minute"])), found)

    def clock_in_context(self, clock: Clock, found: Found) -> str:
        before = found.word_before.casefold()
        case = "gen" if before in {"o", "od", "do", "po", "przed", "godzinie", "godziny", "z"} else "nom"
        if before == "godz":
            case = "gen" if re.search(r"(?:^|\s)(?:o|od|do|po|przed)\sgodz\.?\s$", found.before) else "nom"
        hour = self.inflected(clock.hour, "f", case) if clock.hour else ("zerowej" if case == "gen" else "zero")
        return self.join(hour, self._minutes(clock.minute))

    def _minutes(self, minute: int) -> str:
        return "" if not minute else self.join("zero" if minute < 10 else "", self.cardinal(minute))

    def say_clock(self, clock: Clock) -> str:
        return self.join(self.inflected(clock.hour, "f", "nom") if clock.hour else "zero", self._minutes(clock.minute))

    def cardinal(self, number: int, gender: str = "") -> str:
        words = number_words(number, "pl")
        if number == 1:
            return {"f": "jedna", "n": "jedno"}.get(gender, words)
        return re.sub(r"dwa$", "dwie", words) if gender == "f" else words

    def genitive(self, number: int, gender: str = "m") -> str:
        if number in _GENITIVES:
            return "jednej" if number == 1 and gender == "f" else _GENITIVES[number]
        if number >= 1000:
            return self.cardinal(number)
        hundreds, tens = number // 100 * 100, number % 100
        parts = [hundreds, tens] if tens in _GENITIVES else [hundreds, tens // 10 * 10, tens % 10]
        return re.sub(r"jednego$", "jeden", " ".join(_GENITIVES[part] for part in parts if part))

    def inflected(self, number: int, gender: str, case: str) -> str:
        words = number_words(number, "pl", "ordinal").split()
        return " ".join(self._bent(word, f"{gender}:{case}") for word in words)

    def _bent(self, word: str, form: str) -> str:
        if word[-1] not in "yi" or word in ("trzy", "cztery"):
            return word
        stem, ending = word[:-1], _ENDINGS[form]
        if stem in _SOFT:
            ending = {"y": "i", "ym": "im", "ych": "ich"}.get(ending, ending)
            stem = "trzeci" if stem == "trzec" and ending[0] != "i" else stem
            return stem + ("iego" if stem == "drug" and ending == "ego" else "iej" if stem == "drug" and ending == "ej"
                           else "ie" if stem == "drug" and ending == "e" else ending)  # fmt: skip
        return stem + ending

    def say_date(self, date: Date, found: Found) -> str:
        day = "" if date.day is None else self.inflected(date.day, "m", "gen")
        if date.last_day:
            day = f"od {day} do {self.inflected(date.last_day, 'm', 'gen')}"
        year = "" if not date.year else self.inflected(date.year, "m", "gen")
        has_noun = re.match(r"\s?(?:r\.|roku)(?!\w)", found.after) or not re.search(r"[./-]", found[0])
        return self.join(
            day, self.month(date.month) if date.month else "", year, "" if not year or has_noun else "roku"
        )

    def say_span(self, low: int, high: int, found: Found) -> str | None:
        start = "" if found.word_before.casefold() == "od" else "od"
        noun = f" {self.unit_noun(found['unit'], self._many) or found['unit']}" if found["unit"] else ""
        return f"{self.join(start, self.genitive(low), 'do', self.genitive(high))}{noun}"

    def case_of(self, noun: str, gender: str) -> str:
        if gender == "pl":
            return "nom" if noun in ("lata", "urodziny") else "gen"
        if gender == "f":
            return "nom" if noun[-1] in "aść" else "gen"
        if gender == "n":
            return "gen" if noun[-1] == "a" else "loc" if noun[-1] == "u" or noun.endswith("rze") else "nom"
        return "gen" if noun.endswith(("u", "a", "ia")) else "nom"

    def fraction_noun(self, below: int) -> Noun:
        if below == 2:
            return forms("druga|drugie|drugich", "f")
        return Noun({"one": self.inflected(below, "f", "nom"), "few": self.inflected(below, "pl", "nom"),
                     "many": self.inflected(below, "pl", "gen"), "other": self.inflected(below, "pl", "gen")}, "f")  # fmt: skip

    def say_score(self, left: int, right: int) -> str | None:
        return self.say_ratio(str(left), str(right))

    def say_ratio(self, left: str, right: str) -> str:
        return self.join(
            self.say_whole(left), self.ratio, self.genitive(int(right)) if int(right) < 1000 else self.say_whole(right)
        )
