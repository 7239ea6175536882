"""Marks in a text that are there for the eye or for another program: Markdown, HTML, SSML, and signs for pauses."""

import html
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token


class Markup(StrEnum):
    """How a text is written. In a plain one only marks that cannot be meant are removed."""

    PLAIN = "plain"
    MARKDOWN = "markdown"


NOTICES = {
    "ssml_ignored": "SSML is not supported yet: its tags were left out, and the text between them is spoken.",
    "pause_marks_ignored": "Marks for pauses are not supported yet: they were left out.",
}
"""What a synthesis tells about its text, by stable codes."""

_SSML_TAG = re.compile(
    r"</?(?:speak|break|prosody|say-as|phoneme|voice|emphasis|mark|lexicon|lookup|lang|audio|desc|metadata|token"
    r"|(?:amazon|google|mstts|xml):[a-z-]{1,30})(?:\s[^<>]{0,400})?/?>|<\?xml[^<>]{0,200}\?>|<sub\s{1,5}alias=[^<>]{0,200}>",
    re.IGNORECASE,
)
_HTML_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|cite|code|dd|del|div|dl|dt|em|font|h[1-6]|hr|i|img|ins|kbd|li|mark|ol|p|pre|q|s"
    r"|small|span|strong|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul|w)(?:\s[^<>]{0,400})?/?>|<!--[^<>]{0,400}-->",
    re.IGNORECASE,
)
_LINE_TAG = re.compile(r"</?(?:p|br|div|h[1-6]|li|tr|hr|blockquote|s)\b", re.IGNORECASE)
_LENGTH = r"[0-9]{1,5}(?:[.,][0-9]{1,3})?\s?(?:ms|msec|s|sec|secs|seconds?)?"
_PAUSE_WORDS = r"(?:(?:short|long|medium|brief|small|big)\s)?(?:pause|break|silence|wait|beat)"
_PAUSE = re.compile(
    rf"\[\s?(?:{_PAUSE_WORDS}(?:\s?[:=,]?\s?{_LENGTH})?|[0-9]{{1,5}}(?:[.,][0-9]{{1,3}})?\s?m?s)\s?\]"
    rf"|\{{\{{?\s?{_PAUSE_WORDS}(?:\s?[:=,]?\s?{_LENGTH})?\s?\}}?\}}|<#[0-9]{{1,3}}(?:\.[0-9]{{1,3}})?#>"
    rf"|\(\s?{_PAUSE_WORDS}\s?[:=]\s?{_LENGTH}\s?\)",
    re.IGNORECASE,
)
_LINK = re.compile(r"!?\[([^\[\]\n]{1,400})\]\((?:<[^<>\n]{0,500}>|[^()\s]{0,500})(?:\s[\"'][^\"'\n]{0,200}[\"'])?\)")
_REFERENCE = re.compile(r"!?\[([^\[\]\n]{1,400})\]\[[^\[\]\n]{0,100}\]")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\n]{1,40}\]:?")
_LINE_START = re.compile(
    r"^(?:>\s?){0,5}(?:#{1,6}(?=\s)|[-*+•](?:\s\[[ xX]\])?(?=\s)(?!\s[-*+]\s)|```\w{0,20}$|~~~\w{0,20}$)?\s?"
)
_RULE = re.compile(r"^\s?(?:[-*_=]\s?){3,}$")
_EMPHASIS = re.compile(
    r"\*{2,}|(?<![\w*])\*(?=\S)|(?<=[^\s*])\*(?!\w)|(?<![^\W_])_{1,3}(?=[^\W_])|(?<=[^\W_])_{1,3}(?![^\W_])|~~|`+"
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_NEST = r"[ \t]{0,4}(?:>|[-*+]|[0-9]{1,9}[.)])[ \t]"
_DEEP = re.compile(rf"^((?:{_NEST}){{10}})(?:{_NEST})+", re.MULTILINE)
_INDENTED = re.compile(r"^( {40}) +", re.MULTILINE)
_MOST_NESTED = 100  # the parser drops what is deeper; ten quotes, and twenty lists of two levels each, are not
_TABLE_LINE = re.compile(r"^\|?[\s:|-]{3,}\|[\s:|-]{0,100}$")


def without_markup(text: str, markup: str) -> str:
    """Return `text` without what is not to be spoken, each block of it on lines of its own.

    SSML, HTML tags and marks for pauses go in any case. Markdown is parsed as CommonMark with tables where `markup`
    is "markdown"; in a plain text only pairs of emphasis marks, leading signs of headings, lists and quotes, and the
    addresses of links go; the words of links and images stay. Linear for a plain text; pure and thread-safe.
    """
    untagged = _without_tags(_PAUSE.sub(" ", text))
    return _from_markdown(untagged) if markup == Markup.MARKDOWN else _from_plain(untagged)


def notices_of(text: str) -> list[str]:
    """Return the codes of `NOTICES` that hold for `text`, in their order."""
    found = {"ssml_ignored": _SSML_TAG.search(text), "pause_marks_ignored": _PAUSE.search(text)}
    return [code for code, match in found.items() if match]


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    spoken = _SSML_TAG.sub(" ", text)
    untagged = _HTML_TAG.sub(lambda tag: "\n" if _LINE_TAG.match(tag[0]) else "", spoken)
    return html.unescape(untagged) if untagged != text else text


def _from_plain(text: str) -> str:
    return "\n".join(_plain_line(line) for line in text.split("\n"))


def _plain_line(line: str) -> str:
    if _RULE.match(line) or ("|" in line and _TABLE_LINE.match(line)):
        return ""
    said = _LINE_START.sub("", line, count=1)
    for pattern in (_LINK, _REFERENCE):
        said = pattern.sub(r"\1", said)
    return _EMPHASIS.sub("", _FOOTNOTE.sub("", said))


def _from_markdown(text: str) -> str:
    from markdown_it import MarkdownIt  # the web process, which looks for notices only, does without

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _MOST_NESTED})
    parser.enable(["table", "strikethrough"])
    shallow = _INDENTED.sub(r"\1", _DEEP.sub(r"\1", _FOOTNOTE.sub("", text)))
    return "\n".join(filter(None, _blocks(parser.parse(shallow))))


def _blocks(tokens: Sequence["Token"]) -> Iterator[str]:
    """Yield what each block says: a paragraph, a heading, a row of a table."""
    row: list[str] | None = None
    for token in tokens:
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield ", ".join(filter(None, row))
            row = None
        elif token.type in ("fence", "code_block"):
            yield token.content.strip()
        elif token.type == "inline":
            said = _inline(token.children or ())
            if row is None:
                yield said
            else:
                row.append(said)


def _inline(tokens: Sequence["Token"]) -> str:
    parts: list[str] = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            parts.append(" " if token.type == "softbreak" else "\n")
        elif token.type == "image":
            parts.append(_inline(token.children or ()))
        elif token.content:
            parts.append(token.content)
    return "".join(parts)
