"""The GPT's weights, ready to be multiplied with: fused, in the precision that it runs in, packed for the CPU."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (its name everywhere)
from torch import Tensor

from voice.engines.xtts.device import onednn_computes

PACKED_ROWS = 1
"""Rows of input that oneDNN lays packed weights out for. Any number works with it, and as fast as any other layout;
but laid out for one row, a row's result is bit for bit the same whatever rows are beside it (1 to 64 were tried,
with AMX and with AVX-512 only)."""


@dataclass(frozen=True, slots=True)
class Linear:
    """`weight`, shape (outputs, inputs), possibly in oneDNN's blocked layout, and `bias`, shape (outputs,)."""

    weight: Tensor
    bias: Tensor
    is_packed: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        """x W^T + b, for x of shape (rows, inputs)."""
        if self.is_packed:
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
        if x.device.type == "cpu" and len(x) > 1:
            # the same as W x^T, which MKL makes in two thirds of the time where there are 16 rows
            return torch.add(torch.mm(self.weight, x.t()).t(), self.bias, out=x.new_empty(len(x), len(self.bias)))
        return F.linear(x, self.weight, self.bias)

    def gelu(self, x: Tensor) -> Tensor:
        """GELU of the same by its tanh approximation (https://arxiv.org/abs/1606.08415), which GPT-2 was made with."""
        if self.is_packed:
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "gelu", [], "tanh")
        return F.gelu(self(x), approximate="tanh")


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer norm, computed in the precision of its own weights: float32, or float64 in float64."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """The last dimension normalised."""
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


@dataclass(frozen=True, slots=True)
class Block:
    """One transformer block of GPT-2, which normalises before attention and before its MLP."""

    attention_norm: Norm
    attention_in: Linear
    attention_out: Linear
    mlp_norm: Norm
    mlp_in: Linear
    mlp_out: Linear


@dataclass(frozen=True, slots=True)
class GptWeights:
    """The blocks in the GPT's precision; embeddings, norms and the head in at least float32.

    Small tensors kept exact cost little, and with bfloat16 logits the likeliest tokens would tie.
    """

    blocks: tuple[Block, ...]
    text_embedding: Tensor
    text_positions: Tensor
    audio_embedding: Tensor
    audio_positions: Tensor
    last_norm: Norm
    final_norm: Norm
    head: Linear


def gpt_weights(weights: Mapping[str, Tensor], *, layers: int, device: torch.device, dtype: torch.dtype) -> GptWeights:
    """The weights of Coqui's `gpt.*` entries on `device`. `weights` itself is left as it is, and not kept."""
    exact = torch.promote_types(dtype, torch.float32)

    def read(name: str, precision: torch.dtype = exact) -> Tensor:
        return weights[name].detach().to(device, precision, copy=True)

    def norm(name: str) -> Norm:
        return Norm(read(f"{name}.weight"), read(f"{name}.bias"))

    def linear(name: str) -> Linear:
        weight = weights[f"{name}.weight"].detach().to(device, dtype).t().contiguous()  # GPT-2 has (inputs, outputs)
        return _packed(weight, read(f"{name}.bias", dtype))

    def block(name: str) -> Block:
        return Block(
            norm(f"{name}.ln_1"),
            linear(f"{name}.attn.c_attn"),
            linear(f"{name}.attn.c_proj"),
            norm(f"{name}.ln_2"),
            linear(f"{name}.mlp.c_fc"),
            linear(f"{name}.mlp.c_proj"),
        )

    return GptWeights(
        blocks=tuple(block(f"gpt.gpt.h.{layer}") for layer in range(layers)),
        text_embedding=read("gpt.text_embedding.weight"),
        text_positions=read("gpt.text_pos_embedding.emb.weight"),
        audio_embedding=read("gpt.mel_embedding.weight"),
        audio_positions=read("gpt.mel_pos_embedding.emb.weight"),
        last_norm=norm("gpt.gpt.ln_f"),
        final_norm=norm("gpt.final_norm"),
        head=Linear(read("gpt.mel_head.weight"), read("gpt.mel_head.bias")),
    )


def _packed(weight: Tensor, bias: Tensor) -> Linear:
    """Blocked by oneDNN where that is faster: bfloat16 on a CPU, by about a quarter; in float32 it is slower."""
    if weight.device.type == "cpu" and weight.dtype == torch.bfloat16 and onednn_computes(weight.dtype):
        return Linear(torch.ops.mkldnn._reorder_linear_weight(weight, PACKED_ROWS), bias, is_packed=True)
    return Linear(weight, bias)
