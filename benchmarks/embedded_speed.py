"""The speed of the embedded engine on one thread, and the memory that it takes.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.embedded_speed [--json PATH]

Needs no data and nothing beyond `requirements.txt`: espeak-ng itself is the speaker that is cloned. Each figure is the
best of several runs on the clock on the wall, since other work on the machine only ever adds to it.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr

from voice.audio.waveform import Waveform
from voice.engines.base import SynthesisParams, VoiceProfile
from voice.engines.embedded.engine import EmbeddedEngine
from voice.engines.embedded.source import EspeakProcess, SpeakRequest

RUNS = 3
REFERENCE_S = 60
RATES_HZ = (16_000, 24_000)
LENGTHS = (500, 1000, 2500, 5000)
PASSAGE = (
    "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow. The rainbow is a "
    "division of white light into many beautiful colors. These take the shape of a long round arch, with its path "
    "high above, and its two ends apparently beyond the horizon. There is, according to legend, a boiling pot of "
    "gold at one end. "
)
LONG_SENTENCE = (
    "Glue the sheet to the dark blue background and then wait for a long time until it is dry enough to be touched by "
    "the careful hands of a child who has never seen such a thing before."
)


def speaker(rate_hz: int) -> Waveform:
    """One minute of a voice that espeak-ng makes, with the noise of a room."""
    spoken = EspeakProcess().speak(SpeakRequest(PASSAGE * 6, "en-us+f2", pitch=60))
    samples = soxr.resample(spoken.samples, spoken.rate_hz, rate_hz)[: REFERENCE_S * rate_hz]
    noise = 3e-4 * np.random.default_rng(0).standard_normal(len(samples))
    return Waveform((samples + noise).astype(np.float32), rate_hz)


def best_of(work: Callable[[], object]) -> float:
    """Seconds of the fastest of a few runs."""
    seconds = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def speak(engine: EmbeddedEngine, profile: VoiceProfile, text: str) -> float:
    """Speak `text` without keeping it; seconds of speech."""
    return sum(chunk.waveform.duration_s for chunk in engine.synthesize(profile, text, "en", SynthesisParams()))


def first_chunk(engine: EmbeddedEngine, profile: VoiceProfile) -> None:
    """Wait for the first sound of a long sentence in a voice that was just read from disk."""
    fresh = VoiceProfile(profile.engine, profile.engine_version, profile.arrays, profile.metadata)
    next(iter(engine.synthesize(fresh, LONG_SENTENCE, "en", SynthesisParams())))


def measure(rate_hz: int) -> dict[str, float]:
    """The figures of one output rate."""
    engine, reference = EmbeddedEngine(), speaker(rate_hz)
    profile = engine.clone([reference], "en")
    clone_s = best_of(lambda: engine.clone([reference], "en"))
    speech_s = speak(engine, profile, PASSAGE)
    figures = {
        "rate_hz": rate_hz,
        "clone_s_per_minute": round(clone_s * 60 / reference.duration_s, 2),
        "real_time_factor": round(best_of(lambda: speak(engine, profile, PASSAGE)) / speech_s, 4),
        "first_chunk_ms": round(1000 * best_of(lambda: first_chunk(engine, profile))),
    }
    for length in LENGTHS:
        text = (PASSAGE * (length // len(PASSAGE) + 1))[:length]
        figures[f"ms_per_character_{length}"] = round(
            1000 * best_of(lambda text=text: speak(engine, profile, text)) / length, 2
        )
    figures["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return figures


def main() -> None:
    """Print one table for both ends of the engine's rates, and write it as JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results = [measure(rate_hz) for rate_hz in RATES_HZ]
    for name in results[0]:
        sys.stdout.write(f"{name:24}" + "".join(f"{result[name]:>10}" for result in results) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
