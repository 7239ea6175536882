"""docs/LICENCES.md lists every package of the locks, under the licence that the package itself declares."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from scripts.licences import (
    PAGE,
    REVIEWED,
    SECTIONS,
    TERMS,
    clauses_of_bsd,
    declared_licence,
    identifiers,
    is_installed_somewhere,
    names_of,
)
from scripts.lock import ROOT, SOURCES, pins

TEXT = PAGE.read_text()
TABLES = {
    heading: dict(
        re.findall(r"^\| ([\w.-]+) \| (.+) \|$", TEXT.partition(f"## {heading}\n")[2].split("\n## ")[0], re.M)
    )
    for heading in SECTIONS
}
TOLD = {name: licence for table in TABLES.values() for name, licence in table.items() if name != "package"}


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_table_lists_exactly_the_packages_of_its_locks(heading: str) -> None:
    assert [name for name in TABLES[heading] if name != "package"] == names_of(heading), "run: make licences"


def test_no_package_of_any_lock_is_left_out() -> None:
    locked = {pin.name for lock in SOURCES for pin in pins(ROOT / lock) if is_installed_somewhere(pin.marker)}
    assert set(TOLD) == locked


@pytest.mark.parametrize("name", sorted(TOLD))
def test_a_package_is_under_the_licence_that_it_declares(name: str) -> None:
    """In each environment for what is installed there: `make test` and `make test-xtts` together see them all."""
    if name in REVIEWED:
        assert TOLD[name] == REVIEWED[name][0]
    try:
        declared = declared_licence(distribution(name))
    except PackageNotFoundError:
        return
    assert declared != TOLD[name] if name in REVIEWED else declared == TOLD[name], "run: make licences"


def test_reviews_are_of_packages_that_are_there() -> None:
    assert set(REVIEWED) <= set(TOLD)
    assert all(read for _, read in REVIEWED.values())


def test_what_every_licence_permits_is_said() -> None:
    explained = re.findall(
        r"^\| ([\w. -]+) \| yes \| .+ \|$", TEXT.partition("## What the licences permit\n")[2], re.M
    )
    assert explained == identifiers(TOLD.values())
    assert set(explained) <= set(TERMS)


def test_copyleft_is_where_the_page_says() -> None:
    """A new package under the GPL is a decision, and not a line in a table."""
    strict = {name for name, licence in TOLD.items() if any(part.startswith("GPL") for part in identifiers([licence]))}
    assert strict == {"av", "espeakng-loader", "mutagen"}
    assert all(f"**{name}**" in TEXT for name in ("av", "espeak-ng", "mutagen"))


def test_only_its_own_process_loads_espeak() -> None:
    """The product imports the wheel's Python only to learn where the library lies."""
    loaders = {path.name for path in (ROOT / "voice").rglob("*.py") if "espeak_ng_" in path.read_text()}
    assert loaders == {"espeak_child.py"}
    users = [path for path in (ROOT / "voice").rglob("*.py") if "espeakng_loader" in path.read_text()]
    calls = {call for path in users for call in re.findall(r"espeakng_loader\.(\w+)", path.read_text())}
    assert calls == {"get_library_path", "get_data_path"}


def test_only_the_sandboxed_child_loads_ffmpeg() -> None:
    product = [path for folder in ("voice", "podstream", "local") for path in (ROOT / folder).rglob("*.py")]
    loaders = {path.name for path in product if re.search(r"^\s*(import|from) av\b", path.read_text(), re.M)}
    assert loaders == {"ffmpeg_decode.py"}
    users = {path.name for path in product if re.search(r"(import|from) .*ffmpeg_decode", path.read_text())}
    assert users == {"sandbox_child.py"}


def test_the_licence_is_apaches_in_full() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "Copyright 2026 the PodStream voice authors" in text
    assert "Copyright 2026 the PodStream voice authors" in (ROOT / "NOTICE").read_text()
    assert (ROOT / "Dockerfile").read_text().count("COPY LICENSE NOTICE ") == 2


class _Package:
    """Stands where an installed distribution does."""

    def __init__(self, folder: Path, *, licence: str = "") -> None:
        self.files = []
        if licence:
            path = folder / "some.dist-info" / "LICENSE"
            path.parent.mkdir()
            path.write_text(licence)
            self.files = [path]


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("Redistribution and use in source and\nbinary forms. Neither the name of the author", "BSD-3-Clause"),
        ("Redistribution and use in source and binary forms", "BSD-2-Clause"),
        ("All rights reserved.", None),
        ("", None),
    ],
)
def test_clauses_of_a_bsd_licence_are_counted_in_its_text(tmp_path: Path, licence: str, expected: str | None) -> None:
    assert clauses_of_bsd(_Package(tmp_path, licence=licence)) == expected  # type: ignore[arg-type]
