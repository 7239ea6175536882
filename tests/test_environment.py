"""Environment variables are read as what they are meant to be; an unreadable one is reported, its default kept."""

from collections.abc import Callable

import pytest

from podstream.environment import Environment

SCHEMES = ("postgres", "redis", "unix")


def read_url(env: Environment) -> str:
    return env.url("X", schemes=SCHEMES, hosted=("redis",))


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        (" abc ", lambda env: env.text("X"), "abc"),
        ("", lambda env: env.text("X", "default"), "default"),
        ("a, b,,c", lambda env: env.items("X", []), ["a", "b", "c"]),
        ("", lambda env: env.items("X", ["a"]), ["a"]),
        ("Yes", lambda env: env.flag("X", False), True),
        ("off", lambda env: env.flag("X", True), False),
        ("", lambda env: env.flag("X", True), True),
        ("-3", lambda env: env.integer("X", 1), -3),
        ("", lambda env: env.integer("X", 1), 1),
        ("60", lambda env: env.integer("X", 1, within=(1, 60)), 60),
        ("1e1", lambda env: env.number("X", 1.0), 10.0),
        ("info", lambda env: env.choice("X", "ERROR", among=("INFO", "ERROR")), "INFO"),
        ("CUDA", lambda env: env.choice("X", "auto", among=("auto", "cuda")), "cuda"),
        ("", read_url, ""),
        ("redis://:p%40@h:6379/0", read_url, "redis://:p%40@h:6379/0"),
        ("unix:///run/redis.sock", read_url, "unix:///run/redis.sock"),
        ("postgres:///name?host=/run", read_url, "postgres:///name?host=/run"),
    ],
)
def test_sense_is_read(value: str, read: Callable[[Environment], object], expected: object) -> None:
    env = Environment({"X": value})
    assert read(env) == expected
    assert env.problems == {}


@pytest.mark.parametrize("value", ["abc", "1.5", "9" * 5000, "0", "61", "-" + "9" * 400])
def test_what_is_no_whole_number_of_the_range_is_told(value: str) -> None:
    env = Environment({"X": value})
    assert env.integer("X", 7, within=(1, 60)) == 7
    assert "X" in env.problems


@pytest.mark.parametrize("value", ["abc", "nan", "inf", "-inf", "1e999", "-1", "61"])
def test_what_is_no_finite_number_of_the_range_is_told(value: str) -> None:
    env = Environment({"X": value})
    assert env.number("X", 7.5, within=(0, 60)) == 7.5
    assert "X" in env.problems


def test_a_word_that_is_neither_yes_nor_no_is_told() -> None:
    env = Environment({"X": "enabled"})
    assert env.flag("X", True) is True
    assert "True nor False" in env.problems["X"]


def test_a_word_that_is_not_among_the_choices_is_told() -> None:
    env = Environment({"X": "loud"})
    assert env.choice("X", "INFO", among=("INFO", "ERROR")) == "INFO"
    assert "INFO, ERROR" in env.problems["X"]


@pytest.mark.parametrize(
    "value",
    [
        "nonsense",
        "localhost:6379",
        "http://hunter2@h",
        "redis://",
        "redis://:hunter2@:6379",
        "redis://h:port",
        "redis://u:hunter2]@h/0",
        "redis://h:0",
        "redis://h:99999",
    ],
)
def test_what_is_no_url_of_a_server_is_told_without_its_password(value: str) -> None:
    env = Environment({"X": value})
    assert read_url(env) == ""
    assert "hunter2" not in env.problems["X"]


STUDIO = "https://studio.example.org"


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "studio.example.org", f"{STUDIO}/", f"{STUDIO}/app", f"{STUDIO}?a", "https://*.org", "null"),
        *("https://Studio.example.org", "https://u:p@example.org", "ftp://example.org", "https://", "https://a..b"),
        *(f"{STUDIO}:443", "http://localhost:80", f"{STUDIO}:0", f"{STUDIO}:99999", "https://[::g]", "https://[1]"),
    ],
)
def test_what_is_no_origin_is_told(origin: str) -> None:
    env = Environment({"X": f"{STUDIO}, {origin}"})
    assert env.origins("X") == []
    assert env.problems["X"].startswith(repr(origin))


def test_what_browsers_send_as_origin_is_read() -> None:
    sent = [STUDIO, "http://localhost:5173", "http://127.0.0.1:8000", "http://[::1]:3000", "https://a_b.example:444"]
    env = Environment({"X": ",".join(sent)})
    assert env.origins("X") == sent
    assert env.problems == {}
    assert Environment({}).origins("X") == []


def test_several_problems_are_told_together() -> None:
    env = Environment({"A": "abc", "B": "maybe"})
    env.integer("A", 1)
    env.flag("B", False)
    assert set(env.problems) == {"A", "B"}
