"""The latents that each window of samples needs, so that a sentence can be spoken window by window. No torch.

A sentence's latents are stretched to the generator's frames by linear interpolation, and HiFi-GAN (Kong et al. 2020,
arXiv:2010.05646, generator V1) makes 256 samples of each frame. Every sample depends on a limited span of frames:
followed backwards through the layers here, from their kernels, dilations and strides. All positions are absolute
in the sentence: latents, frames and samples are counted from its beginning.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

RATE_HZ = 24_000
CODES_RATE_HZ = 22_050
FRAMES_PER_LATENT = 1024 / 256  # a GPT code lasts 1024 samples at 22,050 Hz, a frame of the generator 256
SAMPLES_PER_FRAME = 256
WINDOW_FRAMES = 32  # a third of a second; the vocoder works in multiples of it, see there
PRE_KERNEL = POST_KERNEL = 7
RESBLOCK_KERNELS = (3, 7, 11)
RESBLOCK_DILATIONS = (1, 3, 5)
COORDINATE_ERROR = 1e-3  # float32 coordinates of a sentence's frames, up to some 5,000, are off by less


UPSAMPLINGS = (8, 8, 2, 2)
"""Strides of the transposed convolutions. Each has a kernel of twice its stride, and is padded by half of it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Samples `sample_start` to `sample_stop` of a sentence, and the latents that they need, context included."""

    latent_start: int
    latent_stop: int
    sample_start: int
    sample_stop: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One window to be spoken.

    `latents`: GPT latents `window.latent_start` to `window.latent_stop` of the sentence, shape (latents, channels).
    `speaker`: the speaker embedding, 512 values. `speed`: the sentence's, the same in all of its windows.
    """

    latents: "Tensor"
    speaker: NDArray[np.float32]
    window: Window
    speed: float

    @property
    def reaches_end(self) -> bool:
        """True if the sentence ends with this window. No other window comes so near to its last latent's end."""
        return self.window.sample_stop == sample_count(self.window.latent_stop, speed=self.speed)


@dataclass(frozen=True, slots=True)
class Span:
    """Positions `start` to `stop` of one layer's output, in the whole sentence."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Number of positions."""
        return self.stop - self.start

    def widened(self, margin: int) -> "Span":
        """With `margin` more at both sides."""
        return Span(self.start - margin, self.stop + margin)

    def scaled(self, factor: int) -> "Span":
        """The same stretch of time at a rate that is `factor` times as high."""
        return Span(self.start * factor, self.stop * factor)


@dataclass(frozen=True, slots=True)
class Stage:
    """The work of one upsampling stage: the part of its input that it upsamples, and what it keeps of the result."""

    source: Span
    kept: Span


@dataclass(frozen=True, slots=True)
class TilePlan:
    """The way of some frames through the generator, all positions relative to the first of them.

    `frames` are read, context included; `last` is what the last convolution reads to make `samples`.
    """

    frames: Span
    stages: tuple[Stage, ...]
    last: Span
    samples: Span


def stretches(speed: float, *, latents: int | None) -> tuple[float, ...]:
    """The scales by which latents are interpolated to frames, one after the other, as Coqui does it.

    Where the rounded length of a sentence of so many `latents` stays the same, torch copies in place of interpolating:
    that stretch is 1. None: the sentence is long enough for that not to happen.
    """
    fixed = (FRAMES_PER_LATENT, RATE_HZ / CODES_RATE_HZ)
    scales = fixed if speed == 1 else (1 / speed, *fixed)
    if latents is None:
        return scales
    sizes = (latents, *stretched_sizes(latents, speed=speed))
    return tuple(1.0 if size == after else scale for scale, size, after in zip(scales, sizes, sizes[1:], strict=False))


def stretched_sizes(latents: int, *, speed: float) -> tuple[int, ...]:
    """Lengths after each of `stretches`; the last one is the number of frames. Rounded down each time."""
    sizes = []
    for scale in stretches(speed, latents=None):
        latents = int(latents * scale)
        sizes.append(latents)
    return tuple(sizes)


def sample_count(latents: int, *, speed: float) -> int:
    """Samples of a whole sentence of so many latents, at 24 kHz: exactly as many as Coqui's decoder makes."""
    return stretched_sizes(latents, speed=speed)[-1] * SAMPLES_PER_FRAME


def stretch_source(span: Span, *, scale: float, size: int | None) -> Span:
    """The positions between which `span` is interpolated, `size` of them in the whole sentence (None: not yet known).

    Half-pixel coordinates, as in torch's `interpolate(scale_factor=..., align_corners=False)`.
    """
    first = (span.start + 0.5) / scale - 0.5 - COORDINATE_ERROR
    last = (span.stop - 0.5) / scale - 0.5 + COORDINATE_ERROR
    stop = max(0, math.floor(last)) + 2
    return Span(max(0, math.floor(first)), stop if size is None else min(stop, size))


def stretch_spans(frames: Span, *, speed: float, latents: int | None) -> tuple[Span, ...]:
    """The spans that `frames` are interpolated from: latents first, then after each stretch, `frames` at last.

    `latents`: how many the sentence has, None if it goes on.
    """
    scales = stretches(speed, latents=latents)
    sizes: tuple[int | None, ...] = (None,) * len(scales)
    if latents is not None:
        sizes = (latents, *stretched_sizes(latents, speed=speed)[:-1])
    spans = [frames]
    for scale, size in zip(reversed(scales), reversed(sizes), strict=True):
        spans.insert(0, stretch_source(spans[0], scale=scale, size=size))
    return tuple(spans)


@cache
def plan_tile(frames: int) -> TilePlan:
    """Follow the samples of so many frames back through the generator."""
    samples = Span(0, frames * SAMPLES_PER_FRAME)
    wanted = last = samples.widened(POST_KERNEL // 2)
    stages: list[Stage] = []
    # The residual blocks of a stage look at as much on each side as those of the widest kernel do, all in a row.
    margin = max(
        sum((kernel - 1) // 2 * (dilation + 1) for dilation in RESBLOCK_DILATIONS) for kernel in RESBLOCK_KERNELS
    )
    for stride in reversed(UPSAMPLINGS):
        kept = wanted.widened(margin)
        wanted = _upsampling_source(kept, stride)
        stages.insert(0, Stage(wanted, kept))
    return TilePlan(wanted.widened(PRE_KERNEL // 2), tuple(stages), last, samples)


def context_frames() -> tuple[int, int]:
    """The numbers of frames before the first and after the last one of any window that its samples depend on."""
    frames = plan_tile(1).frames
    return -frames.start, frames.stop - 1


def window_next(*, spoken: int, latents: int, is_last: bool, speed: float) -> Window | None:
    """The window after the `spoken` samples of a sentence that has `latents` so far; None if there is none yet.

    It reaches as far as later latents can change nothing, in steps of WINDOW_FRAMES, or with `is_last` to the
    sentence's end. `spoken` is the `sample_stop` of the window before, 0 at first. Takes 50 microseconds, and 3 where
    there is none.
    """
    before, after = context_frames()
    first = spoken // SAMPLES_PER_FRAME
    if is_last:
        stop = count = stretched_sizes(latents, speed=speed)[-1]
    else:
        stop = first + (_final_frames(latents, speed) - after - first) // WINDOW_FRAMES * WINDOW_FRAMES
    if stop <= first:
        return None
    frames = Span(max(0, first - before), min(stop + after, count) if is_last else stop + after)
    needed = stretch_spans(frames, speed=speed, latents=latents if is_last else None)[0]
    return Window(needed.start, latents if is_last else needed.stop, spoken, stop * SAMPLES_PER_FRAME)


def _final_frames(latents: int, speed: float) -> int:
    """The number of frames that no later latent can change: those interpolated between latents that are there.

    None at first where the speed is just below 1: as long as the sentence might end unstretched, see `stretches`.
    """
    if 1.0 in stretches(speed, latents=latents):
        return 0
    count = latents
    for scale, size in zip(stretches(speed, latents=None), stretched_sizes(latents, speed=speed), strict=True):
        count = max(0, math.ceil((count - 0.5 - COORDINATE_ERROR) * scale - 0.5))
        count = min(count, size)  # lengths are rounded down: behind this one there may be nothing
    return count


def _upsampling_source(span: Span, stride: int) -> Span:
    """The inputs of a transposed convolution that reach `span`."""
    start = -((2 * stride - 1 - stride // 2 - span.start) // stride)
    return Span(start, (span.stop - 1 + stride // 2) // stride + 1)
