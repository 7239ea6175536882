"""The espeak process: the same samples every time, and no failure that outlives it."""

import gc
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from voice.engines.embedded.source import (
    ESPEAK_VOICES,
    HIGH_VARIANT,
    LOW_VARIANT,
    EspeakProcess,
    SourceSpeechFailed,
    SpeakRequest,
)
from voice.errors import EngineError

REQUEST = SpeakRequest("The quick brown fox jumps over the lazy dog.", "en-us")
ENDLESS = SpeakRequest("a long story goes on and on, " * 20_000, "en-us")


def wait_until_gone(pid: int) -> None:
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} is still there")


def speaker_of(process: EspeakProcess) -> psutil.Process:
    """The fork that speaks at the moment."""
    for _ in range(500):
        if process.pid is not None and (children := psutil.Process(process.pid).children()):
            return children[0]
        time.sleep(0.01)
    raise AssertionError("nobody speaks")


def test_a_sentence_sounds_the_same_the_second_time_and_in_another_process() -> None:
    first, second = EspeakProcess(), EspeakProcess()
    spoken = [first.speak(REQUEST), first.speak(REQUEST), second.speak(REQUEST)]
    assert len(spoken[0].samples) > spoken[0].rate_hz
    assert spoken[0].rate_hz == 22_050
    for waveform in spoken[1:]:
        np.testing.assert_array_equal(waveform.samples, spoken[0].samples)


def test_the_clock_does_not_change_a_breathy_voice() -> None:
    process = EspeakProcess()
    request = SpeakRequest(REQUEST.text, f"en-us{HIGH_VARIANT}")
    first = process.speak(request)
    time.sleep(1.1)  # espeak-ng seeds its noise by the second
    np.testing.assert_array_equal(process.speak(request).samples, first.samples)


def test_what_was_said_before_does_not_change_a_sentence() -> None:
    process = EspeakProcess()
    fresh = process.speak(REQUEST)
    process.speak(SpeakRequest("Etwas ganz anderes.", "de", rate_wpm=300, pitch=90))
    np.testing.assert_array_equal(process.speak(REQUEST).samples, fresh.samples)


@pytest.mark.parametrize("variant", [LOW_VARIANT, HIGH_VARIANT])
def test_every_voice_that_we_name_is_known_to_espeak(variant: str) -> None:
    process = EspeakProcess()
    for voice in ESPEAK_VOICES.values():
        assert process.speak(SpeakRequest("12", voice + variant)).duration_s > 0.2


def test_an_unknown_voice_is_an_error_and_not_another_voice() -> None:
    with pytest.raises(SourceSpeechFailed, match="atlantean") as caught:
        EspeakProcess().speak(SpeakRequest("Hello", "atlantean"))
    assert caught.value.code == "source_speech_failed"


def test_a_speaker_that_crashes_in_the_middle_is_a_retryable_error_and_the_next_sentence_works() -> None:
    process = EspeakProcess()
    expected = process.speak(REQUEST)
    with ThreadPoolExecutor(1) as pool:
        speaking = pool.submit(process.speak, ENDLESS)
        os.kill(speaker_of(process).pid, signal.SIGSEGV)
        with pytest.raises(EngineError) as caught:
            speaking.result(timeout=20)
    assert caught.value.retryable
    np.testing.assert_array_equal(process.speak(REQUEST).samples, expected.samples)


def test_a_speaker_that_hangs_is_killed_at_the_deadline() -> None:
    process = EspeakProcess(timeout_s=1)
    process.speak(REQUEST)
    with ThreadPoolExecutor(1) as pool:
        speaking = pool.submit(process.speak, ENDLESS)
        speaker = speaker_of(process)
        speaker.suspend()
        with pytest.raises(SourceSpeechFailed, match="longer than 1 s"):
            speaking.result(timeout=20)
    wait_until_gone(speaker.pid)
    assert process.speak(REQUEST).duration_s > 1


def test_a_server_that_died_between_two_sentences_is_started_again() -> None:
    process = EspeakProcess()
    expected = process.speak(REQUEST)
    assert process.pid is not None
    psutil.Process(process.pid).kill()
    np.testing.assert_array_equal(process.speak(REQUEST).samples, expected.samples)


def test_the_process_ends_with_its_owner() -> None:
    process = EspeakProcess()
    process.speak(REQUEST)
    pid = process.pid
    assert pid is not None
    del process
    gc.collect()
    wait_until_gone(pid)


def test_the_process_ends_when_its_parent_is_killed() -> None:
    program = (
        "import time\n"
        "from voice.engines.embedded.source import EspeakProcess, SpeakRequest\n"
        "process = EspeakProcess()\n"
        "process.speak(SpeakRequest('Hello', 'en-us'))\n"
        "print(process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
    wait_until_gone(pid)


def test_threads_share_one_process_and_get_their_own_sentences() -> None:
    process = EspeakProcess()
    texts = ["one", "two hundred", "three thousand and one", "four"]
    alone = [process.speak(SpeakRequest(text, "en-us")).samples for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: process.speak(SpeakRequest(text, "en-us")).samples, texts * 3))
    for found, expected in zip(together, alone * 3, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_text_that_holds_nothing_to_say_gives_no_sound() -> None:
    assert np.abs(EspeakProcess().speak(SpeakRequest(" ", "en-us")).samples).max(initial=0) == 0
