"""Hindi, with the numbers that no kept library has: each of the first hundred is a word of its own."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.language import MAX_DIGITS, Language, Rule
from voice.text.reading.values import Clock, Date, Found, Noun, Number, by_word, noun, ordered, table, words
from voice.text.reading.written import roman_value

_WORDS = ordered(
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस "
    "बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस "
    "तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस "
    "चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस "
    "उनचास पचास इक्यावन बावन तिरेपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ "
    "साठ इकसठ बासठ तिरेसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर "
    "इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी "
    "अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पंचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे"
)
_SCALES = ((10**11, "खरब"), (10**9, "अरब"), (10**7, "करोड़"), (10**5, "लाख"), (1000, "हज़ार"), (100, "सौ"))
_FIRST_ORDINALS = {1: "पहल", 2: "दूसर", 3: "तीसर", 4: "चौथ", 6: "छठ"}
_REGNAL = ("", "प्रथम", "द्वितीय", "तृतीय", "चतुर्थ", "पंचम", "षष्ठम", "सप्तम", "अष्टम", "नवम", "दशम")
_LETTERS = "ए बी सी डी ई एफ़ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई ज़ेड"
_LETTER_NAMES = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _LETTERS.split(), strict=True))
_WORD_ACRONYMS = {"NASA": "नासा", "NATO": "नाटो", "UNESCO": "यूनेस्को", "UNICEF": "यूनिसेफ़", "AIDS": "एड्स", "OPEC": "ओपेक"}
_WORD_ACRONYMS |= {"SAARC": "सार्क", "BRICS": "ब्रिक्स", "ISRO": "इसरो", "FIFA": "फ़ीफ़ा", "OK": "ओके", "SIM": "सिम"}
_MONTH_NAMES = ordered("जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर")
_OTHER_MONTHS = {"फरवरी": 2, "सितम्बर": 9, "अक्तूबर": 10, "नवम्बर": 11, "दिसम्बर": 12}
_RUPEES = noun("रुपया|रुपये")


class Hindi(Language):
    """See the module."""

    code = "hi"
    group_digits = "[0-9]{2,3}"
    years: ClassVar[range] = range(1100, 2000)
    point, minus, plus, to, ratio, times, percent = "दशमलव", "माइनस", "प्लस", "से", "अनुपात", "गुणा", "प्रतिशत"
    dot, slash, dash, underscore, at = "डॉट", "स्लैश", "डैश", "अंडरस्कोर", "ऐट"
    number_sign, hashtag, version = "नंबर", "हैशटैग", "संस्करण"
    slash_between = " या "
    day_link = r"\s"
    clock_noun = r"बजे"
    half_words = r"[ap]\.?\s?m\b\.?"
    phone_words = r"फ़ोन|फोन|मोबाइल|टेलीफ़ोन|नंबर|संपर्क|हेल्पलाइन|कॉल|डायल|tel|phone|call"
    local_phone = r"0[0-9]{2,4}-[0-9]{6,8}(?![0-9-])|[6-9][0-9]{4} [0-9]{5}(?![0-9])|[6-9][0-9]{9}(?![0-9])|1800[- ][0-9]{3}[- ][0-9]{3,4}(?![0-9])"
    symbols: ClassVar = table(
        "& और, = बराबर, § धारा, ÷ भाग, ± प्लस माइनस, ≈ लगभग, ≠ बराबर नहीं, ≤ से कम या बराबर, "
        "≥ से ज़्यादा या बराबर, → से, ° डिग्री, % प्रतिशत, < से कम, > से ज़्यादा, ~ लगभग, √ वर्गमूल, ∞ अनंत, "
        "π पाई, ² का वर्ग, ³ का घन, © कॉपीराइट, ® रजिस्टर्ड, ™ ट्रेडमार्क"
    )
    scales: ClassVar = {
        **{
            word: noun(word)
            for word in (
                "सौ",
                "हज़ार",
                "लाख",
                "करोड़",
                "अरब",
                "खरब",
                "मिलियन",
                "बिलियन",
                "ट्रिलियन",
                "लाख करोड़",
                "हज़ार करोड़",
            )
        },
        **by_word(
            (noun("हज़ार"), "हजार K k"),
            (noun("करोड़"), "करोड Cr cr crore"),
            (noun("मिलियन"), "M million"),
            (noun("बिलियन"), "B bn billion"),
            (noun("ट्रिलियन"), "T"),
            (noun("लाख"), "lakh L"),
        ),
    }
    currencies: ClassVar = by_word(
        ((_RUPEES, noun("पैसा|पैसे")), "INR"),
        ((noun("डॉलर"), noun("सेंट")), "USD"),
        ((noun("यूरो"), noun("सेंट")), "EUR"),
        ((noun("पाउंड"), noun("पेंस")), "GBP"),
        ((noun("येन"), None), "JPY"),
        ((noun("युआन"), None), "CNY"),
        ((noun("रूबल"), None), "RUB"),
        ((noun("वॉन"), None), "KRW"),
        ((noun("पाकिस्तानी रुपया|पाकिस्तानी रुपये"), None), "PKR"),
        ((noun("टका"), None), "BDT"),
        ((noun("दिरहम"), None), "AED"),
    )
    local_currency: ClassVar = {"₨": "INR"}
    units: ClassVar = {
        sign: noun(said)
        for sign, said in table(
            "किमी किलोमीटर, कि.मी. किलोमीटर, कि.मी किलोमीटर, मी मीटर, मी. मीटर, सेमी सेंटीमीटर, "
            "से.मी. सेंटीमीटर, मिमी मिलीमीटर, मि.मी. मिलीमीटर, किग्रा किलोग्राम, कि.ग्रा. किलोग्राम, ग्रा ग्राम, "
            "ग्रा. ग्राम, मिग्रा मिलीग्राम, ली लीटर, ली. लीटर, मिली मिलीलीटर, मि.ली. मिलीलीटर, "
            "°से डिग्री सेल्सियस, किमी/घंटा किलोमीटर प्रति घंटा, किमी/घं किलोमीटर प्रति घंटा, "
            "कि.मी./घंटा किलोमीटर प्रति घंटा, वर्ग_किमी वर्ग किलोमीटर, मि. मिनट, km किलोमीटर, dB डेसिबल, "
            "° डिग्री"
        ).items()
    }
    months: ClassVar = {**{name: place for place, name in enumerate(_MONTH_NAMES, start=1)}, **_OTHER_MONTHS}
    abbreviations: ClassVar = table(
        "डॉ. डॉक्टर, डा. डॉक्टर, प्रो. प्रोफ़ेसर, पं. पंडित, कि.मी. किलोमीटर, रु. रुपये, ई.पू. ईसा पूर्व, "
        "ई. ईस्वी, पृ. पृष्ठ, सं. संख्या, क्र. क्रमांक, इं. इंजीनियर, उ.प्र. उत्तर प्रदेश, म.प्र. मध्य प्रदेश, "
        "वि.सं. विक्रम संवत, दि. दिनांक, कु. कुमारी, स्व. स्वर्गीय, न. नंबर, नं. नंबर, Dr. डॉक्टर, Mr. मिस्टर, "
        "Mrs. मिसेज़, Ms. मिज़, Prof. प्रोफ़ेसर, vs. बनाम, vs बनाम, No. नंबर, etc. इत्यादि, Rs. रुपये, St. सेंट, "
        "भा.ज.पा. भाजपा"
    )

    roman_nouns = words("अध्याय भाग खंड खण्ड अनुच्छेद कक्षा चरण पाठ अंक टाइप प्रकार श्रेणी वर्ग सर्ग पर्व मार्क")

    def prepared(self, line: str) -> str:
        """Return `line`: its script has no capitals that could shout."""
        return line

    def own_rules(self) -> Sequence[Rule]:
        suffix = r"(?P<suffix>ला|ली|ले|रा|री|रे|था|थी|थे|ठा|ठी|ठे|वाँ|वां|वीं|वी|वें|वे|वा)(?![\u0900-\u0963])"
        rupees = r"(?P<word>रु\.?|रू\.?|Rs\.?|₹)\s?(?P<a>[0-9][0-9,]*+(?:\.[0-9]++)?)(?:\s?(?P<scale>लाख करोड़|हज़ार करोड़|लाख|करोड़|हज़ार|हजार|अरब))?(?!\s?[-–—]\s?[0-9])(?![\u0900-\u0963])"
        hindi_units = "|".join(
            map(
                re.escape,
                sorted((u for u in self.units if u[0] >= "\u0900" or u.startswith("°स")), key=len, reverse=True),
            )
        )
        unit = rf"(?P<a>[0-9][0-9,]*+(?:\.[0-9]++)?)\s?(?P<unit>{hindi_units})(?![\u0900-\u0963])"
        short = "|".join(
            re.escape(key) for key in sorted(self.abbreviations, key=len, reverse=True) if not key[0].isascii()
        )
        return [
            (re.compile(rf"(?P<n>[0-9]{{1,6}})\s?-?{suffix}"), self._marked_ordinal),
            (re.compile(rupees), self._rupees),
            (
                re.compile(r"(?P<h>[0-9]{1,2}):(?P<m>[0-5][0-9])(?:\s?(?P<noun>बजे))?(?=\s?[-–—]\s?[0-9]{1,2}:)"),
                self._span_start,
            ),
            (re.compile(unit), self._hindi_unit),
            (re.compile(rf"(?<![\u0900-\u0963]){'(?:' + short + ')'}(?![\u0900-\u0963])"), self._short),
            (
                re.compile(r"(?P<a>1[0-9]{3}|20[0-9]{2})\s?[-–—]\s?(?P<b>[0-9]{2}|[12][0-9]{3})(?![0-9]|[-–/.][0-9])"),
                self._years,
            ),
            (re.compile(r"(?<=[\u0900-\u0963] )(?P<roman>[IVX]{1,6})(?![A-Za-z0-9])"), self._hindi_roman),
            (re.compile(r"(?<=[0-9])\s?\+(?=\s?[0-9])"), lambda found: "जमा"),
            (
                re.compile(
                    r"(?<![A-Za-z.])[A-Z]{2,6}(?![A-Za-z])|(?<=[0-9])[A-Z](?![A-Za-z])|(?<![A-Za-z.])[A-Z](?=[0-9])"
                ),
                self._acronym,
            ),
        ]

    def cardinal(self, number: int, gender: str = "") -> str:
        words: list[str] = []
        for size, word in _SCALES:
            count, number = divmod(number, size)
            if count:
                words += [self.cardinal(count), word]
        if number or not words:
            words.append(_WORDS[number])
        return " ".join(words)

    def ordinal(self, number: int, gender: str = "") -> str:
        if number in _FIRST_ORDINALS:
            return _FIRST_ORDINALS[number] + {"f": "ी", "o": "े"}.get(gender, "ा")
        return self.cardinal(number) + {"f": "वीं", "o": "वें"}.get(gender, "वाँ")

    def say_year(self, year: int) -> str:
        hundreds, rest = divmod(year, 100)
        if 1100 <= year < 2000:
            return self.join(_WORDS[hundreds], "सौ", _WORDS[rest] if rest else "")
        return self.cardinal(year)

    def say_whole(self, digits: str, gender: str = "") -> str:
        if len(digits) > MAX_DIGITS or (len(digits) > 1 and digits[0] == "0"):
            return self.say_digits(digits)
        return self.cardinal(int(digits))

    def say_fraction(self, above: int, below: int) -> str:
        if (above, below) == (1, 2):
            return "आधा"
        if (above, below) in ((1, 3), (2, 3)):
            return f"{_WORDS[above]} तिहाई"
        return f"{_WORDS[above]} चौथाई" if below == 4 else f"{self.cardinal(above)} बटा {self.cardinal(below)}"

    def say_mixed(self, whole: str, fraction: str) -> str:
        number = int(whole)
        if fraction == "आधा":
            return {1: "डेढ़", 2: "ढाई"}.get(number, f"साढ़े {self.say_whole(whole)}")
        if fraction == "एक चौथाई":
            return f"सवा {self.say_whole(whole)}"
        return f"{self.say_whole(whole)} और {fraction}"

    def month(self, month: int) -> str:
        return _MONTH_NAMES[month - 1]

    def say_date(self, date: Date, found: Found) -> str:
        day = "" if date.day is None else self.cardinal(date.day)
        if date.last_day:
            day = f"{day} से {self.cardinal(date.last_day)}"
        month = self.month(date.month) if date.month else ""
        return self.join(day, month, "" if date.year is None else self.say_year(date.year))

    def say_clock(self, clock: Clock) -> str:
        half = {"am": "सुबह", "pm": "शाम"}.get(clock.half, "")
        if clock.second is not None:
            seconds = f"{self.cardinal(clock.second)} सेकंड"
            return self.join(half, f"{self.cardinal(clock.hour)} बजकर {self.cardinal(clock.minute)} मिनट", seconds)
        return self.join(half, self._quarter(clock) if clock.noun or clock.half else self._minutes(clock))

    def _quarter(self, clock: Clock) -> str:
        hour = self.cardinal(clock.hour)
        if clock.minute == 30:
            return f"{({1: 'डेढ़', 2: 'ढाई'}).get(clock.hour, f'साढ़े {hour}')} बजे"
        if clock.minute == 15:
            return f"सवा {hour} बजे" if clock.hour > 1 else "सवा बजे"
        if clock.minute == 45 and clock.hour < 24:
            return f"पौने {self.cardinal(clock.hour + 1)} बजे" if clock.hour else "पौन बजे"
        return self._minutes(clock)

    def _minutes(self, clock: Clock) -> str:
        if not clock.minute:
            return f"{self.cardinal(clock.hour)} बजे"
        return f"{self.cardinal(clock.hour)} बजकर {self.cardinal(clock.minute)} मिनट"

    def say_ratio(self, left: str, right: str) -> str:
        return f"{self.say_whole(left)} {self.ratio} {self.say_whole(right)}"

    def say_regnal(self, number: int, name: str) -> str:
        return _REGNAL[number] if number < len(_REGNAL) else self.ordinal(number)

    def _marked_ordinal(self, found: Found) -> str | None:
        digits, suffix = found["n"], found["suffix"]
        if digits[0] == "0":
            return None
        gender = "f" if suffix.endswith(("ी", "ीं")) else "o" if suffix.endswith(("े", "ें")) else "m"
        return self.ordinal(int(digits), gender)

    def _rupees(self, found: Found) -> str:
        whole, _, fraction = found["a"].replace(",", "").partition(".")
        return self.say_money(Number(whole, fraction), "INR", found["scale"])

    def say_hundredths(self, amount: str, number: Number, minor: Noun | None) -> str:
        if not int(number.fraction) or minor is None:
            return amount
        return f"{amount} {self.say_counted(Number(str(int(number.fraction))), minor)}"

    def _hindi_unit(self, found: Found) -> str | None:
        whole, _, fraction = found["a"].replace(",", "").partition(".")
        return self.say_unit(Number(whole, fraction), found["unit"])

    def _span_start(self, found: Found) -> str | None:
        if int(found["h"]) > 24:
            return None
        return self.say_clock(Clock(int(found["h"]), int(found["m"]), noun=bool(found["noun"])))

    def _short(self, found: Found) -> str | None:
        return self.abbreviation(found[0].casefold(), found)

    def _years(self, found: Found) -> str | None:
        first, last = found["a"], found["b"]
        if len(last) == 2 and last <= first[2:]:
            return None
        said = self.say_year(int(last)) if len(last) == 4 else self.cardinal(int(last))
        return f"{self.say_year(int(first))} से {said}"

    def _hindi_roman(self, found: Found) -> str | None:
        value = roman_value(found["roman"])
        if value is None or (len(found["roman"]) == 1 and found.word_before not in self.roman_nouns):
            return None
        return self.say_roman(value, "") if found.word_before in self.roman_nouns else self.say_regnal(value, "")

    def _acronym(self, found: Found) -> str | None:
        letters = found[0]
        if letters in self.scales or letters in cldr.CODES or re.fullmatch("[IVX]+", letters):
            return None
        if len(letters) > 4 and letters not in _WORD_ACRONYMS and set(letters) & set("AEIOU"):
            return None  # a word, such as COVID
        return _WORD_ACRONYMS.get(letters) or " ".join(_LETTER_NAMES[letter] for letter in letters)
