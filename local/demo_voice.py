"""The recording of the demo: one that fits the limits, or a passage spoken in a voice that no clone starts from."""

from pathlib import Path

import numpy as np
import soundfile
import soxr
from django.conf import settings

from voice.audio.pcm import read_pcm
from voice.audio.rejections import file_too_large
from voice.audio.upload_sandbox import DecodeLimits, decode_upload
from voice.audio.waveform import resample_at_most
from voice.engines.embedded.source import EspeakProcess, SpeakRequest

VOICE = "en-gb-x-rp+Gene"
PASSAGE = (
    "When I was young, my grandfather kept a small radio on the kitchen window.",
    "Every evening, while the bread was still warm, we would listen to voices from far away.",
    "Some told of storms at sea, others sang, and a few simply read the news.",
    "I did not understand each word, but I knew every voice by heart.",
    "Perhaps that is why I speak into a microphone today, and hope that somebody, somewhere, is listening.",
)
PAUSE_S = 0.35
RATE_HZ = 48_000  # what podcasters record at
ROOM_TONE_AMPLITUDE = 1e-3  # a room is never digitally silent
MOST_BYTES = 2**30  # of a recording that is made smaller
SMALLER = ((RATE_HZ, "PCM_24"), (RATE_HZ, "PCM_16"), (RATE_HZ // 2, "PCM_16"))
"""What is tried in turn, as FLAC; cloning needs no more than the last. Five minutes of it have some 8 MB."""


def fitting_recording(path: Path, folder: Path) -> Path:
    """The recording itself if the API would take it, or a smaller one in `folder` if only its size is in the way.

    It is judged by the settings and the sandbox of the server. Raises what `decode_upload` raises.
    """
    size, usual = path.stat().st_size, DecodeLimits()
    decoded = folder / "decoded.wav"
    limits = DecodeLimits(
        max_bytes=max(MOST_BYTES, settings.MAX_VOICE_FILE_SIZE),
        min_duration_s=settings.MIN_VOICE_DURATION,
        max_duration_s=settings.MAX_VOICE_DURATION,
        memory_bytes=usual.memory_bytes + 3 * size,  # the file as it is mapped, and copies
        cpu_s=20 * usual.cpu_s,
        wall_s=20 * usual.wall_s,
        ffmpeg=settings.FFMPEG_UPLOADS,
    )
    decode_upload(path, decoded, limits=limits)
    return path if size <= settings.MAX_VOICE_FILE_SIZE else _smaller(decoded, folder / f"{path.stem}.flac")


def _smaller(decoded: Path, target: Path) -> Path:
    """The decoded recording as FLAC, mono, of a size that can be sent. Raises TooLarge."""
    waveform = read_pcm(decoded)
    for rate_hz, subtype in SMALLER:
        resampled = resample_at_most(waveform, rate_hz)
        soundfile.write(target, np.clip(resampled.samples, -1, 1), resampled.rate_hz, subtype=subtype, format="FLAC")
        size = target.stat().st_size
        if size <= settings.MAX_VOICE_FILE_SIZE:
            return target
    raise file_too_large(size_bytes=size, limit_bytes=settings.MAX_VOICE_FILE_SIZE)


def demo_recording(path: Path) -> None:
    """Write the passage to `path` as WAV: about 20 s of one speaker, the same at every call.

    Raises SourceSpeechFailed or EngineUnavailable where espeak-ng cannot speak.
    """
    espeak = EspeakProcess()
    try:
        spoken = [
            espeak.speak(SpeakRequest(sentence, VOICE, rate_wpm=165, pitch=38, pitch_range=62)) for sentence in PASSAGE
        ]
    finally:
        espeak.close()
    pause = np.zeros(int(PAUSE_S * spoken[0].rate_hz), dtype=np.float32)
    speech = np.concatenate([piece for sentence in spoken for piece in (sentence.samples, pause)])
    samples = soxr.resample(speech, spoken[0].rate_hz, RATE_HZ)
    samples += np.random.default_rng(0).normal(0, ROOM_TONE_AMPLITUDE, samples.size).astype(np.float32)
    soundfile.write(path, np.clip(samples, -1, 1), RATE_HZ, subtype="PCM_16", format="WAV")
