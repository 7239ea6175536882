"""Text in pieces that an engine can speak: whole sentences where they fit, never a word lost or said twice.

Every piece is a slice between two offsets of the text and every offset ends one piece and starts the next, so that
nothing can be lost or repeated whatever the rules decide. The rules are in docs/adr/0003-text-splitting.md.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from wcwidth import iter_graphemes

from voice.text.sentences import CLAUSE_MARKS, CLOSERS, TERMINATORS, is_cjk, sentence_ends

_SHORT_WORDS = 3
_SHORT_WEIGHT = 20
_CJK_WEIGHT = 3
_CLAUSE_END = re.compile(
    f"[,;:،؛—–{re.escape(TERMINATORS)}][{re.escape(CLOSERS)}]*(?=\\s)|[、，；：。！？]+[{re.escape(CLOSERS)}]*(?=\\D)"
)
_SPACE = re.compile(" ")
_NOT_AT_START = frozenset(TERMINATORS + CLOSERS + CLAUSE_MARKS + "ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece to speak. `ends_paragraph`: a line break stands between it and the next; never true of the last."""

    text: str
    ends_paragraph: bool


def split_sentences(text: str, language: str, *, limit_chars: int) -> list[str]:
    """Return `text` in sentences of at most `limit_chars` code points each; see `split_passages`."""
    return [passage.text for passage in split_passages(text, language, limit_chars=limit_chars)]


def split_passages(text: str, language: str, *, limit_chars: int) -> list[Passage]:
    """Return `text` in the pieces that an engine should speak one after the other.

    Each piece is non-empty, has no whitespace at its ends and at most `limit_chars` code points. Without whitespace
    the joined pieces equal the text. A sentence beyond the limit is cut behind a comma, colon, semicolon or dash,
    else at a space, and only inside a word that alone exceeds the limit: there between graphemes, if one fits.
    Sentences too short to be spoken well ("Yes.") join their neighbour within the limit, though never across a
    line break. Blank text gives no pieces.

    `text` should come from `clean_text`, which tells wrapped lines from paragraphs: here every line break ends one.
    `language` is one of the product's codes. Takes O(n log n); pure and thread-safe.
    Raises ValueError for a `limit_chars` below 1.
    """
    if limit_chars < 1:
        raise ValueError("limit_chars must be at least 1")
    lines = [folded for line in text.splitlines() if (folded := " ".join(line.split()))]
    passages: list[Passage] = []
    for number, line in enumerate(lines, start=1):
        pieces = _split_line(line, language, limit_chars)
        passages += [Passage(piece, ends_paragraph=False) for piece in pieces[:-1]]
        passages.append(Passage(pieces[-1], ends_paragraph=number < len(lines)))
    return passages


def _split_line(line: str, language: str, limit: int) -> list[str]:
    sentences = pairwise([0, *sentence_ends(line, language), len(line)])
    cuts = [cut for start, end in sentences for cut in _fitting_cuts(line, start, end, limit)]
    pieces = _merge_short((_measured(line, start, end) for start, end in pairwise([0, *cuts])), limit)
    return [line[piece.start : piece.end] for piece in pieces]


def _fitting_cuts(line: str, start: int, end: int, limit: int) -> Iterator[int]:
    """Yield the offsets that end the pieces of line[start:end], `end` last."""
    start += line[start] == " "
    if end - start > limit:
        clauses = [mark.end() for mark in _CLAUSE_END.finditer(line, start, end)]
        spaces = [space.start() for space in _SPACE.finditer(line, start, end)]
        while end - start > limit:
            start = _best_cut(line, start, end, limit=limit, clauses=clauses, spaces=spaces)
            yield start
            start += line[start] == " "
    yield end


def _best_cut(line: str, start: int, end: int, *, limit: int, clauses: Sequence[int], spaces: Sequence[int]) -> int:
    """Return the best offset in start+1..start+limit, near to where it leaves pieces of about equal length."""
    pieces = -(-(end - start) // limit)
    ideal = start + (end - start) // pieces
    last = start + limit
    fair = max(1, limit // 4)
    if (cut := _nearest(clauses, ideal, first=start + fair, last=min(last, end - fair))) is not None:
        return cut
    if (cut := _nearest(spaces, ideal, first=start + 1, last=last)) is not None:
        return cut
    return _grapheme_cut(line, start, ideal, last)


def _nearest(offsets: Sequence[int], ideal: int, *, first: int, last: int) -> int | None:
    """Return the offset within first..last that is nearest to `ideal`, if there is one."""
    lo, hi = bisect_left(offsets, first), bisect_right(offsets, last)
    middle = bisect_left(offsets, ideal, lo, hi)
    around = offsets[max(lo, middle - 1) : min(hi, middle + 1)]
    return min(around, key=lambda offset: abs(offset - ideal), default=None)


def _grapheme_cut(line: str, start: int, ideal: int, last: int) -> int:
    offsets: list[int] = []
    offset = start
    for grapheme in iter_graphemes(line[start : last + 1]):
        offset += len(grapheme)
        if offset <= last:
            offsets.append(offset)
    graceful = [offset for offset in offsets if line[offset] not in _NOT_AT_START]
    for candidates in (graceful, offsets):
        if candidates:
            return min(candidates, key=lambda offset: abs(offset - ideal))
    return last  # one grapheme beyond the limit: a letter under thousands of accents


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    words: int
    weight: int

    @property
    def is_short(self) -> bool:
        return self.words < _SHORT_WORDS and self.weight < _SHORT_WEIGHT

    def joined(self, following: "_Piece") -> "_Piece":
        return _Piece(self.start, following.end, self.words + following.words, self.weight + following.weight)


def _measured(line: str, start: int, end: int) -> _Piece:
    start += line[start] == " "
    spoken = [[c for c in word if c.isalnum()] for word in line[start:end].split()]
    weight = sum(_CJK_WEIGHT if is_cjk(c) else 1 for word in spoken for c in word)
    return _Piece(start, end, sum(map(bool, spoken)), weight)


def _merge_short(pieces: Iterable[_Piece], limit: int) -> list[_Piece]:
    """Join what is too short with what follows, else with what precedes, while it fits. Linear in the length."""
    merged: list[_Piece] = []
    for piece in pieces:
        if merged and merged[-1].is_short and piece.end - merged[-1].start <= limit:
            merged[-1] = merged[-1].joined(piece)
        else:
            _settle_last(merged, limit)
            merged.append(piece)
    _settle_last(merged, limit)
    return merged


def _settle_last(merged: list[_Piece], limit: int) -> None:
    if len(merged) > 1 and merged[-1].is_short and merged[-1].end - merged[-2].start <= limit:
        last = merged.pop()
        merged[-1] = merged[-1].joined(last)
