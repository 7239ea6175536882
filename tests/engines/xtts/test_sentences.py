"""Texts in the sentences that the GPT reads, with the tokenizer of a tiny checkpoint."""

from pathlib import Path

import pytest

from voice.engines.spec import EXAMPLE_TEXTS, LANGUAGES
from voice.engines.xtts.checkpoint import Checkpoint
from voice.engines.xtts.sentences import (
    CHARACTER_LIMITS,
    PARAGRAPH_PAUSE_S,
    SENTENCE_PAUSE_S,
    TextTokenizer,
    sentences_of,
)
from voice.errors import InvalidText


@pytest.fixture(scope="module")
def tokenizer(tiny_checkpoint: Path) -> TextTokenizer:
    return TextTokenizer(Checkpoint.open(tiny_checkpoint))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_lost_and_no_limit_passed(tokenizer: TextTokenizer, language: str) -> None:
    text = " ".join([EXAMPLE_TEXTS[language]] * 5)
    sentences = sentences_of(text, language, tokenizer)
    assert "".join(sentence.text for sentence in sentences).replace(" ", "") == text.replace(" ", "")
    assert all(len(sentence.text) <= CHARACTER_LIMITS[language] for sentence in sentences)
    assert all(0 < len(sentence.ids) <= tokenizer.most_tokens for sentence in sentences)


def test_what_has_more_tokens_than_the_gpt_reads_is_halved(tokenizer: TextTokenizer) -> None:
    numbers = "Call " + " ".join(["777777777777"] * 17) + "."
    assert len(numbers) < CHARACTER_LIMITS["en"]
    assert len(tokenizer.encode(numbers, "en")) > tokenizer.most_tokens
    sentences = sentences_of(numbers, "en", tokenizer)
    assert len(sentences) > 1
    assert " ".join(sentence.text for sentence in sentences) == numbers
    assert all(len(sentence.ids) <= tokenizer.most_tokens for sentence in sentences)


def test_pauses_stand_between_sentences_and_none_behind_the_last(tokenizer: TextTokenizer) -> None:
    text = "This is the first sentence here. This is the second sentence here.\nAnd this is another paragraph."
    pauses = [sentence.pause_s for sentence in sentences_of(text, "en", tokenizer)]
    assert pauses == [SENTENCE_PAUSE_S, PARAGRAPH_PAUSE_S, 0.0]


def test_a_sentence_without_a_mark_is_read_with_one(tokenizer: TextTokenizer) -> None:
    bare, marked = (sentences_of(text, "en", tokenizer)[0] for text in ("So it was", "So it was."))
    assert bare.ids == marked.ids
    assert bare.text == "So it was"


@pytest.mark.parametrize("text", ["", "…", "?!", "— — —"])
def test_marks_alone_are_nothing_to_say(tokenizer: TextTokenizer, text: str) -> None:
    with pytest.raises(InvalidText) as caught:
        sentences_of(text, "en", tokenizer)
    assert caught.value.code == "text_unspeakable"


def test_marks_between_words_are_left_out(tokenizer: TextTokenizer) -> None:
    sentences = sentences_of("This is the first sentence.\n***\nThis is the second sentence.", "en", tokenizer)
    assert [sentence.text for sentence in sentences] == ["This is the first sentence.", "This is the second sentence."]


@pytest.mark.parametrize("text", ["สวัสดีครับ.", "ᚠᚢᚦ", "This sentence is well known. สวัสดีครับ สวัสดีครับ สวัสดีครับ."])
def test_letters_that_the_tokenizer_does_not_have_are_refused_and_never_dropped(
    tokenizer: TextTokenizer, text: str
) -> None:
    with pytest.raises(InvalidText) as caught:
        sentences_of(text, "en", tokenizer)
    assert caught.value.code == "text_unspeakable"


@pytest.mark.parametrize(
    ("bare", "language"), [("और वह भी", "hi"), ("So it was (all of it)", "en"), ("He said “so it was”", "en")]
)
def test_every_kind_of_last_letter_gets_a_mark(tokenizer: TextTokenizer, bare: str, language: str) -> None:
    assert sentences_of(bare, language, tokenizer)[0].ids == tokenizer.encode(f"{bare}.", language)
