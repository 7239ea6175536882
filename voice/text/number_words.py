"""The words around a number that num2words lacks or gets wrong: the decimal sign, minus, percent, money, the hour.

Left out on purpose: nouns whose gender would bend the number before them ("una libra", "duas libras").
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NumberWords:
    """The words and signs with which a language reads numbers.

    `group` and `decimal` are the signs that it writes in 1,234.5. Nouns have one form, two (one, many) or three
    (one, few, many: Slavic). `hour` stands between hour and minutes ("" for nothing), None where the time of day is
    left to the engine. `one` is the 1 before a noun.
    """

    group: str
    decimal: str
    point: str
    minus: str
    percent: tuple[str, ...]
    money: Mapping[str, tuple[str, ...]]
    hour: str | None
    one: str | None


def _words(
    signs: str,
    point: str,
    minus: str,
    percent: str,
    money: str = "",
    *,
    hour: str | None = None,
    one: str | None = None,
) -> NumberWords:
    """A row of the table. `signs`: those of group and decimal; `money`: nouns for euro, dollar and pound, in this
    order, as far as they are known; the forms of a noun are divided by bars.
    """
    nouns = {sign: tuple(forms.split("|")) for sign, forms in zip("€$£", money.split(), strict=False)}
    return NumberWords(signs[0], signs[1], point, minus, tuple(percent.split("|")), nouns, hour, one)


NUMBER_WORDS: Mapping[str, NumberWords] = {
    "en": _words(",.", "point", "minus", "percent", "euro|euros dollar|dollars pound|pounds", hour=""),
    "es": _words(".,", "coma", "menos", "por ciento", "euro|euros dólar|dólares", hour="", one="un"),
    "fr": _words(" ,", "virgule", "moins", "pour cent", "euro|euros dollar|dollars", hour="heures"),
    "de": _words(".,", "Komma", "minus", "Prozent", "Euro Dollar Pfund", hour="Uhr", one="ein"),
    "it": _words(".,", "virgola", "meno", "per cento", "euro dollaro|dollari", hour="e", one="un"),
    "pt": _words(".,", "vírgula", "menos", "por cento", "euro|euros dólar|dólares", hour="e"),
    "pl": _words(" ,", "przecinek", "minus", "procent", "euro dolar|dolary|dolarów funt|funty|funtów"),
    "ru": _words(
        " ,", "запятая", "минус", "процент|процента|процентов", "евро доллар|доллара|долларов фунт|фунта|фунтов"
    ),
    "nl": _words(".,", "komma", "min", "procent", "euro dollar pond", hour="uur"),
    "cs": _words(" ,", "celá", "minus", "procento|procenta|procent", "euro|eura|eur dolar|dolary|dolarů"),
    "ar": _words(",.", "فاصلة", "سالب", "بالمئة"),
    "ja": _words(",.", "点", "マイナス", "パーセント", "ユーロ ドル ポンド"),
    "hu": _words(" ,", "egész", "mínusz", "százalék", "euró dollár font"),
    "ko": _words(",.", "점", "마이너스", "퍼센트", "유로 달러 파운드"),
}
"""The languages whose whole numbers num2words spells out without a fault."""

HOUR_WORDS: Mapping[str, Mapping[int, str]] = {
    "es": {1: "una", 21: "veintiuna"},
    "fr": {0: "zéro heure", 1: "une heure", 21: "vingt et une heures"},
    "de": {1: "ein Uhr"},
    "it": {1: "una e"},
    "pt": {1: "uma e", 2: "duas e", 21: "vinte e uma e", 22: "vinte e duas e"},
}
"""The hours of the day that are not called by their number and `hour`."""

_TEENS = range(11, 15)


def noun_form(forms: tuple[str, ...], amount: int, *, is_whole: bool, language: str) -> str:
    """Return the form of a noun that follows `amount`: "dollar" after 1, "dollars" after 2 and after 1.5."""
    if len(forms) == 3:
        return forms[_slavic_form(amount, language) if is_whole else 1]
    is_singular = amount == 1 or (language in ("fr", "pt") and amount == 0)
    return forms[0] if is_singular and is_whole else forms[-1]


def _slavic_form(amount: int, language: str) -> int:
    if amount == 1 or (language == "ru" and amount % 10 == 1 and amount % 100 != 11):
        return 0
    if language == "cs":
        return 1 if amount in (2, 3, 4) else 2
    return 1 if amount % 10 in (2, 3, 4) and amount % 100 not in _TEENS else 2
