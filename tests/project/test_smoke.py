"""scripts/smoke passes on a server that works, and fails on one that does not."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.processes import ROOT
from tests.rig.stacks import SmallStack, stack_environment

SMOKE = ROOT / "scripts" / "smoke"


def smoke(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run as a stranger does: the system's Python, nothing of ours importable."""
    command = [sys.executable, "-I", str(SMOKE), *arguments]
    clean = {"PATH": os.environ["PATH"], **env}
    return subprocess.run(command, cwd="/", env=clean, capture_output=True, text=True, check=False)


@pytest.mark.worker
def test_a_server_that_works_passes_every_check(live_stack: SmallStack) -> None:
    done = smoke(live_stack.url)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    *lines, total, account = done.stdout.splitlines()
    assert {line.split(" ")[0] for line in lines} == {"ok"}
    assert len(lines) >= 25
    assert {line[5:].partition(":")[0] for line in lines} == {
        "health",
        "authentication",
        "rate limiting",
        "upload",
        "models",
        "synthesis",
        "error handling",
        "deletion",
    }
    assert total == f"{len(lines)} of {len(lines)} checks passed on {live_stack.url}"
    removal = [sys.executable, "manage.py", *account.partition("manage.py ")[2].split(), "--no-input"]
    env = stack_environment(live_stack.var_dir)
    removed = subprocess.run(removal, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert "1 account, 0 syntheses, 0 voice models, 0 samples" in removed.stdout


@pytest.mark.worker
def test_with_registration_closed_an_account_that_is_there_is_used(live_stack: SmallStack) -> None:
    name, password = (live_stack.var_dir / "first_account").read_text().split()
    done = smoke(live_stack.url, SMOKE_USERNAME=name, SMOKE_PASSWORD=password)
    assert done.returncode == 0, done.stdout
    assert f"signs in [{name}]" in done.stdout
    assert "purge_user" not in done.stdout


def test_where_nobody_answers_every_line_says_so() -> None:
    done = smoke("http://127.0.0.1:9")
    assert done.returncode == 1
    assert "FAIL health: the process answers [no answer: ConnectionRefusedError" in done.stdout
    assert "skip synthesis: the text is spoken [there is no synthesis]" in done.stdout
    assert "ok  " not in done.stdout


class SaysYesToAll(http.server.BaseHTTPRequestHandler):
    """A server that takes everything and does nothing."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"status": "ok", "checks": {}}')

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 (http.server looks for these)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def yes_man() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SaysYesToAll)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_says_yes_to_everything_fails(yes_man: str) -> None:
    done = smoke(yes_man)
    assert done.returncode == 1
    assert done.stderr == ""
    passed = [line for line in done.stdout.splitlines() if line.startswith("ok")]
    assert len(passed) == 2, "the two of health, which a probe asks no more of"
    assert (
        "FAIL authentication: without a token there is nothing [expected 401 not_authenticated, got 200]"
        in done.stdout
    )


@pytest.mark.parametrize("arguments", [(), ("localhost:8000",), ("ftp://x",), ("http://a", "http://b")])
def test_other_arguments_get_the_usage(arguments: tuple[str, ...]) -> None:
    done = smoke(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: scripts/smoke BASE_URL")


def test_it_is_a_program() -> None:
    assert os.access(SMOKE, os.X_OK)
    assert Path(SMOKE).read_text().startswith("#!/usr/bin/env python3\n")
