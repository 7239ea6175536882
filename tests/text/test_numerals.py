"""Numbers, by real examples of all 17 languages; what is not understood stays."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from num2words import num2words

from voice.engines.spec import LANGUAGES
from voice.text.normalize import normalize_text
from voice.text.number_words import NUMBER_WORDS

EXAMPLES = {
    "en": [
        ("I have 42 apples and 3.14 pies.", "I have forty-two apples and three point one four pies."),
        ("In 1999 and 2024 it was -7.", "In nineteen ninety-nine and twenty twenty-four it was minus seven."),
        ("1,234,567 people", "One million two hundred and thirty-four thousand five hundred and sixty-seven people"),
        (
            "It cost $12.50, £1 or €5 million, 5% off.",
            "It cost twelve dollars fifty, one pound or five million euros, five percent off.",
        ),
        ("The 1st, 22nd and 103rd.", "The first, twenty-second and one hundred and third."),
        ("At 14:30, 9:05, 10:00 am and 10:00.", "At fourteen thirty, nine oh five, ten am and ten o'clock."),
        ("He said ok. 3 left. No. 5 stayed.", "He said ok. Three left. No. five stayed."),
        ("Agent 007 is 5-year-old", "Agent zero zero seven is five-year-old"),
    ],
    "es": [
        (
            "El 1º día: 21 €, 3,5 % a las 13:00",
            "El primero día: veintiún euros, tres coma cinco por ciento a las trece",
        )
    ],
    "fr": [
        (
            "Le 1er mai, la 1re fois, 10 000 € à 1:30",
            "Le premier mai, la première fois, dix mille euros à une heure trente",
        )
    ],
    "de": [
        (
            "Am 3. Mai um 14:30 Uhr 3,50 €, 5 % und 1 €",
            "Am 3. Mai um vierzehn Uhr dreißig drei Euro fünfzig, fünf Prozent und ein Euro",
        )
    ],
    "it": [
        ("1.000 persone, 3,5 %, alle 14:30", "Mille persone, tre virgola cinque per cento, alle quattordici e trenta")
    ],
    "pt": [("São 42, às 2:00 e 2:30", "São quarenta e dois, às duas e duas e trinta")],
    "pl": [("Mam 22 $, 5 $ i 1 $ (-3)", "Mam dwadzieścia dwa dolary, pięć dolarów i jeden dolar (minus trzy)")],
    "ru": [
        (
            "Это 21 %, 3 %, 11 % и 3,5",
            "Это двадцать один процент, три процента, одиннадцать процентов и три запятая пять",
        )
    ],
    "nl": [("Om 14:30 uur, 5 %", "Om veertien uur dertig, vijf procent")],
    "cs": [("Je 5 %, 2 € a 1,5", "Je pět procent, dva eura a jedna celá pět")],
    "ar": [("لدي ٤٢ كتابا", "لدي اثنان و أربعون كتابا")],
    "ja": [("2024年5月3日、3.5%", "二千二十四年五月三日、三点五パーセント")],
    "hu": [("2020. május 3. óta 42 és 3,5", "2020. május 3. óta negyvenkettő és három egész öt")],
    "ko": [("3.5점, 100개", "삼 점 오점, 백개")],
    "zh-cn": [("我有３个苹果", "我有3个苹果")],
    "hi": [("मेरे पास ४२ किताबें", "मेरे पास 42 किताबें")],
    "tr": [("42 kitap, 3,5 litre", "42 kitap, 3,5 litre")],
}

UNTOUCHED = [
    "See https://example.com/2024/05 or me2@example.org or www.4chan.org",
    "Version v1.2.3 at 192.168.1.1 on 2024-05-03",
    "Call 555-1234 for B2B MP3s and 10² or 1e999",
    "Room 3/4 has 1,2,3 and #5 and 20°C",
]


def test_every_language_has_examples() -> None:
    assert set(EXAMPLES) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("language", "written", "spoken"), [(language, *pair) for language, pairs in EXAMPLES.items() for pair in pairs]
)
def test_numbers_are_written_as_they_are_spoken(language: str, written: str, spoken: str) -> None:
    assert normalize_text(written, language) == spoken


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_only_looks_like_a_number_stays(text: str) -> None:
    assert normalize_text(text, "en") == text


@pytest.mark.parametrize("language", sorted(NUMBER_WORDS))
def test_no_two_numbers_sound_the_same(language: str) -> None:
    numbers = [*range(300), *(10**power + extra for power in range(3, 12) for extra in (0, 1, 20)), 999_999_999_999]

    spoken = {normalize_text(f"x {number}", language) for number in numbers}

    assert len(spoken) == len(set(numbers))
    assert not any(character.isdigit() and character.isascii() for words in spoken for character in words)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("digits", ["7" * 5000, "٣" * 5000, "9" * 13, "1" * 4999 + ".5", "0" * 400])
def test_a_long_string_of_digits_is_read_digit_by_digit(digits: str, language: str) -> None:
    spoken = normalize_text(digits, language)

    assert len(spoken) <= 10 * len(digits)


def test_digits_of_every_script_are_the_same_number() -> None:
    assert {normalize_text(f"x {digits}", "en") for digits in ("42", "٤٢", "४२", "４２", "๔๒", "𝟒𝟐")} == {
        "x forty-two"
    }


def test_threads_do_not_disturb_each_other() -> None:
    """num2words' Arabic converter keeps its work in an object that all threads share."""
    numbers = [str(73_000_019 * number) for number in range(1, 2000)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda number: normalize_text(f"x {number}", "ar"), numbers))
    finally:
        sys.setswitchinterval(interval)

    assert together == [f"x {num2words(int(number), lang='ar')}" for number in numbers]
