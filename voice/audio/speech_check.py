"""The last look at finished speech: can it be read, is it loud and clean, and does its length fit the text?

The bounds on the length expose an engine that fell silent or would not stop.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile as sf

from voice.audio.formats import FORMATS
from voice.audio.loudness import Loudness, clipped_samples, measure_blocks
from voice.audio.pcm import forward_blocks, open_forward
from voice.audio.waveform import OnProgress, Samples, ignore_progress, told_blocks
from voice.errors import OutputRejected

LETTER_S: Mapping[str, float] = {
    "en": 0.072,
    "es": 0.066,
    "fr": 0.052,
    "de": 0.065,
    "it": 0.066,
    "pt": 0.071,
    "pl": 0.077,
    "tr": 0.076,
    "ru": 0.066,
    "nl": 0.071,
    "cs": 0.078,
    "ar": 0.111,
    "zh-cn": 0.25,
    "ja": 0.13,
    "hu": 0.075,
    "ko": 0.19,
    "hi": 0.081,
}
"""Seconds per letter or combining mark at espeak-ng's normal pace (175 words per minute), measured on a paragraph per
language with its pauses. People read aloud 10 to 20 % slower. Arabic writes no short vowels; a Chinese or Korean
character is a syllable, a Japanese one mostly a mora."""

_SCRIPT_S = (("CJK", 0.25), ("HIRAGANA", 0.13), ("KATAKANA", 0.13), ("HANGUL", 0.19))
_LATIN_LETTER_S = 0.08
_NUMBER_S = 0.3
_SYMBOL_S = 0.3
_PAUSE_S = 0.7

_FASTEST, _SLOWEST = 0.4, 2.5
_LEAST_S, _MOST_EXTRA_S = 0.05, 1.5
_BLOCK_FRAMES = 65536
_SILENT_LUFS = -50.0
_CLIPPED_LEVEL = 0.999
_CLIPPED_SHARE = 1e-5
_CODEC_PADDING_S = 0.2
_REMEDY = "Change the text, the voice or the speed; if that does not help, tell the operator."


def plausible_duration_s(text: str, language: str, *, speed: float = 1.0) -> tuple[float, float]:
    """The shortest and the longest that `text` can plausibly take, in seconds.

    From 0.4 to 2.5 times what its letters take at a normal pace, and above that up to 0.7 s for every punctuation mark
    and 1.5 s for the whole. Letters of another script than the language's own count by their script. `speed` divides
    both. Raises KeyError for a language that is not in `LETTER_S`, ValueError for a speed that is not
    positive.
    """
    if speed <= 0:
        raise ValueError(f"need a positive speed, got {speed}")
    spoken_s, pauses = spoken_duration_s(text, language)
    shortest_s = max(_FASTEST * spoken_s, _LEAST_S)
    longest_s = _SLOWEST * spoken_s + _PAUSE_S * pauses + _MOST_EXTRA_S
    return shortest_s / speed, longest_s / speed


def spoken_duration_s(text: str, language: str) -> tuple[float, int]:
    """Seconds that the letters, digits and symbols of `text` take at a normal pace, and its punctuation marks.

    Raises KeyError for a language that is not in `LETTER_S`.
    """
    letter_s = LETTER_S[language]
    spoken_s, pauses = 0.0, 0
    for character in text:
        kind = unicodedata.category(character)[0]
        spoken_s += _character_s(character, kind, letter_s)
        pauses += kind == "P"
    return spoken_s, pauses


def _character_s(character: str, kind: str, letter_s: float) -> float:
    if kind in "LM":
        name = unicodedata.name(character, "")
        if name.startswith("LATIN"):
            return min(letter_s, _LATIN_LETTER_S)
        return next((seconds for script, seconds in _SCRIPT_S if name.startswith(script)), letter_s)
    return {"N": _NUMBER_S, "S": _SYMBOL_S}.get(kind, 0.0)


@dataclass(frozen=True, slots=True)
class OutputCheck:
    """The figures of a file that passed."""

    duration_s: float
    loudness_lufs: float
    true_peak_dbtp: float
    clipped_samples: int


def check_output(
    path: Path,
    *,
    output_format: str,
    expected_duration_s: tuple[float, float],
    rate_hz: int,
    on_progress: OnProgress = ignore_progress,
) -> OutputCheck:
    """Decode a file that `voice.audio.encode` wrote, and measure it. Memory stays at one block.

    Raises OutputRejected: `output_unreadable` (not decodable, cut short, not mono, or not at `rate_hz`),
    `output_silent` (below -50 LUFS), `output_clipped` (runs of three or more samples at full scale),
    `output_too_short` and `output_too_long` (outside of `expected_duration_s`, give or take 0.2 s for the codec).
    A file without a header promises nothing about its length and rate: where it was cut short, it is too short.
    """
    layout = FORMATS[output_format].reading(rate_hz)
    loudness, clipped = _measure(path, layout=layout, rate_hz=rate_hz, on_progress=on_progress)
    _check_duration(loudness.duration_s, expected_duration_s)
    if loudness.integrated_lufs < _SILENT_LUFS:
        raise OutputRejected("output_silent", f"The generated speech is silent. {_REMEDY}")
    if clipped > _CLIPPED_SHARE * loudness.duration_s * rate_hz:
        raise OutputRejected(
            "output_clipped", f"The generated speech is distorted. {_REMEDY}", details={"clipped_samples": clipped}
        )
    return OutputCheck(loudness.duration_s, loudness.integrated_lufs, loudness.true_peak_dbtp, clipped)


def _measure(path: Path, *, layout: Mapping[str, Any], rate_hz: int, on_progress: OnProgress) -> tuple[Loudness, int]:
    """Its loudness, and the samples in runs at full scale; a single one there may be a peak that just fits."""
    clipped = 0

    def blocks(sound: sf.SoundFile) -> Iterator[Samples]:
        nonlocal clipped
        for block in forward_blocks(sound, frames=_BLOCK_FRAMES):
            clipped += clipped_samples(block[:, 0], level=_CLIPPED_LEVEL)
            yield block[:, 0]

    try:
        with open_forward(path, **layout) as sound:
            if sound.channels != 1 or sound.samplerate != rate_hz:
                raise _unreadable()
            told = told_blocks(blocks(sound), frames=sound.frames, on_progress=on_progress)
            loudness = measure_blocks(told, rate_hz=rate_hz)
            promised_s = sound.frames / rate_hz
    except (OSError, sf.LibsndfileError) as error:
        raise _unreadable() from error
    if loudness.duration_s != promised_s:
        raise _unreadable()
    return loudness, clipped


def _unreadable() -> OutputRejected:
    return OutputRejected(
        "output_unreadable", "The finished file cannot be read back. Ask for another format, or tell the operator."
    )


def _check_duration(duration_s: float, expected_duration_s: tuple[float, float]) -> None:
    shortest, longest = expected_duration_s
    details = {"duration_s": round(duration_s, 2), "shortest_s": round(shortest, 2), "longest_s": round(longest, 2)}
    if duration_s < shortest - _CODEC_PADDING_S:
        raise OutputRejected(
            "output_too_short", f"The generated speech is too short for the text. {_REMEDY}", details=details
        )
    if duration_s > longest + _CODEC_PADDING_S:
        raise OutputRejected(
            "output_too_long", f"The generated speech is too long for the text. {_REMEDY}", details=details
        )
