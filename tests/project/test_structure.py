"""The benchmarks of the code's structure run, and one request with its job passes few files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.processes import ROOT

# Only ever lowered, but for voice/text/admission.py, voice/audio/fingerprint.py, an upload that asks Redis
# (voice/redis_client.py) and counts what is in use (voice/selectors.py), and the readers of the texts' language.
MOST_FILES = {"upload": 29, "clone": 33, "synthesize": 47}


@pytest.mark.worker
def test_one_request_and_its_job_pass_few_files(tmp_path: Path) -> None:
    target = tmp_path / "files.json"
    command = [sys.executable, "-m", "benchmarks.files_passed", f"--json={target}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(target.read_text())
    assert found.keys() == MOST_FILES.keys()
    for name, files in found.items():
        assert {"voice/api/middleware.py", "voice/jobs/run.py"} <= set(files), "request and job"
        assert len(files) <= MOST_FILES[name], f"{name}: {files}"


def test_the_shape_of_the_code_is_printed() -> None:
    command = [sys.executable, "-m", "benchmarks.structure"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for word in (
        "lines of voice + podstream",
        "files of <= 40 lines",
        "imports that climb: 0",
        "circles: 0",
        "median",
    ):
        assert word in printed
