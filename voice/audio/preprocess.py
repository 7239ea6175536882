"""From a recording as it came to the reference that engines clone from: the best of its speech, level, and no more."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from voice.audio.activity import HOP_S, Activity, find_activity
from voice.audio.loudness import measure_waveform
from voice.audio.resample import resample_at_most
from voice.audio.waveform import Samples, Waveform
from voice.errors import InvalidAudio

REFERENCE_LUFS = -23.0
"""EBU R128's programme level; leaves room for peaks without limiting them."""

_PEAK_DBTP = -1.0
_HIGH_PASS_HZ = 50.0
_LONGEST_PAUSE_S = 0.3
_LONGEST_SEGMENT_S = 12.0
_LEAST_SPEECH_S = 3.0
_FADE_S = 0.01


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of speech in the source. `score` ranks it: its SNR in dB less 10 for every per mille of clipping."""

    start_s: float
    end_s: float
    score: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """The reference, and the segments of the source that it was joined from, in order of time."""

    waveform: Waveform
    segments: tuple[Segment, ...]
    gain_db: float


def preprocess(waveform: Waveform, *, target_rate_hz: int = 24_000, max_duration_s: float = 120.0) -> Preprocessed:
    """Make reference audio: resampled (rates below `target_rate_hz` stay), high-passed at 50 Hz, trimmed, levelled.

    Pauses are shortened to 0.3 s, the segments with the best SNR and the least clipping are kept up to
    `max_duration_s`, in their order, and the whole is set to -23 LUFS unless its true peak would pass -1 dBTP.
    Deterministic, and safe from threads; 300 s take about a second.
    Raises InvalidAudio `no_speech` where nothing has the rhythm and the pitch of speech, and `too_little_speech`
    where less than 3 s do.
    """
    clean = _high_passed(resample_at_most(waveform, target_rate_hz))
    activity = find_activity(clean)
    activity.require_speech()
    if activity.speech_s < _LEAST_SPEECH_S:
        raise InvalidAudio(
            "too_little_speech",
            "The recording holds too little speech. Record at least ten seconds of talking.",
            details={"speech_s": round(activity.speech_s, 1), "limit_s": _LEAST_SPEECH_S},
        )
    segments = _best(_segments(clean, activity), max_duration_s)
    joined = Waveform(_joined(clean, segments), clean.rate_hz)
    levelled, gain_db = _levelled(joined)
    return Preprocessed(levelled, segments, gain_db)


def _high_passed(waveform: Waveform) -> Waveform:
    """Without DC, hum below 50 Hz and handling noise; zero phase, so that a glottal pulse keeps its shape."""
    sections = butter(2, _HIGH_PASS_HZ, "highpass", fs=waveform.rate_hz, output="sos")
    samples = sosfiltfilt(sections, waveform.samples - waveform.samples.mean(dtype=np.float64))
    return Waveform(samples.astype(np.float32), waveform.rate_hz)


def _segments(waveform: Waveform, activity: Activity) -> list[Segment]:
    """Runs of speech, cut at their quietest place where they are longer than 12 s, with their scores."""
    pauses = activity.level_db[~activity.is_speech]
    noise_db = float(np.mean(pauses)) if len(pauses) else float(np.percentile(activity.level_db, 5))
    edges = np.flatnonzero(np.diff(activity.is_speech.astype(np.int8), prepend=0, append=0))
    spans = [
        span
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        for span in _split(int(start), int(end), activity)
    ]
    return [_scored(waveform, activity, start, end, noise_db=noise_db) for start, end in spans]


def _split(start: int, end: int, activity: Activity) -> list[tuple[int, int]]:
    longest = round(_LONGEST_SEGMENT_S / HOP_S)
    if end - start <= longest:
        return [(start, end)]
    # The cut is searched in the middle half, so that no piece becomes a splinter.
    low, high = start + longest // 2, min(start + longest, end - longest // 8)
    cut = low + int(np.argmin(activity.level_db[low:high]))
    return [(start, cut), *_split(cut, end, activity)]


def _scored(waveform: Waveform, activity: Activity, start: int, end: int, *, noise_db: float) -> Segment:
    hop = round(waveform.rate_hz * HOP_S)
    speech_db = 10 * np.log10(np.mean(10 ** (activity.level_db[start:end] / 10)))
    samples = np.abs(waveform.samples[start * hop : end * hop])
    clipped_per_mille = 1000 * float(np.mean(samples >= 0.99))
    score = float(speech_db - noise_db) - 10 * clipped_per_mille
    return Segment(start * hop / waveform.rate_hz, end * hop / waveform.rate_hz, round(score, 2))


def _best(segments: Sequence[Segment], max_duration_s: float) -> tuple[Segment, ...]:
    """The highest scores that fit; the first of equals wins. At least one."""
    chosen: list[Segment] = []
    left_s = max_duration_s
    for segment in sorted(segments, key=lambda segment: (-segment.score, segment.start_s)):
        needed_s = segment.duration_s + _LONGEST_PAUSE_S
        if needed_s <= left_s or not chosen:
            chosen.append(segment)
            left_s -= needed_s
    return tuple(sorted(chosen, key=lambda segment: segment.start_s))


def _joined(waveform: Waveform, segments: Sequence[Segment]) -> Samples:
    """The segments with a short silence between those that were apart, faded so that no join clicks.

    A silence is as long as the pause was, up to 0.3 s; the margins of the segments carry the room's own sound.
    """
    rate_hz = waveform.rate_hz
    pieces: list[Samples] = []
    for index, segment in enumerate(segments):
        if index:
            pause_s = min(segment.start_s - segments[index - 1].end_s, _LONGEST_PAUSE_S)
            pieces.append(np.zeros(round(pause_s * rate_hz), np.float32))
        piece = waveform.samples[round(segment.start_s * rate_hz) : round(segment.end_s * rate_hz)]
        opens = index == 0 or segments[index - 1].end_s != segment.start_s
        closes = index == len(segments) - 1 or segments[index + 1].start_s != segment.end_s
        pieces.append(_faded(piece, rate_hz, opens=opens, closes=closes))
    return np.concatenate(pieces)


def _faded(piece: Samples, rate_hz: int, *, opens: bool, closes: bool) -> Samples:
    faded = piece.copy()
    ramp = np.linspace(0, 1, round(_FADE_S * rate_hz), dtype=np.float32)
    if opens:
        faded[: len(ramp)] *= ramp
    if closes:
        faded[-len(ramp) :] *= ramp[::-1]
    return faded


def _levelled(waveform: Waveform) -> tuple[Waveform, float]:
    loudness = measure_waveform(waveform)
    gain_db = min(REFERENCE_LUFS - loudness.integrated_lufs, _PEAK_DBTP - loudness.true_peak_dbtp)
    samples = waveform.samples * np.float32(10 ** (gain_db / 20))
    return Waveform(samples, waveform.rate_hz), gain_db
