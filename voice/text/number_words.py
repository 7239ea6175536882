"""The words around a number that num2words lacks or gets wrong: the decimal sign, minus, percent, money, the hour.

Left out on purpose: nouns whose gender would bend the number before them ("una libra", "duas libras").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NumberWords:
    """How a language reads numbers.

    `group` and `decimal` are the signs that it writes in 1,234.5. Nouns have one form, two (one, many) or three
    (one, few, many: Slavic). `hour` stands between hour and minutes ("" for nothing), None where the time of day is
    left to the engine; `hours` are the hours whose word is not the number's. `one` is the 1 before a noun.
    """

    group: str
    decimal: str
    point: str
    minus: str
    percent: tuple[str, ...]
    money: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hour: str | None = None
    hours: Mapping[int, str] = field(default_factory=dict)
    one: str | None = None


def _money(**nouns: str) -> dict[str, tuple[str, ...]]:
    signs = {"euro": "€", "dollar": "$", "pound": "£"}
    return {signs[currency]: tuple(forms.split("|")) for currency, forms in nouns.items()}


NUMBER_WORDS: Mapping[str, NumberWords] = {
    "en": NumberWords(
        group=",",
        decimal=".",
        point="point",
        minus="minus",
        percent=("percent",),
        money=_money(euro="euro|euros", dollar="dollar|dollars", pound="pound|pounds"),
        hour="",
    ),
    "es": NumberWords(
        group=".",
        decimal=",",
        point="coma",
        minus="menos",
        percent=("por ciento",),
        money=_money(euro="euro|euros", dollar="dólar|dólares"),
        hour="",
        hours={1: "una", 21: "veintiuna"},
        one="un",
    ),
    "fr": NumberWords(
        group=" ",
        decimal=",",
        point="virgule",
        minus="moins",
        percent=("pour cent",),
        money=_money(euro="euro|euros", dollar="dollar|dollars"),
        hour="heures",
        hours={0: "zéro heure", 1: "une heure", 21: "vingt et une heures"},
    ),
    "de": NumberWords(
        group=".",
        decimal=",",
        point="Komma",
        minus="minus",
        percent=("Prozent",),
        money=_money(euro="Euro", dollar="Dollar", pound="Pfund"),
        hour="Uhr",
        hours={1: "ein Uhr"},
        one="ein",
    ),
    "it": NumberWords(
        group=".",
        decimal=",",
        point="virgola",
        minus="meno",
        percent=("per cento",),
        money=_money(euro="euro", dollar="dollaro|dollari"),
        hour="e",
        hours={1: "una e"},
        one="un",
    ),
    "pt": NumberWords(
        group=".",
        decimal=",",
        point="vírgula",
        minus="menos",
        percent=("por cento",),
        money=_money(euro="euro|euros", dollar="dólar|dólares"),
        hour="e",
        hours={1: "uma e", 2: "duas e", 21: "vinte e uma e", 22: "vinte e duas e"},
    ),
    "pl": NumberWords(
        group=" ",
        decimal=",",
        point="przecinek",
        minus="minus",
        percent=("procent",),
        money=_money(euro="euro", dollar="dolar|dolary|dolarów", pound="funt|funty|funtów"),
    ),
    "ru": NumberWords(
        group=" ",
        decimal=",",
        point="запятая",
        minus="минус",
        percent=("процент", "процента", "процентов"),
        money=_money(euro="евро", dollar="доллар|доллара|долларов", pound="фунт|фунта|фунтов"),
    ),
    "nl": NumberWords(
        group=".",
        decimal=",",
        point="komma",
        minus="min",
        percent=("procent",),
        money=_money(euro="euro", dollar="dollar", pound="pond"),
        hour="uur",
    ),
    "cs": NumberWords(
        group=" ",
        decimal=",",
        point="celá",
        minus="minus",
        percent=("procento", "procenta", "procent"),
        money=_money(euro="euro|eura|eur", dollar="dolar|dolary|dolarů"),
    ),
    "ar": NumberWords(group=",", decimal=".", point="فاصلة", minus="سالب", percent=("بالمئة",)),
    "ja": NumberWords(
        group=",",
        decimal=".",
        point="点",
        minus="マイナス",
        percent=("パーセント",),
        money=_money(euro="ユーロ", dollar="ドル", pound="ポンド"),
    ),
    "hu": NumberWords(
        group=" ",
        decimal=",",
        point="egész",
        minus="mínusz",
        percent=("százalék",),
        money=_money(euro="euró", dollar="dollár", pound="font"),
    ),
    "ko": NumberWords(
        group=",",
        decimal=".",
        point="점",
        minus="마이너스",
        percent=("퍼센트",),
        money=_money(euro="유로", dollar="달러", pound="파운드"),
    ),
}
"""The languages whose whole numbers num2words spells out without a fault."""

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
