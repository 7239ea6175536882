"""The sandboxed child of `upload_sandbox.py`: reads the upload from stdin, writes PCM to a file that it was handed.

Run as `python -I sandbox_child.py LIMITS_JSON PCM_FD`. Its report, one JSON object on stdout, is either the fields of
`DecodedAudio` or a `code` with `details`. An exit status other than zero is ENOSPC or EDQUOT, or a bug of ours.
"""

import ctypes
import json
import math
import mmap
import os
import resource
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

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


def _close_doors() -> None:
    """From here on no file, socket or process can be opened; what is open already stays usable."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def main() -> None:
    """Decode the upload on stdin and report."""
    fields, pcm_fd = json.loads(sys.argv[1]), int(sys.argv[2])
    _confine(fields)
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from voice.audio.rejections import Rejected
    from voice.audio.upload_decode import decode_to_pcm
    from voice.audio.upload_sandbox import DecodeLimits
    from voice.disk_full import FULL_ERRNOS

    data = mmap.mmap(0, 0, access=mmap.ACCESS_READ) if os.fstat(0).st_size else b""
    _close_doors()
    answer: dict[str, Any]
    try:
        answer = asdict(decode_to_pcm(data, upload_fd=0, pcm_fd=pcm_fd, limits=DecodeLimits(**fields)))
    except Rejected as rejected:
        answer = {"code": rejected.code, "details": rejected.details}
    except MemoryError:
        answer = {"code": "decode_limit", "details": {}}
    except OSError as error:  # the PCM has no room, and so a report may have none
        if error.errno not in FULL_ERRNOS:
            raise
        sys.exit(error.errno)
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
