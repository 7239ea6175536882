"""Speech to a file that a podcaster can publish: level, format, tags, all at once or not at all."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import mutagen
import soundfile as sf
from mutagen.flac import FLAC
from mutagen.id3 import COMM, ID3, TIT2, TSSE
from mutagen.oggvorbis import OggVorbis

from voice.audio.loudness import SILENCE_LUFS, apply_gains, limiter_gains, measure_pcm
from voice.audio.pcm import pcm_blocks, pcm_info
from voice.audio.waveform import Samples, resample_blocks
from voice.disk_full import disk_errors_told
from voice.errors import OutputRejected

OutputFormat = Literal["mp3", "wav", "flac", "ogg"]

TARGET_LUFS = -19.0
"""Mono loudness. Apple Podcasts and AES TD1008 ask for -16 LUFS in stereo; a mono file plays from two speakers, 3 LU
louder, so -19 LUFS is the same to the ear."""

SYNTHETIC_COMMENT = "synthetic speech"

_BLOCK_FRAMES = 16384
_MOST_LIMITING_DB = 6.0
_CEILING_DBTP: Mapping[OutputFormat, float] = {"wav": -1.0, "flac": -1.0, "mp3": -2.0, "ogg": -2.0}
"""AES TD1008 allows -1 dBTP; lossy codecs overshoot what they are given, so they start a decibel lower."""


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
    content_type: str
    rate_hz: int
    gain_db: float
    limited_db: float


@dataclass(frozen=True, slots=True)
class _Codec:
    container: str
    subtype: str
    content_type: str
    rates_hz: tuple[int, ...] | None
    options: Mapping[str, object]


_MPEG_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_CODECS: Mapping[OutputFormat, _Codec] = {
    "mp3": _Codec(
        "MP3", "MPEG_LAYER_III", "audio/mpeg", _MPEG_RATES, {"bitrate_mode": "VARIABLE", "compression_level": 0.2}
    ),
    "wav": _Codec("WAV", "PCM_16", "audio/wav", None, {}),
    "flac": _Codec("FLAC", "PCM_16", "audio/flac", None, {"compression_level": 0.6}),
    "ogg": _Codec("OGG", "VORBIS", "audio/ogg", None, {"compression_level": 0.4}),
}


def content_type(output_format: OutputFormat) -> str:
    """The media type of a format."""
    return _CODECS[output_format].content_type


def encode(pcm_source: Path, target: Path, *, output_format: OutputFormat, tags: SpeechTags) -> EncodedAudio:
    """Encode one of our PCM files (see `voice.audio.pcm`) to `target`.

    The whole piece is measured first and gets one gain, to `TARGET_LUFS`; its true peaks are held at -1 dBTP (-2 for
    lossy formats) by a limiter that takes back at most 6 dB, else the gain is lower. Written under a temporary name
    in the target's folder, synced and renamed: `target` is whole or absent. Memory stays at a few blocks and one
    figure per millisecond; safe from threads.
    Raises InvalidAudio `pcm_unreadable`, OutputRejected `output_silent` where there is nothing to hear, and OSError
    where the disk is full.
    """
    loudness = measure_pcm(pcm_source)
    if loudness.integrated_lufs <= SILENCE_LUFS:
        raise OutputRejected("output_silent", "The generated speech is silent. Change the text or the voice.")
    codec = _CODECS[output_format]
    ceiling_db = _CEILING_DBTP[output_format]
    gain_db = min(TARGET_LUFS - loudness.integrated_lufs, ceiling_db + _MOST_LIMITING_DB - loudness.true_peak_dbtp)
    gains = limiter_gains(loudness.peaks, gain_db=gain_db, ceiling_db=ceiling_db)
    info = pcm_info(pcm_source)
    rate_hz = _output_rate(info.rate_hz, codec)

    def write(path: Path) -> None:
        levelled = apply_gains(pcm_blocks(pcm_source, frames=_BLOCK_FRAMES), gains, step_frames=loudness.step_frames)
        blocks = levelled
        if rate_hz != info.rate_hz:
            blocks = resample_blocks(levelled, rate_hz=info.rate_hz, target_hz=rate_hz)
        with disk_errors_told(path):
            _write_sound(path, blocks, codec=codec, rate_hz=rate_hz, tags=tags)
            _TAGGERS[output_format](path, tags)

    size_bytes = _write_atomically(target, write)
    return EncodedAudio(
        size_bytes=size_bytes,
        duration_s=round(info.duration_s, 3),
        content_type=codec.content_type,
        rate_hz=rate_hz,
        gain_db=gain_db,
        limited_db=max(0.0, loudness.true_peak_dbtp + gain_db - ceiling_db),
    )


def _output_rate(rate_hz: int, codec: _Codec) -> int:
    """The rate itself, or the next higher one that the codec has."""
    if codec.rates_hz is None or rate_hz in codec.rates_hz:
        return rate_hz
    return min((rate for rate in codec.rates_hz if rate > rate_hz), default=codec.rates_hz[-1])


def _write_sound(path: Path, blocks: Iterator[Samples], *, codec: _Codec, rate_hz: int, tags: SpeechTags) -> None:
    with sf.SoundFile(path, "w", rate_hz, 1, subtype=codec.subtype, format=codec.container, **codec.options) as sound:
        if codec.container == "WAV":
            sound.title, sound.software, sound.comment = tags.title, tags.software, tags.comment
        for block in blocks:
            sound.write(block)


def _tag_mp3(path: Path, tags: SpeechTags) -> None:
    """ID3v2.4 in UTF-8. LAME, inside libsndfile, would write Latin-1 and put its own name in place of ours."""
    id3 = ID3()  # type: ignore[no-untyped-call]
    id3.add(TIT2(encoding=3, text=tags.title))  # type: ignore[no-untyped-call]
    id3.add(TSSE(encoding=3, text=tags.software))  # type: ignore[no-untyped-call]
    id3.add(COMM(encoding=3, lang="eng", desc="", text=tags.comment))  # type: ignore[no-untyped-call]
    id3.save(path)


def _tag_vorbis(path: Path, tags: SpeechTags, kind: Callable[[Path], mutagen.FileType]) -> None:
    """Vorbis comments. libsndfile would add its own name to the software."""
    file = kind(path)
    file.update({"title": [tags.title], "software": [tags.software], "comment": [tags.comment]})  # type: ignore[no-untyped-call]
    file.save()


_TAGGERS: Mapping[OutputFormat, Callable[[Path, SpeechTags], None]] = {
    "mp3": _tag_mp3,
    "wav": lambda path, tags: None,
    "flac": lambda path, tags: _tag_vorbis(path, tags, FLAC),
    "ogg": lambda path, tags: _tag_vorbis(path, tags, OggVorbis),
}


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
