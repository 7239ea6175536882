"""What the Romance languages share: two genders, ordinals of a gender, Roman numerals behind and before nouns."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.agreement import AgreeingLanguage
from voice.text.reading.language import Rule
from voice.text.reading.values import Found

SYMBOL_KEYS = "& = § © ® ™ ÷ ± ≈ ≠ ≤ ≥ → ° % < > ~ √ ∞ π ² ³".split()


def symbols(said: str) -> dict[str, str]:
    """Return the words for `SYMBOL_KEYS`, divided by bars, in this order."""
    return dict(zip(SYMBOL_KEYS, said.split("|"), strict=True))


class Romance(AgreeingLanguage):
    """Nouns are feminine by their ending, unless they are listed."""

    feminine: ClassVar[re.Pattern[str]]  # words and endings, case-folded
    masculine: ClassVar[re.Pattern[str]]  # exceptions to `feminine`
    regnal_ordinals: ClassVar[int] = 10  # rulers up to this number are called by an ordinal

    def own_rules(self) -> Sequence[Rule]:
        return (
            *super().own_rules(),
            (re.compile(r"(?<!\w)['’](?=[0-9]0(?![0-9]))"), lambda found: ""),  # gli anni '80
        )

    def gender_of(self, noun: str) -> str:
        folded = noun.casefold()
        return "f" if self.feminine.search(folded) and not self.masculine.fullmatch(folded) else "m"

    def say_counting(self, number: int, noun: str, found: Found) -> str | None:
        return self.cardinal(number, self.gender_of(noun))

    def say_roman_before_noun(self, number: int, noun: str, found: Found) -> str | None:
        return self.ordinal(number, self.gender_of(noun))

    def say_regnal(self, number: int, name: str) -> str:
        return self.ordinal(number, self.gender_of(name)) if number <= self.regnal_ordinals else self.cardinal(number)

    def say_roman(self, number: int, noun_before: str) -> str:
        if noun_before.casefold() in self.roman_nouns:
            return self.cardinal(number)
        return self.say_regnal(number, noun_before)
