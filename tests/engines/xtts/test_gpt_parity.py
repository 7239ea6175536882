"""Our GPT draws the tokens that Coqui's draws, and keeps the latents that Coqui computes in a second pass.

`dense` runs on the CPU what a GPU runs, but for the CUDA graph.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.engines.xtts.coqui_gpt import CoquiGpt
from tests.engines.xtts.random_checkpoint import make_checkpoint
from voice.engines.xtts import gpt
from voice.engines.xtts.cache import COLUMN_STEP, DenseCache, rounded_up
from voice.engines.xtts.checkpoint import Checkpoint
from voice.engines.xtts.device import onednn_computes
from voice.engines.xtts.failures import DeviceMemoryFull
from voice.engines.xtts.gpt import GptDecoder
from voice.engines.xtts.utterance import Prompt, Sampling

TOKENS = 24
STOPS_NEAR = 16
DecoderMaker = Callable[..., GptDecoder]
BACKENDS = [
    "slots",
    "dense",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")),
]
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # of Coqui and of what it imports
    pytest.mark.usefixtures("one_thread"),
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # such small tensors gain nothing by more, and lose much on a busy machine
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def stopping_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("stopping"), stops_near=STOPS_NEAR)


@pytest.fixture(scope="module")
def coqui(tiny_checkpoint: Path) -> CoquiGpt:
    return CoquiGpt.load(tiny_checkpoint, torch.float64)


@pytest.fixture(scope="module")
def coqui_float32(tiny_checkpoint: Path) -> CoquiGpt:
    return CoquiGpt.load(tiny_checkpoint, torch.float32)


@pytest.fixture(scope="module")
def stopping_coqui(stopping_checkpoint: Path) -> CoquiGpt:
    return CoquiGpt.load(stopping_checkpoint, torch.float64)


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    return Checkpoint.open(tiny_checkpoint)


@pytest.fixture(params=BACKENDS)
def decoder_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> DecoderMaker:
    """Makes decoders of one backend from a checkpoint."""

    def make(checkpoint: Checkpoint, dtype: torch.dtype, *, slots: int = 32) -> GptDecoder:
        if request.param == "dense":
            monkeypatch.setattr(gpt, "cache_for", DenseCache)
        device = "cuda" if request.param == "cuda" else "cpu"
        return GptDecoder(
            checkpoint.weights, checkpoint.shape, device=device, dtype=dtype, slots=slots, cache_bytes=2**30
        )

    return make


@pytest.fixture(scope="module")
def prompts() -> list[Prompt]:
    """200 of them: texts of 1 to 120 tokens, with and without a repetition penalty, 6 voices."""
    rng = np.random.default_rng(0)
    voices = [rng.standard_normal((32, 64)).astype(np.float32) for _ in range(6)]
    lengths = [1, 2, 7, 19, 33, 64, 120]
    return [
        Prompt(
            voices[rng.integers(6)],
            tuple(int(token) for token in rng.integers(1, 999, rng.choice(lengths))),
            Sampling(repetition_penalty=float(rng.choice([1.0, 5.0])), is_greedy=True),
            max_tokens=TOKENS,
        )
        for _ in range(200)
    ]


@pytest.fixture(scope="module")
def coqui_tokens(coqui: CoquiGpt, prompts: list[Prompt]) -> list[list[int]]:
    return coqui.greedy(prompts)


def test_the_reference_says_something_else_for_every_prompt(coqui_tokens: list[list[int]]) -> None:
    assert len({tuple(tokens) for tokens in coqui_tokens}) > 190
    assert np.mean([len(set(tokens)) for tokens in coqui_tokens]) > TOKENS / 2


def test_greedy_tokens_are_those_of_coqui_in_any_batch_and_order(
    decoder_of: DecoderMaker, checkpoint: Checkpoint, prompts: list[Prompt], coqui_tokens: list[list[int]]
) -> None:
    """Batches of 1 to 32; sequences come at random, wait while others go on, are preempted, and some leave early."""
    traffic = _Traffic(decoder_of(checkpoint, torch.float64), prompts, seed=1)
    traffic.run()
    assert traffic.batches >= {1, 2, 5, 16, 32}
    assert traffic.preemptions > 20
    assert len(traffic.left) > 5
    for place, expected in enumerate(coqui_tokens):
        drawn = traffic.tokens[place]
        assert drawn == expected[: len(drawn)]
        assert len(drawn) == TOKENS or place in traffic.left


@dataclass(frozen=True, slots=True)
class _Running:
    place: int
    tokens: list[int]


class _Traffic:
    """Drives a decoder as no scheduler would."""

    def __init__(self, decoder: GptDecoder, prompts: list[Prompt], *, seed: int) -> None:
        self._decoder = decoder
        self._prompts = prompts
        self._rng = np.random.default_rng(seed)
        self._waiting = [_Running(int(place), []) for place in self._rng.permutation(len(prompts))]
        self._running: dict[int, _Running] = {}
        self._most = decoder.slots
        self.tokens: dict[int, list[int]] = {}
        self.batches: set[int] = set()
        self.left: set[int] = set()
        self.preemptions = 0

    def run(self) -> None:
        while self._waiting or self._running:
            self._join()
            asked = self._asked()
            self.batches.add(len(asked))
            for slot, token in zip(asked, self._decoder.step(asked), strict=True):
                self._running[slot].tokens.append(token)
                if len(self._running[slot].tokens) == TOKENS:
                    self._end(slot)
            self._disturb()

    def _asked(self) -> list[int]:
        """Some of those that run, in any order; how many of them at most changes now and then."""
        if self._rng.random() < 0.1:
            self._most = int(self._rng.choice([1, 2, 5, 16, 32]))
        return [int(slot) for slot in self._rng.permutation(list(self._running))[: self._most]]

    def _join(self) -> None:
        free = [slot for slot in range(self._decoder.slots) if slot not in self._running]
        self._rng.shuffle(free)
        for slot in free[: None if not self._running else self._rng.integers(4)]:
            if self._waiting:
                joining = self._waiting.pop()
                self._decoder.prefill(slot, self._prompts[joining.place], joining.tokens)
                self._running[slot] = joining

    def _disturb(self) -> None:
        for slot in list(self._running):
            chance = self._rng.random()
            if chance < 0.02:
                self.preemptions += 1
                self._decoder.release(slot)
                self._waiting.insert(0, self._running.pop(slot))
            elif chance < 0.023:
                self.left.add(self._running[slot].place)
                self._end(slot)

    def _end(self, slot: int) -> None:
        ended = self._running.pop(slot)
        self.tokens[ended.place] = ended.tokens
        self._decoder.release(slot)


def test_latents_are_those_of_the_second_pass(
    decoder_of: DecoderMaker, checkpoint: Checkpoint, coqui: CoquiGpt, prompts: list[Prompt]
) -> None:
    decoder = decoder_of(checkpoint, torch.float64)
    tokens = _decode(decoder, prompts[:8])
    for slot, prompt in enumerate(prompts[:8]):
        latents = decoder.latents(slot, 0, TOKENS)
        assert latents.shape == (TOKENS, 64)
        torch.testing.assert_close(latents.cpu(), coqui.latents(prompt, tokens[slot]), rtol=0, atol=1e-9)


def test_latents_in_float32_are_within_1e_4_of_coqui(
    decoder_of: DecoderMaker, checkpoint: Checkpoint, coqui_float32: CoquiGpt, prompts: list[Prompt]
) -> None:
    teacher = coqui_float32.greedy(prompts[:8])
    decoder = decoder_of(checkpoint, torch.float32)
    tokens = _decode(decoder, prompts[:8])
    for slot, prompt in enumerate(prompts[:8]):
        torch.testing.assert_close(
            decoder.latents(slot, 0, TOKENS).cpu(), coqui_float32.latents(prompt, tokens[slot]), rtol=0, atol=1e-4
        )
        decoder.release(slot)
        decoder.prefill(slot, prompt, teacher[slot])
        torch.testing.assert_close(
            decoder.latents(slot, 0, TOKENS).cpu(), coqui_float32.latents(prompt, teacher[slot]), rtol=0, atol=1e-4
        )


def test_latents_in_bfloat16_are_near(
    decoder_of: DecoderMaker, checkpoint: Checkpoint, coqui: CoquiGpt, prompts: list[Prompt]
) -> None:
    decoder = decoder_of(checkpoint, torch.bfloat16)
    tokens = _decode(decoder, prompts[:8])
    for slot, prompt in enumerate(prompts[:8]):
        expected = coqui.latents(prompt, tokens[slot])
        error = (decoder.latents(slot, 0, TOKENS).cpu() - expected).norm() / expected.norm()
        assert error < 0.02  # Coqui under autocast has 0.01


def test_sequences_stop_where_coqui_stops_and_keep_the_latent_of_that_step(
    decoder_of: DecoderMaker, stopping_checkpoint: Path, stopping_coqui: CoquiGpt, prompts: list[Prompt]
) -> None:
    asked = [replace(prompt, max_tokens=3 * STOPS_NEAR) for prompt in prompts[:32]]
    expected = stopping_coqui.greedy(asked)
    decoder = decoder_of(Checkpoint.open(stopping_checkpoint), torch.float64)
    assert decoder.stop_token == stopping_coqui.model.gpt.stop_audio_token
    tokens = _decode(decoder, asked)
    assert tokens == expected
    assert all(drawn[-1] == decoder.stop_token for drawn in tokens)
    for slot, prompt in enumerate(asked):
        count = len(tokens[slot])
        torch.testing.assert_close(
            decoder.latents(slot, 0, count).cpu(), stopping_coqui.latents(prompt, tokens[slot]), rtol=0, atol=1e-9
        )


def test_the_stop_token_waits_for_the_minimum_length(
    decoder_of: DecoderMaker, stopping_checkpoint: Path, stopping_coqui: CoquiGpt, prompts: list[Prompt]
) -> None:
    asked = replace(prompts[0], min_tokens=2 * STOPS_NEAR, max_tokens=3 * STOPS_NEAR)
    decoder = decoder_of(Checkpoint.open(stopping_checkpoint), torch.float64)
    tokens = _decode(decoder, [asked])[0]
    assert tokens.index(decoder.stop_token) == 2 * STOPS_NEAR
    assert tokens == stopping_coqui.greedy([asked])[0]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_what_is_sampled_depends_on_the_seed_and_not_on_neighbours(
    decoder_of: DecoderMaker, checkpoint: Checkpoint, prompts: list[Prompt], dtype: torch.dtype
) -> None:
    """A CPU that has to emulate bfloat16 promises less: latents of one sentence that are near until a token flips."""
    decoder = decoder_of(checkpoint, dtype)
    is_emulated = dtype == torch.bfloat16 and not onednn_computes(dtype)
    sampled = [
        replace(prompt, sampling=Sampling(seed=seed, repetition_penalty=2.0))
        for seed, prompt in enumerate(prompts[:32])
    ]
    alone = _decode(decoder, sampled[:1])[0]
    alone_latents = decoder.latents(0, 0, TOKENS)
    decoder.release(0)
    for count in (2, 3, 15, 16, 17, 32):
        for slot, prompt in enumerate(sampled[1:count]):
            decoder.prefill(slot, prompt)
        decoder.prefill(count - 1, sampled[0])
        drawn = [decoder.step(range(count))[-1] for _ in range(TOKENS)]
        latents = decoder.latents(count - 1, 0, TOKENS)
        if is_emulated:
            same = next((step for step in range(TOKENS) if drawn[step] != alone[step]), TOKENS - 1) + 1
            assert (latents[:same] - alone_latents[:same]).norm() < 0.02 * alone_latents[:same].norm()
        else:
            assert drawn == alone
        if dtype == torch.bfloat16 and not is_emulated:
            assert torch.equal(latents, alone_latents)
        for slot in range(count):
            decoder.release(slot)


def test_seeds_draw_different_tokens_and_each_the_same_again(
    decoder_of: DecoderMaker, checkpoint: Checkpoint, prompts: list[Prompt]
) -> None:
    decoder = decoder_of(checkpoint, torch.float32)
    sampled = [replace(prompts[0], sampling=Sampling(seed=seed)) for seed in (1, 2, 1)]
    first, other, again = _decode(decoder, sampled)
    assert first == again
    assert first != other


def test_a_sampled_sequence_goes_on_after_preemption_as_if_nothing_had_been(
    decoder_of: DecoderMaker, checkpoint: Checkpoint, prompts: list[Prompt]
) -> None:
    decoder = decoder_of(checkpoint, torch.float64)
    sampled = replace(prompts[0], sampling=Sampling(seed=3))
    whole = _decode(decoder, [sampled])[0]
    latents = decoder.latents(0, 0, TOKENS)
    decoder.release(0)
    decoder.prefill(5, sampled, whole[:10])
    assert [decoder.step([5])[0] for _ in range(TOKENS - 10)] == whole[10:]
    torch.testing.assert_close(decoder.latents(5, 0, TOKENS), latents, rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sequence_that_overflowed_spoils_no_other_in_its_place_or_beside_it(
    decoder_of: DecoderMaker, checkpoint: Checkpoint, prompts: list[Prompt], dtype: torch.dtype
) -> None:
    good, beside = replace(prompts[0], text_ids=prompts[0].text_ids[:2]), prompts[1]
    overflowing = replace(prompts[0], conditioning=np.full((32, 64), 1e30, dtype=np.float32))
    expected = _decode(fresh := decoder_of(checkpoint, dtype, slots=2), [good, beside])
    decoder = decoder_of(checkpoint, dtype, slots=2)
    _decode(decoder, [overflowing, beside])
    assert not decoder.latents(0, 0, TOKENS).isfinite().any()
    torch.testing.assert_close(decoder.latents(1, 0, TOKENS), fresh.latents(1, 0, TOKENS), rtol=0, atol=1e-6)
    decoder.release(0)
    decoder.release(1)
    assert _decode(decoder, [good, beside]) == expected
    assert torch.equal(decoder.latents(0, 0, TOKENS), fresh.latents(0, 0, TOKENS))


def test_misuse_is_refused(decoder_of: DecoderMaker, checkpoint: Checkpoint, prompts: list[Prompt]) -> None:
    decoder = decoder_of(checkpoint, torch.float32)
    _decode(decoder, prompts[:1])
    with pytest.raises(ValueError, match="longer"):
        decoder.step([0])
    with pytest.raises(ValueError, match="in use"):
        decoder.prefill(0, prompts[1])
    with pytest.raises(KeyError):
        decoder.step([1])


def test_a_prompt_that_memory_has_no_room_for_leaves_the_others_alone(
    checkpoint: Checkpoint, prompts: list[Prompt], coqui_tokens: list[list[int]]
) -> None:
    decoder = GptDecoder(
        checkpoint.weights, checkpoint.shape, device="cpu", dtype=torch.float64, slots=4, cache_bytes=2**30
    )
    decoder.prefill(0, prompts[0])
    drawn = [decoder.step([0])[0] for _ in range(10)]
    with pytest.raises(DeviceMemoryFull):
        decoder.prefill(1, replace(prompts[1], max_tokens=10**11))
    decoder.trim()
    decoder.prefill(1, prompts[1])
    steps = [decoder.step([0, 1]) for _ in range(TOKENS - 10)]
    assert drawn + [tokens[0] for tokens in steps] == coqui_tokens[0]
    assert [tokens[1] for tokens in steps] == coqui_tokens[1][: TOKENS - 10]


def test_columns_and_cells_are_positions_of_the_cache(checkpoint: Checkpoint, prompts: list[Prompt]) -> None:
    decoder = GptDecoder(
        checkpoint.weights, checkpoint.shape, device="cpu", dtype=torch.bfloat16, slots=2, cache_bytes=2**20
    )
    assert decoder.columns(prompts[0]) == rounded_up(32 + len(prompts[0].text_ids) + 2 + 1 + TOKENS, COLUMN_STEP)
    assert decoder.cells == 2**20 // (2 * 2 * 64 * 2)  # layers, keys and values, channels, bytes


def _decode(decoder: GptDecoder, prompts: list[Prompt]) -> list[list[int]]:
    """All prompts in slots 0, 1, .. to their ends; the slots are not released."""
    tokens: list[list[int]] = [[] for _ in prompts]
    for slot, prompt in enumerate(prompts):
        decoder.prefill(slot, prompt)
    running = list(range(len(prompts)))
    while running:
        for slot, token in zip(running, decoder.step(running), strict=True):
            tokens[slot].append(token)
        running = [
            slot
            for slot in running
            if tokens[slot][-1] != decoder.stop_token and len(tokens[slot]) < prompts[slot].max_tokens
        ]
    return tokens
