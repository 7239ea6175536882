"""The tokens that may be drawn are those of Hugging Face's processors, and the draws follow their probabilities."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinNewTokensLengthLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from voice.engines.xtts.sampling import Draw, controls_of, draw_tokens, kept_probabilities, penalise, uniforms
from voice.engines.xtts.utterance import Sampling

TOKENS = 1026
STOP = 1025


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_row_keeps_what_hugging_face_keeps_for_it_alone(dtype: torch.dtype) -> None:
    rng = np.random.default_rng(1)
    rows = 64
    samplings = [_random_sampling(rng) for _ in range(rows)]
    may_stop = rng.random(rows) < 0.5
    logits = torch.from_numpy(rng.normal(0, 4, (rows, TOKENS))).to(dtype)
    ids = torch.from_numpy(rng.integers(0, TOKENS - 2, (rows, 40)))

    draws = [Draw(sampling, 0.5, bool(stop)) for sampling, stop in zip(samplings, may_stop, strict=True)]
    ours = _probabilities(logits, ids, draws)

    for row, (sampling, stop) in enumerate(zip(samplings, may_stop, strict=True)):
        theirs = _hugging_face(sampling, stops_after=40 if stop else 41)(ids[row : row + 1], logits[row : row + 1])
        expected = theirs[0].softmax(-1)
        assert torch.equal(ours[row] > 0, expected > 0)
        torch.testing.assert_close(ours[row], expected, rtol=0, atol=1e-6)


def test_a_value_that_ties_with_the_last_of_top_k_is_kept_too() -> None:
    logits = torch.tensor([[3.0, 1.0, 2.0, 2.0, 0.0]])
    controls = {"temperature": torch.ones(1), "top_k": torch.tensor([2.0]), "top_p": torch.ones(1)}
    probabilities, order = kept_probabilities(logits, **controls)
    assert sorted(order[probabilities > 0].tolist()) == [0, 2, 3]


def test_draws_follow_the_probabilities() -> None:
    rng = np.random.default_rng(2)
    logits = torch.from_numpy(rng.normal(0, 2, (1, TOKENS)))
    sampling = Sampling(temperature=0.9, top_k=20, top_p=0.95, repetition_penalty=1.0)
    count = 20_000
    draws = [Draw(sampling, float(uniform), True) for uniform in uniforms(3, count)]
    seen = torch.zeros(count, TOKENS, dtype=torch.bool)
    drawn = draw_tokens(logits.expand(count, -1), seen, controls_of(draws), STOP)

    expected = count * _probabilities(logits, torch.zeros(1, 0, dtype=torch.long), draws[:1])[0].numpy()
    observed = np.bincount(drawn.numpy(), minlength=TOKENS)
    kept = expected > 0
    assert observed[~kept].sum() == 0
    statistic = ((observed[kept] - expected[kept]) ** 2 / expected[kept]).sum()
    degrees = kept.sum() - 1
    assert statistic < degrees + 3 * np.sqrt(2 * degrees)  # 3 standard deviations of chi-square


@pytest.mark.parametrize("uniform", [0.0, np.nextafter(1.0, 0.0)])
def test_the_ends_of_the_unit_interval_draw_tokens_that_were_kept(uniform: float) -> None:
    logits = torch.from_numpy(np.random.default_rng(4).normal(0, 3, (1, TOKENS))).float()
    draw = Draw(Sampling(top_k=5), uniform, True)
    kept = _probabilities(logits, torch.zeros(1, 0, dtype=torch.long), [draw])[0] > 0
    drawn = draw_tokens(logits, torch.zeros(1, TOKENS, dtype=torch.bool), controls_of([draw]), STOP)
    assert kept[drawn.item()]


def test_greedy_takes_the_likeliest_after_the_penalty_and_ignores_the_rest() -> None:
    logits = torch.zeros(1, TOKENS)
    logits[0, [7, 8, STOP]] = torch.tensor([5.0, 4.0, 9.0])
    seen = torch.zeros(1, TOKENS, dtype=torch.bool)
    seen[0, 7] = True
    draw = Draw(Sampling(temperature=50.0, repetition_penalty=2.0, is_greedy=True), 0.999, may_stop=False)
    assert draw_tokens(logits, seen, controls_of([draw]), STOP).tolist() == [8]
    assert draw_tokens(logits, seen, controls_of([replace(draw, may_stop=True)]), STOP).tolist() == [STOP]


def test_a_draw_does_not_depend_on_the_other_rows() -> None:
    rng = np.random.default_rng(5)
    logits = torch.from_numpy(rng.normal(0, 4, (32, TOKENS))).float()
    seen = torch.from_numpy(rng.random((32, TOKENS)) < 0.1)
    draws = [Draw(_random_sampling(rng), float(rng.random()), bool(rng.random() < 0.5)) for _ in range(32)]
    together = draw_tokens(logits, seen, controls_of(draws), STOP).tolist()
    alone = [
        draw_tokens(logits[row : row + 1], seen[row : row + 1], controls_of([draw]), STOP).item()
        for row, draw in enumerate(draws)
    ]
    assert together == alone


def test_the_number_of_a_step_depends_on_seed_and_step_alone() -> None:
    assert uniforms(7, 600)[:20].tolist() == uniforms(7, 20).tolist()
    assert uniforms(7, 20).tolist() != uniforms(8, 20).tolist()
    for seed in (-1, 0, 2**64 - 2):
        assert np.all((uniforms(seed, 50) >= 0) & (uniforms(seed, 50) < 1))


@pytest.mark.parametrize("broken", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("is_greedy", [False, True])
def test_of_logits_that_are_not_finite_the_stop_token_still_waits(broken: float, is_greedy: bool) -> None:
    uniforms_drawn = [0.0, 0.3, 1 - 2**-53]
    draws = [Draw(Sampling(is_greedy=is_greedy), uniform, may_stop=False) for uniform in uniforms_drawn]
    seen = torch.zeros(3, TOKENS, dtype=torch.bool)
    all_broken = torch.full((3, TOKENS), broken)
    one_broken = torch.zeros(3, TOKENS).index_fill(1, torch.tensor([STOP]), broken)
    drawn = draw_tokens(all_broken, seen, controls_of(draws), STOP)
    assert STOP not in drawn
    assert torch.equal(draw_tokens(one_broken, seen, controls_of(draws), STOP), drawn)


def _random_sampling(rng: np.random.Generator) -> Sampling:
    return Sampling(
        temperature=float(rng.uniform(0.3, 1.5)),
        top_k=int(rng.choice([0, 1, 20, 50, 2000])),
        top_p=float(rng.choice([0.3, 0.85, 1.0])),
        repetition_penalty=float(rng.choice([1.0, 2.0, 5.0, 10.0])),
    )


def _hugging_face(sampling: Sampling, *, stops_after: int) -> LogitsProcessorList:
    processors = [
        RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty),
        MinNewTokensLengthLogitsProcessor(0, stops_after, STOP),
        TemperatureLogitsWarper(sampling.temperature),
    ]
    if sampling.top_k:
        processors.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        processors.append(TopPLogitsWarper(sampling.top_p))
    return LogitsProcessorList(processors)


def _probabilities(logits: Tensor, ids: Tensor, draws: list[Draw]) -> Tensor:
    """The probabilities that `draw_tokens` draws from, in the order of the vocabulary."""
    temperature, top_k, top_p, penalty, _, may_stop, _ = controls_of(draws).unbind(0)
    seen = torch.zeros(logits.shape, dtype=torch.bool).scatter_(1, ids, True)
    allowed = penalise(logits, seen, penalty=penalty, may_stop=may_stop > 0, stop_token=STOP)
    probabilities, order = kept_probabilities(allowed, temperature=temperature, top_k=top_k, top_p=top_p)
    return torch.zeros_like(probabilities).scatter_(1, order, probabilities)
