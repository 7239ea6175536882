"""The value that flows through audio and engines: mono samples with their rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


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
