"""HiFi-GAN's generator on tiles of a sentence: frames and speaker embeddings in, samples out.

Kong et al. 2020, arXiv:2010.05646, V1, with the speaker's bias that Coqui adds before and after each upsampling. Zero
padding at the ends of a sentence means that every layer's output is zero outside of it: a tile that looks beyond an
end is held to just that, so it gives the same samples as the whole sentence.

Tensors are (rows, channels, 1, time) with the channels of one moment beside each other in memory (`channels_last`):
oneDNN and cuDNN then use their matrix units without reordering each layer's input and output.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from torch import Tensor

from voice.engines.xtts.device import onednn_computes
from voice.engines.xtts.windows import (
    RESBLOCK_DILATIONS,
    RESBLOCK_KERNELS,
    UPSAMPLINGS,
    Span,
    TilePlan,
)

PREFIX = "hifigan_decoder.waveform_decoder."
SLOPE = 0.1
LAST_SLOPE = 0.01  # HiFi-GAN leaves the leaky_relu before its last convolution at torch's default


@dataclass(frozen=True, slots=True)
class Convolution:
    """One layer that keeps the length: zeros beyond both ends.

    `is_fused`: the weight is in oneDNN's own order, and activation or sum run inside its kernel while the values are
    in registers. For the CPU, in float32 and bfloat16.
    """

    weight: Tensor
    bias: Tensor | None
    padding: int
    dilation: int
    is_fused: bool

    @classmethod
    def prepare(cls, weight: Tensor, bias: Tensor | None, *, dilation: int = 1) -> "Convolution":
        """Take a weight of shape (channels out, channels in, odd kernel), on the device and in the dtype to run in."""
        padding = (weight.shape[-1] - 1) // 2 * dilation
        weight = weight.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        is_fused = weight.device.type == "cpu" and onednn_computes(weight.dtype)
        if is_fused:
            weight = torch.ops.mkldnn._reorder_convolution_weight(
                weight, (0, padding), (1, 1), (1, dilation), 1, (1, weight.shape[1], 1, 4096)
            )
        return cls(weight, bias, padding, dilation, is_fused)

    def __call__(self, x: Tensor, *, slope: float | None = None) -> Tensor:
        """The convolution of `x`, then leaky_relu with `slope` if one is given."""
        result: Tensor
        if self.is_fused:
            activation, scalars = ("none", []) if slope is None else ("leaky_relu", [slope])
            result = torch.ops.mkldnn._convolution_pointwise(
                x, self.weight, self.bias, *self._geometry, activation, scalars, ""
            )
            return result
        result = self._plain(x)
        return result if slope is None else F.leaky_relu_(result, slope)

    def add_to(self, total: Tensor, x: Tensor) -> None:
        """Add the convolution of `x` to `total`, in place."""
        if self.is_fused:
            torch.ops.mkldnn._convolution_pointwise_.binary(
                total, x, self.weight, self.bias, *self._geometry, "add", 1.0, None, [], None
            )
        else:
            total += self._plain(x)

    def _plain(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, padding=(0, self.padding), dilation=(1, self.dilation))

    @property
    def _geometry(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], int]:
        return (0, self.padding), (1, 1), (1, self.dilation), 1


def upsampling_weight(weight: Tensor, *, stride: int) -> Tensor:
    """The weight of a convolution whose output, `stride` moments in each, is that of a transposed convolution.

    `weight`: (channels in, channels out, kernel) of one that multiplies the length by `stride`, an even number, and
    has a kernel of 2 x `stride`. Result: (stride x channels out, channels in, 3).
    """
    padding = stride // 2
    phases = []
    for phase in range(stride):
        taps = [phase + padding + offset * stride for offset in (1, 0, -1)]  # of the input before, at and after
        phases.append(
            torch.stack([weight[:, :, tap] if 0 <= tap < 2 * stride else 0 * weight[:, :, 0] for tap in taps], dim=-1)
        )
    return torch.cat(phases, dim=1).transpose(0, 1)


def phases_interleaved(x: Tensor, *, stride: int) -> Tensor:
    """(rows, stride x channels, 1, time) as (rows, channels, 1, stride x time): a view, in channels_last."""
    rows, channels, _, length = x.shape
    return x.permute(0, 2, 3, 1).reshape(rows, 1, length * stride, channels // stride).permute(0, 3, 1, 2)


Block = tuple[tuple[Convolution, Convolution], ...]
Outside = list[tuple[int, slice]]


@dataclass(frozen=True, slots=True)
class SpeakerBias:
    """A linear layer from the speaker embedding to one value per channel."""

    weight: Tensor
    bias: Tensor

    def __call__(self, speakers: Tensor, dtype: torch.dtype) -> Tensor:
        """For embeddings of shape (rows, 512), a tensor of shape (rows, channels, 1, 1)."""
        return F.linear(speakers, self.weight, self.bias).to(dtype)[:, :, None, None]


@dataclass(frozen=True, slots=True)
class UpsamplingStage:
    """A convolution to all phases of the upsampled signal, the speaker's bias, a residual block for each kernel."""

    upsampling: Convolution
    speaker: SpeakerBias
    blocks: tuple[Block, ...]


class Generator:
    """The network. It computes in `dtype`, but the speaker's biases and the last layer in at least float32."""

    def __init__(self, weights: Mapping[str, Tensor], *, device: torch.device, dtype: torch.dtype) -> None:
        """Take the layers out of a checkpoint's `weights`, with their published names."""
        self._weights, self._device, self._dtype = weights, device, dtype
        self._precise = torch.float64 if dtype == torch.float64 else torch.float32
        self._pre = self._convolution("conv_pre", dtype)
        self._speaker = self._speaker_bias("cond_layer")
        self._stages = tuple(self._stage(number) for number in range(len(UPSAMPLINGS)))
        self._post = self._convolution("conv_post", self._precise, factor=1 / len(RESBLOCK_KERNELS))
        del self._weights

    def __call__(self, frames: Tensor, speakers: Tensor, *, plan: TilePlan, sentences: Sequence[Span]) -> Tensor:
        """Samples of shape (rows, `plan.samples.length`), within -1 to 1.

        `frames`: shape (rows, `plan.frames.length`, channels), zero outside of the sentence. `speakers`: embeddings,
        shape (rows, 512). `sentences`: where each row's sentence begins and ends, in frames relative to the tile.
        """
        x = self._pre(frames.to(self._dtype).transpose(1, 2).unsqueeze(2))
        x += self._speaker(speakers, self._dtype)
        _silence(x, _outside(plan.frames, sentences, rate=1))
        span, rate = plan.frames, 1
        for stage, stride, planned in zip(self._stages, UPSAMPLINGS, plan.stages, strict=True):
            x = stage.upsampling(F.leaky_relu(_cropped(x, span, planned.source), SLOPE))
            x = phases_interleaved(x, stride=stride)
            x = _cropped(x, planned.source.scaled(stride), planned.kept)
            x = x + stage.speaker(speakers, self._dtype)
            span, rate = planned.kept, rate * stride
            x = _blocks_summed(x, stage.blocks, _outside(span, sentences, rate=rate))
        x = F.leaky_relu(_cropped(x, span, plan.last).to(self._precise), LAST_SLOPE)
        x = torch.tanh(_cropped(self._post(x), plan.last, plan.samples))
        return x[:, 0, 0]

    def _stage(self, number: int) -> UpsamplingStage:
        first = number * len(RESBLOCK_KERNELS)
        blocks = tuple(self._block(f"resblocks.{first + place}") for place in range(len(RESBLOCK_KERNELS)))
        weight = upsampling_weight(self._folded(f"ups.{number}"), stride=UPSAMPLINGS[number])
        bias = self._tensor(f"ups.{number}.bias").repeat(UPSAMPLINGS[number])
        # The mean of the blocks before is taken here: leaky_relu of a third is a third of leaky_relu.
        factor = 1 if number == 0 else 1 / len(RESBLOCK_KERNELS)
        upsampling = Convolution.prepare((weight * factor).to(self._dtype), bias.to(self._dtype))
        return UpsamplingStage(upsampling, self._speaker_bias(f"conds.{number}"), blocks)

    def _block(self, name: str) -> Block:
        return tuple(
            (
                self._convolution(f"{name}.convs1.{place}", self._dtype, dilation=dilation),
                self._convolution(f"{name}.convs2.{place}", self._dtype),
            )
            for place, dilation in enumerate(RESBLOCK_DILATIONS)
        )

    def _convolution(self, name: str, dtype: torch.dtype, *, dilation: int = 1, factor: float = 1) -> Convolution:
        bias = self._tensor(f"{name}.bias").to(dtype) if f"{PREFIX}{name}.bias" in self._weights else None
        return Convolution.prepare((self._folded(name) * factor).to(dtype), bias, dilation=dilation)

    def _speaker_bias(self, name: str) -> SpeakerBias:
        weight, bias = self._tensor(f"{name}.weight")[:, :, 0], self._tensor(f"{name}.bias")
        return SpeakerBias(weight.to(self._precise), bias.to(self._precise))

    def _folded(self, name: str) -> Tensor:
        """A layer's plain weight; with weight norm (Salimans and Kingma 2016), direction times magnitude."""
        if f"{PREFIX}{name}.weight" in self._weights:
            return self._tensor(f"{name}.weight")
        magnitude = self._tensor(f"{name}.parametrizations.weight.original0")
        direction = self._tensor(f"{name}.parametrizations.weight.original1")
        return direction * (magnitude / torch.linalg.vector_norm(direction, dim=(1, 2), keepdim=True))

    def _tensor(self, name: str) -> Tensor:
        return self._weights[PREFIX + name].to(self._device, torch.float64)


def _blocks_summed(x: Tensor, blocks: tuple[Block, ...], outside: Outside) -> Tensor:
    """The sum of what the residual blocks make of `x`, which may be overwritten."""
    _silence(x, outside)
    activated = F.leaky_relu(x, SLOPE)
    total = _residual(x.clone(), activated, blocks[0], outside)
    for block in blocks[1:-1]:
        total += _residual(x.clone(), activated, block, outside)
    total += _residual(x, activated, blocks[-1], outside)
    return total


def _residual(x: Tensor, activated: Tensor, block: Block, outside: Outside) -> Tensor:
    """`x` after a residual block, in place. `activated`: leaky_relu of `x`."""
    for place, (first, second) in enumerate(block):
        hidden = first(F.leaky_relu(x, SLOPE) if place else activated, slope=SLOPE)
        _silence(hidden, outside)
        second.add_to(x, hidden)
        _silence(x, outside)
    return x


def _outside(span: Span, sentences: Sequence[Span], *, rate: int) -> Outside:
    """The parts of each row of a layer that lie outside of its sentence; `rate`: the layer's moments per frame."""
    parts: Outside = []
    for row, sentence in enumerate(sentences):
        start, stop = sentence.start * rate - span.start, sentence.stop * rate - span.start
        if start > 0:
            parts.append((row, slice(0, start)))
        if stop < span.length:
            parts.append((row, slice(max(0, stop), None)))
    return parts


def _silence(x: Tensor, parts: Outside) -> None:
    for row, part in parts:
        x[row, :, :, part] = 0


def _cropped(x: Tensor, span: Span, wanted: Span) -> Tensor:
    return x[..., wanted.start - span.start : wanted.stop - span.start]
