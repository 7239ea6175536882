"""`make run ENGINE=xtts`: the small size with a worker that speaks with XTTS."""

import signal
from pathlib import Path

import pytest

from local.client import ApiClient
from local.demo_voice import demo_recording
from tests.engines.xtts.random_checkpoint import make_checkpoint
from tests.rig.processes import living
from tests.rig.stacks import SmallStack, assert_nothing_left

pytestmark = [pytest.mark.worker, pytest.mark.timeout(400)]


def test_a_stack_with_xtts_clones_and_speaks_and_leaves_nothing_behind(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "checkpoint", stops_near=16)
    settings = {"VOICE_ENGINE": "xtts", "XTTS_CHECKPOINT": str(checkpoint), "XTTS_LICENCE_ACCEPTED": "1"}
    settings["XTTS_DEVICE"] = "cpu"
    with SmallStack(tmp_path, settings, start_timeout_s=300) as stack:
        demo_recording(tmp_path / "voice.wav")
        with ApiClient(stack.url) as client:
            client.register()
            sample = client.upload(tmp_path / "voice.wav")
            model = client.clone(sample_id=sample["id"])
            synthesis = client.synthesize(model_id=model["id"], text="Hello there, dear world!")
            client.wait(f"/api/voice/history/{synthesis['id']}", done="completed")
        started = stack.family()
        stack.supervisor.process.send_signal(signal.SIGINT)
        assert stack.status_at_end() == 0, stack.supervisor.log
    assert living(started) == []
    assert_nothing_left(stack.var_dir)
    assert "engine xtts: " in (stack.var_dir / "log" / "speech.log").read_text()
