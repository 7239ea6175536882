"""The sandboxed child of `upload_sandbox.py`: reads the upload from stdin, writes PCM to a file that it was handed.

Run as `python -I -W ignore sandbox_child.py LIMITS_JSON PCM_FD`. Its report, one JSON object on stdout, is either the
fields of `DecodedAudio` or a `code` with `details`. An exit status other than zero is ENOSPC or EDQUOT, or a bug of
ours. With `--probe` in place of PCM_FD nothing is decoded, and the report says whether FFmpeg can be let in.
"""

import ctypes
import io
import json
import math
import mmap
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voice.audio.upload_sandbox import AudioFormat

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


def _confine(limits: dict[str, Any]) -> None:
    """Take away what can be taken before any library is loaded."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    pcm_bytes = math.ceil(4 * (limits["max_duration_s"] + 5) * limits["max_rate_hz"])
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_FSIZE, pcm_bytes),
    ):
        resource.setrlimit(what, (value, value))


def _close_doors() -> OSError | None:
    """From here on no file, socket or process can be opened; what is open already stays usable.

    Returns what is in the way of the filter of system calls. Where that is missing, limits alone keep the doors shut:
    enough for libsndfile, but FFmpeg is not let in.
    """
    from voice.audio.seccomp import confine_calls

    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    try:
        confine_calls()
    except OSError as error:
        return error
    return None


def _ffmpeg_format(data: Any) -> "AudioFormat | None":
    """Which of FFmpeg's formats starts like this: the one look at an upload before the doors are closed."""
    from voice.audio.containers.names import QUICKTIME_ATOMS, is_aac

    if data[4:8] in QUICKTIME_ATOMS:
        return "m4a"
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return "webm"
    return "aac" if is_aac(data) else None


def _load(audio_format: "AudioFormat | None") -> tuple[Callable[..., Any], Exception | None]:
    """The function that decodes, with all that it needs, behind closed doors; and why it is not FFmpeg's, if so.

    Without FFmpeg, libsndfile's function is the one to refuse the file by its name.
    """
    from voice.audio.upload_decode import decode_to_pcm, load_callbacks

    load_callbacks()
    decode: Callable[..., Any] = decode_to_pcm
    problem: Exception | None = None
    if audio_format:
        try:
            from voice.audio.ffmpeg_decode import decode_with_ffmpeg

            upload = io.FileIO(0, closefd=False)
            decode = partial(decode_with_ffmpeg, upload=upload, audio_format=audio_format)
        except ImportError as error:
            problem = error
    problem = _close_doors() or problem
    return decode_to_pcm if problem else decode, problem


def _decode(fields: dict[str, Any], pcm_fd: int) -> dict[str, Any]:
    from voice.audio.rejections import Rejected
    from voice.audio.upload_sandbox import DecodeLimits
    from voice.disk_full import FULL_ERRNOS

    limits = DecodeLimits(**fields)
    data = mmap.mmap(0, 0, access=mmap.ACCESS_READ) if os.fstat(0).st_size else b""
    decode, _ = _load(_ffmpeg_format(data) if limits.ffmpeg else None)
    try:
        return asdict(decode(data, pcm_fd=pcm_fd, limits=limits))
    except Rejected as rejected:
        return {"code": rejected.code, "details": rejected.details}
    except MemoryError:
        return {"code": "decode_limit", "details": {}}
    except OSError as error:  # the PCM has no room, and so a report may have none
        if error.errno not in FULL_ERRNOS:
            raise
        os._exit(error.errno)


def _probe() -> dict[str, Any]:
    _, problem = _load("m4a")
    return {"problem": str(problem) if problem else None}


def main() -> None:
    """Decode the upload on stdin and report."""
    fields = json.loads(sys.argv[1])
    _confine(fields)
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    answer = _probe() if sys.argv[2] == "--probe" else _decode(fields, int(sys.argv[2]))
    os.write(1, json.dumps(answer).encode())
    os._exit(0)  # no library has anything left to do that the filter would end the process for


if __name__ == "__main__":
    main()
