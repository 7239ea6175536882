"""`make run ENGINE=xtts`: the small size with a worker that speaks with XTTS."""

import signal
from pathlib import Path

import pytest

from local.demo_client import DemoClient
from local.demo_voice import demo_recording
from tests.engines.xtts.random_checkpoint import make_checkpoint
from tests.project.stacks import assert_nothing_left, family, living, start_stack, url_of, words_of

pytestmark = [pytest.mark.worker, pytest.mark.timeout(400)]


def test_a_stack_with_xtts_clones_and_speaks_and_leaves_nothing_behind(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "checkpoint", stops_near=16)
    var_dir = tmp_path / "var"
    stack = start_stack(
        var_dir, VOICE_ENGINE="xtts", XTTS_CHECKPOINT=str(checkpoint), XTTS_LICENCE_ACCEPTED="1", XTTS_DEVICE="cpu"
    )
    try:
        url = url_of(stack, var_dir, timeout_s=300)
        demo_recording(tmp_path / "voice.wav")
        with DemoClient(url) as client:
            client.register()
            sample = client.upload(tmp_path / "voice.wav")
            model = client.clone(sample_id=sample["id"], language="en")
            synthesis = client.synthesize(
                model_id=model["id"], text="Hello there, dear world!", language="en", output_format="mp3"
            )
            client.wait(f"/api/voice/history/{synthesis['id']}", done="completed", progress=lambda share: None)
        started = family(stack.pid)
    finally:
        stack.send_signal(signal.SIGINT)
        words = words_of(stack)
    assert stack.returncode == 0, words
    assert living(started) == []
    assert_nothing_left(var_dir)
    assert "engine xtts: " in (var_dir / "log" / "speech.log").read_text()
