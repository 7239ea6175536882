"""The quality of a recording for cloning: a score from 0 to 100, its parts, and advice on the weak ones.

Every part is a measured value that goes through a fixed, monotone table to 0..100. The score is the weighted mean of
the parts, but at most 50 above the weakest: a recording that fails in one thing is not saved by the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from voice.audio.loudness import clipped_samples, measure_waveform
from voice.audio.preprocess import HOP_S, Activity, find_activity
from voice.audio.waveform import Waveform, resample_at_most

ADVICE_BELOW = 70.0
_ANALYSIS_RATE_HZ = 48_000
_BEST_SNR_DB = 60.0
_MOST_ABOVE_WEAKEST = 50.0
_SPECTRUM_FRAMES = 2000
_BLOCK_FRAMES = 1 << 20


@dataclass(frozen=True, slots=True)
class QualityPart:
    """One measure. `value` in `unit`; `score` 0..100; `advice` is one sentence, or None from a score of 70 on."""

    value: float
    unit: str
    score: float
    advice: str | None


@dataclass(frozen=True, slots=True)
class QualityReport:
    """`score` 0..100, and the parts `snr`, `clipping`, `speech_share`, `bandwidth`, `level` and `length`."""

    score: float
    parts: Mapping[str, QualityPart]

    @property
    def advice(self) -> tuple[str, ...]:
        """Advice, on the weakest part first."""
        weakest_first = sorted(self.parts.values(), key=lambda part: part.score)
        return tuple(part.advice for part in weakest_first if part.advice)

    def as_json(self) -> dict[str, object]:
        """Score, parts and advice as JSON-able values."""
        return {**asdict(self), "advice": list(self.advice)}


@dataclass(frozen=True, slots=True)
class _Scale:
    """The way from a value to a score: linear between the points, flat outside.

    `advice` is for the weak side; `advice_above` for values beyond the best ones, where a scale falls again.
    """

    unit: str
    weight: float
    values: Sequence[float]
    scores: Sequence[float]
    advice: str
    advice_above: str | None = None


_SCALES: Mapping[str, _Scale] = {
    "snr": _Scale(
        "dB",
        0.30,
        (5, 15, 25, 40),
        (0, 40, 75, 100),
        "Record in a quieter room, closer to the microphone, with fans and air conditioning off.",
    ),
    "clipping": _Scale(
        "%",
        0.20,
        (0, 0.01, 0.1, 1),
        (100, 80, 50, 0),
        "Turn the recording level down until the loudest words stay below the red of the meter.",
    ),
    "speech_share": _Scale("%", 0.10, (10, 30, 60), (0, 50, 100), "Cut long pauses, so that mostly speech is left."),
    "bandwidth": _Scale(
        "Hz",
        0.15,
        (2000, 3500, 7000, 10000),
        (0, 35, 80, 100),
        "Use a real microphone instead of a phone line, and record at 44.1 kHz without noise suppression.",
    ),
    "level": _Scale(
        "LUFS",
        0.10,
        (-50, -38, -28, -12, -6),
        (0, 50, 100, 100, 40),
        "Turn the recording level up, or speak closer to the microphone: speech should reach two thirds of the meter.",
        "Turn the recording level down: speech should reach about two thirds of the meter.",
    ),
    "length": _Scale(
        "s", 0.15, (3, 10, 30, 60), (0, 60, 90, 100), "Upload more speech; half a minute to a minute works best."
    ),
}


def quality_score(waveform: Waveform) -> QualityReport:
    """Judge a recording as it was uploaded, before preprocessing. Deterministic; safe from threads.

    - `snr`: 10 log10 of the mean power of speech, less that of the pauses, over that of the pauses; at most 60 dB.
    - `clipping`: share of samples in runs of three or more within 0.1 % of the recording's peak.
    - `speech_share`: time with speech over all time. `length`: the time with speech. Speech is told apart from
      pauses by its energy (`voice.audio.preprocess`), so music counts as speech here, and its presence is not noticed.
    - `bandwidth`: up to where speech stands 3 dB above the pauses and at most 65 dB below its strongest frequency.
    - `level`: BS.1770 integrated loudness.

    Raises InvalidAudio `no_speech` where there is nothing to judge.
    """
    clipping = _clipped_percent(waveform)
    analysed = resample_at_most(waveform, _ANALYSIS_RATE_HZ)
    activity = find_activity(analysed)
    activity.require_speech()
    values = {
        "snr": _snr_db(activity),
        "clipping": clipping,
        "speech_share": 100 * float(activity.is_speech.mean()),
        "bandwidth": _bandwidth_hz(analysed, activity),
        "level": max(measure_waveform(analysed).integrated_lufs, -100.0),
        "length": activity.speech_s,
    }
    parts = {name: _part(name, value) for name, value in values.items()}
    mean = sum(_SCALES[name].weight * part.score for name, part in parts.items())
    weakest = min(part.score for part in parts.values())
    return QualityReport(round(min(mean, weakest + _MOST_ABOVE_WEAKEST), 1), parts)


def _part(name: str, value: float) -> QualityPart:
    scale = _SCALES[name]
    score = float(np.interp(value, scale.values, scale.scores))
    best = max(point for point, score in zip(scale.values, scale.scores, strict=True) if score == 100)
    advice = scale.advice_above if scale.advice_above and value > best else scale.advice
    shown = advice if score < ADVICE_BELOW else None
    return QualityPart(value=round(value, 4), unit=scale.unit, score=round(score, 1), advice=shown)


def _snr_db(activity: Activity) -> float:
    power = 10 ** (activity.level_db / 10)
    pauses = power[~activity.is_speech]
    noise = float(pauses.mean()) if len(pauses) * HOP_S >= 0.2 else float(np.percentile(power, 5))
    speech = float(power[activity.is_loud].mean()) - noise
    if speech <= 0:
        return 0.0
    return float(np.clip(10 * np.log10(speech / noise), 0.0, _BEST_SNR_DB))


def _clipped_percent(waveform: Waveform) -> float:
    """Counted in blocks, as this is the one measure taken at the full rate; a run across two counts by its parts."""
    samples = waveform.samples
    level = 0.999 * max(float(samples.max(initial=0)), -float(samples.min(initial=0)))
    clipped = sum(clipped_samples(block, level=level) for block in waveform.blocks(_BLOCK_FRAMES))
    return 100 * clipped / max(len(samples), 1)


def _bandwidth_hz(waveform: Waveform, activity: Activity) -> float:
    loud = np.flatnonzero(activity.is_loud[:-1] & activity.is_loud[1:])
    pauses = np.flatnonzero(~(activity.is_speech[:-1] | activity.is_speech[1:]))
    speech = _mean_spectrum(waveform, loud)
    noise = _mean_spectrum(waveform, pauses)
    audible = (speech > 2 * noise) & (speech > speech.max() * 10**-6.5)
    return float(np.flatnonzero(audible).max(initial=0)) / (2 * HOP_S)


def _mean_spectrum(waveform: Waveform, hops: NDArray[np.intp]) -> NDArray[np.float64]:
    """Power in steps of 50 Hz, the mean over frames of two hops; zeros where there are none.

    Up to 2,000 frames are taken, evenly over the recording: more only sharpen what is precise enough.
    """
    hop = round(waveform.rate_hz * HOP_S)
    if not len(hops):
        return np.zeros(hop + 1)
    chosen = hops[np.linspace(0, len(hops) - 1, min(_SPECTRUM_FRAMES, len(hops))).astype(int)]
    frames = waveform.samples[chosen[:, None] * hop + np.arange(2 * hop)].astype(np.float64)
    spectra = np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * np.hanning(2 * hop), axis=1)
    return np.asarray((np.abs(spectra) ** 2).mean(axis=0))
