"""Change of rate by the SoX resampler, in blocks, so that no copies of a long recording pile up."""

from collections.abc import Iterable, Iterator

import numpy as np
import soxr

from voice.audio.waveform import Samples, Waveform

_BLOCK_FRAMES = 1 << 18


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
    samples = waveform.samples
    blocks = (samples[start : start + _BLOCK_FRAMES] for start in range(0, len(samples), _BLOCK_FRAMES))
    pieces = list(resample_blocks(blocks, rate_hz=waveform.rate_hz, target_hz=rate_hz))
    return Waveform(np.concatenate(pieces), rate_hz)
