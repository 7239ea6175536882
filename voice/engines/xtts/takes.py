"""Several takes of one sentence, until one is good: another seed where the guards find fault, the best take kept."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from voice.audio.waveform import Samples, Waveform
from voice.engines.xtts.guards import Verdict, judge
from voice.engines.xtts.ticket import Ticket
from voice.engines.xtts.windows import RATE_HZ

MOST_TAKES = 3


@dataclass(frozen=True, slots=True)
class Take:
    """One attempt at a sentence, and what the guards say of it."""

    waveform: Waveform
    verdict: Verdict


class TakeCounter:
    """Counts takes and their faults for the operator. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def count(self, verdict: Verdict) -> None:
        """Count one judged take."""
        with self._lock:
            self._counts["takes"] += 1
            self._counts.update(f"takes_{fault}" for fault in verdict.faults)

    def count_kept(self, verdict: Verdict) -> None:
        """Count a sentence that is done: `sentences_faulty` are those whose best take still has a fault."""
        with self._lock:
            self._counts["sentences"] += 1
            self._counts["sentences_faulty"] += not verdict.is_good

    def snapshot(self) -> Mapping[str, int]:
        """The counts so far."""
        with self._lock:
            return dict(self._counts)


class SentenceTakes:
    """Asks for takes of one sentence until one is good or MOST_TAKES are made. One thread drives it."""

    def __init__(
        self, *, text: str, language: str, speed: float, submit: Callable[[int], Ticket], counter: TakeCounter
    ) -> None:
        """`submit(number)` asks the batcher for take `number`, from 0, each with a seed of its own."""
        self._text = text
        self._language = language
        self._speed = speed
        self._submit = submit
        self._counter = counter
        self._takes: list[Take] = []
        self._chunks: list[Samples] = []
        self._ticket = submit(0)

    @property
    def best(self) -> Take:
        """The take with the least penalty; the earlier one of equals."""
        return min(self._takes, key=lambda take: take.verdict.penalty)

    def advance(self, timeout_s: float) -> bool:
        """Take what is ready, waiting for it at most `timeout_s`; ask for another take after a faulty one.

        Returns whether `best` is final. Raises what the take failed with.
        """
        if self._is_settled():
            return True
        chunk = self._ticket.wait(timeout_s)
        if chunk is not None:
            self._chunks.append(chunk)
        if self._ticket.is_drained:
            self._judge()
        return self._is_settled()

    def cancel(self) -> None:
        """Give up what is not settled."""
        self._ticket.cancel()

    def _is_settled(self) -> bool:
        return bool(self._takes) and (self._takes[-1].verdict.is_good or len(self._takes) == MOST_TAKES)

    def _judge(self) -> None:
        outcome = self._ticket.outcome
        assert outcome is not None
        take = Waveform(np.concatenate([np.zeros(0, np.float32), *self._chunks]), RATE_HZ)
        verdict = judge(
            take, text=self._text, language=self._language, speed=self._speed, is_complete=outcome.is_stopped
        )
        self._counter.count(verdict)
        self._takes.append(Take(take, verdict))
        self._chunks = []
        if self._is_settled():
            self._counter.count_kept(self.best.verdict)
        else:
            self._ticket = self._submit(len(self._takes))
