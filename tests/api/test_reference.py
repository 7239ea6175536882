"""docs/API.md names every route and every code; docs/VOICE_CLONING.md says what to do about those of a job."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import voice.errors
from tests.api.test_isolation import ROUTES
from voice.audio.rejections import REJECTIONS

ROOT = Path(__file__).parent.parent.parent
API_PAGE = (ROOT / "docs" / "API.md").read_text()
CLONING_PAGE = (ROOT / "docs" / "VOICE_CLONING.md").read_text()
NEVER_SHOWN = {
    "lease_lost",  # stops a worker; the job's next owner tells what becomes of it
    "worker_stopping",  # gives a job back to the queue, where it goes on
    "blend_invalid",  # `blend` is for programs: the API has no route to it
}
OF_REQUESTS_ALONE = (
    "voice/api/",
    "voice/services/account.py",
    "voice/services/idempotency.py",
    "voice/jobs/line.py",
)


def codes(*, without: tuple[str, ...] = ()) -> set[str]:
    """The code of every VoiceError that voice/ makes, but in the files that start like `without`."""
    paths = [path for path in (ROOT / "voice").rglob("*.py") if "migrations" not in path.parts]
    trees = {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}
    kinds = {name for name, kind in vars(voice.errors).items() if isinstance(kind, type)}
    made = {node.name for tree in trees.values() for node in ast.walk(tree) if _is_kind(node, kinds)}  # type: ignore[attr-defined]
    found = set(REJECTIONS)
    for path, tree in trees.items():
        if not path.startswith(without or ("nothing",)):
            found |= set(_codes_of(tree, kinds | made))
    return found - NEVER_SHOWN


def _is_kind(node: ast.AST, kinds: set[str]) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id in kinds for base in node.bases
    )


def _codes_of(tree: ast.AST, kinds: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and _is_kind(node, kinds):
            yield from (_first_word(call) for call in ast.walk(node) if _calls(call, "__init__"))
        elif any(_calls(node, kind) for kind in kinds):
            yield _first_word(node)


def _calls(node: ast.AST, name: str) -> bool:
    if not isinstance(node, ast.Call) or not node.args:
        return False
    return name == (node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", ""))


def _first_word(call: ast.AST) -> str:
    assert isinstance(call, ast.Call)
    argument = call.args[0]
    return str(argument.value) if isinstance(argument, ast.Constant) else ""


@pytest.mark.parametrize(
    "path", sorted({path.replace("<uuid:id>", "{id}") for _, path, _ in ROUTES} - {"/", "/favicon.ico"})
)
def test_the_page_names_every_route(path: str) -> None:
    assert f"{path}`" in API_PAGE


def test_the_page_names_every_code() -> None:
    found = codes() - {""}
    assert len(found) > 55
    assert {code for code in found if f"`{code}`" not in API_PAGE} == set()


def test_there_is_advice_for_every_code_that_a_job_may_end_with() -> None:
    found = codes(without=OF_REQUESTS_ALONE) - {""}
    assert {"output_silent", "internal_error", "profile_mismatch", "source_speech_failed"} <= found
    assert {code for code in found if f"`{code}`" not in CLONING_PAGE} == set()
