"""docs/API.md names every route and every code that a request can be answered with."""

import re
from pathlib import Path

import pytest

from tests.api.test_isolation import ROUTES
from voice.audio.rejections import REJECTIONS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "API.md").read_text()
SOURCES = [*(ROOT / "voice" / "api").rglob("*.py"), *(ROOT / "voice" / "services").rglob("*.py")]
RAISED = re.compile(
    r"\b(?:Conflict|Blocked|Forbidden|NotAuthenticated|ServiceUnavailable|InvalidRequest|InvalidText)\(\s*\"(\w+)\""
)
ANSWERED = re.compile(r"_Told\(\d+, \"(\w+)\"")


def codes() -> set[str]:
    found = set(REJECTIONS)
    for source in SOURCES:
        text = source.read_text()
        found |= set(RAISED.findall(text)) | set(ANSWERED.findall(text))
    return found


@pytest.mark.parametrize("path", sorted({path.replace("<uuid:id>", "{id}") for _, path, _ in ROUTES} - {"/"}))
def test_the_page_names_every_route(path: str) -> None:
    assert f"{path}`" in PAGE


def test_the_page_names_every_code() -> None:
    found = codes()
    assert len(found) > 40
    assert {code for code in found if f"`{code}`" not in PAGE} == set()
