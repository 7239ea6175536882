"""What a batcher has done and is doing, in figures."""

from dataclasses import dataclass

from voice.engines.xtts.windows import RATE_HZ


@dataclass(slots=True)
class BatcherTotals:
    """Counts since the start; the batcher's thread alone writes them.

    `finished`, `cancelled`, `failed`: how sentences ended. `preempted`: how often one lost its slot, to get another
    later. `out_of_memory`: how often the device had no memory. `tokens`: all that were drawn, stop tokens included.
    `prefills`, `steps`, `vocoder_calls`: how often the models ran.
    """

    finished: int = 0
    cancelled: int = 0
    failed: int = 0
    preempted: int = 0
    out_of_memory: int = 0
    prefills: int = 0
    steps: int = 0
    tokens: int = 0
    vocoder_calls: int = 0
    samples: int = 0


@dataclass(frozen=True, slots=True)
class BatcherStatistics:
    """A snapshot: sequences now, the most that may run now, and the totals so far (see BatcherTotals)."""

    waiting: int
    running: int
    limit: int
    finished: int
    cancelled: int
    failed: int
    preempted: int
    out_of_memory: int
    prefills: int
    steps: int
    tokens: int
    vocoder_calls: int
    samples: int

    @property
    def mean_batch(self) -> float:
        """Tokens a step, 0 before the first."""
        return self.tokens / self.steps if self.steps else 0.0

    @property
    def audio_s(self) -> float:
        """Seconds of audio made."""
        return self.samples / RATE_HZ
