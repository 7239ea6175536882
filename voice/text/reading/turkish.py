"""Turkish."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.agglutinative import Agglutinative
from voice.text.reading.language import Rule
from voice.text.reading.romance import symbols
from voice.text.reading.values import Clock, Date, Found, Noun, Number, by_word, noun, ordered, table, words
from voice.text.reading.written import number_pattern, parse_number

_ONES = ordered("sıfır bir iki üç dört beş altı yedi sekiz dokuz")
_TENS = ordered("- on yirmi otuz kırk elli altmış yetmiş seksen doksan")
_SCALES = ordered("- bin milyon milyar")
_ORDINALS = table(
    "sıfır sıfırıncı, bir birinci, iki ikinci, üç üçüncü, dört dördüncü, beş beşinci, altı altıncı, yedi yedinci, "
    "sekiz sekizinci, dokuz dokuzuncu, on onuncu, yirmi yirminci, otuz otuzuncu, kırk kırkıncı, elli ellinci, "
    "altmış altmışıncı, yetmiş yetmişinci, seksen sekseninci, doksan doksanıncı, yüz yüzüncü, bin bininci, "
    "milyon milyonuncu, milyar milyarıncı"
)
_IN = table(
    "bir birde, iki ikide, üç üçte, dört dörtte, beş beşte, altı altıda, yedi yedide, sekiz sekizde, dokuz dokuzda, "
    "on onda, yirmi yirmide, otuz otuzda, kırk kırkta, elli ellide, altmış altmışta, yetmiş yetmişte, "
    "seksen seksende, doksan doksanda, yüz yüzde, bin binde"
)
_VOWELS = "aeıioöuü"
_ENDING_VOWEL = re.compile("[aeıiuü]")
_ORDINAL_ENDING = r"['’]?(?:[ıiuü]?nc[ıiuü])"


class Turkish(Agglutinative):
    """See the module."""

    code = "tr"
    hinge = "['’]"
    point, minus, plus, to, ratio, times, percent = "virgül", "eksi", "artı", "ile", "e", "çarpı", "yüzde"
    dot, slash, dash, underscore, at = "nokta", "bölü", "tire", "alt çizgi", "et"
    number_sign, hashtag, version = "numara", "etiket", "sürüm"
    and_word, slash_between = "tam", " "
    phone_words = "tel|telefon|faks|fax|ara|arayın|arayınız|gsm|cep|numara|numarası|hat|hattı"
    local_phone = r"(?<![\w.,])0[2-9][0-9]{2}[ -][0-9]{3}[ -][0-9]{2}[ -]?[0-9]{2}(?![0-9])"
    dot_clock_after = "saat|saati|saatler"
    clock_noun = r"(?!)"
    ordinal_suffix = _ORDINAL_ENDING
    symbols: ClassVar = symbols(
        "ve|eşittir|paragraf|telif hakkı|tescilli marka|ticari marka|bölü|artı eksi|yaklaşık"
        "|eşit değildir|küçük eşittir|büyük eşittir|ok|derece|yüzde|küçüktür|büyüktür|yaklaşık"
        "|karekök|sonsuz|pi|kare|küp"
    )
    scales: ClassVar = by_word(
        (noun("bin"), "k K bin"), (noun("milyon"), "M mn mn. Mn mio milyon"), (noun("milyar"), "B mr mlr milyar bn"),
        (noun("trilyon"), "T trn trilyon"),
    )  # fmt: skip
    units: ClassVar = {
        key: noun(said)
        for key, said in table(
            "dk dakika, dk. dakika, sn saniye, sn. saniye, sa saat, gr gram, lt litre, °C derece, ℃ derece, "
            "mi mil, t ton, dB desibel, BG beygir gücü, hp beygir gücü, m2 metrekare, m3 metreküp, dpi dpi, "
            "kcal kilokalori, Mbps megabit bölü saniye, mAh miliamper saat, ml mililitre, dL desilitre, nm nanometre"
        ).items()
    }
    local_currency: ClassVar = {"TL": "TRY", "₺": "TRY"}
    currencies: ClassVar = {
        "TRY": (noun("lira"), noun("kuruş")),
        "EUR": (noun("avro"), noun("sent")),
        "USD": (noun("dolar"), noun("sent")),
        "GBP": (noun("sterlin"), noun("peni")),
        "JPY": (noun("yen"), None),
        "CHF": (noun("İsviçre frangı"), None),
        "RUB": (noun("ruble"), None),
        "PLN": (noun("zloti"), None),
        "CZK": (noun("Çek korunası"), None),
        "HUF": (noun("forint"), None),
        "INR": (noun("rupi"), None),
        "CNY": (noun("yuan"), None),
        "UAH": (noun("grivna"), None),
        "KRW": (noun("won"), None),
    }
    abbreviations: ClassVar = table(
        "vb. ve benzeri, vs. vesaire, vd. ve diğerleri, bkz. bakınız, örn. örneğin, ör. örneğin, m.ö. milattan önce, "
        "m.s. milattan sonra, tel. telefon, yy. yüzyıl, yak. yaklaşık, maks. maksimum, min. minimum, "
        "a.ş. anonim şirketi, ltd._şti. limited şirketi, ltd. limited, şti. şirketi, t.c. Türkiye Cumhuriyeti, "
        "hz. Hazreti, "
        "ort. ortalama, çev. çeviren, haz. hazırlayan, p.k. posta kutusu, sok. sokak, cad. caddesi, mah. mahallesi, "
        "blv. bulvarı, bul. bulvarı, apt. apartmanı"
    )
    before_name: ClassVar = table(
        "dr doktor, prof profesör, doç doçent, av avukat, öğr öğretim, gör görevlisi, yrd yardımcı, arş araştırma, "
        "müh mühendis, sn sayın, gen general, alb albay, yzb yüzbaşı, uzm uzman, st saint, op operatör, ecz eczacı"
    )
    after_name: ClassVar = table(
        "cad Caddesi, cd Caddesi, sok Sokak, sk Sokağı, mah Mahallesi, mh Mahallesi, blv Bulvarı, bul Bulvarı, "
        "apt Apartmanı, univ Üniversitesi, üniv Üniversitesi, hast Hastanesi"
    )
    before_number: ClassVar = table(
        "no numara, nr numara, s sayfa, sf sayfa, sayf sayfa, böl bölüm, md madde, c cilt, şek şekil, kat kat, "
        "tel telefon, blm bölüm, ss sayfa, mad madde, d daire, k kat"
    )
    roman_nouns: ClassVar = words("bölüm kısım perde sahne cilt madde fasıl evre faz tip sınıf")
    ungendered: ClassVar = frozenset()

    def own_rules(self) -> Sequence[Rule]:
        number = number_pattern(self)
        return (
            (re.compile(rf"%\s?(?P<a>{number})(?:\s?[-–]\s?%?(?P<b>{number}))?(?![0-9])"), self._percent),
            (
                re.compile(r"(?P<hour>[01]?[0-9]|2[0-3])\.(?P<minute>[0-5][0-9])(?=['’](?:[dt][ae]|[yn]?[aeıiuü]))"),
                lambda f: self.say_clock(Clock(int(f["hour"]), int(f["minute"]))),
            ),
            (re.compile(rf"(?<![\w.,])(?P<n>[0-9]{{1,6}}){_ORDINAL_ENDING}(?=\w*)"), self._ordinal),
            (re.compile(rf"(?<![\w.,])(?P<a>{number})\s(?=buçuk(?!\w))"), lambda f: f"{self.cardinal(int(f['a']))} "
             if f["a"].isdigit() and len(f["a"]) < 10 else None),
            *super().own_rules(),
        )  # fmt: skip

    def _percent(self, found: Found) -> str:
        first = self.say_percent(parse_number(found["a"], self))
        return self.join(first, self.say_number(parse_number(found["b"], self)) if found["b"] else "")

    def _ordinal(self, found: Found) -> str | None:
        return self.ordinal(int(found["n"])) if int(found["n"]) else None

    def glued(self, stem: str, ending: str) -> str:
        if stem.endswith("dört") and ending[:1] in _VOWELS:
            stem = f"{stem[:-1]}d"
        if not ending.islower() or not any(vowel in stem for vowel in _VOWELS):
            return f"{stem}{ending}"
        if stem[-1:] in _VOWELS and ending in ("a", "e", "ı", "i", "u", "ü", "ın", "in", "un", "ün"):
            ending = ("n" if ending.endswith("n") else "y") + ending  # USD'yi is doları, TL'i is lirayı
        elif stem[-1:] not in _VOWELS and re.fullmatch("[ynsş][aeıiuü]n?", ending):
            ending = ending[1:]
        return f"{stem}{_harmonised(ending, stem)}"

    def is_named_by_number(self, found: Found) -> bool:
        return not found.ends_sentence

    # numbers

    def cardinal(self, number: int, gender: str = "") -> str:
        if not number:
            return _ONES[0]
        groups = [number // 1000**power % 1000 for power in (3, 2, 1, 0)]
        said = []
        for scale, group in zip(reversed(_SCALES), groups, strict=True):
            if group:
                said.append("" if (scale, group) == ("bin", 1) else _below_thousand(group))
                said.append("" if scale == "-" else scale)
        return " ".join(filter(None, said))

    def ordinal(self, number: int, gender: str = "") -> str:
        before, _, last = self.cardinal(number).rpartition(" ")
        return self.join(before, _ORDINALS[last])

    def say_percent(self, number: Number) -> str:
        return self.join(self.percent, self.say_number(number))

    def say_unit(self, number: Number, unit: str) -> str | None:
        above, slash, below = unit.partition("/")
        if slash and below in ("h", "sa", "s", "sn", "dk", "min"):
            counted = super().say_unit(number, above)
            every = {"h": "saatte", "sa": "saatte", "dk": "dakikada", "min": "dakikada"}.get(below, "saniyede")
            return None if counted is None else f"{every} {counted}"
        if unit in ("kmh", "kph"):
            return f"saatte {super().say_unit(number, 'km')}"
        return super().say_unit(number, unit)

    def say_hundredths(self, amount: str, number: Number, minor: Noun | None) -> str:
        cents = int(number.fraction)
        return self.join(amount, self.say_counted(Number(str(cents)), minor)) if cents and minor else amount

    def say_fraction(self, above: int, below: int) -> str:
        if (above, below) == (1, 2):
            return "yarım"
        before, _, last = self.cardinal(below).rpartition(" ")
        return self.join(before, _IN[last], self.cardinal(above))

    def say_mixed(self, whole: str, fraction: str) -> str:
        if fraction == "yarım":
            return self.join(self.say_whole(whole), "buçuk")
        return super().say_mixed(whole, fraction)

    def say_span(self, low: int, high: int, found: Found) -> str | None:
        is_between = found.word_after.casefold().startswith(("ara", "yıl"))
        noun = "" if not found["unit"] else self.say_counted_unit(high, found["unit"])
        return self.join(self.cardinal(low), "ile" if is_between else "", noun or self.cardinal(high))

    def say_ratio(self, left: str, right: str) -> str:
        return self.join(self.say_whole(left), self.say_whole(right))

    # dates and times

    def say_clock(self, clock: Clock) -> str:
        if not clock.minute:
            return self.cardinal(clock.hour)
        return self.join(self.cardinal(clock.hour), "sıfır" if clock.minute < 10 else "", self.cardinal(clock.minute))

    def say_date(self, date: Date, found: Found) -> str:
        days = "" if date.day is None else self.cardinal(date.day)
        last = self.cardinal(date.last_day) if date.last_day else ""
        month = self.month(date.month) if date.month else ""
        return self.join(days, last, month, "" if date.year is None else self.say_year(date.year))


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    return " ".join(filter(None, (
        _ONES[hundreds] if hundreds > 1 else "", "yüz" if hundreds else "", _TENS[tens] if tens else "",
        _ONES[ones] if ones else "",
    )))  # fmt: skip


def _harmonised(ending: str, stem: str) -> str:
    """The ending with the vowels that follow those of the stem: TL'den, liradan."""
    last = [vowel for vowel in stem if vowel in _VOWELS][-1]

    def bent(vowel: re.Match[str]) -> str:
        nonlocal last
        if vowel[0] in "ae":
            last = "a" if last in "aıou" else "e"
        else:
            last = {"a": "ı", "ı": "ı", "e": "i", "i": "i", "o": "u", "u": "u", "ö": "ü", "ü": "ü"}[last]
        return last

    return _ENDING_VOWEL.sub(bent, ending)
