"""A text in the pieces that an engine speaks one after the other: sentences, and parts of those that are too long.

A full stop ends a sentence unless it belongs to an abbreviation or a number. Abbreviations are listed per language,
lower-case and without their last dot, in three kinds that differ in what may follow: a title is always followed by a
name, a reference by a number, and the others end a sentence only when a capital letter comes next.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from wcwidth import iter_graphemes

FULL_WIDTH_TERMINATORS = "。！？｡．।॥"
TERMINATORS = ".!?…‥‼⁇⁈⁉؟۔" + FULL_WIDTH_TERMINATORS
CLOSERS = "\"'”’“»«›‹)]}」』）】〉》〕］｝＂＇"
CLAUSE_MARKS = ",;:،؛、，；：—–"
_OPENERS = "\"'“„‚‘«‹»([{¿¡「『（【《〈〔—–-*•"

_END = re.compile(
    "[{ends}](?:[{ends}{closers}]| (?=[{ends}]))*(?: »)?".format(
        ends=re.escape(TERMINATORS), closers=re.escape(CLOSERS)
    )
)
_NEXT_WORD = re.compile(f"[\\s{re.escape(_OPENERS)}]{{0,8}}")
_TOKEN_REACH = 24
"""No abbreviation is longer; a bound keeps text without spaces linear."""
_ROMAN_NUMERAL = re.compile(r"[IVXLCM]+")
_DOTTED = re.compile(r"(?:\w\.)+\w")
_LONGEST_CAUTIOUS_TOKEN = 4
_DAY_HALF = re.compile(r" [ap] m$")  # "at five p m." as `reading` says it: no initial of a name
_CJK_RANGES = (
    (0x1100, 0x11FF),
    (0x2E80, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x3FFFF),
)
_SHORT_WORDS = 3
_SHORT_WEIGHT = 20
_CJK_WEIGHT = 3
_CLAUSE_END = re.compile(
    f"[,;:،؛—–{re.escape(TERMINATORS)}][{re.escape(CLOSERS)}]*(?=\\s)|[、，；：。！？]+[{re.escape(CLOSERS)}]*(?=\\D)"
)
_SPACE = re.compile(" ")
_NOT_AT_START = frozenset(TERMINATORS + CLOSERS + CLAUSE_MARKS + "ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々")


def _by_language(**listed: str) -> Mapping[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in listed.items()}


_NEVER_FINAL = _by_language(
    en="mr mrs ms mx dr prof rev fr hon pres gov sen rep gen col lt sgt capt cmdr adm maj st mt ft messrs "
    "e.g i.e vs viz cf u.s u.k u.n e.u approx",
    es="sr sra srta sres sras dr dra d dña prof profa lic ing arq gral cap sto sta ud uds p.ej ej aprox av avda "
    "mons excmo excma ilmo ilma rvdo rvda hno hna cnel tte alm gob ctra pza plza mtro mtra lcdo lcda edif urb vda",
    fr="m mm mme mmes mlle mlles dr pr prof me mgr st ste p.ex ex env cf av bd c.-à-d vve cdt lt sgt rte boul blvd",
    de="hr fr dr prof dipl ing mag hl st z.b d.h u.a i.d.r s.o s.u u.u o.ä v.a z.t z.zt m.e i.a b.z.w bzw ca vgl "
    "evtl ggf inkl exkl sog geb gest zzgl abzgl max min bspw",
    it="sig sigg sig.ra sig.na dott dott.ssa prof prof.ssa ing avv arch geom on rag s ss es p.es ca vs",
    pt="sr sra srta srs dr dra d prof profa eng exa ex.ª v exmo exma p.ex ex av tel aprox",
    pl="dr prof mgr inż hab ks św im ul al pl gen płk kpt np tzn tj tzw m.in ok ds pt wg por",
    tr="dr prof doç av sn bay yrd öğr gör alb gen mah cad sok örn bkz yy",
    ru="г-н г-жа д-р проф акад им ул пр просп пер пл наб д кв стр корп т.е т.к т.н напр см ср св ок гр тов",
    nl="dhr mevr mw mej dr drs prof ir ing mr ds st bijv bv d.w.z o.a m.b.t i.p.v t.o.v nl ca vgl z.g.a.n",
    cs="p pí sl dr mudr judr rndr phdr ing mgr bc doc prof sv ul nám tř např tzn tj tzv mj resp cca popř příp srov",
    ar="د أ م ص.ب أ.د",
    hu="dr prof ifj id özv szt pl ti ill kb vö ún u.n lásd",
    hi="श्री श्रीमती डॉ डा प्रो पं कु सु स्व",
)
"""A name, or the rest of the sentence, always follows: "Mr.", "z.B.", "e.g."."""

_BEFORE_NUMBER = _by_language(
    en="no nos p pp fig figs vol ch sec eq art ed jan feb mar apr jun jul aug sep sept oct nov dec",
    es="n núm núms no p pág págs fig figs vol vols cap caps art arts ed tel tfno telf teléf "
    "tlf ext ep eps párr sec apdo",
    fr="n no p pp fig vol chap art arts éd tél ép al tab réf ext apt appt bât",
    de="nr s abb bd kap art abs str tel aufl",
    it="n p pag pagg fig vol cap art ed tel",
    pt="n núm p pág págs fig vol cap art ed",
    pl="nr s str rys t rozdz art ust godz tel poz",
    tr="no s c şek böl md tel",
    ru="с рис гл ст п табл тел вып",
    nl="nr p blz fig dl hfst art tel",
    cs="č s str obr sv kap čl odst tel",
    hu="sz o kb fej tel",
    ar="ص ج",
    hi="पृ सं क्र नं no ई.पू",
)
"""A number follows, or the sentence ends: "No. 5", "S. 12", "č. 3"."""

_MAYBE_FINAL = _by_language(
    en="etc inc ltd co corp jr sr al dept est ave blvd rd min max hr hrs a.m p.m b.c a.d ph.d",
    es="etc ee.uu cía hnos s.a a.c d.c a.m p.m",
    fr="etc cie av j.-c s.a env",
    de="usw etc usf u.s.w str jh jhd n.chr v.chr gmbh jr",
    it="ecc s.p.a s.r.l a.c d.c",
    pt="etc ltda cia s.a a.c d.c",
    pl="itd itp m.in r w godz min zł gr tys mln mld",
    tr="vb vs vd m.ö m.s",
    ru="т.д т.п др пр г гг в вв руб коп тыс млн млрд н.э",
    nl="enz etc e.d u jr",
    cs="atd apod aj hod min tis mil n.l př.n.l",
    hu="stb u.i kft rt zrt",
    hi="कि.मी मी से.मी सेमी मि.मी कि.ग्रा ग्रा मि.ली ली रु ई किमी",
)
"""They end a sentence only when a capital letter follows: "etc.", "usw.", "p.m."."""

_ORDINAL_DOT_LANGUAGES = frozenset({"de", "cs", "pl", "hu", "tr"})
"""There "3." is "third": a number with a full stop does not end a sentence."""


def is_cjk(character: str) -> bool:
    """Say whether `character` is a Chinese, Japanese or Korean letter: one of them is about a syllable."""
    code = ord(character)
    return code >= 0x1100 and any(first <= code <= last for first, last in _CJK_RANGES)


def sentence_ends(line: str, language: str) -> list[int]:
    """Return the offsets in `line` behind each sentence but the last, ascending, each in 1..len(line)-1.

    `line` holds no whitespace but single spaces; `language` is one of the product's codes ("en", "zh-cn"), and an
    unknown one gets the rules without abbreviations. Linear in the length; pure, thread-safe, raises nothing.
    """
    return [end.end() for end in _END.finditer(line) if end.end() < len(line) and _ends_sentence(line, end, language)]


def _ends_sentence(line: str, end: re.Match[str], language: str) -> bool:
    following = line[end.end()]
    closed = end[0][-1] in CLOSERS
    if not following.isspace():
        return not closed and _may_follow_directly(end[0], following)
    skipped = _NEXT_WORD.match(line, end.end())
    next_at = skipped.end() if skipped else end.end()
    next_word = line[next_at : next_at + 1]
    if closed and next_word.islower():
        return False
    mark = end[0].rstrip(CLOSERS + " ").replace(" ", "")
    if mark == ".":
        return _full_stop_ends(line, end.start(), next_word, language)
    if "…" in mark or mark.endswith(".."):
        return not next_word.islower()
    return True


def _may_follow_directly(marks: str, following: str) -> bool:
    """Say whether a sentence may end with no space behind: in Chinese and Japanese, and in careless Korean."""
    return (marks[-1] in FULL_WIDTH_TERMINATORS and not following.isdigit()) or is_cjk(following)


def _full_stop_ends(line: str, stop: int, next_word: str, language: str) -> bool:
    reach = line[max(0, stop - _TOKEN_REACH) : stop]
    token = reach.split()[-1].lstrip(_OPENERS) if reach and not reach[-1].isspace() else ""
    before_number = next_word.isdigit()
    if not token:
        return True
    if token.isdigit() and stop - len(token) <= 0:
        return False  # "1. Open the door": the number belongs to its item
    word = token.lower()
    if word in _NEVER_FINAL.get(language, ()) or (before_number and word in _BEFORE_NUMBER.get(language, ())):
        return False
    is_initial = len(token) == 1 and token.isalpha() and not is_cjk(token) and not _DAY_HALF.search(reach)
    if is_initial or _is_ordinal(token, language):
        return False
    is_listed = word in _MAYBE_FINAL.get(language, ())
    cautious = is_listed or len(token) <= _LONGEST_CAUTIOUS_TOKEN or bool(_DOTTED.fullmatch(token))
    return not (cautious and (next_word.islower() or (before_number and is_listed)))


def _is_ordinal(token: str, language: str) -> bool:
    if language not in _ORDINAL_DOT_LANGUAGES:
        return False
    return (token.isdigit() and len(token) <= 2) or _ROMAN_NUMERAL.fullmatch(token) is not None


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
    else at a space, and only inside a word that exceeds the limit by itself: there between graphemes, if one fits.
    Sentences too short to be spoken well ("Yes.") join their neighbour within the limit, though never across a
    line break. Blank text gives no pieces.

    `text` should come from `clean_text`, which tells apart wrapped lines and paragraphs: here a line break ends one.
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
