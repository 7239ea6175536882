"""What Turkish and Hungarian share: endings that are hung onto a figure or a sign, and ordinals marked by a full stop."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading import cldr
from voice.text.reading.agreement import AgreeingLanguage
from voice.text.reading.capitals import capitalised
from voice.text.reading.language import Rule
from voice.text.reading.values import Found
from voice.text.reading.written import alternation, roman_value

JOINT = "\x00"
"""Stands between words that were made and an ending until the line is finished. No text holds it (`clean_text`)."""
_JOINTS = re.compile(rf"(\w*){JOINT}(\w*)")


class Agglutinative(AgreeingLanguage):
    """An ending is written behind `hinge`: 20'si, 2026-ban, 5 km-re."""

    hinge: ClassVar[str]

    def own_rules(self) -> Sequence[Rule]:
        counted = alternation({*cldr.UNITS, *self.units, *cldr.CURRENCIES, *cldr.CODES, *self.local_currency, "%"})
        behind = re.compile(rf"(?:[0-9]|[0-9]\s?(?:{counted})|(?:{counted})\s?[0-9.,]{{1,12}})$")
        roman = r"(?<![\w.'’-])(?P<roman>[IVXLC]{1,8})\.(?=\s?(?P<noun>[^\W\d_]{2,24}))"
        return (
            (re.compile(roman), self._roman_ordinal),
            (
                re.compile(rf"{self.hinge}(?=[^\W\d_A-Z]{{1,12}}(?!\w))"),
                lambda f: JOINT if behind.search(f.before) else None,
            ),
            *super().own_rules(),
        )

    def glued(self, stem: str, ending: str) -> str:
        """A word that was made, with the ending that was written behind its figure or sign."""
        raise NotImplementedError

    def finished(self, line: str) -> str:
        return _JOINTS.sub(lambda joint: self.glued(joint[1], joint[2]), line) if JOINT in line else line

    def _roman_ordinal(self, found: Found) -> str | None:
        value = roman_value(found["roman"])
        if value is None or found.word_before.casefold() in self.roman_nouns:
            return None
        said = self.ordinal(value)
        return capitalised(said, self.code) if found["noun"][0].isupper() else said

    def say_dot_ordinal(self, number: int, found: Found) -> str | None:
        if not number or not found.word_after or (found.ends_sentence and len(str(number)) > 2):
            return None
        return self.ordinal(number) if found.word_after[0].islower() or self.is_named_by_number(found) else None

    def is_named_by_number(self, found: Found) -> bool:
        """Whether an ordinal belongs to the name in capitals behind it: "2. Dünya Savaşı"."""
        return False

    def say_score(self, left: int, right: int) -> str | None:
        return self.join(self.cardinal(left), self.cardinal(right))
