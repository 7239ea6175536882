"""Modern Standard Arabic, as it is read in the news: numbers with vowel signs, in the form that follows a preposition.

espeak-ng reads what has no vowel signs as consonants alone, and swallows the vowel of a doubled letter whose signs are
in Unicode's canonical order; so all words here are vocalised, with the shadda before the vowel.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import MAX_DIGITS, Language, Rule
from voice.text.reading.values import Clock, Date, Found, Noun, Number, by_word, ordered, table, words
from voice.text.reading.written import alternation, parse_number, roman_value

_VOWEL_BEFORE_SHADDA = re.compile("([\u064b-\u0650])\u0651")
_DIGITS = ordered("صِفْر وَاحِد اِثْنَان ثَلَاثَة أَرْبَعَة خَمْسَة سِتَّة سَبْعَة ثَمَانِيَة تِسْعَة")
_MASCULINE = ["", "وَاحِد", "اِثْنَيْن", *_DIGITS[3:], "عَشَرَة"]
_FEMININE = ordered("_ وَاحِدَة اِثْنَتَيْن ثَلَاث أَرْبَع خَمْس سِتّ سَبْع ثَمَانِي تِسْع عَشْر")
_TENS = ordered("_ _ عِشْرِين ثَلَاثِين أَرْبَعِين خَمْسِين سِتِّين سَبْعِين ثَمَانِين تِسْعِين")
_HUNDREDS = ordered("_ مِئَة مِئَتَيْن ثَلَاثُمِئَة أَرْبَعُمِئَة خَمْسُمِئَة سِتُّمِئَة سَبْعُمِئَة ثَمَانِمِئَة تِسْعُمِئَة")
_SCALES = (
    (10**9, ("مِلْيَار", "مِلْيَارَيْن", "مِلْيَارَات", "مِلْيَارًا")),
    (10**6, ("مِلْيُون", "مِلْيُونَيْن", "مَلَايِين", "مِلْيُونًا")),
    (10**3, ("أَلْف", "أَلْفَيْن", "آلَاف", "أَلْفًا")),
)
_ORDINALS = ordered("_ الْأَوَّل الثَّانِي الثَّالِث الرَّابِع الْخَامِس السَّادِس السَّابِع الثَّامِن التَّاسِع الْعَاشِر الْحَادِي")
_FEMININE_ORDINALS = ordered(
    "_ الْأُولَى الثَّانِيَة الثَّالِثَة الرَّابِعَة الْخَامِسَة السَّادِسَة السَّابِعَة الثَّامِنَة التَّاسِعَة الْعَاشِرَة الْحَادِيَة"
)
_FRACTIONS = ordered("_ _ نِصْف ثُلُث رُبُع خُمُس سُدُس سُبُع ثُمُن تُسُع عُشُر")
_FRACTION_PLURALS = ordered("_ _ أَنْصَاف أَثْلَاث أَرْبَاع أَخْمَاس أَسْدَاس أَسْبَاع أَثْمَان أَتْسَاع أَعْشَار")
_MONTHS = ordered("يَنَايِر فِبْرَايِر مَارِس أَبْرِيل مَايُو يُونْيُو يُولْيُو أُغُسْطُس سِبْتَمْبِر أُكْتُوبَر نُوفَمْبِر دِيسَمْبِر")
_OTHER_MONTHS = by_word(
    (1, "كانون_الثاني جانفي"),
    (2, "شباط فيفري"),
    (3, "آذار"),
    (4, "نيسان أفريل ابريل إبريل"),
    (5, "أيار ماي"),
    (6, "حزيران جوان"),
    (7, "تموز جويلية"),
    (8, "آب أوت اغسطس"),
    (9, "أيلول"),
    (10, "تشرين_الأول اكتوبر"),
    (11, "تشرين_الثاني"),
    (12, "كانون_الأول"),
)
_LETTERS = "إِيه بِي سِي دِي إِي إِف جِي إِتْش آي جِيه كِيه إِل إِم إِن أُو بِي كِيُو آر إِس تِي يُو فِي دَبْلِيُو إِكْس وَاي زِد"
_LETTER_NAMES = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _LETTERS.split(" "), strict=True))
_WORD_ACRONYMS = table(
    "NASA نَاسَا, NATO النَّاتُو, UNESCO اليُونِسْكُو, UNICEF اليُونِيسِف, OPEC أُوبِك, FIFA الفِيفَا, OK أُوكِي, AIDS الإِيدْز"
)
_MASCULINE_NUMBERED = words(
    "القرن الفصل الباب الجزء المركز اليوم العام الأسبوع العدد "
    "الدور الصف الطابق المجلد الموسم الشهر البند الدرس القسم "
    "المستوى السؤال المشهد الملحق البيت الشوط"
)
_FEMININE_NUMBERED = words(
    "الحلقة المادة الفقرة الدورة الجولة المرحلة الصفحة السنة الطبعة "
    "النسخة المرة الجلسة الساعة المرتبة الدقيقة الآية الفئة الخطوة"
)
_MASCULINE_IN_AT = words("دولارات ريالات مليارات كيلومترات جنيهات كيلوغرامات غرامات لترات قطارات مطارات")


def _noun(forms: str, gender: str = "") -> Noun:
    """A noun by its singular, and its plural where it is not made with ات; "f" for a feminine one."""
    one, _, plural = forms.partition("|")
    first, _, rest = one.partition(" ")
    rest = rest and f" {rest}"
    if gender:
        stem = first.removesuffix("ة")
        dual, many = f"{stem}تَيْن", first
        plural = plural or f"{stem}ات"
    else:
        dual, many = f"{first}َيْن", f"{first}ًا"
    plural = plural or f"{first}َات"
    forms_by_category = {"one": first, "two": dual, "few": plural, "many": many, "other": first, "zero": first}
    return Noun({category: f"{form}{rest}" for category, form in forms_by_category.items()}, gender)


def _same(form: str, gender: str = "") -> Noun:
    """A noun whose form never changes."""
    return Noun({"other": form}, gender)


_KM, _M, _CM, _MM = _noun("كِيلُومِتْر"), _noun("مِتْر|أَمْتَار"), _noun("سَنْتِيمِتْر"), _noun("مِلِّيمِتْر")
_KG, _G, _MG, _T = _noun("كِيلُوغْرَام"), _noun("غْرَام"), _noun("مِلِّيغْرَام"), _noun("طُنّ|أَطْنَان")
_L, _ML, _KMH = _noun("لِتْر"), _noun("مِلِّيلِتْر"), _noun("كِيلُومِتْر فِي السَّاعَة")
_DEGREE, _M2, _KM2 = _noun("دَرَجَة مِئَوِيَّة", "f"), _noun("مِتْر مُرَبَّع|أَمْتَار"), _noun("كِيلُومِتْر مُرَبَّع")
_HOUR, _MINUTE, _SECOND = _noun("سَاعَة", "f"), _noun("دَقِيقَة|دَقَائِق", "f"), _noun("ثَانِيَة|ثَوَانٍ", "f")
_BYTES = {"GB": _same("غِيغَابَايْت"), "MB": _same("مِيغَابَايْت"), "TB": _same("تِيرَابَايْت"), "KB": _same("كِيلُوبَايْت")}
_ARABIC_UNITS = by_word(
    (_KM, "كم كلم"),
    (_same("كِيلُو"), "كيلو"),
    (_M, "م"),
    (_CM, "سم"),
    (_MM, "ملم مم"),
    (_KG, "كجم كغ كغم"),
    (_G, "جم غ غم"),
    (_MG, "ملغ ملجم"),
    (_T, "طن"),
    (_L, "ل"),
    (_ML, "مل"),
    (_KMH, "كم/س كم/ساعة كم/سا"),
    (_DEGREE, "°م"),
    (_M2, "م² م2"),
    (_KM2, "كم² كم2"),
    (_HOUR, "سا"),
)
_RIYAL, _POUND, _DIRHAM = _noun("رِيَال"), _noun("جُنَيْه"), _noun("دِرْهَم|دَرَاهِم")
_DINAR, _LIRA = _noun("دِينَار|دَنَانِير"), _noun("لِيرَة", "f")
_MONEY = by_word(
    (_noun("دُولَار"), "USD"),
    (_same("يُورُو"), "EUR"),
    (_noun("جُنَيْه إِسْتِرْلِينِيّ"), "GBP"),
    (_RIYAL, "SAR QAR OMR"),
    (_POUND, "EGP"),
    (_DIRHAM, "AED MAD"),
    (_DINAR, "KWD BHD JOD TND"),
    (_LIRA, "TRY"),
    (_same("يِن"), "JPY"),
    (_same("يُوَان"), "CNY"),
    (_noun("رُوبِيَة", "f"), "INR"),
    (_noun("شِيكِل|شَوَاكِل"), "ILS"),
    (_same("رُوبِل"), "RUB"),
    (_same("وُون"), "KRW"),
    (_noun("فَرَنْك|فَرَنْكَات"), "CHF"),
)
_WRITTEN_MONEY = by_word(
    (_RIYAL, "ر.س ريال ر.ق ر.ع"),
    (_POUND, "ج.م"),
    (_DIRHAM, "د.إ د.م"),
    (_DINAR, "د.ك د.أ د.ب د.ت د.ج د.ع"),
    (_LIRA, "ل.س ل.ل"),
)


class Arabic(Language):
    """See the module."""

    code = "ar"
    units_alone = ()
    years: ClassVar[range] = range(0)
    point, minus, plus, to, ratio, times, percent = "فَاصِلَة", "سَالِب", "زَائِد", "إِلَى", "إِلَى", "ضَرْب", "فِي الْمِئَة"
    dot, slash, dash, underscore, at = "نُقْطَة", "شَرْطَة مَائِلَة", "شَرْطَة", "شَرْطَة سُفْلِيَّة", "آت"
    number_sign, hashtag, version = "رَقْم", "هَاشْتَاغ", "الْإِصْدَار"
    slash_between = " أَوْ "
    day_link = r"\s(?:من\s)?"
    year_link = r"(?:،|,)?\s(?:عام\s|سنة\s)?"
    half_words = r"[صم](?![\u0600-\u06ff])\.?"
    am_starts = "ص"
    phone_words = r"هاتف|تلفون|تليفون|الهاتف|جوال|موبايل|فاكس|اتصل|الرقم|رقم|الطوارئ|tel|phone|call"
    local_phone = r"0[0-9]{2,3}[- ][0-9]{3}[- ][0-9]{4}(?![0-9])|05[0-9]{8}(?![0-9])|01[0-9]{9}(?![0-9])"
    months: ClassVar = _OTHER_MONTHS
    symbols: ClassVar = table(
        "& وَ, = يُسَاوِي, § فِقْرَة, ÷ عَلَى, ± زَائِد أَوْ نَاقِص, ≈ حَوَالَيْ, "
        "≠ لَا يُسَاوِي, ≤ أَقَلّ مِنْ أَوْ يُسَاوِي, ≥ أَكْبَر مِنْ أَوْ يُسَاوِي, "
        "→ إِلَى, ° دَرَجَة, % فِي الْمِئَة, < أَقَلّ مِنْ, > أَكْبَر مِنْ, ~ حَوَالَيْ, "
        "√ جَذْر, ∞ مَا لَا نِهَايَة, π بَاي, ² تَرْبِيع, ³ تَكْعِيب, × ضَرْب"
    )
    scales: ClassVar = {
        **dict.fromkeys(("K", "k", "ألف"), _noun("أَلْف|آلَاف")),
        **dict.fromkeys(("M", "مليون", "ملايين", "million"), _noun("مِلْيُون|مَلَايِين")),
        **dict.fromkeys(("B", "bn", "مليار", "مليارات", "billion"), _noun("مِلْيَار")),
        **dict.fromkeys(("T", "تريليون"), _noun("تِرِيلْيُون")),
    }
    units: ClassVar = {
        **_BYTES,
        **by_word(
            (_KM, "km"),
            (_M, "m"),
            (_CM, "cm"),
            (_MM, "mm"),
            (_KG, "kg"),
            (_G, "g"),
            (_MG, "mg"),
            (_T, "t"),
            (_L, "L l"),
            (_ML, "ml mL"),
            (_KMH, "km/h"),
            (_DEGREE, "°C ℃"),
            (_noun("دَرَجَة", "f"), "°"),
            (_M2, "m² m2"),
            (_KM2, "km² km2"),
            (_HOUR, "h"),
            (_MINUTE, "min"),
            (_SECOND, "s"),
            (_same("وَاط"), "W"),
            (_same("كِيلُووَاط"), "kW"),
            (_same("هِرْتِز"), "Hz"),
            (_same("كِيلُووَاط سَاعَة"), "kWh"),
            (_same("مِيغَاهِرْتِز"), "MHz"),
            (_same("غِيغَاهِرْتِز"), "GHz"),
            (_same("فُولْت"), "V"),
            (_noun("مِيل|أَمْيَال"), "mi"),
            (_noun("قَدَم|أَقْدَام"), "ft"),
            (_noun("مِيل فِي السَّاعَة|أَمْيَال"), "mph"),
            (_same("كِيلُوهِرْتِز"), "kHz"),
        ),
    }
    currencies: ClassVar = {code: (named, None) for code, named in _MONEY.items()}
    abbreviations: ClassVar = table(
        "د. الدُّكْتُور, أ.د. الْأُسْتَاذ الدُّكْتُور, أ. الْأُسْتَاذ, م. الْمُهَنْدِس, "
        "ص.ب صُنْدُوق الْبَرِيد, ص.ب. صُنْدُوق الْبَرِيد, ق.م قَبْلَ الْمِيلَاد, "
        "ق.م. قَبْلَ الْمِيلَاد, إلخ إِلَى آخِرِه, الخ إِلَى آخِرِه, إلخ. إِلَى "
        "آخِرِه, هـ هِجْرِيّ, ش.م.م شَرِكَة مُسَاهِمَة, Dr. الدُّكْتُور, Mr. السَّيِّد, "
        "Mrs. السَّيِّدَة, vs ضِدّ, vs. ضِدّ, No. رَقْم, etc. إِلَى آخِرِه"
    )
    before_number: ClassVar = {"ص": "صَفْحَة", "ج": "جُزْء", "ع": "عَدَد", "صص": "صَفَحَات", "ط": "طَبْعَة"}

    def prepared(self, line: str) -> str:
        """Return `line` with Western signs in numbers, and with each shadda before its vowel."""
        return _VOWEL_BEFORE_SHADDA.sub("\u0651\\1", line.translate({0x66B: ".", 0x66C: ",", 0x66A: "%"}))

    def own_rules(self) -> Sequence[Rule]:
        number = r"(?P<sign>(?<![^\s(])[-−+]\s?)?(?P<a>[0-9]{1,3}(?:,[0-9]{3}){1,4}(?![0-9])|[0-9]++)(?P<fraction>\.[0-9]++)?"
        end = r"(?![\w\u064b-\u0652])"
        money, units = alternation(_WRITTEN_MONEY), alternation(_ARABIC_UNITS)
        scale = rf"(?:\s(?P<scale>{alternation(s for s in self.scales if not s.isascii())}))?"
        return [
            (re.compile(rf"(?<=[0-9])م{end}"), lambda found: "مِيلَادِيّ"),
            (re.compile(rf"(?<=[0-9])\s?هـ?{end}"), lambda found: "هِجْرِيّ"),
            (re.compile(r"الـ?(?P<n>[1-9][0-9]?)(?![0-9:.,/%])"), self._definite),
            (
                re.compile(r"(?<![\w\u064b-\u0652])(?P<and>[وبلف])(?P<n>[0-9]{1,9})(?![0-9:.,/%]|\s?[-–—%])"),
                self._joined,
            ),
            (re.compile(rf"(?<=الساعة )(?P<hour>[01]?[0-9]|2[0-4])(?![0-9:.,/]){end}"), self._hour),
            (
                re.compile(rf"(?P<year>[12][0-9]{{3}})م{end}"),
                lambda found: self.join(self.cardinal(int(found["year"])), "مِيلَادِيّ"),
            ),
            (re.compile(rf"{number}{scale}\s?(?P<money>{money}){end}"), self._written_money),
            (re.compile(rf"{number}\s?(?P<unit>{units}){end}"), self._written_unit),
            (re.compile(r"(?<![0-9])(?P<n>[1-9][0-9]?)(?![0-9:.,/%-]|\s?[-–%])"), self._numbered),
            (re.compile(r"(?<=[\u0600-\u06ff] )(?P<roman>[IVX]{1,6})(?![A-Za-z0-9])"), self._arabic_roman),
            (
                re.compile(
                    r"(?<![A-Za-z.])[A-Z]{2,6}(?![A-Za-z])|(?<=[0-9])[A-Z](?![A-Za-z])|(?<![A-Za-z.])[A-Z](?=[0-9])"
                ),
                self._acronym,
            ),
            (
                re.compile(r"(?<![0-9.,])(?P<n>[0-9]{1,9})(?=\s[\u0621-\u064a]*(?:ة|ات)(?![\u0621-\u0652]))"),
                self._feminine,
            ),
        ]

    # numbers

    def cardinal(self, number: int, gender: str = "") -> str:
        parts: list[str] = []
        for size, forms in _SCALES:
            count, number = divmod(number, size)
            if count:
                parts.append(self._scaled(count, forms))
        if number or not parts:
            parts.append(self._below_thousand(number, gender))
        return " وَ".join(parts)

    def _scaled(self, count: int, forms: Sequence[str]) -> str:
        if count <= 2:
            return forms[count - 1]
        last = count % 100
        form = forms[2] if 3 <= last <= 10 else forms[3] if last > 10 else forms[0]
        return f"{self._below_thousand(count, '')} {form}"

    def _below_thousand(self, number: int, gender: str) -> str:
        if not number:
            return _DIGITS[0]
        hundreds, rest = divmod(number, 100)
        parts = [_HUNDREDS[hundreds]] if hundreds else []
        if rest:
            parts.append(self._below_hundred(rest, _FEMININE if gender == "f" else _MASCULINE, gender))
        return " وَ".join(parts)

    def _below_hundred(self, number: int, ones: Sequence[str], gender: str) -> str:
        if number <= 10:
            return ones[number]
        if number < 20:
            feminine = gender == "f"
            first = {11: "إِحْدَى" if feminine else "أَحَدَ", 12: "اِثْنَتَيْ" if feminine else "اِثْنَيْ"}.get(number)
            first = first or f"{ones[number - 10]}{'' if number == 18 and feminine else 'َ'}"
            return f"{first} {'عَشْرَة' if feminine else 'عَشَر'}"
        tens, one = divmod(number, 10)
        return f"{ones[one]} وَ{_TENS[tens]}" if one else _TENS[tens]

    def ordinal(self, number: int, gender: str = "") -> str:
        """A definite ordinal up to 99: الثَّالِث, الرَّابِعَة عَشْرَة; above it the cardinal."""
        named = _FEMININE_ORDINALS if gender == "f" else _ORDINALS
        if number <= 10:
            return named[number]
        if number >= 100:
            return self.cardinal(number, gender)
        tens, one = divmod(number, 10)
        first = named[11] if one == 1 else named[one]
        if tens == 1:
            return f"{first} {'عَشْرَة' if gender == 'f' else 'عَشَر'}"
        return f"{first} وَالْ{_TENS[tens]}" if one else f"الْ{_TENS[tens]}"

    def say_digits(self, digits: str) -> str:
        return " ".join(_DIGITS[int(digit)] for digit in digits)

    def say_decimals(self, fraction: str) -> str:
        return self.cardinal(int(fraction)) if len(fraction) <= 2 and fraction[0] != "0" else self.say_digits(fraction)

    def say_counted(self, number: Number, counted: Noun) -> str:
        form = counted.forms.get(cldr.plural_category("ar", number.value), counted.forms["other"])
        if number.is_whole and number.whole in ("1", "2") and len(counted.forms) > 1:
            head, _, rest = form.partition(" ")
            one = "" if number.whole == "2" else "وَاحِدَة" if counted.gender else "وَاحِد"
            return self.join(self.say_sign(number.sign), head, rest, one)
        return self.join(self.say_number(number, counted.gender), form)

    def say_money(self, number: Number, currency: str, scale: str = "") -> str:
        if scale and currency in _MONEY:
            scaled = self.say_counted(number, self.scales[scale]).removesuffix(" وَاحِد")
            return self.join(re.sub("ًا$", "", scaled), _MONEY[currency].forms["other"])
        if currency in _MONEY and not int(number.fraction or "0"):
            return self.say_counted(Number(number.whole, sign=number.sign), _MONEY[currency])
        return super().say_money(number, currency, scale)

    def say_hundredths(self, amount: str, number: Number, minor: Noun | None) -> str:
        return self.join(amount, f"وَ{self.cardinal(int(number.fraction))}") if int(number.fraction) else amount

    def say_scaled(self, number: Number, scale: str) -> str:
        return re.sub("ًا$", "", self.say_counted(number, self.scales[scale])).removesuffix(" وَاحِد")

    def say_phone(self, groups: Sequence[str]) -> str:
        return super().say_phone(groups).replace(", ", "، ")

    def say_fraction(self, above: int, below: int) -> str:
        if below > 10:
            return self.join(self.cardinal(above), "عَلَى", self.cardinal(below))
        if above <= 2:
            return _FRACTIONS[below] if above == 1 else f"{_FRACTIONS[below]}َيْن"
        return self.join(_MASCULINE[above], _FRACTION_PLURALS[below])

    def say_mixed(self, whole: str, fraction: str) -> str:
        return f"{self.say_whole(whole)} وَ{fraction}"

    # dates and times

    def month(self, month: int) -> str:
        return _MONTHS[month - 1]

    def say_date(self, date: Date, found: Found) -> str:
        written = found.match.groupdict().get("month") or ""
        month = written if written.casefold() in _OTHER_MONTHS and date.month else ""
        month = month or (self.month(date.month) if date.month else "")
        day = "" if date.day is None else self.ordinal(date.day)
        if date.last_day:
            day = f"{day} إِلَى {self.ordinal(date.last_day)}"
        return self.join(day, "مِنْ" if day else "", month, "" if date.year is None else self.cardinal(date.year))

    def say_clock(self, clock: Clock) -> str:
        half = {"am": "صَبَاحًا", "pm": "مَسَاءً"}.get(clock.half, "")
        hour = self.ordinal(clock.hour or 12, "f") if clock.hour != 1 else "الْوَاحِدَة"
        minutes = {0: "", 15: "وَالرُّبْع", 30: "وَالنِّصْف"}.get(clock.minute)
        if minutes is None or clock.second:
            minutes = f"وَ{self.say_counted(Number(str(clock.minute)), _MINUTE)}"
        seconds = f"وَ{self.say_counted(Number(str(clock.second)), _SECOND)}" if clock.second else ""
        return self.join(hour, minutes, seconds, half)

    def _hour(self, found: Found) -> str:
        return self.say_clock(Clock(int(found["hour"]), 0))

    # what is written in Arabic letters

    def _amount(self, found: Found) -> Number:
        return parse_number(found["sign"].strip() + found["a"] + found["fraction"], self)

    def _written_money(self, found: Found) -> str:
        number, named = self._amount(found), _WRITTEN_MONEY[found["money"]]
        if not found["scale"]:
            return self.say_counted(number, named)
        scaled = self.say_counted(number, self.scales[found["scale"]]).removesuffix(" وَاحِد")
        return self.join(re.sub("ًا$", "", scaled), named.forms["other"])

    def _written_unit(self, found: Found) -> str:
        return self.say_counted(self._amount(found), _ARABIC_UNITS[found["unit"]])

    def _numbered(self, found: Found) -> str | None:
        """القرن 21: a number behind a noun with the article, which it puts in order."""
        before = found.before[-16:]
        noun = before.rpartition(" ")[0].rpartition(" ")[2] if before.endswith(" ") else ""
        if noun in _MASCULINE_NUMBERED:
            return self.ordinal(int(found["n"]))
        return self.ordinal(int(found["n"]), "f") if noun in _FEMININE_NUMBERED else None

    def _arabic_roman(self, found: Found) -> str | None:
        value = roman_value(found["roman"])
        noun = found.word_before
        if noun in _FEMININE_NUMBERED:
            return None if value is None else self.ordinal(value, "f")
        if value is None or (len(found["roman"]) == 1 and noun not in _MASCULINE_NUMBERED):
            return None
        return self.ordinal(value)

    def _feminine(self, found: Found) -> str | None:
        """A number before a noun that shows its gender by its ending."""
        noun = found.word_after
        if noun in _MASCULINE_IN_AT or len(noun) < 3 or (found["n"][0] == "0" and len(found["n"]) > 1):
            return None
        return self.cardinal(int(found["n"]), "f")

    def _definite(self, found: Found) -> str:
        """الـ19: an ordinal behind a noun, which is feminine by its ending."""
        return self.ordinal(int(found["n"]), "f" if found.word_before.endswith(("ة", "ى")) else "")

    def _joined(self, found: Found) -> str:
        """و5: a particle that is written together with the number behind it."""
        noun = found.word_after
        is_feminine = noun.endswith(("ة", "ات")) and noun not in _MASCULINE_IN_AT
        particle = {"و": "وَ", "ب": "بِ", "ل": "لِ", "ف": "فَ"}[found["and"]]
        return f"{particle}{self.say_whole(found['n'], 'f' if is_feminine else '')}"

    def _acronym(self, found: Found) -> str | None:
        letters = found[0]
        if re.fullmatch("[IVX]+", letters) or letters in cldr.CODES:
            return None
        if len(letters) > 4 and letters not in _WORD_ACRONYMS and set(letters) & set("AEIOU"):
            return None  # a word, such as COVID
        return _WORD_ACRONYMS.get(letters) or " ".join(_LETTER_NAMES[letter] for letter in letters)

    def say_whole(self, digits: str, gender: str = "") -> str:
        if len(digits) > MAX_DIGITS or (len(digits) > 1 and digits[0] == "0"):
            return self.say_digits(digits)
        return self.cardinal(int(digits), gender)
