"""Convolutions along time, in the memory layout and with the fusions that make them fast on each device.

Tensors are (rows, channels, 1, time) with the channels of one moment beside each other in memory (`channels_last`):
oneDNN and cuDNN then use their matrix units without reordering each layer's input and output.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from torch import Tensor

from voice.engines.xtts.device import onednn_computes


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
