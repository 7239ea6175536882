"""Speech to a file that a podcaster can publish: level, format, tags, all at once or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mutagen
import soundfile as sf
from mutagen.id3 import COMM, ID3, TIT2, TSSE

from voice.audio.formats import FORMATS, Format
from voice.audio.loudness import SILENCE_LUFS, apply_gains, limiter_gains, measure_blocks
from voice.audio.pcm import pcm_blocks, pcm_info
from voice.audio.waveform import OnProgress, Samples, ignore_progress, resample_blocks, told_blocks
from voice.disk_full import disk_errors_raised
from voice.errors import OutputRejected

TARGET_LUFS = -19.0
"""Mono loudness. Apple Podcasts and AES TD1008 ask for -16 LUFS in stereo; a mono file plays from two speakers, 3 LU
louder, so -19 LUFS is the same to the ear."""

SYNTHETIC_COMMENT = "synthetic speech"

_BLOCK_FRAMES = 16384
_MEASURING_SHARE = 0.1  # of the time that this takes; the writing has the rest
_MOST_LIMITING_DB = 6.0
_SOFTWARE_KEYS = {"vorbis": "software", "opus": "encoder"}


@dataclass(frozen=True, slots=True)
class SpeechTags:
    """The statements of a file about itself, in the tag form of its format. Control characters are left out."""

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
    pcm_source: Path,
    target: Path,
    *,
    output_format: str,
    tags: SpeechTags,
    bitrate_kbps: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> EncodedAudio:
    """Encode one of our PCM files (see `voice.audio.pcm`) to `target`, in a format of `voice.audio.formats`.

    The whole piece is measured first and gets one gain, to `TARGET_LUFS`; its true peaks are held at -1 dBTP (-2 for
    lossy formats) by a limiter that takes back at most 6 dB, else the gain is lower. `bitrate_kbps`: constant, one of
    those of the format; None for the format's own way. Written beside `target` and renamed: `target` is whole or
    absent. Memory stays at a few blocks and one figure per millisecond; safe from threads that have their own targets.
    Raises InvalidAudio `pcm_unreadable`, OutputRejected `output_silent` where the speech is silent, and OSError
    where the disk is full.
    """
    info = pcm_info(pcm_source)

    def blocks_told(begin: float, end: float) -> Iterator[Samples]:
        blocks = pcm_blocks(pcm_source, frames=_BLOCK_FRAMES)
        return told_blocks(
            blocks, frames=info.frames, on_progress=lambda share: on_progress(begin + (end - begin) * share)
        )

    loudness = measure_blocks(blocks_told(0, _MEASURING_SHARE), rate_hz=info.rate_hz)
    if loudness.integrated_lufs <= SILENCE_LUFS:
        raise OutputRejected("output_silent", "The generated speech is silent. Change the text or the voice.")
    form = FORMATS[output_format]
    ceiling_db = form.ceiling_dbtp
    gain_db = min(TARGET_LUFS - loudness.integrated_lufs, ceiling_db + _MOST_LIMITING_DB - loudness.true_peak_dbtp)
    gains = limiter_gains(loudness.peaks, gain_db=gain_db, ceiling_db=ceiling_db)
    rate_hz = form.rate_for(info.rate_hz, bitrate_kbps)

    blocks = apply_gains(blocks_told(_MEASURING_SHARE, 1), gains, step_frames=loudness.step_frames)
    if rate_hz != info.rate_hz:
        blocks = resample_blocks(blocks, rate_hz=info.rate_hz, target_hz=rate_hz)
    part = target.with_name(f".{target.name}.part")
    try:
        with disk_errors_raised(part):
            _write_sound(part, blocks, form=form, rate_hz=rate_hz, bitrate_kbps=bitrate_kbps, tags=tags)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return EncodedAudio(
        size_bytes=target.stat().st_size,
        duration_s=round(info.duration_s, 3),
        rate_hz=rate_hz,
        gain_db=gain_db,
        limited_db=max(0.0, loudness.true_peak_dbtp + gain_db - ceiling_db),
    )


def _write_sound(
    path: Path, blocks: Iterator[Samples], *, form: Format, rate_hz: int, bitrate_kbps: int | None, tags: SpeechTags
) -> None:
    """Write and tag a sound file, and look that all of it arrived: Opus in libsndfile hides that its end did not."""
    written = 0
    with sf.SoundFile(path, "w", **form.writing(rate_hz, bitrate_kbps)) as sound:
        if form.tags == "libsndfile":
            sound.title, sound.software, sound.comment = tags.title, tags.software, tags.comment
        for block in blocks:
            sound.write(block)
            written += len(block)
    if form.tags == "id3":
        _tag_id3(path, tags)
    elif form.tags in _SOFTWARE_KEYS:
        _tag_comments(path, tags, software_key=_SOFTWARE_KEYS[form.tags])
    with sf.SoundFile(path, **form.reading(rate_hz)) as sound:
        if sound.frames < written:
            raise RuntimeError(f"{written - sound.frames} of {written} frames were lost")


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
