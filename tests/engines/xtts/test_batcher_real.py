"""The batcher around the real decoder and vocoder, with a tiny random model: who else is there changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.engines.xtts.random_checkpoint import TINY, make_checkpoint
from voice.audio.waveform import Samples
from voice.engines.xtts.batcher import Batcher
from voice.engines.xtts.checkpoint import Checkpoint
from voice.engines.xtts.failures import DeviceMemoryFull
from voice.engines.xtts.gpt import GptDecoder
from voice.engines.xtts.utterance import Prompt, Sampling, Ticket
from voice.engines.xtts.vocoder import Vocoder
from voice.engines.xtts.windows import Piece, sample_count

CUDA = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"))
MOST_STEPS = 5_000
MOST_TOKENS = 60
SAMPLED = Sampling()
GREEDY = Sampling(is_greedy=True)

MakeBatcher = Callable[..., Batcher]


@dataclass(eq=False)
class Heard:
    """One sentence, and what was heard of it."""

    ticket: Ticket
    chunks: list[Samples] = field(default_factory=list)

    def listen(self) -> None:
        while (chunk := self.ticket.wait(0)) is not None:
            self.chunks.append(chunk)

    @property
    def tokens(self) -> tuple[int, ...]:
        assert self.ticket.outcome is not None
        return self.ticket.outcome.tokens

    @property
    def samples(self) -> Samples:
        return np.concatenate(self.chunks)


class ForgetfulDecoder(GptDecoder):
    """Says now and then that the device has no memory, as other programs on it may cause."""

    failing_steps: frozenset[int] = frozenset()
    failing_prefills: frozenset[int] = frozenset()
    steps = prefills = 0

    def step(self, slots: Sequence[int]) -> list[int]:
        self.steps += 1
        if self.steps in self.failing_steps:
            raise DeviceMemoryFull
        return super().step(slots)

    def prefill(self, slot: int, prompt: Prompt, generated: Sequence[int] = ()) -> None:
        self.prefills += 1
        if self.prefills in self.failing_prefills:
            raise DeviceMemoryFull
        super().prefill(slot, prompt, generated)


class LatentsAsSound:
    """A vocoder that takes no time: each sample is the mean of the latent that sounds there."""

    def speak(self, pieces: Sequence[Piece]) -> list[Samples]:
        return [self._samples(piece) for piece in pieces]

    def _samples(self, piece: Piece) -> Samples:
        window = piece.window
        latents = piece.latents.mean(1).float().cpu().numpy()
        assert len(latents) == window.latent_stop - window.latent_start
        places = np.arange(window.sample_start, window.sample_stop) / (sample_count(1000, speed=piece.speed) / 1000)
        sounding: Samples = latents[np.minimum(places.astype(int), window.latent_stop - 1) - window.latent_start]
        return sounding + piece.speaker[0]


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    """One that never stops by itself."""
    return Checkpoint.open(tiny_checkpoint)


@pytest.fixture(scope="module")
def stopping(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """One that stops by itself, sooner or later."""
    return Checkpoint.open(make_checkpoint(Path(tmp_path_factory.mktemp("batcher")), stops_near=30))


@pytest.fixture(params=["cpu", CUDA])
def make_batcher(request: pytest.FixtureRequest, checkpoint: Checkpoint) -> MakeBatcher:
    """Makes a batcher without a thread: in float64 with latents for sound, or in float32 with the real vocoder."""

    def make(
        *,
        slots: int,
        is_audible: bool = False,
        decoder: type[GptDecoder] = GptDecoder,
        checkpoint: Checkpoint = checkpoint,
    ) -> Batcher:
        dtype = torch.float32 if is_audible else torch.float64
        gpt = decoder(
            checkpoint.weights,
            checkpoint.shape,
            device=request.param,
            dtype=dtype,
            slots=slots,
            cache_bytes=64 * 2**20,
        )
        if is_audible:
            return Batcher(gpt, Vocoder(checkpoint.weights, device=torch.device(request.param), dtype=dtype))
        return Batcher(gpt, LatentsAsSound())

    return make


def prompts_of(count: int, sampling: Sampling, *, seed: int = 0) -> list[Prompt]:
    """Texts of 2 to 40 tokens, in voices of their own."""
    rng = np.random.default_rng(seed)
    return [
        Prompt(
            conditioning=rng.standard_normal((32, TINY.channels)).astype(np.float32),
            text_ids=tuple(int(token) for token in rng.integers(30, 200, size=rng.integers(2, 40))),
            sampling=replace(sampling, seed=number),
            max_tokens=int(rng.integers(5, MOST_TOKENS)),
        )
        for number in range(count)
    ]


def speaker_of(prompt: Prompt) -> Samples:
    return np.random.default_rng(prompt.sampling.seed).standard_normal(512).astype(np.float32)


def submit(batcher: Batcher, prompt: Prompt, *, first_chunk: int | None = None, speed: float = 1.0) -> Heard:
    ticket = batcher.submit(
        prompt, speaker_of(prompt), speed=speed, group=prompt.sampling.seed % 3, first_chunk=first_chunk
    )
    return Heard(ticket)


def drive(batcher: Batcher, sentences: Sequence[Heard]) -> None:
    for _ in range(MOST_STEPS):
        batcher.step()
        for sentence in sentences:
            sentence.listen()
        if all(sentence.ticket.is_drained for sentence in sentences):
            return
    raise AssertionError("somebody waits for ever")


def alone(batcher: Batcher, prompts: Sequence[Prompt]) -> list[Heard]:
    """Each by itself, one after the other."""
    heard = []
    for prompt in prompts:
        heard.append(submit(batcher, prompt))
        drive(batcher, heard[-1:])
    return heard


def arriving(batcher: Batcher, prompts: Sequence[Prompt], *, seed: int) -> list[Heard]:
    """In any order, at any time, some as streams. Heard in the order of `prompts`."""
    rng = np.random.default_rng(seed)
    heard: dict[int, Heard] = {}
    for number in rng.permutation(len(prompts)):
        heard[int(number)] = submit(batcher, prompts[number], first_chunk=[None, 8][int(rng.integers(2))])
        for _ in range(int(rng.integers(0, 10))):
            batcher.step()
    drive(batcher, list(heard.values()))
    return [heard[number] for number in range(len(prompts))]


def check_compositions(make: MakeBatcher, prompts: Sequence[Prompt], **options: Checkpoint) -> list[Heard]:
    """Hear `prompts` alone and in batches of several sizes, arriving in several orders; return those alone."""
    expected = alone(make(slots=1, **options), prompts)
    for seed, slots in enumerate((3, 8, 20)):
        batcher = make(slots=slots, **options)
        heard = arriving(batcher, prompts, seed=seed)
        assert batcher.statistics().mean_batch > 2
        for sentence, reference in zip(heard, expected, strict=True):
            assert_same(sentence, reference)
    return expected


def assert_same(sentence: Heard, reference: Heard) -> None:
    assert sentence.ticket.outcome == reference.ticket.outcome
    np.testing.assert_allclose(sentence.samples, reference.samples, rtol=0, atol=1e-6)


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_tokens_and_latents_are_those_of_a_sentence_alone(make_batcher: MakeBatcher, sampling: Sampling) -> None:
    expected = check_compositions(make_batcher, prompts_of(20, sampling))
    assert len({float(np.ptp(sentence.samples)) for sentence in expected}) == 20


def test_they_are_so_too_where_the_model_stops_by_itself(make_batcher: MakeBatcher, stopping: Checkpoint) -> None:
    expected = check_compositions(make_batcher, prompts_of(20, SAMPLED, seed=1), checkpoint=stopping)
    outcomes = [sentence.ticket.outcome for sentence in expected]
    assert {outcome.is_stopped for outcome in outcomes if outcome is not None} == {True, False}


def test_what_is_drawn_depends_on_the_seed(make_batcher: MakeBatcher) -> None:
    prompts = [replace(prompt, max_tokens=20) for prompt in prompts_of(1, SAMPLED)] * 8
    seeded = [replace(prompt, sampling=Sampling(seed=number // 2)) for number, prompt in enumerate(prompts)]
    tokens = [sentence.tokens for sentence in arriving(make_batcher(slots=8), seeded, seed=5)]
    assert tokens[::2] == tokens[1::2]
    assert len(set(tokens)) == 4


@pytest.mark.parametrize("speed", [1.0, 1.4])
def test_a_stream_sounds_as_the_whole_sentence(make_batcher: MakeBatcher, speed: float) -> None:
    batcher = make_batcher(slots=2, is_audible=True)
    prompts = [replace(prompt, min_tokens=60, max_tokens=80) for prompt in prompts_of(2, SAMPLED, seed=2)]
    whole = [submit(batcher, prompt, speed=speed) for prompt in prompts]
    drive(batcher, whole)
    streams = [submit(batcher, prompt, speed=speed, first_chunk=8) for prompt in prompts]
    drive(batcher, streams)
    for stream, sentence in zip(streams, whole, strict=True):
        assert len(stream.chunks) >= 3
        assert len(sentence.chunks) == 1
        assert stream.tokens == sentence.tokens
        assert np.abs(sentence.samples).max() > 0.05
        np.testing.assert_allclose(stream.samples, sentence.samples, rtol=0, atol=1e-3)


def test_a_cancel_in_mid_flight_leaves_the_others_unchanged(make_batcher: MakeBatcher) -> None:
    prompts = prompts_of(9, SAMPLED, seed=3)
    expected = alone(make_batcher(slots=1), prompts)
    batcher = make_batcher(slots=6)
    heard = [submit(batcher, prompt, first_chunk=[None, 8][number % 2]) for number, prompt in enumerate(prompts)]
    for number in (1, 4, 7):
        batcher.step()
        batcher.step()
        heard[number].ticket.cancel()
    kept = [number for number in range(9) if number not in (1, 4, 7)]
    drive(batcher, [heard[number] for number in kept])
    assert batcher.statistics().cancelled == 3
    for number in kept:
        assert_same(heard[number], expected[number])


def test_sentences_go_on_where_they_were_when_memory_comes_back(
    make_batcher: MakeBatcher, stopping: Checkpoint
) -> None:
    prompts = prompts_of(8, SAMPLED, seed=4)
    expected = alone(make_batcher(slots=1, checkpoint=stopping), prompts)

    class Forgetful(ForgetfulDecoder):
        failing_steps = frozenset({4, 12, 30, 44, 90})
        failing_prefills = frozenset({7, 11})

    batcher = make_batcher(slots=6, decoder=Forgetful, checkpoint=stopping)
    heard = [submit(batcher, prompt, first_chunk=[None, 8][number % 2]) for number, prompt in enumerate(prompts)]
    drive(batcher, heard)
    assert batcher.statistics().out_of_memory == 7
    assert batcher.statistics().preempted >= 5
    for sentence, reference in zip(heard, expected, strict=True):
        assert_same(sentence, reference)


def test_a_stream_that_lost_its_slot_goes_on_where_it_was(make_batcher: MakeBatcher) -> None:
    prompts = [replace(prompt, min_tokens=50, max_tokens=80) for prompt in prompts_of(3, SAMPLED, seed=6)]
    expected = alone(make_batcher(slots=1), prompts)
    batcher = make_batcher(slots=1)
    slow, *others = [submit(batcher, prompt, first_chunk=12) for prompt in prompts]
    for _ in range(60):
        batcher.step()
    drive(batcher, others)
    assert not slow.ticket.is_drained
    drive(batcher, [slow])
    assert batcher.statistics().preempted >= 1
    for sentence, reference in zip((slow, *others), expected, strict=True):
        assert_same(sentence, reference)
