"""Russian."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

from num2words import num2words

from voice.text.reading.language import _NUM2WORDS_LOCK, Rule
from voice.text.reading.romance import symbols
from voice.text.reading.slavic import Slavic, forms
from voice.text.reading.values import Clock, Date, Found, Noun, Number

_CASES = {"nom": "n", "gen": "g", "loc": "p", "dat": "d", "acc": "a", "ins": "i"}
_SUFFIXES = {
    **dict.fromkeys(("й", "ый", "ой", "ий"), "m:nom"),
    **dict.fromkeys(("я", "ая"), "f:nom"),
    **dict.fromkeys(("е", "ое", "ье"), "n:nom"),
    **dict.fromkeys(("го", "ого", "его"), "m:gen"),
    **dict.fromkeys(("му", "ому"), "m:dat"),
    **dict.fromkeys(("м", "ом", "ем"), "m:loc"),
    **dict.fromkeys(("ю", "ую"), "f:acc"),
    **dict.fromkeys(("ей",), "f:gen"),
    **dict.fromkeys(("х", "ых", "их"), "pl:gen"),
    **dict.fromkeys(("ым", "им"), "m:ins"),
    **dict.fromkeys(("ыми", "ми"), "pl:ins"),
    **dict.fromkeys(("ые", "ие"), "pl:nom"),
}
_TENTHS = {1: "десят", 2: "сот", 3: "тысячн"}


@lru_cache(maxsize=4096)
def _words(number: int, kind: str, gender: str, case: str) -> str:
    """Number words by num2words, which knows Russian cases and genders ("p" for the plural)."""
    options = {"case": _CASES[case], **({"plural": True} if gender == "pl" else {"gender": gender})}
    with _NUM2WORDS_LOCK:
        return str(num2words(number, lang="ru", to=kind, **options))


class Russian(Slavic):
    """See the module."""

    code = "ru"
    point, minus, plus, to, ratio, times, percent = "запятая", "минус", "плюс", "до", "к", "на", "процентов"
    dot, slash, dash, underscore, at = "точка", "слэш", "дефис", "подчёркивание", "собака"
    to_the_power = "в степени"
    number_sign, hashtag, version = "номер", "хештег", "версия"
    and_word, half = "и", "половина"
    day_suffix = "-?(?:го|е)"
    phone_words = "тел|телефон|факс|звоните|звони|позвоните|моб|мобильный|номер"
    local_phone = r"8[ -]?\(?[0-9]{3}\)?[ -]?[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{2}(?![0-9])"
    clock_noun = r"ч\.|час(?:а|ов)?"
    dot_clock_after = "в|с|до|к|около|после"
    ordinal_suffix = "-(?:ый|ой|ий|й|ая|я|ое|ье|ого|его|го|ому|му|ом|ем|ую|ю|ей|ых|их|х|ыми|ми|ым|им|ые|ие|м|е)"
    local_currency: ClassVar = {"руб.": "RUB", "руб": "RUB", "р.": "RUB", "долл.": "USD"}
    symbols: ClassVar = symbols(
        "и|равно|параграф|копирайт|зарегистрированный товарный знак|товарный знак|разделить на|плюс минус|примерно"
        "|не равно|меньше или равно|больше или равно|в|градусов|процентов|меньше|больше|примерно"
        "|корень из|бесконечность|пи|в квадрате|в кубе"
    ) | {"№": "номер"}
    scales: ClassVar = {
        **{key: forms("тысяча|тысячи|тысяч", "f") for key in ("тыс.", "тыс", "k", "K", "т.")},
        **{key: forms("миллион|миллиона|миллионов") for key in ("млн", "млн.", "M")},
        **{key: forms("миллиард|миллиарда|миллиардов") for key in ("млрд", "млрд.", "B", "bn")},
        **{key: forms("триллион|триллиона|триллионов") for key in ("трлн", "трлн.", "T")},
    }
    units: ClassVar = {
        "км": forms("километр|километра|километров"),
        "м": forms("метр|метра|метров"),
        "см": forms("сантиметр|сантиметра|сантиметров"),
        "мм": forms("миллиметр|миллиметра|миллиметров"),
        "кг": forms("килограмм|килограмма|килограммов"),
        "г": forms("грамм|грамма|граммов"),
        "гр": forms("грамм|грамма|граммов"),
        "мг": forms("миллиграмм|миллиграмма|миллиграммов"),
        "т": forms("тонна|тонны|тонн", "f"),
        "л": forms("литр|литра|литров"),
        "мл": forms("миллилитр|миллилитра|миллилитров"),
        "га": forms("гектар|гектара|гектаров"),
        "ч": forms("час|часа|часов"),
        "мин": forms("минута|минуты|минут", "f"),
        "с": forms("секунда|секунды|секунд", "f"),
        "сек": forms("секунда|секунды|секунд", "f"),
        "мс": forms("миллисекунда|миллисекунды|миллисекунд", "f"),
        "мин.": forms("минута|минуты|минут", "f"),
        "сек.": forms("секунда|секунды|секунд", "f"),
        "км/ч": forms("километр в час|километра в час|километров в час"),
        "м/с": forms("метр в секунду|метра в секунду|метров в секунду"),
        "м²": forms("квадратный метр|квадратных метра|квадратных метров|квадратного метра"),
        "кв. м": forms("квадратный метр|квадратных метра|квадратных метров|квадратного метра"),
        "м2": forms("квадратный метр|квадратных метра|квадратных метров|квадратного метра"),
        "м³": forms("кубический метр|кубических метра|кубических метров|кубического метра"),
        "км²": forms("квадратный километр|квадратных километра|квадратных километров|квадратного километра"),
        "кВт·ч": forms("киловатт-час|киловатт-часа|киловатт-часов"),
        "кВт⋅ч": forms("киловатт-час|киловатт-часа|киловатт-часов"),
        "кВтч": forms("киловатт-час|киловатт-часа|киловатт-часов"),
        "кВт": forms("киловатт|киловатта|киловатт"),
        "Вт": forms("ватт|ватта|ватт"),
        "В": forms("вольт|вольта|вольт"),
        "МВт": forms("мегаватт|мегаватта|мегаватт"),
        "ГБ": forms("гигабайт|гигабайта|гигабайт"),
        "Гб": forms("гигабайт|гигабайта|гигабайт"),
        "МБ": forms("мегабайт|мегабайта|мегабайт"),
        "КБ": forms("килобайт|килобайта|килобайт"),
        "ТБ": forms("терабайт|терабайта|терабайт"),
        "Мб": forms("мегабайт|мегабайта|мегабайт"),
        "Гц": forms("герц|герца|герц"),
        "кГц": forms("килогерц|килогерца|килогерц"),
        "МГц": forms("мегагерц|мегагерца|мегагерц"),
        "ккал": forms("килокалория|килокалории|килокалорий", "f"),
        "дБ": forms("децибел|децибела|децибел"),
        "шт.": forms("штука|штуки|штук", "f"),
        "л. с.": forms("лошадиная сила|лошадиные силы|лошадиных сил|лошадиной силы", "f"),
        "чел.": forms("человек|человека|человек"),
        "°С": forms("градус|градуса|градусов"),
        "°C": forms("градус Цельсия|градуса Цельсия|градусов Цельсия"),
        "°": forms("градус|градуса|градусов"),
        "ГГц": forms("гигагерц|гигагерца|гигагерц"),
        "час.": forms("час|часа|часов"),
    }
    unit_genders: ClassVar = dict.fromkeys("min s sec ms t mi lb oz kcal cal".split(), "f")
    percent_noun = forms("процент|процента|процентов")
    currencies: ClassVar = {
        "RUB": (forms("рубль|рубля|рублей"), forms("копейка|копейки|копеек", "f")),
        "EUR": (forms("евро|евро|евро"), forms("цент|цента|центов")),
        "USD": (forms("доллар|доллара|долларов"), forms("цент|цента|центов")),
        "GBP": (forms("фунт|фунта|фунтов"), forms("пенс|пенса|пенсов")),
        "JPY": (forms("иена|иены|иен", "f"), None),
        "CHF": (forms("швейцарский франк|швейцарских франка|швейцарских франков|швейцарского франка"), None),
        "PLN": (forms("злотый|злотых|злотых|злотого"), None),
        "CZK": (forms("чешская крона|чешские кроны|чешских крон|чешской кроны", "f"), None),
        "HUF": (forms("форинт|форинта|форинтов"), None),
        "TRY": (forms("турецкая лира|турецкие лиры|турецких лир|турецкой лиры", "f"), None),
        "UAH": (forms("гривна|гривны|гривен", "f"), None),
        "CNY": (forms("юань|юаня|юаней"), None),
        "KZT": (forms("тенге|тенге|тенге"), None),
    }
    abbreviations: ClassVar = {
        **dict.fromkeys(("т.е.", "т. е."), "то есть"),
        **dict.fromkeys(("и т.д.", "и т. д."), "и так далее"),
        **dict.fromkeys(("и т.п.", "и т. п."), "и тому подобное"),
        **dict.fromkeys(("т.к.", "т. к."), "так как"),
        **dict.fromkeys(("до н.э.", "до н. э."), "до нашей эры"),
        **dict.fromkeys(("н.э.", "н. э."), "нашей эры"),
        **dict.fromkeys(("п.ч.",), "потому что"),
        "и др.": "и другие",
        "и пр.": "и прочее",
        "напр.": "например",
        "др.": "другие",
        "тел.": "телефон",
        "см.": "смотри",
        "ср.": "сравни",
        "т.н.": "так называемый",
        "т. н.": "так называемый",
        "г-н": "господин",
        "г-жа": "госпожа",
        "д-р": "доктор",
        "ул.": "улица",
        "пр.": "проспект",
        "просп.": "проспект",
        "пл.": "площадь",
        "пер.": "переулок",
        "им.": "имени",
        "обл.": "область",
        "р-н": "район",
        "в т.ч.": "в том числе",
        "в т. ч.": "в том числе",
        "макс.": "максимум",
        "ок.": "около",
        "св.": "святой",
        "руб.": "рублей",
        "тыс.": "тысяч",
        "гл.": "глава",
        "изд.": "издание",
        "о-в": "остров",
    }
    before_name: ClassVar = {
        "проф": "профессор",
        "акад": "академик",
        "гр": "гражданин",
        "тов": "товарищ",
        "ген": "генерал",
    }
    before_number: ClassVar = {
        "стр": "страница",
        "с": "страница",
        "рис": "рисунок",
        "гл": "глава",
        "д": "дом",
        "кв": "квартира",
        "табл": "таблица",
        "ст": "статья",
        "п": "пункт",
        "корп": "корпус",
        "т": "том",
        "вып": "выпуск",
        "пп": "пункты",
        "ч": "часть",
    }
    only_with_stop: ClassVar = frozenset("с т п д ч ст кв гр ген".split())
    roman_nouns: ClassVar = frozenset("глава том часть акт сцена статья этап фаза класс книга раздел".split())
    genitive_after: ClassVar = frozenset(
        "от до из без для около после с со более менее больше меньше свыше конца начала середины ото".split()
    )
    locative_after: ClassVar = frozenset("в во на о об при".split())
    stems: ClassVar = {
        **dict.fromkeys("мест столети числ врем окн письм дел лет слов зада яйц яблок полугоди упражнени тысячелети мнени".split(), "n"),
        **dict.fromkeys(
            "част лини серии серия степен очеред площад тетрад дочер ноч кроват двер книг стран минут секунд недел тонн школ групп "
            "девоч женщин семь машин мировая мировой войн истори причин копе".split(), "f",
        ),
        **dict.fromkeys("ден дня дни дне год век этаж том раз класс день мужчин дядь челов путь съезд".split(), "m"),
    }  # fmt: skip
    rulers: ClassVar = {
        **dict.fromkeys(
            "пётр петр александр николай никола павел павл иван людовик генрих карл филипп фридрих вильгельм эдуард георг рамсес "
            "пий бенедикт иоанн франциск наполеон василий васили ричард яков фёдор лев григорий климент владислав сигизмунд казимир станислав август леопольд".split(), "m",
        ),
        **dict.fromkeys("екатерин елизавет анн мари изабелл виктори маргарит".split(), "f"),
    }  # fmt: skip
    ruler_cases: ClassVar = {
        "m:а": "gen",
        "m:я": "gen",
        "m:ю": "dat",
        "m:у": "dat",
        "m:е": "loc",
        "m:ом": "ins",
        "m:ем": "ins",
        "f:ы": "gen",
        "f:и": "gen",
        "f:е": "loc",
        "f:ой": "ins",
        "f:у": "acc",
        "f:ю": "acc",
    }
    year_nouns: ClassVar = {
        "году": ("loc", "году"),
        "года": ("gen", "года"),
        "год": ("nom", "год"),
        "годом": ("ins", "годом"),
        "г.": ("", "года|году"),
        "гг.": ("gen", "годов"),
        "годов": ("gen", "годов"),
        "годы": ("nom", "годы"),
        "годах": ("loc", "годах"),
    }
    ungendered: ClassVar = frozenset("или был была было это тоже лет года год году раза или для как".split())

    def own_rules(self) -> Sequence[Rule]:
        return (
            (re.compile(r"(?<=[0-9]\s)г\.|(?<=[0-9])г\."), self._year_word),
            (re.compile(r"(?<=[0-9]\s)гг\."), lambda f: "годов"),
            (re.compile(r"г\.(?=\s?[А-ЯЁ])"), self._town),
            (re.compile(r"д\.(?=\s?[0-9])"), lambda f: "дом"),
            (
                re.compile(
                    r"(?:(?<=\b[Сс] )|(?<=\b[Оо]т ))(?P<year>[12][0-9]{3})(?=\s(?:по|до)\s[12][0-9]{3}\s?(?:г|$|[,.;]))"
                ),
                lambda f: self.inflected(int(f["year"]), "m", "gen"),
            ),
            (re.compile(r"(?<![\w.,])(?P<n>[0-9]+)(?:,(?P<f>[0-9]{1,3}))?\s?(?P<c>руб\.|р\.|долл\.)"), self._roubles),
            (
                re.compile(rf"(?<![\w.,])(?P<n>[0-9]{{1,6}})(?P<suffix>{self.ordinal_suffix})(?!\w)", re.I),
                lambda f: self.say_suffixed_ordinal(int(f["n"]), f["suffix"].casefold(), f),
            ),
            (
                re.compile(r"(?<![\w.,:])(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?![0-9:])"),
                lambda f: self.clock_in_context(Clock(int(f["hour"]), int(f["minute"])), f),
            ),
            (re.compile(r"(?<![\w.,])(?P<n>[1-9][0-9]{0,2})-(?P<rest>[а-яё]{4,})"), self._compound),
            *super().own_rules(),
        )

    def _year_word(self, found: Found) -> str | None:
        return None if re.search(r"(?<![0-9])[0-9]{1,3}\s?$", found.before) else "года"

    def _town(self, found: Found) -> str | None:
        return {"loc": "городе", "gen": "города"}.get(self.case_before(found), "город")

    def _roubles(self, found: Found) -> str:
        return self.say_money(Number(found["n"], found["f"]), self.local_currency[found["c"]])

    def _compound(self, found: Found) -> str:
        number = int(found["n"])
        said = self.genitive(number).replace("одного", "одно")
        said = said.replace("девяноста", "девяносто").replace("ста", "сто") if number in (90, 100) else said
        return said.replace(" ", "") + found["rest"]

    def cardinal(self, number: int, gender: str = "") -> str:
        words = _words(number, "cardinal", "m", "nom")
        words = re.sub(r"^одна тысяча\b", "тысяча", words)
        if gender in ("f", "n") and number % 100 not in (11, 12):
            words = re.sub(r"один$", {"f": "одна", "n": "одно"}[gender], words)
            words = re.sub(r"два$", "две", words) if gender == "f" else words
        return words

    def genitive(self, number: int, gender: str = "m") -> str:
        return (
            re.sub(r"одного$", "одной", _words(number, "cardinal", "m", "gen"))
            if gender == "f"
            else _words(number, "cardinal", "m", "gen")
        )

    def inflected(self, number: int, gender: str, case: str) -> str:
        return re.sub(r"^одна тысяча\b", "тысяча", _words(number, "ordinal", gender, case))

    def say_number(self, number: Number, gender: str = "") -> str:
        if not 0 < len(number.fraction) <= 3 or len(number.whole) > 9:
            return super().say_number(number, gender)
        whole, part = int(number.whole or "0"), int(number.fraction)
        one = whole % 10 == 1 and whole % 100 != 11
        below = _TENTHS[len(number.fraction)]
        last_one = part % 10 == 1 and part % 100 != 11
        return self.join(
            self.say_sign(number.sign), self.cardinal(whole, "f"), "целая" if one else "целых",
            self.cardinal(part, "f"), f"{below}{'ая' if last_one else 'ых'}",
        )  # fmt: skip

    def say_suffixed_ordinal(self, number: int, suffix: str, found: Found) -> str | None:
        gender, case = _SUFFIXES[suffix.lstrip("-")].split(":")
        if gender == "n" and number % 10 == 0 and found.word_after.casefold() in ("годы", "гг"):
            gender = "pl"
        return self.inflected(number, gender, case) if number else None

    def say_date(self, date: Date, found: Found) -> str:
        is_named = found.word_before.casefold() in ("сегодня", "завтра", "вчера", "это")
        day = "" if date.day is None else self.inflected(date.day, "n", "nom" if is_named else "gen")
        if date.last_day:
            day = f"с {day} по {self.inflected(date.last_day, 'n', 'nom')}"
        year = "" if not date.year else self.inflected(date.year, "m", "gen")
        has_noun = re.match(r"\s?(?:г\.|года?|году)(?!\w)", found.after)
        return self.join(
            day, self.month(date.month) if date.month else "", year, "" if not year or has_noun else "года"
        )

    def say_clock(self, clock: Clock) -> str:
        minutes = (
            "ноль ноль"
            if not clock.minute
            else self.join("ноль" if clock.minute < 10 else "", self.cardinal(clock.minute))
        )
        if clock.noun and not clock.minute:
            return self.say_counted(Number(str(clock.hour)), self.units["ч"])
        return self.join(self.cardinal(clock.hour), minutes)

    def clock_in_context(self, clock: Clock, found: Found) -> str:
        if found.word_before.casefold() not in {"с", "до", "от", "после", "около"}:
            return self.say_clock(clock)
        minute = clock.minute
        return self.join(
            self.genitive(clock.hour),
            "" if not minute else self.join("ноль" if minute < 10 else "", self.genitive(minute)),
        )

    def say_span(self, low: int, high: int, found: Found) -> str | None:
        before = found.word_before.casefold()
        noun = f" {self.unit_noun(found['unit'], self._many) or found['unit']}" if found["unit"] else ""
        return (
            f"{self.join('' if before in ('от', 'с') else 'от', self.genitive(low), 'до', self.genitive(high))}{noun}"
        )

    def say_score(self, left: int, right: int) -> str | None:
        return self.say_ratio(str(left), str(right))

    def say_ratio(self, left: str, right: str) -> str:
        return (
            f"{self.say_whole(left)} {self.say_whole(right)}"
            if max(len(left), len(right)) < 3
            else super().say_ratio(left, right)
        )

    def say_phone(self, groups: Sequence[str]) -> str:
        return ", ".join(self._phone_group(group) for group in groups)

    def _phone_group(self, group: str) -> str:
        digits = group.lstrip("+")
        said = self.cardinal(int(digits)) if len(digits) in (2, 3) and digits[0] != "0" else self.say_digits(digits)
        return f"{self.plus} {said}" if group[0] == "+" else said

    def counted_gender(self, number: int, noun: str) -> str:
        folded, last = noun.casefold(), number % 10 if number % 100 not in (11, 12) else 0
        if last == 1:
            return self.gender_of(folded)
        if last == 2:
            return "f" if folded[-1:] in "ыи" or self._is_feminine_stem(folded) else ""
        return ""

    def _is_feminine_stem(self, folded: str) -> bool:
        return any(folded.startswith(stem) and gender == "f" for stem, gender in self.stems.items())

    def case_of(self, noun: str, gender: str) -> str:
        if gender == "f":
            return "gen" if noun[-1] in "ыи" else "nom"
        return "gen" if noun[-1] in "ая" and gender == "m" else "nom"

    def fraction_noun(self, below: int) -> Noun:
        special = {2: "половина|половины|половин", 3: "треть|трети|третей", 4: "четверть|четверти|четвертей"}.get(
            below
        )
        if special:
            return forms(special, "f")
        many = self.inflected(below, "pl", "gen")
        return Noun({"one": self.inflected(below, "f", "nom"), "few": many, "many": many, "other": many}, "f")
