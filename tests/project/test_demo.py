"""`make demo`: an MP3 at the end, or a sentence that helps."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.conf import settings

from local.demo_voice import fitting_recording
from local.stack_lock import running_stack
from tests.conftest import wait_until
from tests.rig.processes import ROOT
from tests.rig.stacks import SmallStack, assert_nothing_left, stack_environment
from tests.waveforms import speech_like
from voice.audio.upload_sandbox import DecodeLimits, decode_upload
from voice.engines.spec import EXAMPLE_TEXTS, LANGUAGES

pytestmark = pytest.mark.worker
TEXT = 'It costs $5, "really": the bakery\'s bread.'


def start_demo(var_dir: Path, *words: str) -> "subprocess.Popen[str]":
    command = ["make", "--silent", "-o", "setup", "demo", f"venv='{sys.executable}'", *words]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=stack_environment(var_dir),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # a process group, as a shell makes one: Ctrl-C goes to all of it
    )


def run_demo(var_dir: Path, *words: str) -> tuple[int, str]:
    demo = start_demo(var_dir, *words)
    output = demo.communicate(timeout=110)[0]
    return demo.returncode, output


def test_it_leaves_an_mp3_of_the_text_and_stops_its_stack(tmp_path: Path) -> None:
    speech_path = tmp_path / "me.mp3"

    status, words = run_demo(tmp_path / "var", f"TEXT={TEXT}", f"OUTPUT={speech_path}")

    assert status == 0, words
    samples, rate_hz = soundfile.read(speech_path)
    assert soundfile.info(speech_path).format == "MP3"
    assert 1.5 < len(samples) / rate_hz < 8
    assert np.abs(samples).max() > 0.05
    for said in (str(speech_path), "of 100", "snr", "Cloning", "make run"):
        assert said in words
    assert "\x1b" not in words, "no terminal, no escape codes"
    assert_nothing_left(tmp_path / "var")
    for log in ("web.log", "worker.log", "stack.log"):
        assert "Traceback" not in (tmp_path / "var" / "log" / log).read_text()
    database = sqlite3.connect(tmp_path / "var" / "podstream.sqlite3")
    assert database.execute("SELECT text FROM voice_synthesis_history").fetchall() == [(TEXT,)]
    database.close()


def test_it_uses_the_stack_that_runs_and_leaves_it_running(live_stack: SmallStack, tmp_path: Path) -> None:
    status, words = run_demo(live_stack.var_dir, "LANGUAGE=de", f"OUTPUT={tmp_path / 'ich.wav'}")
    assert status == 0, words
    assert soundfile.info(tmp_path / "ich.wav").format == "WAV"
    assert running_stack(live_stack.var_dir) is not None


def test_a_sample_that_the_api_would_refuse_is_explained_before_anything_starts(tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, np.random.default_rng(1).normal(0, 0.1, 2 * 16_000), 16_000)
    status, words = run_demo(tmp_path / "var", f"SAMPLE={short}")
    assert status != 0
    assert "2.0 s long" in words
    assert "Traceback" not in words
    assert not (tmp_path / "var" / "stack.lock").exists()


def test_a_recording_as_it_is_recommended_is_made_small_enough(live_stack: SmallStack, tmp_path: Path) -> None:
    """A minute in stereo, at 48 kHz and 24 bit: 17 MB."""
    recording, speech = tmp_path / "my voice.wav", tmp_path / "me.mp3"
    one = speech_like(60, 48_000, seed=5).samples
    soundfile.write(recording, np.stack([one, 0.8 * one], axis=1), 48_000, subtype="PCM_24")
    assert recording.stat().st_size > 17_000_000
    status, words = run_demo(live_stack.var_dir, f"SAMPLE={recording}", f"OUTPUT={speech}")
    assert status == 0, words
    assert "It is sent as FLAC of" in words
    assert soundfile.info(speech).format == "MP3"


@pytest.mark.parametrize(("rate_hz", "seconds"), [(48_000, 300), (192_000, 60)])
def test_long_and_fine_recordings_are_made_small_enough(rate_hz: int, seconds: int, tmp_path: Path) -> None:
    minute = speech_like(10, rate_hz, seed=5, noise_db=-45).samples
    soundfile.write(tmp_path / "a.wav", np.tile(minute, seconds // 10), rate_hz, subtype="PCM_24")
    smaller = fitting_recording(tmp_path / "a.wav", tmp_path)
    assert smaller.stat().st_size <= settings.MAX_VOICE_FILE_SIZE < (tmp_path / "a.wav").stat().st_size
    decoded = decode_upload(smaller, tmp_path / "again.wav", limits=DecodeLimits())
    assert decoded.duration_s == pytest.approx(seconds, abs=0.1)
    assert decoded.rate_hz >= 24_000


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("SAMPLE=nowhere.wav", "SAMPLE=nowhere.wav: there is no such file"),
        ("SAMPLE=/", "Give one recording, as WAV, MP3 or FLAC"),
        ("LANGUAGE=tlh", "LANGUAGE=tlh is none of: en, es"),
        ("OUTPUT=speech.doc", "OUTPUT=speech.doc must end in one of: .mp3"),
        ("OUTPUT=/nowhere/speech.mp3", "OUTPUT=/nowhere/speech.mp3: the folder"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_before_anything_starts(tmp_path: Path, wish: str, sentence: str) -> None:
    status, words = run_demo(tmp_path, wish)
    assert status != 0
    assert sentence in words
    assert "Traceback" not in words
    assert not (tmp_path / "stack.lock").exists()


def test_ctrl_c_stops_everything(tmp_path: Path) -> None:
    demo = start_demo(tmp_path)
    wait_until(lambda: running_stack(tmp_path) is not None, timeout_s=30)
    os.killpg(demo.pid, signal.SIGINT)
    words = demo.communicate(timeout=60)[0]
    assert demo.returncode != 0
    assert "Stopped." in words
    assert "Traceback" not in words
    assert running_stack(tmp_path) is None


def test_there_is_a_text_for_every_language() -> None:
    assert set(EXAMPLE_TEXTS) == set(LANGUAGES)
