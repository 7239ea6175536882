"""The commands of docs/OPERATIONS.md start what they say, without the supervisor of `make run`."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, StartServer, wait_until
from tests.project.code_blocks import code_blocks
from tests.rig.processes import answers, free_port
from tests.rig.stacks import stack_environment

pytestmark = pytest.mark.worker
REASON = "tests/project/test_production.py"


def commands(*, port: int, folder: Path) -> dict[str, list[str]]:
    """The page's commands by what they run, with the Python of this test, a free port and a folder of ours."""
    page = ROOT / "docs" / "OPERATIONS.md"
    (block,) = [block for block in code_blocks(page) if block.reason_not_run and REASON in block.reason_not_run]
    text = block.code.replace("\\\n", " ").replace("8000", str(port)).replace("/var/lib/podstream", str(folder))
    lines = [shlex.split(line.replace(".venv/bin/python", sys.executable, 1)) for line in text.splitlines()]
    names = ("migrate", "collectstatic", "uvicorn", "worker", "beat")
    found = {name: line for name in names for line in lines if name in line}
    assert len(found) == len(lines) == len(names)
    return found


def test_the_commands_of_production_work(tmp_path: Path, start_server: StartServer) -> None:
    settings = {"SWEEP_INTERVAL_S": "0.5", "SWEEP_IN_WORKER": "0", "LOG_LEVEL": "INFO"}
    environment, port = stack_environment(tmp_path, **settings), free_port()
    command = commands(port=port, folder=tmp_path)
    for name in ("migrate", "collectstatic"):
        subprocess.run(command[name], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert (tmp_path / "static" / "admin").is_dir()

    web = start_server("web", command["uvicorn"], environment)
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/live"), timeout_s=40)
    worker = start_server("worker", [re.sub("^4$", "1", word) for word in command["worker"]], environment)
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/ready"), timeout_s=40)
    beat = start_server("beat", command["beat"], environment)

    wait_until(lambda: "Sending due task sweep" in beat.log, timeout_s=40)
    wait_until(lambda: "voice.sweep" in worker.log and "succeeded" in worker.log, timeout_s=40)
    assert "HTTP/1.1" not in web.log, "uvicorn logs no access"
