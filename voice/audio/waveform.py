"""Mono samples with their rate, and changing that rate by the SoX resampler."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]
_BLOCK_FRAMES = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """Mono audio.

    `samples`: float32, shape (n,), full scale is -1..1 (values may exceed it before limiting), always finite.
    `rate_hz`: samples per second. Instances are immutable and safe to share between threads.
    Raises ValueError for any other dtype or shape, a rate that is not positive, or values that are not finite.
    """

    samples: Samples
    rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.dtype != np.float32 or self.samples.ndim != 1:
            raise ValueError(f"need float32 of shape (n,), got {self.samples.dtype} {self.samples.shape}")
        if self.rate_hz <= 0:
            raise ValueError(f"need a positive rate, got {self.rate_hz}")
        if not np.isfinite(self.samples).all():
            raise ValueError("samples must be finite")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz

    def blocks(self, frames: int) -> Iterator[Samples]:
        """The samples in order, n == `frames` for all but the last block."""
        return (self.samples[start : start + frames] for start in range(0, len(self.samples), frames))


OnProgress = Callable[[float], None]
"""Is told which share of the work is done, 0 to 1, block by block. What it raises ends the work."""


def ignore_progress(share: float) -> None:
    """For whoever does not want to know."""


def told_blocks(blocks: Iterable[Samples], *, frames: int, on_progress: OnProgress) -> Iterator[Samples]:
    """The same blocks; `on_progress` is told after each which share of `frames` has passed, at most 1."""
    passed = 0
    for block in blocks:
        yield block
        passed += len(block)
        on_progress(min(1.0, passed / max(frames, 1)))


def resample_blocks(blocks: Iterable[Samples], *, rate_hz: int, target_hz: int) -> Iterator[Samples]:
    """The same sound at `target_hz`, in blocks of their own lengths; VHQ, linear phase, without delay."""
    stream = soxr.ResampleStream(rate_hz, target_hz, 1, dtype="float32", quality="VHQ")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block, dtype=np.float32))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def resample_at_most(waveform: Waveform, rate_hz: int) -> Waveform:
    """`waveform` itself where its rate is `rate_hz` or lower, else the same sound at `rate_hz`."""
    if waveform.rate_hz <= rate_hz:
        return waveform
    pieces = resample_blocks(waveform.blocks(_BLOCK_FRAMES), rate_hz=waveform.rate_hz, target_hz=rate_hz)
    return Waveform(np.concatenate(list(pieces)), rate_hz)
