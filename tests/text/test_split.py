"""Splitting never loses a word, whatever the text, the language and the limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.strategies import DETERMINISTIC, any_text, languages, spaced_text
from voice.text.split import Passage, split_passages, split_sentences

limits = st.one_of(st.integers(1, 8), st.integers(1, 300))

FAMILY = "👩\u200d👩\u200d👧"


def _without_spaces(text: str) -> str:
    return "".join(text.split())


@DETERMINISTIC
@given(text=any_text, language=languages, limit=limits)
def test_no_character_is_lost_repeated_or_reordered(text: str, language: str, limit: int) -> None:
    pieces = split_sentences(text, language, limit_chars=limit)

    assert _without_spaces("".join(pieces)) == _without_spaces(text)


@DETERMINISTIC
@given(text=any_text, language=languages, limit=limits)
def test_every_piece_is_within_the_limit_trimmed_and_not_empty(text: str, language: str, limit: int) -> None:
    for piece in split_sentences(text, language, limit_chars=limit):
        assert 0 < len(piece) <= limit
        assert piece == piece.strip()


@DETERMINISTIC
@given(text=spaced_text, language=languages, limit=st.integers(20, 120))
def test_a_word_that_fits_is_never_cut_where_spaces_part_the_words(text: str, language: str, limit: int) -> None:
    words = [word for piece in split_sentences(text, language, limit_chars=limit) for word in piece.split()]

    assert words == text.split()


@DETERMINISTIC
@given(text=any_text, language=languages, limit=limits)
def test_passages_are_the_sentences_and_the_last_ends_no_paragraph(text: str, language: str, limit: int) -> None:
    passages = split_passages(text, language, limit_chars=limit)

    assert [passage.text for passage in passages] == split_sentences(text, language, limit_chars=limit)
    assert not passages or not passages[-1].ends_paragraph


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t \u3000\u00a0"])
def test_blank_text_gives_no_piece(text: str) -> None:
    assert split_sentences(text, "en", limit_chars=100) == []


def test_a_limit_below_one_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="limit_chars"):
        split_sentences("Hello.", "en", limit_chars=0)


def test_a_line_break_ends_a_paragraph_and_the_last_passage_does_not() -> None:
    text = "My first episode\nWelcome to the show, everybody. I am glad that you are here.\n\nGoodbye."

    assert split_passages(text, "en", limit_chars=250) == [
        Passage("My first episode", ends_paragraph=True),
        Passage("Welcome to the show, everybody.", ends_paragraph=False),
        Passage("I am glad that you are here.", ends_paragraph=True),
        Passage("Goodbye.", ends_paragraph=False),
    ]


def test_a_short_sentence_joins_the_next_one() -> None:
    assert split_sentences("Yes. I would like to hear it. No.", "en", limit_chars=250) == [
        "Yes. I would like to hear it. No."
    ]
    assert split_sentences("好。我现在就去学校上课了。", "zh-cn", limit_chars=82) == ["好。我现在就去学校上课了。"]


def test_a_short_sentence_at_the_end_joins_the_one_before_it_alone() -> None:
    text = "The first sentence is long enough. The second one is long enough too. No."

    assert split_sentences(text, "en", limit_chars=250) == [
        "The first sentence is long enough.",
        "The second one is long enough too. No.",
    ]


def test_short_sentences_stay_apart_beyond_the_limit() -> None:
    assert split_sentences("Yes. No. Yes.", "en", limit_chars=8) == ["Yes. No.", "Yes."]


def test_a_sentence_beyond_the_limit_is_cut_behind_its_commas() -> None:
    text = "When the rain had stopped, the children ran outside, jumped over the puddles, and shouted for joy."

    assert split_sentences(text, "en", limit_chars=60) == [
        "When the rain had stopped, the children ran outside,",
        "jumped over the puddles, and shouted for joy.",
    ]


def test_a_sentence_without_commas_is_cut_at_spaces_into_pieces_of_like_length() -> None:
    pieces = split_sentences("word " * 51, "en", limit_chars=250)

    assert len(pieces) == 2
    assert min(map(len, pieces)) > 110


@pytest.mark.parametrize("limit", range(1, 9))
def test_tiny_limits_come_to_an_end(limit: int) -> None:
    pieces = split_sentences("a, b, cd, efg, hijk, ,, ... lm", "en", limit_chars=limit)

    assert "".join("".join(pieces).split()) == "a,b,cd,efg,hijk,,,...lm"
    assert max(map(len, pieces)) <= limit


def test_a_decimal_comma_is_no_place_to_cut() -> None:
    text = "Der Preis beträgt heute genau 1234567,89 Euro und morgen noch mehr"

    assert all("1234567,89" in " ".join(split_sentences(text, "de", limit_chars=limit)) for limit in range(12, 60))


def test_a_word_beyond_the_limit_is_cut_between_graphemes() -> None:
    assert split_sentences(FAMILY * 4, "en", limit_chars=7) == [FAMILY] * 4
    assert split_sentences("e\u0301" * 4, "fr", limit_chars=3) == ["e\u0301"] * 4
    assert all(piece[0] != "\u094d" for piece in split_sentences("क्षत्रिय" * 30, "hi", limit_chars=20))


def test_chinese_beyond_the_limit_never_starts_with_a_closing_mark() -> None:
    pieces = split_sentences("这是一个没有任何逗号的非常长的句子" * 6 + "。", "zh-cn", limit_chars=20)

    assert all(piece[0] not in "。，" for piece in pieces)
    assert all(len(piece) > 5 for piece in pieces)


@pytest.mark.parametrize("language", ["en", "de", "ar", "zh-cn"])
@pytest.mark.parametrize(
    "unit",
    [".", ". ", '"', "«", "“a. ", '! " ', "\n", " ", "a", "a ", "中", "\u0301", "\ud800", "1. ", "a\u0301", "-"],
)
def test_five_thousand_of_anything_are_split_and_kept(unit: str, language: str) -> None:
    text = (unit * 5000)[:5000]

    pieces = split_sentences(text, language, limit_chars=71)

    assert _without_spaces("".join(pieces)) == _without_spaces(text)
    assert all(0 < len(piece) <= 71 for piece in pieces)
