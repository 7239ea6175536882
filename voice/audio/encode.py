"""Speech to a file that a podcaster can publish: level, format, tags, all at once or not at all."""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutagen
import soundfile as sf
from mutagen.id3 import COMM, ID3, TIT2, TSSE

from voice.audio.formats import FORMATS, Format
from voice.audio.loudness import SILENCE_LUFS, apply_gains, limiter_gains, measure_pcm
from voice.audio.pcm import pcm_blocks, pcm_info
from voice.audio.waveform import Samples, resample_blocks
from voice.disk_full import disk_errors_told
from voice.errors import OutputRejected

TARGET_LUFS = -19.0
"""Mono loudness. Apple Podcasts and AES TD1008 ask for -16 LUFS in stereo; a mono file plays from two speakers, 3 LU
louder, so -19 LUFS is the same to the ear."""

SYNTHETIC_COMMENT = "synthetic speech"

_BLOCK_FRAMES = 16384
_MOST_LIMITING_DB = 6.0
_SOFTWARE_KEYS = {"vorbis": "software", "opus": "encoder"}


@dataclass(frozen=True, slots=True)
class SpeechTags:
    """What the file says about itself, in the tag form of its format. Control characters are left out."""

    title: str
    software: str = "PodStream voice"
    comment: str = SYNTHETIC_COMMENT

    def __post_init__(self) -> None:
        for name in ("title", "software", "comment"):
            object.__setattr__(self, name, "".join(c for c in getattr(self, name) if c.isprintable()))


@dataclass(frozen=True, slots=True)
class EncodedAudio:
    """The finished file. `gain_db` was applied to the whole; the limiter took back at most `limited_db` at peaks."""

    size_bytes: int
    duration_s: float
    rate_hz: int
    gain_db: float
    limited_db: float


def encode(
    pcm_source: Path, target: Path, *, output_format: str, tags: SpeechTags, bitrate_kbps: int | None = None
) -> EncodedAudio:
    """Encode one of our PCM files (see `voice.audio.pcm`) to `target`, in a format of `voice.audio.formats`.

    The whole piece is measured first and gets one gain, to `TARGET_LUFS`; its true peaks are held at -1 dBTP (-2 for
    lossy formats) by a limiter that takes back at most 6 dB, else the gain is lower. `bitrate_kbps`: constant, one of
    those of the format; None for the format's own way. Written under a temporary name in the target's folder, synced
    and renamed: `target` is whole or absent. Memory stays at a few blocks and one figure per millisecond; safe from
    threads.
    Raises InvalidAudio `pcm_unreadable`, OutputRejected `output_silent` where there is nothing to hear, and OSError
    where the disk is full.
    """
    loudness = measure_pcm(pcm_source)
    if loudness.integrated_lufs <= SILENCE_LUFS:
        raise OutputRejected("output_silent", "The generated speech is silent. Change the text or the voice.")
    form = FORMATS[output_format]
    ceiling_db = form.ceiling_dbtp
    gain_db = min(TARGET_LUFS - loudness.integrated_lufs, ceiling_db + _MOST_LIMITING_DB - loudness.true_peak_dbtp)
    gains = limiter_gains(loudness.peaks, gain_db=gain_db, ceiling_db=ceiling_db)
    info = pcm_info(pcm_source)
    rate_hz = form.rate_for(info.rate_hz, bitrate_kbps)

    def write(path: Path) -> None:
        blocks = apply_gains(pcm_blocks(pcm_source, frames=_BLOCK_FRAMES), gains, step_frames=loudness.step_frames)
        if rate_hz != info.rate_hz:
            blocks = resample_blocks(blocks, rate_hz=info.rate_hz, target_hz=rate_hz)
        with disk_errors_told(path):
            _write_sound(path, blocks, form=form, options=form.writing(rate_hz, bitrate_kbps), tags=tags)

    size_bytes = _write_atomically(target, write)
    return EncodedAudio(
        size_bytes=size_bytes,
        duration_s=round(info.duration_s, 3),
        rate_hz=rate_hz,
        gain_db=gain_db,
        limited_db=max(0.0, loudness.true_peak_dbtp + gain_db - ceiling_db),
    )


def _write_sound(
    path: Path, blocks: Iterator[Samples], *, form: Format, options: dict[str, Any], tags: SpeechTags
) -> None:
    with sf.SoundFile(path, "w", **options) as sound:
        if form.tags == "libsndfile":
            sound.title, sound.software, sound.comment = tags.title, tags.software, tags.comment
        for block in blocks:
            sound.write(block)
    if form.tags == "id3":
        _tag_id3(path, tags)
    elif form.tags in _SOFTWARE_KEYS:
        _tag_comments(path, tags, software_key=_SOFTWARE_KEYS[form.tags])


def _tag_id3(path: Path, tags: SpeechTags) -> None:
    """ID3v2.4 in UTF-8. LAME, inside libsndfile, would write Latin-1 and put its own name in place of ours."""
    id3 = ID3()  # type: ignore[no-untyped-call]
    id3.add(TIT2(encoding=3, text=tags.title))  # type: ignore[no-untyped-call]
    id3.add(TSSE(encoding=3, text=tags.software))  # type: ignore[no-untyped-call]
    id3.add(COMM(encoding=3, lang="eng", desc="", text=tags.comment))  # type: ignore[no-untyped-call]
    id3.save(path)


def _tag_comments(path: Path, tags: SpeechTags, *, software_key: str) -> None:
    """Vorbis comments, in whatever container holds them. libsndfile would add its own name to the software."""
    file = mutagen.File(path)
    file.update({"title": [tags.title], software_key: [tags.software], "comment": [tags.comment]})
    file.save()


def _write_atomically(target: Path, write: Callable[[Path], None]) -> int:
    """Let `write` fill a temporary file beside `target`, then put it in place. Returns its size in bytes."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        size_bytes = temporary.stat().st_size
        _sync(temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(target.parent)
    return size_bytes


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
