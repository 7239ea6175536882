"""Word error rate by CMU PocketSphinx with a closed vocabulary: how well a machine understands speech.

The vocabulary is that of the Harvard sentences, so that the score is about sounds and not about rare words. Of the two
language models "unigram" knows how often a word comes, and "bigram" also a little about what follows it.
"""

import math
import re
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import soxr
from pocketsphinx import Config, Decoder, get_model_path

RATE_HZ = 16_000
DITHER = 3e-4
LEAD_S = 0.3
BIGRAM_SHARE = 0.5
"""Weight of the bigram against the unigram: with 1.0 the model would know the sentences by heart."""


def words_of(sentence: str) -> list[str]:
    """Lower-case words without punctuation."""
    return re.findall(r"[a-z']+", sentence.lower())


def word_errors(spoken: list[str], heard: list[str]) -> int:
    """Substitutions, deletions and insertions between two lists of words (Levenshtein, 1966)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(spoken, start=1):
        previous, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1]


class Recogniser:
    """PocketSphinx's US English model over the words of `sentences`, with a language model of `order` 1 or 2."""

    def __init__(self, sentences: tuple[str, ...], *, order: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        (folder / "model.arpa").write_text(arpa(sentences, order=order))
        vocabulary = {word for sentence in sentences for word in words_of(sentence)}
        (folder / "words.dict").write_text(pronunciations(vocabulary))
        self._config = Config(
            hmm=get_model_path("en-us/en-us"),
            lm=str(folder / "model.arpa"),
            dict=str(folder / "words.dict"),
            cmn="batch",
            loglevel="FATAL",
        )

    def hear(self, samples: np.ndarray, rate_hz: int) -> list[str]:
        """The words in `samples`. A fresh decoder each time: its state would carry over."""
        quiet = np.zeros(int(LEAD_S * rate_hz), dtype=np.float32)
        signal = soxr.resample(np.concatenate([quiet, samples, quiet]), rate_hz, RATE_HZ)
        signal = signal * (0.1 / np.sqrt(np.mean(np.square(signal)) + 1e-12))
        signal = signal + DITHER * np.random.default_rng(0).standard_normal(len(signal))
        decoder = Decoder(self._config)
        decoder.start_utt()
        decoder.process_raw((np.clip(signal, -1, 1) * 32767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        return hypothesis.hypstr.split() if hypothesis else []


def pronunciations(vocabulary: set[str]) -> str:
    """The lines of CMUdict for `vocabulary`; raises KeyError for a word that it lacks."""
    lines = Path(get_model_path("en-us/cmudict-en-us.dict")).read_text().splitlines()
    wanted = [line for line in lines if re.sub(r"\(\d+\)$", "", line.split(" ", 1)[0]) in vocabulary]
    missing = vocabulary - {line.split(" ", 1)[0] for line in wanted}
    if missing:
        raise KeyError(f"no pronunciation for {sorted(missing)}")
    return "\n".join(wanted) + "\n"


def arpa(sentences: tuple[str, ...], *, order: int) -> str:
    """A language model of the sentences in ARPA format; order 2 is interpolated with order 1, so it stays weak."""
    lines = [["<s>", *words_of(sentence), "</s>"] for sentence in sentences]
    counts = Counter(word for line in lines for word in line[1:])
    total = sum(counts.values())
    unigrams = {word: count / total for word, count in counts.items()}
    parts = ["\\data\\", f"ngram 1={len(unigrams) + 1}"]
    pairs = Counter(pair for line in lines for pair in pairwise(line))
    if order == 2:
        parts.append(f"ngram 2={len(pairs)}")
    backoff = math.log10(1 - BIGRAM_SHARE) if order == 2 else 0.0
    parts += ["", "\\1-grams:", f"-99 <s> {backoff:.4f}"]
    parts += [f"{math.log10(p):.4f} {word} {backoff:.4f}" for word, p in sorted(unigrams.items())]
    if order == 2:
        starts = Counter(word for line in lines for word in line[:-1])
        parts += ["", "\\2-grams:"]
        for (first, second), count in sorted(pairs.items()):
            p = BIGRAM_SHARE * count / starts[first] + (1 - BIGRAM_SHARE) * unigrams[second]
            parts.append(f"{math.log10(p):.4f} {first} {second}")
    return "\n".join([*parts, "", "\\end\\", ""])
