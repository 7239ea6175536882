"""The likeness of the embedded engine to a speaker, and how well it is understood.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.embedded_quality --speech FOLDER [--json PATH]

FOLDER holds `librispeech/<speaker>/*.flac`. Each voice is cloned from the first five utterances of a speaker and
compared with the others, which the clone never saw, by Resemblyzer's speaker encoder (Wan et al., 2018). Words are
counted by PocketSphinx on 60 Harvard sentences, beside plain espeak-ng. Needs `benchmarks/requirements.txt`.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from resemblyzer import VoiceEncoder, preprocess_wav

from benchmarks.harvard import SENTENCES
from benchmarks.recogniser import Recogniser, word_errors, words_of
from voice.audio.waveform import Waveform
from voice.engines.base import SynthesisParams, VoiceProfile
from voice.engines.embedded.engine import EmbeddedEngine
from voice.engines.embedded.source import EspeakProcess, SpeakRequest

CLONED_UTTERANCES = 5
ENCODER_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class SpeakerResult:
    """Figures of one speaker: cosines, whether the true speaker is nearest, and word error rates in percent."""

    speaker: str
    reference_s: float
    similarity: float
    natural: float
    nearest_other: float
    is_nearest: bool
    duration_ratio: float
    wer_unigram: float
    wer_bigram: float


class Encoder:
    """Resemblyzer as one function: waveforms to one unit vector."""

    def __init__(self) -> None:
        self._encoder = VoiceEncoder("cpu", verbose=False)

    def embed(self, waveforms: list[Waveform]) -> np.ndarray:
        """The speaker embedding of `waveforms` joined, shape (256,)."""
        parts = [soxr.resample(w.samples, w.rate_hz, ENCODER_RATE_HZ) for w in waveforms]
        joined = preprocess_wav(np.concatenate(parts), source_sr=ENCODER_RATE_HZ)
        return np.asarray(self._encoder.embed_utterance(joined))


def read_speaker(folder: Path) -> list[Waveform]:
    """Every utterance of a speaker, in the order of the file names."""
    return [Waveform(*soundfile.read(path, dtype="float32")) for path in sorted(folder.glob("*.flac"))]


def speak(engine: EmbeddedEngine, profile: VoiceProfile, sentence: str, clarity: float) -> Waveform:
    """One sentence as one waveform."""
    params = SynthesisParams(options={"clarity": clarity})
    chunks = [chunk.waveform for chunk in engine.synthesize(profile, sentence, "en", params)]
    return Waveform(np.concatenate([chunk.samples for chunk in chunks]), chunks[0].rate_hz)


def word_error_rate(recogniser: Recogniser, speech: list[Waveform]) -> float:
    """Percent of the words of the Harvard sentences that were misheard in `speech`, one waveform per sentence."""
    errors = sum(
        word_errors(words_of(sentence), recogniser.hear(waveform.samples, waveform.rate_hz))
        for sentence, waveform in zip(SENTENCES, speech, strict=True)
    )
    return 100 * errors / sum(len(words_of(sentence)) for sentence in SENTENCES)


def plain_espeak() -> list[Waveform]:
    """The Harvard sentences by espeak-ng itself."""
    process = EspeakProcess()
    return [process.speak(SpeakRequest(sentence, "en-us")) for sentence in SENTENCES]


def measure(speech_folder: Path, *, clarity: float, words: bool) -> tuple[list[SpeakerResult], dict[str, float]]:
    """One result per speaker, and plain espeak-ng's word error rates."""
    folders = sorted(folder for folder in (speech_folder / "librispeech").iterdir() if folder.is_dir())
    speakers = {folder.name: read_speaker(folder) for folder in folders}
    encoder, engine = Encoder(), EmbeddedEngine()
    recognisers = [Recogniser(SENTENCES, order=order) for order in (1, 2)] if words else []
    plain = plain_espeak()
    unseen = {name: encoder.embed(utterances[CLONED_UTTERANCES:]) for name, utterances in speakers.items()}
    results = []
    for name, utterances in speakers.items():
        references = utterances[:CLONED_UTTERANCES]
        profile = engine.clone(references, "en")
        spoken = [speak(engine, profile, sentence, clarity) for sentence in SENTENCES]
        cosines = {other: float(embedding @ encoder.embed(spoken)) for other, embedding in unseen.items()}
        rates = [word_error_rate(recogniser, spoken) for recogniser in recognisers] or [float("nan")] * 2
        nearest_other = max(cosine for other, cosine in cosines.items() if other != name)
        result = SpeakerResult(
            speaker=name,
            reference_s=round(sum(w.duration_s for w in references), 1),
            similarity=round(cosines[name], 3),
            natural=round(float(unseen[name] @ encoder.embed(references)), 3),
            nearest_other=round(nearest_other, 3),
            is_nearest=cosines[name] > nearest_other,
            duration_ratio=round(sum(w.duration_s for w in spoken) / sum(w.duration_s for w in plain), 3),
            wer_unigram=round(rates[0], 1),
            wer_bigram=round(rates[1], 1),
        )
        print(row(asdict(result).values()), flush=True)
        results.append(result)
    plain_rates = [word_error_rate(recogniser, plain) for recogniser in recognisers] or [float("nan")] * 2
    return results, {"wer_unigram": round(plain_rates[0], 1), "wer_bigram": round(plain_rates[1], 1)}


def row(cells: object) -> str:
    """One line of the table."""
    return " | ".join(f"{cell!s:>9}" for cell in cells)  # type: ignore[attr-defined]


def main() -> None:
    """Print the table, and write it as JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--clarity", type=float, default=0.35)
    parser.add_argument("--no-words", action="store_true", help="leave the word error rates out: they take longest")
    arguments = parser.parse_args()
    print(row(["speaker", "ref s", "cosine", "natural", "next", "rank 1", "length", "WER uni", "WER bi"]))
    results, plain = measure(arguments.speech, clarity=arguments.clarity, words=not arguments.no_words)
    similarities = [result.similarity for result in results]
    summary = {
        "similarity_mean": round(float(np.mean(similarities)), 3),
        "similarity_min": min(similarities),
        "rank_1": sum(result.is_nearest for result in results),
        "speakers": len(results),
        "wer_unigram": round(float(np.mean([result.wer_unigram for result in results])), 1),
        "wer_bigram": round(float(np.mean([result.wer_bigram for result in results])), 1),
        "espeak_wer_unigram": plain["wer_unigram"],
        "espeak_wer_bigram": plain["wer_bigram"],
    }
    print("\n".join(f"{name}: {value}" for name, value in summary.items()))
    if arguments.json:
        report = {"summary": summary, "speakers": [asdict(result) for result in results]}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
