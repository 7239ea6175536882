"""Cleaning keeps what can be heard, and nothing else."""

import unicodedata

import pytest
from hypothesis import given

from tests.text.strategies import DETERMINISTIC, any_text, languages
from voice.errors import InvalidText
from voice.text.normalize import clean_text, length_nfc, normalize_text

GROWTH = 25


def _cleaned(text: str) -> str:
    try:
        return clean_text(text)
    except InvalidText:
        return ""


@DETERMINISTIC
@given(text=any_text)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    cleaned = _cleaned(text)

    assert _cleaned(cleaned) == cleaned


@DETERMINISTIC
@given(text=any_text)
def test_clean_text_is_nfc_and_holds_nothing_invisible(text: str) -> None:
    cleaned = _cleaned(text)

    assert unicodedata.is_normalized("NFC", cleaned)
    assert {unicodedata.category(c) for c in cleaned if c not in "\n\u200c\u200d"}.isdisjoint({"Cc", "Cf", "Cs", "Co"})
    assert "  " not in cleaned
    assert "\n\n\n" not in cleaned
    cleaned.encode("utf-8")


@DETERMINISTIC
@given(text=any_text)
def test_cleaning_keeps_every_letter_and_digit(text: str) -> None:
    def letters(string: str) -> str:
        fillers = "\u115f\u1160\u3164\uffa0"
        decomposed = unicodedata.normalize("NFD", string)
        return "".join(c for c in decomposed if unicodedata.category(c)[0] in "LN" and c not in fillers)

    assert letters(_cleaned(text)) == letters(text)


@DETERMINISTIC
@given(text=any_text, language=languages)
def test_normalizing_fails_only_with_invalid_text_and_grows_within_bounds(text: str, language: str) -> None:
    try:
        spoken = normalize_text(text, language)
    except InvalidText:
        return

    assert any(c.isalnum() for c in spoken)
    assert len(spoken) <= GROWTH * len(text) + GROWTH


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("  Hello,\t\u00a0world\u3000! ", "Hello, world !"),
        ("cafe\u0301", "café"),
        ("a\x00b \ud800c\udfff \ufeffd\u200b \ue000e\ufdd0", "ab c d e"),
        ("\u202eevil\u202c \u2066bidi\u2069", "evil bidi"),
        ("exam\u00adple", "example"),
        ("“Quotes” — and ‘dashes’ – stay…", "“Quotes” — and ‘dashes’ – stay…"),
        ("non\u2011breaking", "non-breaking"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क\u094d\u200dष", "क\u094d\u200dष"),
        ("Latin\u200djoiner", "Latinjoiner"),
        ("One.\r\nTwo.\u2028Three.", "One.\nTwo.\nThree."),
        ("One.\n \n\n\t\nTwo.\u2029Three.", "One.\n\nTwo.\n\nThree."),
        (
            "A line that a mail program has wrapped at some\ncolumn goes on, and is one.",
            "A line that a mail program has wrapped at some column goes on, and is one.",
        ),
        ("milk\neggs\nbread", "milk\neggs\nbread"),
        ("Z" + "\u0335" * 5000, "Z" + "\u0335" * 8),
    ],
)
def test_what_cannot_be_heard_is_removed_and_the_rest_stays(dirty: str, clean: str) -> None:
    assert clean_text(dirty) == clean


@pytest.mark.parametrize("text", ["", "   ", "\n" * 5000, "\u200b\u202e\x00", "\ud800" * 5000, "\u3164\u2800"])
def test_text_with_nothing_in_it_is_refused_as_empty(text: str) -> None:
    with pytest.raises(InvalidText) as refusal:
        clean_text(text)

    assert refusal.value.code == "text_empty"


@pytest.mark.parametrize("text", ["...", "😀👍🏽", "—", "?!" * 2500, "\u0301" * 5000, "👨\u200d👩\u200d👧", "* * *"])
@pytest.mark.parametrize("language", ["en", "zh-cn"])
def test_text_without_a_letter_or_digit_is_refused_as_unspeakable(text: str, language: str) -> None:
    with pytest.raises(InvalidText) as refusal:
        normalize_text(text, language)

    assert refusal.value.code == "text_unspeakable"


def test_emoji_are_dropped_and_repeated_signs_are_shortened() -> None:
    assert normalize_text("Great 😀👍🏽!!!!!!! Wow......", "en") == "Great !!! Wow..."


def test_line_breaks_survive_normalizing() -> None:
    assert normalize_text("Chapter 1\n\nIt rained.\nA lot.", "en") == "Chapter one\n\nIt rained.\nA lot."


@pytest.mark.parametrize(
    ("text", "length"), [("", 0), ("abc", 3), ("cafe\u0301", 4), ("\u1112\u1161\u11ab", 1), ("😀", 1), ("\ud800", 1)]
)
def test_the_length_is_counted_in_code_points_after_nfc(text: str, length: int) -> None:
    assert length_nfc(text) == length


def test_a_million_marks_on_one_letter_are_counted_without_sorting_them() -> None:
    text = "a" + "\u0345\u0327" * 500_000  # quadratic in CPython's NFC: hours, against the suite's time limit

    assert length_nfc(text) >= 999_000
    assert len(clean_text(text)) <= 10
