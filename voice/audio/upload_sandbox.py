"""Turn an upload into our own PCM, in a child process that is allowed next to nothing.

Parsers differ about a lying header, and decoders have holes. So an upload is parsed and decoded exactly once, by
`sandbox_child.py`, which holds four open files (the upload, the target, its report, its errors), cannot open another,
and has limits on memory, CPU time and output. On Linux, `seccomp.py` also ends it at every system call that decoding
does not need. Everything after reads the PCM that it wrote.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO, Literal

from voice.audio.pcm import PCM_HEADER_BYTES, pcm_header
from voice.audio.rejections import file_too_large, rejection_error
from voice.disk_full import FULL_ERRNOS

AudioFormat = Literal["wav", "mp3", "flac", "aiff", "ogg", "w64", "caf", "au", "mp2", "mp1", "m4a", "aac", "webm"]
FFMPEG_FORMATS: frozenset[AudioFormat] = frozenset({"m4a", "aac", "webm"})

logger = logging.getLogger(__name__)

_COMMAND = (sys.executable, "-I", "-W", "ignore", str(Path(__file__).with_name("sandbox_child.py")))
_REPORT_LIMIT_BYTES = 4096
_KILLED_BY_LIMIT = {signal.SIGXCPU, signal.SIGKILL, signal.SIGXFSZ}
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """The bounds of an upload, and of the cost of decoding it.

    `memory_bytes` bounds the child's address space, `cpu_s` its processor time in whole seconds, and `wall_s` how
    long the caller waits. With `ffmpeg`, FFMPEG_FORMATS are read too, wherever the sandbox can be made tight.
    """

    max_bytes: int = 10 * 1024 * 1024
    min_duration_s: float = 10.0
    max_duration_s: float = 300.0
    max_channels: int = 8
    min_rate_hz: int = 8_000
    max_rate_hz: int = 192_000
    memory_bytes: int = 400 * 1024 * 1024
    cpu_s: int = 3
    wall_s: float = 10.0
    ffmpeg: bool = True


@dataclass(frozen=True, slots=True)
class DecodedAudio:
    """The sound that was in the upload. `channels` and `sample_format` are the upload's; the PCM is mono float32.

    `frames` and `duration_s` are counted while decoding, never taken from a header. `sample_format` is libsndfile's
    subtype, such as `PCM_16`, `FLOAT` or `MPEG_LAYER_III`, or FFmpeg's name of a codec, such as `AAC`.
    `promised_duration_s`: what the file's header promises, where clearly more is missing than a frame, so that it was
    cut off or its header is wrong.
    """

    format: AudioFormat
    duration_s: float
    rate_hz: int
    channels: int
    frames: int
    sample_format: str
    promised_duration_s: float | None = None


def decode_upload(source: Path, target: Path, *, limits: DecodeLimits) -> DecodedAudio:
    """Judge `source` by its content and write it to `target` as mono PCM at its own rate (see `voice.audio.pcm`).

    Channels are averaged. `target` is replaced; after an error it does not exist. Takes 0.2-3 s of one core;
    safe from threads.
    Raises UnsupportedAudio, InvalidAudio or TooLarge with a code of `voice.audio.rejections.REJECTIONS`, and OSError
    where the disk is full.
    """
    size = source.stat().st_size
    if size > limits.max_bytes:
        raise file_too_large(size_bytes=size, limit_bytes=limits.max_bytes)
    try:
        with source.open("rb") as upload, target.open("wb") as pcm:
            pcm.write(bytes(PCM_HEADER_BYTES))
            pcm.flush()
            decoded = _run_child(upload, pcm, limits)
            _seal(pcm, decoded)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return decoded


@cache
def ffmpeg_problem() -> str | None:
    """Why FFMPEG_FORMATS are refused on this machine, as the child itself finds it; None where they are read.

    Takes 0.3 s the first time.
    """
    command = [*_COMMAND, json.dumps(asdict(DecodeLimits())), "--probe"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, env=_ENVIRONMENT, cwd="/", check=False
    )
    if done.returncode != 0:
        return f"the sandbox cannot be started (it ended with {done.returncode})"
    problem: str | None = json.loads(done.stdout)["problem"]
    return problem


def _run_child(upload: IO[bytes], pcm: IO[bytes], limits: DecodeLimits) -> DecodedAudio:
    with tempfile.TemporaryFile() as report, tempfile.TemporaryFile() as stderr:
        child = subprocess.Popen(
            [*_COMMAND, json.dumps(asdict(limits)), str(pcm.fileno())],
            stdin=upload,
            stdout=report,
            stderr=stderr,
            pass_fds=(pcm.fileno(),),
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
        try:
            returncode = child.wait(limits.wall_s)
        except subprocess.TimeoutExpired as error:
            raise rejection_error("decode_limit", {}) from error
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        return _judge(returncode, _head(report), _head(stderr))


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(_REPORT_LIMIT_BYTES)


def _judge(returncode: int, report: bytes, stderr: bytes) -> DecodedAudio:
    """Read the child's end and its report. A child that fails on its own code is our bug, and is raised as one."""
    if returncode < 0:
        if returncode == -signal.SIGSYS:
            logger.warning("A decoder tried what the sandbox forbids, and was ended (SIGSYS).")
        killed = -returncode in _KILLED_BY_LIMIT
        raise rejection_error("decode_limit" if killed else "corrupt_audio", {})
    if returncode in FULL_ERRNOS:
        raise OSError(returncode, os.strerror(returncode))
    if returncode != 0:
        raise RuntimeError(f"sandbox_child ended with {returncode}: {stderr.decode(errors='replace')}")
    answer = json.loads(report)
    if "code" in answer:
        raise rejection_error(answer["code"], answer["details"])
    return DecodedAudio(**answer)


def _seal(pcm: IO[bytes], decoded: DecodedAudio) -> None:
    """Write the header once the file holds exactly what the child claims."""
    size = os.fstat(pcm.fileno()).st_size
    if size != PCM_HEADER_BYTES + 4 * decoded.frames:
        raise RuntimeError(f"sandbox_child reported {decoded.frames} frames and left {size} bytes")
    pcm.seek(0)
    pcm.write(pcm_header(rate_hz=decoded.rate_hz, frames=decoded.frames))
