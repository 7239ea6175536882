"""Range headers, by RFC 9110."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.api.audio_response import etag_matches, parse_range, safe_file_name
from voice.api.exceptions import Refused


@pytest.mark.parametrize(
    ("header", "start", "length"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 1000),
        ("bytes=0-999", 0, 1000),
        ("bytes=500-599", 500, 100),
        ("bytes=990-5000", 990, 10),
        ("bytes=999-", 999, 1),
        ("bytes=-1", 999, 1),
        ("bytes=-1000", 0, 1000),
        ("bytes=-5000", 0, 1000),
        ("BYTES = 1 - 2", 1, 2),
    ],
)
def test_one_range_is_a_part(header: str, start: int, length: int) -> None:
    assert parse_range(header, 1000) == range(start, start + length)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "bytes=0-1,5-6",
        "items=0-1",
        "bytes=1--2",
        "bytes=0x1-2",
        "bytes=٠-١",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_what_is_no_single_range_is_ignored(header: str | None) -> None:
    assert parse_range(header, 1000) is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-2000", "bytes=-0"])
def test_a_range_beyond_the_end_is_unsatisfiable(header: str) -> None:
    with pytest.raises(Refused, match="range_not_satisfiable"):
        parse_range(header, 1000)


def test_nothing_of_an_empty_content_is_satisfiable() -> None:
    with pytest.raises(Refused, match="range_not_satisfiable"):
        parse_range("bytes=0-", 0)


@given(st.text(), st.integers(0, 10_000))
def test_any_header_gives_a_part_inside_the_content_or_none(header: str, size: int) -> None:
    try:
        part = parse_range(f"bytes={header}", size)
    except Refused:
        return
    assert part is None or (part.start >= 0 and len(part) >= 1 and part.stop <= size)


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', '"b", "a"', "*", ' W/"b" , W/"a" '])
def test_an_entity_tag_matches_weakly(header: str) -> None:
    assert etag_matches(header, '"a"')


@pytest.mark.parametrize("header", [None, "", "a", '"A"', '"b"'])
def test_another_entity_tag_does_not_match(header: str | None) -> None:
    assert not etag_matches(header, '"a"')


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("My Voice", "My Voice"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x"),
        ("\u202egnp.exe", "gnp.exe"),
        ("...", "audio"),
        ("", "audio"),
        ("Stimme für Ä", "Stimme für Ä"),
        ('say "hi"', "say _hi_"),
        ("n" * 200, "n" * 80),
    ],
)
def test_a_label_becomes_a_harmless_file_name(label: str, name: str) -> None:
    assert safe_file_name(label) == name
