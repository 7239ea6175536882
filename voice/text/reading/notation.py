"""What the Romance languages write alike beyond what all languages do: letters and names, Roman numerals in a row, and what
`romance_dates.py`, `romance_amounts.py` and `romance_fractions.py` know.

Asked before the rules of `agreement.py`; what is not sure is left to them.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.language import Rule
from voice.text.reading.romance_amounts import RomanceAmounts
from voice.text.reading.romance_dates import RomanceDates
from voice.text.reading.romance_fractions import RomanceFractions
from voice.text.reading.values import Found
from voice.text.reading.written import roman_value

_WORD = r"[^\W\d_]"
_RAISED = str.maketrans("ᵃᵈᵉᵐⁿᵒʳˢ", "ademnors")
_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "=>": "→", "+/-": "±"}
_TYPED_SIGN = re.compile(r"(?<![<>=!/+-])(?:<=|>=|!=|->|=>|\+/-)(?![<>=/-])")


class Notation(RomanceDates, RomanceAmounts, RomanceFractions):
    """The words for it, which each of these languages fills in."""

    roman_links: ClassVar[str]  # a pattern between two Roman numerals: XVI y XVII
    verse_cues: ClassVar[str]  # a pattern of words before a line of verse, "v. 12"; elsewhere it is a version
    ways: ClassVar[str]  # a pattern of shortened streets, before "de"
    hash_key: ClassVar[str]  # the key of a telephone

    def own_rules(self) -> Sequence[Rule]:
        return (
            *self._letter_rules(),
            *self._date_rules(),
            *self._amount_rules(),
            *self._fraction_rules(),
            *self._roman_rules(),
            *super().own_rules(),
        )

    def prepared(self, line: str) -> str:
        """Return `line` with the small raised letters of 1ᵉʳ, XIXᵉ and 3ᵃ as ordinary ones, and ≤ for <=."""
        typed = _TYPED_SIGN.sub(lambda sign: _SIGNS[sign[0]], line.translate(_RAISED))
        return super().prepared(typed)

    # letters and names

    def _letter_rules(self) -> Sequence[Rule]:
        return (
            (re.compile(r"(?:[A-ZÉ]\.){3,8}(?!\w)"), self._dotted_acronym),
            (re.compile(r"(?<!\w)(?P<mark>[@#])(?=[^\W\d])(?P<name>\w{1,60})"), self._handle),
            (re.compile(r"v\.\s?(?=[0-9])"), self._verse_or_version),
            (re.compile(r"(?<=[\w²³)] )(?P<sign>[<>])(?= \w\b)"), lambda f: self.symbols[f["sign"]]),
            (re.compile(r"(?<=\s)#(?=\s)"), lambda f: self.hash_key),
            (re.compile(rf"(?P<way>{self.ways})\b\.?\s(?=(?:del?|du|des)\s|d['’])", re.I), self._way),
        )

    def _dotted_acronym(self, found: Found) -> str | None:
        if found[0].casefold() in self._folded_abbreviations:
            return None
        return " ".join(found[0].replace(".", ""))

    def _handle(self, found: Found) -> str:
        name = re.sub("_+", f" {self.underscore} ", found["name"].strip("_"))
        name = re.sub("[0-9]+", lambda digits: f" {self.say_whole(digits[0])} ", name).strip()
        return self.join(self.at if found["mark"] == "@" else self.hashtag, name)

    def _verse_or_version(self, found: Found) -> str:
        is_verse = re.search(rf"\b(?:{self.verse_cues})\b", found.before, re.I)
        return f"{self.before_number['v'] if is_verse else self.version} "

    def _way(self, found: Found) -> str:
        return f"{self.before_name[found['way'].casefold()]} "

    # Roman numerals

    def _roman_rules(self) -> Sequence[Rule]:
        numeral = "[IVXLC]{1,9}"
        return (
            (re.compile(rf"(?<![\w.'’-])(?P<a>{numeral})\s?[-–]\s?(?P<b>{numeral})(?![\w-])"), self._roman_span),
            (re.compile(rf"(?<![\w.'’-])(?P<roman>{numeral})(?!\w|['’]\w)"), self._roman_behind),
        )

    def _roman_span(self, found: Found) -> str | None:
        if self._numbered_noun(found) is None:
            return None
        low, high = roman_value(found["a"]), roman_value(found["b"])
        return self.join(self.cardinal(low), self.to, self.cardinal(high)) if low and high else None

    def _roman_behind(self, found: Found) -> str | None:
        """A numeral behind an abbreviated noun, behind another numeral, or a long one behind a name (Super Bowl LVIII)."""
        value, noun = roman_value(found["roman"]), self._numbered_noun(found)
        if value is None:
            return None
        before = found.word_before
        if (
            found["roman"] in ("I", "V")
            and found.before.endswith(f"{before} ")
            and before.istitle()
            and len(before) > 3
            and found.after[:1] != "."
        ):
            return self.say_roman(value, before)
        return self.cardinal(value) if noun or self._is_numbered_by(found) else None

    def _is_numbered_by(self, found: Found) -> bool:
        """A long numeral behind a name (Super Bowl LVIII), or one behind a common noun (épisode IV)."""
        before, numeral = found.word_before, found["roman"]
        if before.casefold() in self.regnal_names or found.before[-1:] != " " or found.before[-2:-1] in ".,;:!?":
            return False
        if before.islower() and set(numeral) <= set("IVX") and numeral != "X":  # les rayons X
            is_bare = not re.match(rf"\s{_WORD}" + ("" if len(numeral) == 1 else "{4}"), found.after)
            return (
                is_bare if len(before) <= 3 and len(numeral) > 1 else len(before) > 3 and (is_bare or len(numeral) > 1)
            )
        return len(numeral) > 3 and before.istitle()

    def _numbered_noun(self, found: Found) -> str | None:
        row = rf"(?:[IVXLC]{{1,9}}(?:,|\s?[-–]|,?\s(?:{self.roman_links}))\s?){{0,4}}$"
        before = re.search(rf"({_WORD}{{1,20}}º?)\.?\s{row}", found.before)
        if before is None:
            return None
        word = before[1].casefold()
        is_letter = found[0] in ("C", "L")  # puerta C
        return word if word in self.roman_nouns or (word in self.before_number and not is_letter) else None
