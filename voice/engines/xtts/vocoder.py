"""HiFi-GAN on torch: GPT latents and a speaker embedding in, samples out. `windows.py` says which for which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from numpy.typing import NDArray
from torch import Tensor

from voice.engines.xtts.sequence import DeviceMemoryFull
from voice.engines.xtts.windows import (
    POST_KERNEL,
    PRE_KERNEL,
    RATE_HZ,
    RESBLOCK_DILATIONS,
    RESBLOCK_KERNELS,
    UPSAMPLINGS,
    Piece,
    Plan,
    Span,
    plan_window,
    stretch_spans,
    stretched_sizes,
    stretches,
)

PREFIX = "hifigan_decoder.waveform_decoder."
SLOPE = 0.1
LAST_SLOPE = 0.01  # before the last convolution HiFi-GAN leaves leaky_relu at torch's default


@dataclass(frozen=True, slots=True)
class Convolution:
    """Weight and bias of one layer."""

    weight: Tensor
    bias: Tensor | None


@dataclass(frozen=True, slots=True)
class UpsamplingStage:
    """One transposed convolution, the speaker's bias after it, and for each kernel its residual block's pairs."""

    upsampling: Convolution
    speaker: Convolution
    blocks: tuple[tuple[tuple[Convolution, Convolution], ...], ...]


class Vocoder:
    """The generator of XTTS v2, equal to Coqui's `HifiDecoder` on whole sentences and on any windows of them.

    Thread-safe: it keeps nothing between calls.
    """

    rate_hz = RATE_HZ

    def __init__(self, weights: Mapping[str, Tensor], *, device: torch.device, dtype: torch.dtype) -> None:
        """Take the generator's layers out of a checkpoint's `weights`, with their published names."""
        self._weights = weights
        self._device, self._dtype = device, dtype
        self._coordinates = torch.float64 if dtype == torch.float64 else torch.float32
        self._pre = self._convolution("conv_pre")
        self._speaker = self._convolution("cond_layer")
        self._stages = tuple(self._stage(number) for number in range(len(UPSAMPLINGS)))
        self._post = self._convolution("conv_post")
        del self._weights

    def speak(self, pieces: Sequence[Piece[Tensor]]) -> list[NDArray[np.float32]]:
        """The samples of each piece's window: 1-D float32 within -1 to 1, `sample_stop - sample_start` long.

        A piece sounds the same whatever else is in the call. Raises DeviceMemoryFull.
        """
        try:
            with torch.inference_mode():
                return [self._speak(piece) for piece in pieces]
        except torch.OutOfMemoryError as error:
            raise DeviceMemoryFull from error

    def _speak(self, piece: Piece[Tensor]) -> NDArray[np.float32]:
        latents = piece.window.latent_stop if piece.reaches_end else None
        count = None if latents is None else stretched_sizes(latents, speed=piece.speed)[-1]
        plan = plan_window(Span(piece.window.sample_start, piece.window.sample_stop), frames=count)
        frames = self._frames(piece, plan.frames, latents)
        speaker = torch.from_numpy(piece.speaker).to(self._device, self._dtype).reshape(1, -1, 1)
        samples = self._generate(frames.to(self._dtype), speaker, plan)
        array: NDArray[np.float32] = samples[0, 0].float().cpu().numpy()
        return array

    def _frames(self, piece: Piece[Tensor], frames: Span, latents: int | None) -> Tensor:
        """Interpolate latents to frames, in the sentence's own coordinates. Shape (1, channels, frames)."""
        spans = stretch_spans(frames, speed=piece.speed, latents=latents)
        offset = spans[0].start - piece.window.latent_start
        x = piece.latents[offset : offset + spans[0].length].to(self._device, self._coordinates)
        for scale, source, span in zip(stretches(piece.speed, latents=latents), spans, spans[1:], strict=False):
            x = self._stretch(x, scale, source, span)
        return x.T.unsqueeze(0)

    def _stretch(self, x: Tensor, scale: float, source: Span, span: Span) -> Tensor:
        """Linear interpolation of rows at half-pixel coordinates, rounded as torch's own kernel rounds them.

        It multiplies and adds in one step (FMA); a float32 product is exact in float64.
        """
        position = torch.arange(span.start, span.stop, dtype=torch.float64, device=x.device) + 0.5
        step = torch.tensor(1 / scale, dtype=self._coordinates, device=x.device)
        position = (position * step.double() - 0.5).clamp(min=0).to(self._coordinates)
        lower = position.long().clamp(source.start, source.stop - 1)
        weight = (position - lower).clamp(0, 1).unsqueeze(1)
        lower -= source.start
        upper = (lower + 1).clamp(max=source.length - 1)
        result: Tensor = x[lower] * (1 - weight) + x[upper] * weight
        return result

    def _generate(self, x: Tensor, speaker: Tensor, plan: Plan) -> Tensor:
        x = _convolve(x, self._pre, dilation=1, kernel=PRE_KERNEL) + _convolve(speaker, self._speaker)
        span = plan.frames
        for stage, upsampling, planned in zip(self._stages, UPSAMPLINGS, plan.stages, strict=True):
            x = F.leaky_relu(_cropped(x, span, planned.source), SLOPE)
            x = F.conv_transpose1d(
                x,
                stage.upsampling.weight,
                stage.upsampling.bias,
                stride=upsampling.stride,
                padding=upsampling.padding,
            )
            upsampled = Span(planned.source.start * upsampling.stride, planned.source.stop * upsampling.stride)
            span = planned.kept
            x = _cropped(x, upsampled, span) + _convolve(speaker, stage.speaker)
            x = torch.stack([_residual(x, block) for block in stage.blocks]).mean(0)
        x = F.leaky_relu(_cropped(x, span, plan.last), LAST_SLOPE)
        x = _convolve(x, self._post, kernel=POST_KERNEL)
        return torch.tanh(_cropped(x, plan.last, plan.samples))

    def _stage(self, number: int) -> UpsamplingStage:
        blocks = []
        for offset in range(len(RESBLOCK_KERNELS)):
            name = f"resblocks.{number * len(RESBLOCK_KERNELS) + offset}"
            blocks.append(
                tuple(
                    (self._convolution(f"{name}.convs1.{index}"), self._convolution(f"{name}.convs2.{index}"))
                    for index in range(len(RESBLOCK_DILATIONS))
                )
            )
        return UpsamplingStage(self._convolution(f"ups.{number}"), self._convolution(f"conds.{number}"), tuple(blocks))

    def _convolution(self, name: str) -> Convolution:
        name = PREFIX + name
        bias = self._weights.get(f"{name}.bias")
        return Convolution(
            folded_weight(self._weights, name).to(self._device, self._dtype),
            None if bias is None else bias.to(self._device, self._dtype),
        )


def folded_weight(weights: Mapping[str, Tensor], name: str) -> Tensor:
    """A layer's plain weight; with weight norm (Salimans and Kingma 2016) it is direction times magnitude."""
    direction = weights.get(f"{name}.parametrizations.weight.original1")
    if direction is None:
        return weights[f"{name}.weight"]
    magnitude = weights[f"{name}.parametrizations.weight.original0"].double()
    direction = direction.double()
    folded: Tensor = direction * (magnitude / torch.linalg.vector_norm(direction, dim=(1, 2), keepdim=True))
    return folded


def _cropped(x: Tensor, span: Span, wanted: Span) -> Tensor:
    return x[..., wanted.start - span.start : wanted.stop - span.start]


def _convolve(x: Tensor, layer: Convolution, *, kernel: int = 1, dilation: int = 1) -> Tensor:
    return F.conv1d(x, layer.weight, layer.bias, padding=(kernel - 1) // 2 * dilation, dilation=dilation)


def _residual(x: Tensor, block: tuple[tuple[Convolution, Convolution], ...]) -> Tensor:
    for (first, second), dilation in zip(block, RESBLOCK_DILATIONS, strict=True):
        kernel = first.weight.shape[-1]
        y = _convolve(F.leaky_relu(x, SLOPE), first, kernel=kernel, dilation=dilation)
        x = x + _convolve(F.leaky_relu(y, SLOPE), second, kernel=kernel)
    return x
