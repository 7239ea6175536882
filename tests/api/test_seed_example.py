"""The client code of the product's first description works as it was written, and ends in speech."""

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile as sf

from tests.conftest import wait_until
from tests.waveforms import flac_bytes
from voice.audio.waveform import Waveform
from voice.models import Job, User
from voice.services.account import token_pair_issue

HERE = Path(__file__).parent
NODE = shutil.which("node")


@pytest.mark.worker
@pytest.mark.skipif(NODE is None, reason="node is not installed: the first JavaScript example is not run")
def test_the_first_javascript_example_runs_unchanged_and_ends_in_speech(
    live_url: str, user: User, recording: Path, tmp_path: Path, start_worker: Callable[..., Any]
) -> None:
    token = token_pair_issue(user=user).access
    result = run_example(live_url, token, as_flac(recording, tmp_path / "voice.flac"))
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

    start_worker()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=live_url, headers=headers, timeout=20) as client:
        wait_until(lambda: shown(client, synthesis)["status"] not in {"queued", "running"}, timeout_s=60)
        finished = shown(client, synthesis)
        assert finished["status"] == "completed", finished["error"]
        audio = client.get(finished["links"]["audio"])
    assert (audio.status_code, audio.headers["Content-Type"]) == (200, "audio/mpeg")
    with sf.SoundFile(io.BytesIO(audio.content)) as sound:
        assert sound.format == "MP3"
        spoken = sound.read()
        assert 0.5 < len(spoken) / sound.samplerate < 3  # two words
    assert spoken.std() > 0.01


def run_example(live_url: str, token: str, audio: Path) -> Any:
    command = [str(NODE), str(HERE / "seed_harness.mjs"), live_url, token, str(HERE / "seed_example.js"), str(audio)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def as_flac(recording: Path, target: Path) -> Path:
    samples, rate_hz = sf.read(recording, dtype="float32")
    target.write_bytes(flac_bytes(Waveform(samples, rate_hz)))
    return target


def shown(client: httpx.Client, synthesis: dict[str, Any]) -> Any:
    return client.get(synthesis["links"]["self"]).json()["synthesis"]
