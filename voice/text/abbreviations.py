"""Abbreviations whose full stop does not end a sentence, per language, lower-case and without their last dot.

Three kinds, since they differ in what may follow: a title is always followed by a name, a reference by a number,
and the others end a sentence only when a capital letter comes next.
"""

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NONE: frozenset[str] = frozenset()

_NEVER_FINAL: Mapping[str, frozenset[str]] = {
    "en": _words(
        "mr mrs ms mx dr prof rev fr hon pres gov sen rep gen col lt sgt capt cmdr adm maj st mt ft messrs "
        "e.g i.e vs viz cf u.s u.k u.n e.u approx"
    ),
    "es": _words(
        "sr sra srta sres sras dr dra d dña prof profa lic ing arq gral cap sto sta ud uds p.ej ej aprox av avda"
    ),
    "fr": _words("m mm mme mmes mlle mlles dr pr prof me mgr st ste p.ex ex env cf av bd c.-à-d"),
    "de": _words(
        "hr fr dr prof dipl ing mag hl st z.b d.h u.a i.d.r s.o s.u u.u o.ä v.a z.t z.zt m.e i.a b.z.w bzw ca vgl "
        "evtl ggf inkl exkl sog geb gest zzgl abzgl max min bspw"
    ),
    "it": _words("sig sigg sig.ra sig.na dott dott.ssa prof prof.ssa ing avv arch geom on rag s ss es p.es ca vs"),
    "pt": _words("sr sra srta srs dr dra d prof profa eng exa ex.ª v exmo exma p.ex ex av tel aprox"),
    "pl": _words("dr prof mgr inż hab ks św im ul al pl gen płk kpt np tzn tj tzw m.in ok ds pt wg por"),
    "tr": _words("dr prof doç av sn bay yrd öğr gör alb gen mah cad sok örn bkz yy"),
    "ru": _words("г-н г-жа д-р проф акад им ул пр просп пер пл наб д кв стр корп т.е т.к т.н напр см ср св ок гр тов"),
    "nl": _words("dhr mevr mw mej dr drs prof ir ing mr ds st bijv bv d.w.z o.a m.b.t i.p.v t.o.v nl ca vgl z.g.a.n"),
    "cs": _words(
        "p pí sl dr mudr judr rndr phdr ing mgr bc doc prof sv ul nám tř např tzn tj tzv mj resp cca popř příp srov"
    ),
    "ar": _words("د أ م ص.ب أ.د"),
    "hu": _words("dr prof ifj id özv szt pl ti ill kb vö ún u.n lásd"),
    "hi": _words("श्री श्रीमती डॉ डा प्रो पं कु सु स्व"),
}
"""A name, or the rest of the sentence, always follows: "Mr.", "z.B.", "e.g."."""

_BEFORE_NUMBER: Mapping[str, frozenset[str]] = {
    "en": _words("no nos p pp fig figs vol ch sec eq art ed jan feb mar apr jun jul aug sep sept oct nov dec"),
    "es": _words("n núm no p pág págs fig vol cap art ed tel"),
    "fr": _words("n no p pp fig vol chap art éd tél"),
    "de": _words("nr s abb bd kap art abs str tel aufl"),
    "it": _words("n p pag pagg fig vol cap art ed tel"),
    "pt": _words("n núm p pág págs fig vol cap art ed"),
    "pl": _words("nr s str rys t rozdz art ust godz tel poz"),
    "tr": _words("no s c şek böl md tel"),
    "ru": _words("с рис гл ст п табл тел вып"),
    "nl": _words("nr p blz fig dl hfst art tel"),
    "cs": _words("č s str obr sv kap čl odst tel"),
    "hu": _words("sz o kb fej tel"),
    "ar": _words("ص ج"),
    "hi": _words("पृ सं क्र नं"),
}
"""A number follows, or the sentence ends: "No. 5", "S. 12", "č. 3"."""

_MAYBE_FINAL: Mapping[str, frozenset[str]] = {
    "en": _words("etc inc ltd co corp jr sr al dept est ave blvd rd min max hr hrs a.m p.m b.c a.d ph.d"),
    "es": _words("etc ee.uu cía hnos s.a a.c d.c a.m p.m"),
    "fr": _words("etc cie av j.-c s.a env"),
    "de": _words("usw etc usf u.s.w str jh jhd n.chr v.chr gmbh jr"),
    "it": _words("ecc s.p.a s.r.l a.c d.c"),
    "pt": _words("etc ltda cia s.a a.c d.c"),
    "pl": _words("itd itp m.in r w godz min zł gr tys mln mld"),
    "tr": _words("vb vs vd m.ö m.s"),
    "ru": _words("т.д т.п др пр г гг в вв руб коп тыс млн млрд н.э"),
    "nl": _words("enz etc e.d u jr"),
    "cs": _words("atd apod aj hod min tis mil n.l př.n.l"),
    "hu": _words("stb u.i kft rt zrt"),
}
"""They end a sentence only when a capital letter follows: "etc.", "usw.", "p.m."."""

ORDINAL_DOT_LANGUAGES = frozenset({"de", "cs", "pl", "hu", "tr"})
"""Where "3." is "third": a number with a full stop does not end a sentence."""


def is_never_final(token: str, language: str) -> bool:
    """Say whether `token` (lower-case, no last dot) is an abbreviation that something always follows."""
    return token in _NEVER_FINAL.get(language, _NONE)


def stands_before_number(token: str, language: str) -> bool:
    """Say whether `token` (lower-case, no last dot) is an abbreviation that a number may follow."""
    return token in _BEFORE_NUMBER.get(language, _NONE)


def is_maybe_final(token: str, language: str) -> bool:
    """Say whether `token` (lower-case, no last dot) is an abbreviation that may stand at the end of a sentence."""
    return token in _MAYBE_FINAL.get(language, _NONE)
