"""The documentation works: every block runs, in order, against a live stack; every link leads somewhere."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.demo_voice import demo_recording
from tests.project.code_blocks import as_script, code_blocks
from tests.rig.processes import ROOT
from tests.rig.stacks import SmallStack, stack_environment
from voice.engines.xtts.takes import Fault

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
PAGES_WITH_CODE = [page for page in PAGES if any(block.is_runnable for block in code_blocks(page))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def reader(tmp_path: Path, live_stack: SmallStack) -> Path:
    """The place where a reader types: a folder that looks like a clone of the project, with a recording in it."""
    folder = tmp_path / "clone"
    (folder / ".venv" / "bin").mkdir(parents=True)
    for tool in ("python", "python3"):
        script = folder / ".venv" / "bin" / tool
        script.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        script.chmod(0o755)
    for name in ("manage.py", "podstream", "scripts", "voice"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".curlrc").write_text("fail-with-body\nshow-error\n")
    demo_recording(folder / "recording.wav")
    return folder


@pytest.mark.worker
@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=name_of)
def test_every_block_of_a_page_runs(page: Path, reader: Path, live_stack: SmallStack) -> None:
    runnable = [block for block in code_blocks(page) if block.is_runnable]
    blocks = [block for block in runnable if block.language != "javascript" or shutil.which("node")]
    script = as_script(blocks, reader).replace("http://127.0.0.1:8000", live_stack.url)
    for program in reader.glob("block*"):
        program.write_text(program.read_text().replace("http://127.0.0.1:8000", live_stack.url))
    if "curl" in script and shutil.which("curl") is None:
        pytest.skip("curl is not installed here")
    env = stack_environment(live_stack.var_dir, CURL_HOME=str(reader), PYTHONPATH=str(ROOT))
    env["PATH"] = f"{reader / '.venv' / 'bin'}:{env['PATH']}"

    bash = ["/usr/bin/env", "bash", "-c", script]
    done = subprocess.run(bash, cwd=reader, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    if blocks != runnable:
        pytest.skip("node is not installed here: all blocks but those in JavaScript ran")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_block_that_is_not_run_here_says_which_test_runs_it(page: Path) -> None:
    for block in code_blocks(page):
        if block.reason_not_run is not None:
            named = re.findall(r"tests/[\w/]+\.py", block.reason_not_run)
            assert named, f"{page.name}:{block.line} names no test"
            assert all((ROOT / test).exists() for test in named), f"{page.name}:{block.line}: {named}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_pages_name_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for page in PAGES for word in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)}
    assert named <= targets


XTTS_RUNTIME = (ROOT / "voice" / "engines" / "xtts" / "runtime.py").read_text()  # to import it takes torch
OPERATIONS = (ROOT / "docs" / "OPERATIONS.md").read_text()


def test_operations_describes_every_figure_of_the_report_of_xtts() -> None:
    report = XTTS_RUNTIME.partition("def report")[2].partition("\n    def ")[0]
    figures = set(re.findall(r'^ +"(\w+)": ', report, re.MULTILINE))
    figures |= {"takes", "sentences", "sentences_faulty", *(f"takes_{fault}" for fault in Fault)}
    assert "mean_batch" in figures
    assert {figure for figure in figures if f"`{figure}`" not in OPERATIONS} == set()


@pytest.mark.parametrize(
    ("variable", "constant", "unit"), [("BATCH_SIZE", "SLOTS", ""), ("CACHE_MB", "CACHE_MB", " MB")]
)
def test_operations_says_what_0_means_for_xtts(variable: str, constant: str, unit: str) -> None:
    defaults = ast.literal_eval(re.findall(rf"^{constant} = (.*)$", XTTS_RUNTIME, re.MULTILINE)[0])
    row = re.findall(rf"^\| `XTTS_{variable}=0`.*$", OPERATIONS, re.MULTILINE)[0]
    assert row.split(" | ")[1:] == [f"{defaults['cpu']:,}{unit}", f"{defaults['cuda']:,}{unit} |"]
