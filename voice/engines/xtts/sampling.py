"""Drawing the next audio token: Hugging Face's logits processors, in its order, with other values in every row.

Repetition penalty, minimum length, temperature, top-k, top-p (https://arxiv.org/abs/1909.05858,
https://arxiv.org/abs/1904.09751). The draw inverts the distribution's CDF at a uniform number that depends on the
sequence's seed and on how many tokens it has, so neither neighbours nor the order of arrival move it. Every operation
works on single rows and has a static shape: a CUDA graph may hold it. No function here keeps state.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voice.engines.xtts.utterance import Sampling


@dataclass(frozen=True, slots=True)
class Draw:
    """One row's needs for its next token: `uniform` in [0, 1), `may_stop` once the minimum length is reached."""

    sampling: Sampling
    uniform: float
    may_stop: bool


def uniforms(seed: int, count: int) -> NDArray[np.float64]:
    """Numbers in [0, 1) for the first `count` steps under any integer, by the counter-based generator Philox."""
    return np.random.Generator(np.random.Philox(key=seed % 2**64)).random(count)


def controls_of(draws: Sequence[Draw | None]) -> Tensor:
    """The draws as one float64 tensor, shape (7, rows), on the CPU; a row without one is as good as any."""
    rows = np.ones((7, len(draws)))
    for row, draw in enumerate(draws):
        if draw is not None:
            chosen = draw.sampling
            rows[:, row] = (
                chosen.temperature,
                chosen.top_k,
                chosen.top_p,
                chosen.repetition_penalty,
                chosen.is_greedy,
                draw.may_stop,
                draw.uniform,
            )
    return torch.from_numpy(rows)


def draw_tokens(logits: Tensor, seen: Tensor, controls: Tensor, stop_token: int) -> Tensor:
    """One token per row: int64, shape (rows,).

    `logits`: float32 or float64, shape (rows, tokens). `seen`: bool, the same shape, tokens that the repetition
    penalty weighs down. `controls`: see `controls_of`, on the device of the logits. Logits of a row that are not all
    finite count as all equal: the draw stays within the rules, and its latents show that it is worthless.
    """
    logits = torch.where(logits.isfinite().all(-1, keepdim=True), logits, 0.0)
    temperature, top_k, top_p, penalty, is_greedy, may_stop, uniform = controls.unbind(0)
    allowed = penalise(logits, seen, penalty=penalty, may_stop=may_stop > 0, stop_token=stop_token)
    probabilities, order = kept_probabilities(allowed, temperature=temperature, top_k=top_k, top_p=top_p)
    distribution = probabilities.double().cumsum(-1)
    threshold = uniform[:, None] * distribution[:, -1:]
    place = (distribution <= threshold).sum(-1, keepdim=True).clamp_(max=logits.shape[-1] - 1)
    drawn = order.gather(-1, place).squeeze(-1)
    return torch.where(is_greedy > 0, allowed.argmax(-1), drawn)


def penalise(logits: Tensor, seen: Tensor, *, penalty: Tensor, may_stop: Tensor, stop_token: int) -> Tensor:
    """The logits after repetition penalty (CTRL: seen tokens divided, negative ones multiplied) and minimum length."""
    factor = penalty[:, None].to(logits.dtype)
    penalised = torch.where(seen, torch.where(logits < 0, logits * factor, logits / factor), logits)
    stop = penalised[:, stop_token]
    penalised[:, stop_token] = torch.where(may_stop, stop, torch.full_like(stop, -torch.inf))
    return penalised


def kept_probabilities(logits: Tensor, *, temperature: Tensor, top_k: Tensor, top_p: Tensor) -> tuple[Tensor, Tensor]:
    """Each row's choice, ascending: probabilities, 0 where cut away, and the tokens that they belong to.

    All shapes are (rows, tokens). `top_k` 0 keeps all tokens, and ties with the last one kept; of equal tokens top-p
    cuts those first that the vocabulary has first. The likeliest token always stays.
    """
    count = logits.shape[-1]
    scores, order = (logits / temperature[:, None].to(logits.dtype)).sort(dim=-1, stable=True)
    k = torch.where(top_k > 0, top_k, count).long().clamp(max=count)
    weakest = scores.gather(-1, (count - k)[:, None])
    scores = scores.masked_fill(scores < weakest, -torch.inf)
    tail = (1 - top_p).to(logits.dtype)[:, None]
    is_cut = (scores.softmax(-1).cumsum(-1) <= tail) & (top_p < 1)[:, None]
    is_cut[:, -1] = False
    probabilities: Tensor = scores.masked_fill(is_cut, -torch.inf).softmax(-1)
    return probabilities, order
