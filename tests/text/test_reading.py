"""The reading tables: what is written, and what a speaker of the language says.

`reading/LANGUAGE.tsv` is for native speakers to correct. Its columns: what is written; what is said, several accepted
ways divided by " | "; the kind; and "yes" where we know that we miss it. Case and punctuation do not count, and in
Chinese and Japanese no spaces do.
"""

import csv
import re
import sys
import unicodedata
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.strategies import DETERMINISTIC, any_text
from voice.engines.spec import LANGUAGES
from voice.text.normalize import normalize_text
from voice.text.reading import READERS, read_aloud
from voice.text.reading.values import ordered
from voice.text.split import sentence_ends

TABLES = Path(__file__).with_name("reading")
GOALS = dict.fromkeys(("en", "de", "fr", "es", "it", "pt", "ja", "zh-cn"), 0.95)
GOAL = 0.85
LEAST_CASES = 40
GROWTH = 30

_VOWEL_SIGNS = re.compile("[\u064b-\u0652]")
"""Arabic is written without them by hand; what they do for the ear has a test of its own."""

readers = st.sampled_from(sorted(READERS))


@dataclass(frozen=True, slots=True)
class Case:
    written: str
    spoken: tuple[str, ...]
    kind: str
    is_missed: bool


def cases_of(language: str) -> list[Case]:
    with (TABLES / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Case(row["written"], tuple(row["spoken"].split(" | ")), row["kind"], row.get("miss") == "yes") for row in rows
    ]


def heard(text: str, language: str) -> str:
    """What can be heard of a text: no case, no punctuation, and no spaces where the script has none."""
    if language == "ar":
        text = _VOWEL_SIGNS.sub("", text)
    if language == "tr":
        text = text.replace("İ", "i").replace("I", "ı")
    letters = "".join(
        c if unicodedata.category(c)[0] in "LMN" else " " for c in unicodedata.normalize("NFKC", text).casefold()
    )
    return ("" if language in ("ja", "zh-cn") else " ").join(letters.split())


def is_right(case: Case, language: str) -> bool:
    return heard(normalize_text(case.written, language), language) in {heard(way, language) for way in case.spoken}


def misses(cases: Iterable[Case], language: str) -> list[Case]:
    return [case for case in cases if not is_right(case, language)]


def test_every_language_is_read_and_has_a_table() -> None:
    assert set(READERS) == set(LANGUAGES) == {table.stem for table in TABLES.glob("*.tsv")}


@pytest.mark.parametrize("language", sorted(READERS))
def test_the_table_is_long_enough_and_its_goal_is_reached(language: str) -> None:
    cases = cases_of(language)

    share = 1 - len(misses(cases, language)) / len(cases)

    assert len({case.written for case in cases}) == len(cases) >= LEAST_CASES
    assert share >= GOALS.get(language, GOAL)


@pytest.mark.parametrize("language", sorted(READERS))
def test_everything_is_read_as_listed_and_each_listed_miss_is_one(language: str) -> None:
    wrong = [
        f"{case.written} -> {normalize_text(case.written, language)}"
        for case in cases_of(language)
        if is_right(case, language) is case.is_missed
    ]

    assert wrong == []


FIGURES = ordered(
    "5 12 007 2026 0,5 3.7 1.000 1,000 100,000.5 10:30 16h30 7/8 24/7 25.11.2026 2026-11-25 '90s 90er $5 "
    "€3 ¥500 ₽20 ₹3 50% ½ 3:1 5-7 3×4 2² 10⁶ 5°C 7m² #3 №4 §5 ~3 <5 >6 ±2 & = XIV km µg +49_30_123456 1st "
    "5º 5. p._5 A4 4K 1080p H2O v2.1 1e5 ٣ ５"
)


@DETERMINISTIC
@given(parts=st.lists(st.sampled_from(FIGURES), min_size=1, max_size=4), language=readers)
def test_no_figure_and_no_sign_is_left_in_any_language(parts: list[str], language: str) -> None:
    text = f"a {' '.join(parts).replace('_', ' ')}."

    assert re.findall(r"[0-9²⁶½$€¥₽₹%°#№§<>±×=&+]", normalize_text(text, language)) == []


@DETERMINISTIC
@given(text=any_text, language=readers)
def test_reading_raises_nothing_and_its_length_is_bounded(text: str, language: str) -> None:
    line = " ".join(text.split())

    assert len(read_aloud(line, language)) <= GROWTH * len(line) + GROWTH


@DETERMINISTIC
@given(
    words=st.lists(st.text(alphabet=st.characters(categories=["Ll"]), min_size=4, max_size=9), max_size=20),
    language=readers,
)
def test_words_that_are_not_understood_are_kept(words: list[str], language: str) -> None:
    line = " xq".join(["", *words]).strip()

    assert heard(read_aloud(line, language), language) == heard(line, language)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("IT WAS A DARK NIGHT. THE BBC SAID SO.", "It was a dark night. The BBC said so."),
        ("IT WAS", "It was"),
        ("STOP!", "Stop!"),
        ("I said DO NOT EVER DO THAT again.", "I said do not ever do that again."),
        ("The BBC and NASA met the EU in the USA.", "The BBC and NASA met the EU in the USA."),
        ("It is VERY nice. FBI, CIA, NSA.", "It is VERY nice. FBI, CIA, NSA."),
        ("CHAPTER IV: THE END", "Chapter four: the end"),
    ],
)
def test_what_is_shouted_is_written_small_and_acronyms_keep_their_capitals(written: str, spoken: str) -> None:
    assert normalize_text(written, "en") == spoken


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("de", "Im 3. Jahrhundert lebte er.", ["Im dritten Jahrhundert lebte er."]),
        ("de", "Ich kaufte 3. Dann ging ich heim.", ["Ich kaufte drei.", "Dann ging ich heim."]),
        ("de", "Dr. Meier, Nr. 5, kam. 3 gingen.", ["Doktor Meier, Nummer fünf, kam.", "Drei gingen."]),
        ("en", "We saw cats, dogs, etc. He left at 5 p.m. She stayed.", None),
        ("nl", "Kom om 20 uur. 3 mensen zijn er.", ["Kom om twintig uur.", "Drie mensen zijn er."]),
    ],
)
def test_sentences_end_where_they_ended(language: str, written: str, spoken: list[str] | None) -> None:
    line = normalize_text(written, language)
    ends = [0, *sentence_ends(line, language), len(line)]

    sentences = [line[start:end].strip() for start, end in pairwise(ends)]

    assert sentences == (spoken or ["We saw cats, dogs, et cetera.", "He left at five p m.", "She stayed."])


@pytest.mark.parametrize("language", sorted(READERS))
@pytest.mark.parametrize(
    "unit", ["7", "1,", "1.", "1-", "$5 ", "A.", "a@", "I ", "3/4", "Dr.", "#", "°", "www.", "1:2:", "(5", "½", "X"]
)
def test_five_thousand_of_anything_are_read_in_linear_time(unit: str, language: str) -> None:
    text = (unit * 5000)[:5000]  # quadratic, this would take minutes, against the suite's time limit

    assert len(read_aloud(text, language)) <= GROWTH * len(text)


@pytest.mark.parametrize("language", sorted(READERS))
def test_no_two_numbers_sound_the_same(language: str) -> None:
    numbers = [*range(300), *(10**power + extra for power in range(3, 12) for extra in (0, 1, 20)), 999_999_999_999]

    spoken = {normalize_text(f"x {number}", language) for number in numbers}

    assert len(spoken) == len(set(numbers))
    assert not any(character.isdigit() and character.isascii() for words in spoken for character in words)


@pytest.mark.parametrize("language", sorted(READERS))
@pytest.mark.parametrize("digits", ["7" * 5000, "٣" * 5000, "9" * 13, "1" * 4999 + ".5", "0" * 400])
def test_a_long_string_of_digits_is_read_digit_by_digit(digits: str, language: str) -> None:
    spoken = normalize_text(digits, language)

    assert len(spoken) <= 10 * len(digits)


def test_digits_of_every_script_are_the_same_number() -> None:
    assert {normalize_text(f"x {digits}", "en") for digits in ("42", "٤٢", "४२", "４２", "๔๒", "𝟒𝟐")} == {
        "x forty-two"
    }


def test_threads_do_not_disturb_each_other() -> None:
    numbers = [str(73_000_019 * number) for number in range(1, 2000)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda number: normalize_text(f"x {number}", "ar"), numbers))
    finally:
        sys.setswitchinterval(interval)

    assert together == [normalize_text(f"x {number}", "ar") for number in numbers]
