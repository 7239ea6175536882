"""Our side of the XTTS benchmark, in a process of its own: `python -m benchmarks.xtts_ours --precision bfloat16`."""

import argparse
import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from benchmarks.xtts_process import Task, serve
from benchmarks.xtts_workload import LANGUAGE, SHORT, text_of, tokens_of, voice
from voice.engines.xtts.configuration import XttsConfiguration
from voice.engines.xtts.device import memory_report
from voice.engines.xtts.runtime import XttsRuntime
from voice.engines.xtts.sentences import Sentence, sentences_of
from voice.engines.xtts.speaking import FIRST_CHUNK_TOKENS
from voice.engines.xtts.utterance import Prompt, Sampling, Ticket
from voice.engines.xtts.windows import RATE_HZ


class Side:
    """The loaded engine below its guards, which would ask for other takes of what random weights say."""

    def __init__(self, checkpoint: Path, *, device: str, precision: str) -> None:
        configuration = XttsConfiguration(checkpoint, True, device=device, precision=precision)  # type: ignore[arg-type]
        self.runtime = XttsRuntime.load(configuration)
        self._conditioning, self._speaker = voice(self.runtime.shape.channels)

    def sentences(self, text: str) -> list[Sentence]:
        """Our own split."""
        return sentences_of(text, LANGUAGE, self.runtime.tokenizer)

    def submit(self, sentence: Sentence, *, seed: int = 0, is_stream: bool = False, group: object = None) -> Ticket:
        """Have it spoken, at its fixed length."""
        tokens = tokens_of(sentence.text)
        prompt = Prompt(self._conditioning, sentence.ids, Sampling(seed=seed), min_tokens=tokens, max_tokens=tokens)
        return self.runtime.batcher.submit(
            prompt, self._speaker, speed=1.0, group=group, first_chunk=FIRST_CHUNK_TOKENS if is_stream else None
        )

    def spoken_s(self, sentences: Sequence[Sentence], *, groups: int = 1) -> float:
        """Speak all of them at once; seconds of audio."""
        tickets = [self.submit(sentence, seed=i, group=i % groups) for i, sentence in enumerate(sentences)]
        return sum(len(chunk) for ticket in tickets for chunk in drained(ticket)) / RATE_HZ


def drained(ticket: Ticket) -> Iterator[np.ndarray]:
    """The chunks of a ticket, as they come."""
    while not ticket.is_drained:
        chunk = ticket.wait(1.0)
        if chunk is not None:
            yield chunk


def timed(side: Side, sentences: Sequence[Sentence], *, groups: int = 1) -> dict[str, float]:
    """Seconds of audio and of work."""
    started = time.perf_counter()
    audio_s = side.spoken_s(sentences, groups=groups)
    return {"audio_s": audio_s, "work_s": time.perf_counter() - started}


def stream(side: Side, sentence: Sentence, seed: int) -> dict[str, float]:
    """The time to the first sound, and the time in all that its listener had to wait for later sound."""
    started = time.perf_counter()
    first_s = played_until = waited_s = 0.0
    for number, chunk in enumerate(drained(side.submit(sentence, seed=seed, is_stream=True, group=seed))):
        now = time.perf_counter() - started
        if number == 0:
            first_s = played_until = now
        waited_s += max(0.0, now - played_until)
        played_until = max(now, played_until) + len(chunk) / RATE_HZ
    return {"first_s": first_s, "waited_s": waited_s}


def streams(side: Side, sentences: Sequence[Sentence], count: int) -> dict[str, float]:
    """As many streams at once, from a thread each."""
    with ThreadPoolExecutor(count) as pool:
        heard = list(pool.map(lambda i: stream(side, sentences[i % len(sentences)], i), range(count)))
    first = np.array([one["first_s"] for one in heard])
    return {
        "count": count,
        "first_p50_s": float(np.median(first)),
        "first_p95_s": float(np.quantile(first, 0.95)),
        "starved": sum(one["waited_s"] > 0.02 for one in heard),
        "waited_worst_s": max(one["waited_s"] for one in heard),
    }


def memory_mb(device: str) -> float:
    """The most that the process has held, of the GPU's memory or else resident."""
    if device == "cuda":
        return torch.cuda.max_memory_reserved() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mb(device: torch.device) -> float:
    """The memory that it holds now: a checkpoint's file, mapped while it was loaded, no longer counts."""
    return memory_report(device).used_bytes / 2**20


def tasks(side: Side) -> dict[str, Task]:
    """The tasks of this side."""
    short = side.sentences(SHORT)

    def prepare(characters: int) -> dict[str, float]:
        """Have kernels chosen and memory taken."""
        side.spoken_s(side.sentences(text_of(characters))[:2] + short)
        streams(side, short, 2)
        return {}

    def requests(count: int) -> dict[str, float]:
        texts = [side.sentences(text_of(200 + 20 * (i % 10))) for i in range(count)]
        return timed(side, [sentence for text in texts for sentence in text], groups=count)

    def memory() -> dict[str, float]:
        device = side.runtime.device
        return {"peak_mb": memory_mb(device.type), "resident_mb": resident_mb(device)}

    return {
        "prepare": prepare,
        "short": lambda: timed(side, short),
        "text": lambda characters: timed(side, side.sentences(text_of(characters))),
        "stream": lambda characters: streams(side, side.sentences(text_of(characters))[:1], 1),
        "streams": lambda characters, count: streams(side, side.sentences(text_of(characters)), count),
        "requests": requests,
        "memory": memory,
    }


def main() -> None:
    """Load, then answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--precision", required=True)
    arguments = parser.parse_args()
    started = time.perf_counter()
    side = Side(arguments.checkpoint, device=arguments.device, precision=arguments.precision)
    load = {"load_s": time.perf_counter() - started}
    try:
        serve({"load": lambda: load, **tasks(side)})
    finally:
        side.runtime.batcher.close()


if __name__ == "__main__":
    main()
