"""Marks are not spoken; every word between them is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.strategies import DETERMINISTIC, any_text
from voice.text.markup import NOTICES, Markup, notices_of, without_markup
from voice.text.normalize import normalize_text

MARKDOWN = """# The **first** episode

Hello *there*, read [our site](https://example.com/a_b?c=d "Title") and ![a red fox](fox.png).

- one `item`
- two __items__
1. first

> A quote with ~~old~~ words.

| Name | Age |
|------|-----|
| Anna | nine |

***

Done.[^1]"""

SAID = [
    "The first episode",
    "Hello there, read our site and a red fox.",
    "one item",
    "two items",
    "A quote with old words.",
    "Done.",
]


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("markup", list(Markup))
def test_markdown_is_not_spoken_and_its_words_are(markup: str) -> None:
    said = lines(without_markup(MARKDOWN, markup))

    assert [line for line in said if line in SAID] == SAID
    assert not set("*_`~#>[](){}") & set("".join(said))
    assert "example.com" not in "".join(said)
    assert "fox.png" not in "".join(said)


def test_a_table_is_spoken_row_by_row() -> None:
    said = lines(without_markup(MARKDOWN, Markup.MARKDOWN))

    assert [line for line in said if "," in line and "Hello" not in line] == ["Name, Age", "Anna, nine"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It is **very** _nice_.", "It is very nice."),
        ("# Heading", "Heading"),
        ("#podcast is no heading", "hashtag podcast is no heading"),
        ("2 * 3 is six", "two times three is six"),
        ("my_file_name stays three words", "my file name stays three words"),
        ("* one\n* two", "one\ntwo"),
        ("[x] and [1] and (two)", "[x] and [one] and (two)"),
        ("a < b and b > a", "a < b and b > a"),
        ("<b>Bold</b> &amp; plain", "Bold and plain"),
        ("***", None),
    ],
)
def test_a_plain_text_loses_only_what_cannot_be_meant(written: str, said: str | None) -> None:
    assert said is None or normalize_text(written, "en").casefold() == said.casefold()


@pytest.mark.parametrize(
    ("written", "said", "codes"),
    [
        ("<speak>Hello<break time='1s'/>world.</speak>", "Hello world.", ["ssml_ignored"]),
        ('<prosody rate="slow">Slow</prosody> &amp; low', "Slow and low", ["ssml_ignored"]),
        ('<say-as interpret-as="date">May</say-as> it be', "May it be", ["ssml_ignored"]),
        ("Wait [pause:1s] for me.", "Wait for me.", ["pause_marks_ignored"]),
        ("Wait [pause] for [long pause] me [1.5s].", "Wait for me .", ["pause_marks_ignored"]),
        ("Wait <#0.5#> {{pause 200ms}} here", "Wait here", ["pause_marks_ignored"]),
        ("<speak>One [break 500 ms] two</speak>", "One two", ["ssml_ignored", "pause_marks_ignored"]),
        ("A pause [was] made, if a < b.", "A pause [was] made, if a < b.", []),
    ],
)
@pytest.mark.parametrize("markup", list(Markup))
def test_ssml_and_marks_for_pauses_are_left_out_and_told(
    written: str, said: str, codes: list[str], markup: str
) -> None:
    assert normalize_text(written, "en", markup).split() == said.split()
    assert notices_of(written) == codes
    assert set(codes) <= set(NOTICES)


@DETERMINISTIC
@given(
    text=st.one_of(any_text, st.text(alphabet="*_`~#>[]()!|-<br/>ab \n\\&;1.", max_size=200)),
    markup=st.sampled_from(list(Markup)),
)
def test_removing_marks_raises_nothing_and_makes_nothing_longer(text: str, markup: str) -> None:
    assert len(without_markup(text, markup)) <= 2 * len(text) + 2


@pytest.mark.parametrize("markup", list(Markup))
@pytest.mark.parametrize(
    "unit", ["*", "_a", "[", "[a](", "<", "<b ", "`", "> ", "- ", "|", "~~", "[pause", "&", "![", "**a"]
)
def test_five_thousand_of_anything_come_to_an_end(unit: str, markup: str) -> None:
    text = (unit * 5000)[:5000]

    assert len(without_markup(text, markup)) <= 2 * len(text)


@pytest.mark.parametrize("mark", ["> ", "- ", "* ", "1. ", "> - ", "*", "**", "[", "("])
def test_a_word_within_a_thousand_marks_is_spoken(mark: str) -> None:
    assert "word" in without_markup(f"{mark * 1000}word", "markdown")


@pytest.mark.parametrize("step", [2, 3, 4])
def test_no_item_of_a_deep_list_is_lost(step: int) -> None:
    words = [f"word{number}" for number in range(60)]
    text = "\n".join(f"{' ' * (step * depth)}- {word}" for depth, word in enumerate(words))

    assert re.findall(r"word[0-9]+", without_markup(text, "markdown")) == words


def test_a_line_of_marks_is_a_rule_however_long() -> None:
    assert lines(without_markup(f"one\n\n{'- ' * 200}\n\ntwo", "markdown")) == ["one", "two"]
