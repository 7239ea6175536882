"""Run by test_full_disk.py where `small` is a disk of 4 MiB: what each writer of ours says of a full one.

Prints, as JSON, for each call [who wrote, the errno of what it raised, the files that it left]. Every format is tried
with as little missing as a byte, so that the last flush alone fails.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django

django.setup()

import numpy as np  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402

from tests.waveforms import wav_bytes  # noqa: E402
from voice.audio.encode import SpeechTags, encode  # noqa: E402
from voice.audio.formats import FORMATS  # noqa: E402
from voice.audio.pcm import PcmWriter, write_reference  # noqa: E402
from voice.audio.upload_sandbox import DecodeLimits, decode_upload  # noqa: E402
from voice.audio.waveform import Waveform  # noqa: E402
from voice.engines.base import VoiceProfile  # noqa: E402
from voice.storage.local import LocalStorage  # noqa: E402

DISK_BYTES, PAGE_BYTES = 4 * 1024 * 1024, 4096
MISSING_BYTES = (1, 3 * PAGE_BYTES, 100_000)
small, large = Path(sys.argv[1]), Path(sys.argv[2])
noise = Waveform(np.random.default_rng(1).normal(0, 0.1, 20 * 24_000).astype(np.float32), 24_000)
told: list[tuple[str, int | None, list[str]]] = []


@contextmanager
def room_of(free_bytes: int) -> Iterator[None]:
    filler = small / "filler"
    filler.write_bytes(bytes(DISK_BYTES - free_bytes // PAGE_BYTES * PAGE_BYTES))
    yield
    filler.unlink()


def call(name: str, write: Callable[[Path], object], *, needs_bytes: int, keeps_target: bool = False) -> None:
    """`keeps_target`: the folder, and the half of a file in it, are the caller's to remove."""
    for missing in MISSING_BYTES:
        raised = None
        with room_of(needs_bytes - missing):
            try:
                write(small / "target")
            except OSError as error:
                raised = error.errno
            if keeps_target:
                (small / "target").unlink(missing_ok=True)
        left = sorted(str(path.relative_to(small)) for path in small.rglob("*"))
        told.append((name, raised, left))
        for path in small.glob("*"):
            path.unlink()


def size_of(write: Callable[[Path], object]) -> int:
    target = large / "target"
    write(target)
    return target.stat().st_size


def write_pcm(path: Path) -> None:
    with PcmWriter(path, noise.rate_hz) as pcm:
        pcm.append(noise)


source = large / "noise.pcm"
with PcmWriter(source, noise.rate_hz) as whole:
    whole.append(noise)
for output_format in FORMATS:

    def write_sound(path: Path, output_format: str = output_format) -> None:
        encode(source, path, output_format=output_format, tags=SpeechTags(title="Noise"))

    call(output_format, write_sound, needs_bytes=size_of(write_sound))


def write_sample(path: Path) -> None:
    write_reference(path, noise)


def write_profile(path: Path) -> None:
    VoiceProfile("embedded", "1", {"noise": noise.samples}).save(path)


upload = large / "upload.wav"
upload.write_bytes(wav_bytes(noise))


def write_decoded(path: Path) -> None:
    decode_upload(upload, path, limits=DecodeLimits())


def write_stored(path: Path) -> None:
    LocalStorage(location=path.parent).save(path.name, ContentFile(source.read_bytes()))


call("reference", write_sample, needs_bytes=size_of(write_sample), keeps_target=True)
call("profile", write_profile, needs_bytes=size_of(write_profile), keeps_target=True)
call("pcm", write_pcm, needs_bytes=size_of(write_pcm))
call("decoded", write_decoded, needs_bytes=size_of(write_decoded))
(large / "target").unlink()
call("stored", write_stored, needs_bytes=source.stat().st_size)
print(json.dumps(told))
