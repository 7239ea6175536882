"""The real child of an upload, with a hostile decoder in it: what it tries is stopped, by the kernel."""

import logging
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.media import media_bytes
from tests.waveforms import speech_like, wav_bytes
from voice.audio import sandbox_child, upload_sandbox
from voice.audio.upload_sandbox import DecodeLimits, decode_upload, ffmpeg_problem
from voice.errors import InvalidAudio, UnsupportedAudio

ROOT = Path(__file__).parents[2]
SCRIPT = """
import ctypes, mmap, os, runpy, signal, socket, subprocess, sys, threading
sys.path.insert(0, {root!r})
import numpy as np
libc = ctypes.CDLL(None, use_errno=True)
{preparation}
child = {child!r}
sys.argv[0] = child
runpy.run_path(child, run_name="__main__")
"""
HOSTILE_DECODER = """
import voice.audio.upload_decode, voice.audio.ffmpeg_decode
def decode(data, *, pcm_fd, limits, **_):
    {attempt}
    raise RuntimeError("it went on")
voice.audio.upload_decode.decode_to_pcm = voice.audio.ffmpeg_decode.decode_with_ffmpeg = decode
"""
ENDED = {
    "a socket": "socket.socket()",
    "a pair of sockets": "socket.socketpair()",
    "a connection on a descriptor": "libc.connect(0, b'', 0)",
    "fork": "os.fork()",
    "vfork and exec": "subprocess.run(['/bin/true'])",
    "a thread": "threading.Thread(target=print).start()",
    "another program": "os.execv('/bin/true', ['true'])",
    "a signal to its parent": "os.kill(os.getppid(), 9)",
    "reading another process": "libc.ptrace(16, os.getppid(), 0, 0)",
    "openat2": "libc.syscall(437, -100, b'/etc/passwd', b'\\\\0' * 24, 24)",
    "io_uring": "libc.syscall(425, 8, b'\\\\0' * 120)",
    "the calls of x32": "libc.syscall(0x40000000 + 2, b'/etc/passwd', 0)",
    "deleting a file": "os.unlink('/nothing')",
    "making a folder": "os.mkdir('/tmp/never')",
    "a pipe": "os.pipe()",
    "a second descriptor": "os.dup(0)",
    "an anonymous file": "os.memfd_create('a')",
    "memory to execute": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "memory made executable": "libc.mprotect(0, 4096, 4)",
    "higher limits": "libc.prlimit(0, 7, 0, 0)",
    "a requeued futex": "libc.syscall(202, 0, 11, 0, 0, 0, 0)",
}
DENIED = {
    "reading a file": "open('/etc/passwd')",
    "writing a file": "open('/tmp/never', 'w')",
    "listing a folder": "os.listdir('/')",
    "looking up a file": "os.stat('/etc/passwd')",
}
LIMITS = DecodeLimits()


@pytest.fixture(scope="module", params=["wav", "m4a"])
def recording(request: pytest.FixtureRequest) -> bytes:
    speech = speech_like(11, 24_000, seed=3)
    return wav_bytes(speech) if request.param == "wav" else media_bytes(speech, "ipod", "aac")


Judge = Callable[..., upload_sandbox.DecodedAudio]


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Decodes an upload in the real child, into which `preparation` has put something of its own first."""

    def run(upload: bytes, preparation: str, limits: DecodeLimits = LIMITS) -> upload_sandbox.DecodedAudio:
        use_prepared_child(monkeypatch, preparation)
        (tmp_path / "upload").write_bytes(upload)
        return decode_upload(tmp_path / "upload", tmp_path / "target.wav", limits=limits)

    return run


def use_prepared_child(monkeypatch: pytest.MonkeyPatch, preparation: str) -> None:
    script = SCRIPT.format(root=str(ROOT), preparation=preparation, child=str(sandbox_child.__file__))
    monkeypatch.setattr(upload_sandbox, "_COMMAND", (sys.executable, "-I", "-W", "ignore", "-c", script))


def test_here_the_sandbox_is_tight() -> None:
    assert ffmpeg_problem() is None


@pytest.mark.parametrize("what", ENDED)
def test_a_child_that_tries_this_is_ended(
    what: str, recording: bytes, judge: Judge, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(InvalidAudio, match="corrupt_audio"):
        judge(recording, HOSTILE_DECODER.format(attempt=ENDED[what]))
    assert "SIGSYS" in caplog.text


@pytest.mark.parametrize("what", DENIED)
def test_a_child_that_tries_this_is_denied_it(what: str, recording: bytes, judge: Judge) -> None:
    with pytest.raises(RuntimeError, match=r"sandbox_child ended with 1: (?s:.)*PermissionError: \[Errno 13\]"):
        judge(recording, HOSTILE_DECODER.format(attempt=DENIED[what]))


@pytest.mark.parametrize(
    "attempt", ["np.ones(2 * 2**30, np.uint8)", "bytearray(2 * 2**30)", "mmap.mmap(-1, 2 * 2**30)"]
)
def test_a_child_that_takes_two_gigabytes_does_not_get_them(attempt: str, recording: bytes, judge: Judge) -> None:
    with pytest.raises((InvalidAudio, RuntimeError), match=r"decode_limit|\[Errno 12\] Cannot allocate memory"):
        judge(recording, HOSTILE_DECODER.format(attempt=attempt))


def test_a_child_that_never_ends_is_ended(recording: bytes, judge: Judge) -> None:
    with pytest.raises(InvalidAudio, match="decode_limit"):
        judge(recording, HOSTILE_DECODER.format(attempt="while True: pass"), replace(LIMITS, cpu_s=1))


NO_FILTER = """
import voice.audio.seccomp
def refuse():
    raise OSError(1, "the system call seccomp is refused (Operation not permitted)")
voice.audio.seccomp.confine_calls = refuse
"""
NO_PYAV = "sys.modules['av'] = None"


@pytest.mark.parametrize(("preparation", "reason"), [(NO_FILTER, "seccomp is refused"), (NO_PYAV, "import of av")])
def test_where_ffmpeg_cannot_be_held_its_formats_are_refused_and_others_read(
    preparation: str, reason: str, judge: Judge
) -> None:
    speech = speech_like(11, 24_000, seed=3)
    assert judge(wav_bytes(speech), preparation).format == "wav"
    with pytest.raises(UnsupportedAudio, match="an M4A file"):
        judge(media_bytes(speech, "ipod", "aac"), preparation)
    ffmpeg_problem.cache_clear()
    try:
        assert reason in str(ffmpeg_problem())
    finally:
        ffmpeg_problem.cache_clear()


def test_a_sandbox_that_cannot_start_is_a_reason_too(monkeypatch: pytest.MonkeyPatch) -> None:
    use_prepared_child(monkeypatch, "os._exit(3)")
    ffmpeg_problem.cache_clear()
    try:
        assert "ended with 3" in str(ffmpeg_problem())
    finally:
        ffmpeg_problem.cache_clear()


def test_the_decoders_of_uploads_are_not_imported_by_the_web(tmp_path: Path) -> None:
    script = "import django, os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'podstream.settings'; django.setup(); "
    script += "import podstream.urls, voice.services.sample; print('av' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
