"""A decoded upload becomes reference audio: the places where somebody speaks, cleaned, joined and levelled.

Recordings for cloning have one speaker and little else, so a threshold between the recording's own noise floor and its
own speech level finds the speech, and needs no model. Its rhythm and its voicing show whether it is speech at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_dilation, binary_opening, uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from voice.audio.loudness import measure_waveform
from voice.audio.waveform import Samples, Waveform, resample_at_most
from voice.errors import InvalidAudio

HOP_S = 0.01
QUIETEST_DB = -100.0
REFERENCE_LUFS = -23.0
"""EBU R128's programme level; leaves room for peaks without limiting them."""

_LEAST_RANGE_DB = 9.0
_LEAST_VOICED_SHARE = 0.15
_VOICED_CORRELATION = 0.55
_F0_RANGE_HZ = (60.0, 400.0)
_PEAK_DBTP = -1.0
_HIGH_PASS_HZ = 50.0
_LONGEST_PAUSE_S = 0.3
_LONGEST_SEGMENT_S = 12.0
_LEAST_SPEECH_S = 3.0
_FADE_S = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Speech and its absence in hops of 10 ms.

    `level_db`: power of each hop in dB of full scale, shape (n,), at least -100. `is_speech`: bool, shape (n,), with
    0.1 s of margin around what is loud, gaps below 0.2 s closed and clicks below 0.05 s left out. `is_loud`: only the
    hops above the threshold.
    """

    level_db: NDArray[np.float64]
    is_loud: NDArray[np.bool_]
    is_speech: NDArray[np.bool_]
    voiced_share: float

    @property
    def speech_s(self) -> float:
        """Seconds of speech."""
        return float(self.is_speech.sum()) * HOP_S

    def require_speech(self) -> None:
        """Raise InvalidAudio `no_speech` unless the loudness moves as in speech and enough loud hops have a pitch."""
        spread_db = float(np.percentile(self.level_db, 95) - np.percentile(self.level_db, 5))
        if not self.is_speech.any() or spread_db < _LEAST_RANGE_DB or self.voiced_share < _LEAST_VOICED_SHARE:
            raise InvalidAudio("no_speech", "No speech was found in the recording. Record a person who speaks.")


def find_activity(waveform: Waveform) -> Activity:
    """Tell speech from pauses. Deterministic. Raises InvalidAudio `no_speech` for less than 0.1 s of audio."""
    level_db = _levels_db(waveform)
    if len(level_db) < 10:
        raise InvalidAudio("no_speech", "The recording is too short to hold speech.")
    floor_db, loud_db = np.percentile(level_db, (5, 95))
    # A third of the way up from the noise, and never among what is 35 dB below the speech, such as reverberation.
    threshold_db = max(floor_db + 0.35 * (loud_db - floor_db), loud_db - 35.0, QUIETEST_DB + 10.0)
    is_loud = level_db > threshold_db
    steady = binary_opening(is_loud, np.ones(5, bool))
    is_speech = binary_dilation(binary_closing(np.pad(steady, 20), np.ones(21, bool))[20:-20], np.ones(21, bool))
    return Activity(level_db, is_loud, is_speech, _voiced_share(waveform, is_loud))


def _levels_db(waveform: Waveform) -> NDArray[np.float64]:
    hop = round(waveform.rate_hz * HOP_S)
    count = len(waveform.samples) // hop
    rows = waveform.samples[: count * hop].reshape(count, hop)
    power = np.einsum("ij,ij->i", rows, rows, dtype=np.float64) / hop - rows.mean(axis=1, dtype=np.float64) ** 2
    smoothed = uniform_filter1d(np.maximum(power, 0.0), 3, mode="nearest") if count else power
    return 10 * np.log10(np.maximum(smoothed, 10 ** (QUIETEST_DB / 10)))


def _voiced_share(waveform: Waveform, is_loud: NDArray[np.bool_]) -> float:
    """Share of up to 400 loud hops, evenly chosen, whose 50 ms have a period between 60 and 400 Hz."""
    hops = np.flatnonzero(is_loud)
    if not len(hops):
        return 0.0
    chosen = hops[np.linspace(0, len(hops) - 1, min(400, len(hops))).astype(int)]
    width = round(0.05 * waveform.rate_hz)
    starts = np.clip(chosen * round(waveform.rate_hz * HOP_S), 0, max(0, len(waveform.samples) - width))
    correlations = [_periodicity(waveform.samples[start : start + width], waveform.rate_hz) for start in starts]
    return float(np.mean(np.array(correlations) > _VOICED_CORRELATION))


def _periodicity(frame: Samples, rate_hz: int) -> float:
    """The largest autocorrelation at a lag of the pitch range, corrected for the shorter overlap, 0..1."""
    centred = frame.astype(np.float64) - frame.mean()
    size = len(centred)
    spectrum = np.fft.rfft(centred, 2 * size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:size]
    if correlation[0] <= 0:
        return 0.0
    shortest, longest = (round(rate_hz / f0_hz) for f0_hz in reversed(_F0_RANGE_HZ))
    lags = np.arange(shortest, min(longest, size - 1))
    return float((correlation[lags] * size / (size - lags)).max() / correlation[0])


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
