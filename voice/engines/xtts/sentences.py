"""A text in the sentences that the GPT reads one at a time."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from voice.engines.xtts.tokens import CHARACTER_LIMITS, TextTokenizer
from voice.errors import InvalidText
from voice.text.split import CLOSERS, split_passages

SENTENCE_PAUSE_S = 0.1
PARAGRAPH_PAUSE_S = 0.5
_LEAST_CHARS = 8


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` as it is read, `ids` its tokens, `pause_s` the silence after it at speed 1: 0 for the last."""

    text: str
    ids: tuple[int, ...]
    pause_s: float


def sentences_of(text: str, language: str, tokenizer: TextTokenizer) -> list[Sentence]:
    """`text` in sentences within the character limit of `language` and the token limit of the GPT; no word is lost.

    XTTS adds a pause of its own to most sentences, so ours is short. Raises InvalidText `text_unspeakable` for a text
    without anything to say, and for a sentence whose letters the tokenizer does not have.
    """
    passages = split_passages(text, language, limit_chars=CHARACTER_LIMITS[language])
    found = [
        (piece, PARAGRAPH_PAUSE_S if passage.ends_paragraph and is_last else SENTENCE_PAUSE_S)
        for passage in passages
        if any(character.isalnum() for character in passage.text)
        for piece, is_last in _marked_last(_pieces(passage.text, language, tokenizer))
    ]
    if not found:
        raise InvalidText("text_unspeakable", "The text holds nothing that can be said. Write words.")
    return [
        Sentence(piece[0], piece[1], pause_s if number < len(found) else 0.0)
        for number, (piece, pause_s) in enumerate(found, start=1)
    ]


Piece = tuple[str, tuple[int, ...]]


def _pieces(text: str, language: str, tokenizer: TextTokenizer) -> list[Piece]:
    """`text` with its tokens, in halves where it has too many: digits and foreign letters take several each."""
    ids = tokenizer.encode(_ended(text), language)
    if not ids:
        raise InvalidText(
            "text_unspeakable", "A sentence of the text is in letters that XTTS does not know. Check its language."
        )
    if len(ids) <= tokenizer.most_tokens:
        return [(text, ids)]
    if len(text) < _LEAST_CHARS:
        raise InvalidText("text_unspeakable", "A word of the text cannot be spoken. Write it in another way.")
    halves = split_passages(text, language, limit_chars=-(-len(text) // 2))
    return [piece for half in halves for piece in _pieces(half.text, language, tokenizer)]


def _ended(text: str) -> str:
    """A sentence that ends without a mark is one that XTTS goes on with."""
    last = text.rstrip(CLOSERS)[-1:]
    return text if unicodedata.category(last or ".").startswith("P") else f"{text}."


def _marked_last(pieces: list[Piece]) -> Iterator[tuple[Piece, bool]]:
    for number, piece in enumerate(pieces, start=1):
        yield piece, number == len(pieces)
