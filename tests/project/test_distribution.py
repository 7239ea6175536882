"""Tests that start servers are given to whichever process is free."""

from tests.distribution import FIRST, LIVE_STACK, ON_THE_LIVE_STACK, unit_of
from tests.rig.processes import ROOT


def test_what_is_named_exists() -> None:
    assert [file for file in FIRST if not (ROOT / file).exists()] == []


def test_the_unit_of_a_test_is_its_file_its_stack_or_itself() -> None:
    assert unit_of("tests/text/test_split.py::test_words[a::b]") == "tests/text/test_split.py"
    assert {unit_of(f"{file}::test_it") for file in ON_THE_LIVE_STACK} == {LIVE_STACK}
    alone = [f"{file}::test_it" for file in FIRST if file not in ON_THE_LIVE_STACK]
    assert list(map(unit_of, alone)) == alone
