"""What is asked of a text in the request."""

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rig.processes import ROOT
from voice.engines.spec import LANGUAGES
from voice.errors import InvalidText
from voice.text.admission import DIGIT_CHARS, MOST_UNDERRATED, check_script, check_speakable, spoken_length
from voice.text.normalize import clean_text, normalize_text
from voice.text.reading import _rules, cldr

PROSE = st.text("abc éß Привет 你好 नमस्ते ,.!?\n", max_size=40)
NUMBERS = st.from_regex(r"[0-9]{1,14}([.,:/ -][0-9]{1,6})*", fullmatch=True)
SIGNED = st.sampled_from(
    ["$3", "5%", "50 €", "£1.50", "1/2", "½", "3:45", "-7", "25.11.2026", "1st", "20 kg", "+1 555"]
)
FOR_NUMBERS = 2.0
TEXTS = st.lists(st.one_of(PROSE, NUMBERS, SIGNED), min_size=1, max_size=12).map(" ".join)


def test_every_language_has_a_figure() -> None:
    assert DIGIT_CHARS.keys() == LANGUAGES.keys()


@given(text=TEXTS, language=st.sampled_from(sorted(LANGUAGES)))
@settings(deadline=None, max_examples=300)
def test_no_text_of_words_and_numbers_is_twice_as_long_as_counted(text: str, language: str) -> None:
    try:
        cleaned = clean_text(text)
        spoken = normalize_text(cleaned, language)
    except InvalidText:
        return
    assert len(spoken) <= FOR_NUMBERS * spoken_length(cleaned, language) + 10


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize(
    "text",
    ["7 " * 500, "77 " * 400, "777 " * 300, "777777 " * 150, "777,777,777 " * 90, "123456789012 " * 90, "7" * 1000],
)
def test_numbers_alone_are_counted_within_a_factor_of_two(language: str, text: str) -> None:
    text = text.strip()
    spoken = len(normalize_text(text, language))
    counted = spoken_length(text, language)
    assert spoken <= FOR_NUMBERS * counted
    if "," not in text:
        assert counted <= 2.6 * spoken


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_whatever_a_language_reads_as_words_is_counted_within_the_factor(language: str) -> None:
    reader = _rules(language)[0]
    tables = (reader.abbreviations, reader.before_name, reader.before_number, reader.units, reader.scales)
    signs = {*reader.symbols, *reader.local_currency, *cldr.UNITS, *cldr.CURRENCIES, *cldr.CODES, "#"}
    too_long = []
    for shorthand in {*signs, *(key for table in tables for key in table)}:
        for form in ("{} ", "5 {} ", "{} 5 ", "{} Ab "):
            text = f"x {form.format(shorthand) * 8}".strip()
            if len(normalize_text(text, language)) > MOST_UNDERRATED * spoken_length(text, language) + 12:
                too_long.append(form.format(shorthand))
    assert too_long == []


def test_a_text_of_words_is_as_long_as_it_is_written() -> None:
    text = "Hello, “world” - it’s *fine*; #1 is the only number. " * 10
    # "#1 is": the digit, the sign, and what might be a unit
    assert spoken_length(text, "en") == len(text) + 10 * (5 + 8 + 8)
    assert spoken_length("Добрый день! " * 9, "ru") == 13 * 9


def test_a_web_process_needs_none_of_what_reads_texts_aloud() -> None:
    program = (
        "import sys, django; django.setup(); import podstream.urls, voice.services.synthesis as services\n"
        "services._checked_text('1,234 km * 833', 'en')\n"
        "print(*sorted({'num2words', 'babel', 'markdown_it', 'sudachipy'} & sys.modules.keys()))"
    )
    settings = {**os.environ, "DJANGO_SETTINGS_MODULE": "podstream.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=settings, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("text", ["!!!", "...", "😀 👍", "—", "¿?", "$ % &"])
def test_what_has_nothing_to_say_is_refused(text: str) -> None:
    with pytest.raises(InvalidText) as refused:
        check_speakable(text)
    assert refused.value.code == "text_unspeakable"


RUSSIAN = "Привет, как дела? Сегодня хорошая погода."


@pytest.mark.parametrize(
    ("text", "language", "suggested"),
    [
        (RUSSIAN, "es", "ru"),
        (RUSSIAN, "ja", "ru"),
        ("Привет", "en", "ru"),
        (f"{RUSSIAN} iPhone 15, 2026.", "de", "ru"),
        ("你好，世界。今天天气很好。", "en", "zh-cn"),
        ("你好", "fr", "zh-cn"),
        ("今日は良い天気ですね。", "en", "ja"),
        ("カタカナ", "it", "ja"),
        ("ｶﾀｶﾅﾃﾞｽ", "it", "ja"),
        ("안녕하세요 여러분", "zh-cn", "ko"),
        ("مرحبا بكم في البرنامج", "en", "ar"),
        ("नमस्ते दुनिया", "en", "hi"),
        ("नमस्ते दुनिया", "ru", "hi"),
        ("Καλημέρα κόσμε", "en", None),
        ("שלום עולם", "en", None),
        ("สวัสดีชาวโลก", "en", None),
        ("これはひらがなです", "zh-cn", "ja"),
    ],
)
def test_a_text_in_other_letters_is_refused_with_the_language_that_fits(
    text: str, language: str, suggested: str | None
) -> None:
    with pytest.raises(InvalidText) as refused:
        check_script(text, language)
    assert refused.value.code == "language_mismatch"
    assert refused.value.details["suggested_language"] == suggested
    assert suggested is None or repr(suggested) in refused.value.message


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, how are you?", "de"),
        ("iPhone", "ru"),
        ("OpenAI, Google", "ja"),
        ("The whole sentence is English.", "zh-cn"),
        ("12:30, 25.11.2026", "ar"),
        ("Он сказал: «Wall Street Journal» и ушёл.", "ru"),
        ("La palabra «привет» significa hola en ruso.", "es"),
        ("π ≈ 3.14159, Δ = 5", "en"),
        ("Да", "en"),
        ("漢字", "ko"),
        ("東京都", "ja"),
        ("東京都はカタカナとひらがな", "ja"),
        ("Ｆｕｌｌ ｗｉｄｔｈ", "en"),
        ("!!!", "en"),
    ],
)
def test_names_quotations_formulas_and_latin_letters_pass(text: str, language: str) -> None:
    check_script(text, language)
