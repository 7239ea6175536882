"""The client code of the product's first description works as it was written."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from rest_framework_simplejwt.tokens import RefreshToken

from tests.api.conftest import RECORDING
from voice.models import Job, User

HERE = Path(__file__).parent
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_first_javascript_example_runs_unchanged(live_url: str, user: User, tmp_path: Path) -> None:
    audio = tmp_path / "voice.flac"
    audio.write_bytes(RECORDING)
    token = str(RefreshToken.for_user(user).access_token)
    command = [str(NODE), str(HERE / "seed_harness.mjs"), live_url, token, str(HERE / "seed_example.js"), str(audio)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    sample, model, synthesis = result["sample"], result["model"], result["synthesis"]
    assert [answer["status"] for answer in result["answers"]] == [201, 202, 202]
    assert [answer["location"] for answer in result["answers"]] == [
        each["links"]["self"] for each in (sample, model, synthesis)
    ]
    assert (model["name"], model["language"], model["sample_ids"]) == ("My Voice", "en", [sample["id"]])
    assert (synthesis["text"], synthesis["output_format"]) == ("Hello, world!", "mp3")
    clone, speech = Job.objects.get(kind="clone"), Job.objects.get(kind="synthesis")
    assert [each.kind for each in clone.depends_on.all()] == ["preprocess"]
    assert list(speech.depends_on.all()) == [clone]
