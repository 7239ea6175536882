"""Takes of one sentence: judged, tried again with another seed where one is bad, and the best one kept.

XTTS now and then falls silent, skips words, does not stop or adds sounds at the end. No model knows the words here: a
take is judged by how long it is for its text, by whether it ended by itself, and by the energy of its end. See
idiap/coqui-ai-TTS#310 and #514 for what users hear.
"""

import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from voice.audio.speech_check import spoken_duration_s
from voice.audio.waveform import Samples, Waveform
from voice.engines.xtts.utterance import Ticket
from voice.engines.xtts.windows import RATE_HZ

MOST_TAKES = 3
TOKEN_S = 1024 / 22050
"""One audio token is 1024 samples at 22.05 kHz."""

_SHORTEST_RATIO = 0.5
_LONGEST_RATIO = 2.0
_PAUSE_S = 0.35
_MOST_EXTRA_S = 0.7
_HOP_S = 0.01
_QUIET_DB = -35.0
_SILENT_DB = -60.0
_END_S = 0.02
_CUT_OFF_DB = -6.0
_EXTRA_GAP_S = 0.5
_EXTRA_MOST_S = 0.6


class Fault(StrEnum):
    """A defect of a take."""

    SILENT = "silent"
    RUNAWAY = "runaway"
    TOO_SHORT = "too_short"
    EXTRA_END = "extra_end"
    CUT_OFF = "cut_off"


_PENALTY = {
    Fault.SILENT: 100.0,
    Fault.RUNAWAY: 10.0,
    Fault.TOO_SHORT: 6.0,
    Fault.EXTRA_END: 3.0,
    Fault.CUT_OFF: 2.0,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`faults`: what is wrong, worst first; none for a good take. `penalty`: lower is better, 0 is the best."""

    faults: tuple[Fault, ...]
    penalty: float


def speech_range_s(text: str, language: str) -> tuple[float, float]:
    """The shortest and the longest that a good take of `text` is, in seconds at speed 1.

    Tighter than `plausible_duration_s`, which refuses what cannot be right: from half to twice what the letters take,
    and 0.35 s for every punctuation mark and 0.7 s for breath on top.
    """
    spoken_s, marks = spoken_duration_s(text, language)
    return _SHORTEST_RATIO * spoken_s, _LONGEST_RATIO * spoken_s + _PAUSE_S * marks + _MOST_EXTRA_S


def tokens_most(text: str, language: str) -> int:
    """The audio tokens of the longest good take: a model that has not stopped by then runs away. At least 1."""
    return max(1, math.ceil(speech_range_s(text, language)[1] / TOKEN_S))


def judge(take: Waveform, *, text: str, language: str, speed: float, is_complete: bool) -> Verdict:
    """Judge one take of one sentence. `is_complete`: the model ended it by itself. Deterministic, thread-safe."""
    levels_db = _levels_db(take)
    is_loud = levels_db > max(float(levels_db.max(initial=_SILENT_DB)) + _QUIET_DB, _SILENT_DB)
    if not is_loud.any():
        return Verdict((Fault.SILENT,), _PENALTY[Fault.SILENT])
    shortest_s, longest_s = speech_range_s(text, language)
    loud = np.flatnonzero(is_loud)
    speech_s = float(loud[-1] + 1 - loud[0]) * _HOP_S * speed
    found = {
        Fault.RUNAWAY: not is_complete,
        Fault.TOO_SHORT: speech_s < shortest_s,
        Fault.EXTRA_END: _has_extra_end(is_loud, speed=speed),
        Fault.CUT_OFF: _is_cut_off(take.samples, take.rate_hz, levels_db),
    }
    faults = tuple(fault for fault, is_found in found.items() if is_found)
    middle_s = math.sqrt(max(shortest_s, _HOP_S) * longest_s)
    return Verdict(faults, sum(_PENALTY[fault] for fault in faults) + 0.1 * abs(math.log(speech_s / middle_s)))


def _levels_db(take: Waveform) -> NDArray[np.float64]:
    hop = round(_HOP_S * take.rate_hz)
    rows = take.samples[: len(take.samples) // hop * hop].reshape(-1, hop)
    power: NDArray[np.float64] = np.einsum("ij,ij->i", rows, rows, dtype=np.float64) / hop
    return 10 * np.log10(np.maximum(power, 1e-12))


def _has_extra_end(is_loud: NDArray[np.bool_], *, speed: float) -> bool:
    """True if a short sound follows a long pause at the very end: a hallucinated syllable more often than a word."""
    loud = np.flatnonzero(is_loud)
    gaps = np.flatnonzero(np.diff(loud) * _HOP_S * speed > _EXTRA_GAP_S)
    if not len(gaps):
        return False
    return float(loud[-1] - loud[gaps[-1] + 1]) * _HOP_S * speed < _EXTRA_MOST_S


def _is_cut_off(samples: Samples, rate_hz: int, levels_db: NDArray[np.float64]) -> bool:
    """True if the last 20 ms are as loud as the speech: a sound was broken off, a sentence ends quietly."""
    end = samples[-round(_END_S * rate_hz) :]
    end_db = 10 * math.log10(max(float(np.mean(np.square(end, dtype=np.float64))), 1e-12))
    return end_db > float(np.percentile(levels_db, 95)) + _CUT_OFF_DB


@dataclass(frozen=True, slots=True)
class Take:
    """One attempt at a sentence, and what the guards say of it."""

    waveform: Waveform
    verdict: Verdict


def take_of(chunks: Sequence[Samples], ticket: Ticket, *, text: str, language: str, speed: float) -> Take:
    """The judged take of which `chunks` are the samples; `ticket` is drained."""
    assert ticket.outcome is not None
    waveform = Waveform(np.concatenate([np.zeros(0, np.float32), *chunks]), RATE_HZ)
    is_complete = ticket.outcome.is_stopped
    return Take(waveform, judge(waveform, text=text, language=language, speed=speed, is_complete=is_complete))


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
            self._counts["sentences_faulty"] += bool(verdict.faults)

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
        return bool(self._takes) and (not self._takes[-1].verdict.faults or len(self._takes) == MOST_TAKES)

    def _judge(self) -> None:
        take = take_of(self._chunks, self._ticket, text=self._text, language=self._language, speed=self._speed)
        self._counter.count(take.verdict)
        self._takes.append(take)
        self._chunks = []
        if self._is_settled():
            self._counter.count_kept(self.best.verdict)
        else:
            self._ticket = self._submit(len(self._takes))
