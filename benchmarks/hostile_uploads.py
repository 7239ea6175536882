"""The time and memory that hostile uploads cost in the decoder: `python -m benchmarks.hostile_uploads`.

The files are those of tests/waveforms.py. Each is refused by the sandboxed child; the memory is that child's peak.
"""

import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.waveforms import HOSTILE_FILES
from voice.audio.upload_sandbox import DecodeLimits, decode_upload
from voice.errors import VoiceError

Refusal = tuple[str, float, int]


def refusal_of(name: str) -> Refusal:
    """Code, seconds and megabytes for one file; in a process of its own, so that the memory is that of one child."""
    build, _ = HOSTILE_FILES[name]
    with tempfile.TemporaryDirectory() as folder:
        upload = Path(folder) / "upload"
        upload.write_bytes(build())
        started = time.monotonic()
        try:
            decode_upload(upload, Path(folder) / "decoded.wav", limits=DecodeLimits())
            code = "accepted"
        except VoiceError as error:
            code = error.code
        took_s = time.monotonic() - started
    return code, took_s, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def main() -> None:
    """Print a table of all files, the slowest last."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        refusals = {name: pool.apply(refusal_of, (name,)) for name in HOSTILE_FILES}
    table = Table("File", "Code", "Seconds", "MB of the child")
    for name, (code, took_s, megabytes) in sorted(refusals.items(), key=lambda item: item[1][1]):
        table.add_row(name, code, f"{took_s:.2f}", str(megabytes))
    Console().print(table)


if __name__ == "__main__":
    main()
