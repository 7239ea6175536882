"""Stands in for the GPU: a decoder and a vocoder whose output shows what went wrong, without torch.

A sequence's tokens are a function of its prompt's seed and of their positions, its latents of the tokens before them,
and its samples of the latents and the absolute position: audio of another sequence, a lost or doubled window, or a
preempted sequence that was prefilled with other tokens than it had would all change them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voice.audio.waveform import Samples
from voice.engines.xtts.failures import DeviceMemoryFull
from voice.engines.xtts.utterance import Prompt, Sampling
from voice.engines.xtts.windows import Piece, Window, sample_count

STOP_TOKEN = 1025
MULTIPLIER = 1_000_003
Hashes = NDArray[np.int64]


def make_prompt(seed: int, *, length: int = 30, text: int = 10, max_tokens: int = 600) -> Prompt:
    """A prompt whose sequence stops by itself after `length` tokens, unless `max_tokens` are fewer."""
    return Prompt(
        conditioning=np.zeros((2, 4), np.float32),
        text_ids=(seed, length, *range(text)),
        sampling=Sampling(seed=seed),
        max_tokens=max_tokens,
    )


def token_of(prompt: Prompt, position: int) -> int:
    """The token that this prompt draws at `position`."""
    if position >= prompt.text_ids[1]:
        return STOP_TOKEN
    return (prompt.text_ids[0] * 7919 + position * 104_729) % 1024


def tokens_of(prompt: Prompt) -> tuple[int, ...]:
    """All tokens that this prompt draws, the stop token not among them."""
    return tuple(token_of(prompt, position) for position in range(min(prompt.text_ids[1], prompt.max_tokens)))


def audio_of(prompt: Prompt, speaker: NDArray[np.float32], *, speed: float = 1.0) -> Samples:
    """The sound of the whole sentence."""
    tokens = tokens_of(prompt)
    steps = len(tokens) + (len(tokens) < prompt.max_tokens)
    latents = _latents(prompt, tokens)[:steps]
    window = Window(0, steps, 0, sample_count(steps, speed=speed))
    return _sound(Piece(latents, speaker, window, speed))


def _latents(prompt: Prompt, tokens: Sequence[int]) -> Hashes:
    """One behind the prompt and behind each token, of all tokens before it."""
    value = prompt.text_ids[0] + 1
    found = [value]
    for token in tokens:
        value = (value * 31 + token + 1) % MULTIPLIER
        found.append(value)
    return np.array(found, np.int64)


def _sound(piece: Piece) -> Samples:
    positions = np.arange(piece.window.sample_start, piece.window.sample_stop)
    samples_per_latent = sample_count(1000, speed=piece.speed) / 1000
    nearest = np.minimum((positions / samples_per_latent).astype(int), piece.window.latent_stop - 1)
    assert all(nearest >= piece.window.latent_start)
    latents = piece.latents[nearest - piece.window.latent_start]
    return ((latents * 131 + positions) % 9973 + piece.speaker[0]).astype(np.float32)


@dataclass
class FakeDevice:
    """The decoder and the vocoder, and a memory of so many cells.

    `free_cells`: what else uses the device may take from it at any time. `failures`: exceptions that the next calls of
    a method raise, by its name. `speakers_of_nan`: their samples
    are not all numbers.
    """

    slots: int = 4
    cells: int = 10_000
    stop_token: int = STOP_TOKEN
    free_cells: int = 1 << 60
    free_latents: int = 1 << 60
    failures: dict[str, list[BaseException]] = field(default_factory=dict)
    speakers_of_nan: frozenset[int] = frozenset()
    prompts: dict[int, Prompt] = field(default_factory=dict)
    tokens: dict[int, list[int]] = field(default_factory=dict)
    made: dict[int, int] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    seeds_in_order: list[int] = field(default_factory=list)
    spoken_pieces: list[int] = field(default_factory=list)
    trims: int = 0

    def columns(self, prompt: Prompt) -> int:
        self._fail("columns")
        return len(prompt.text_ids) + prompt.max_tokens

    def prefill(self, slot: int, prompt: Prompt, generated: Sequence[int] = ()) -> None:
        assert slot not in self.prompts
        assert 0 <= slot < self.slots
        assert STOP_TOKEN not in generated
        self.prompts[slot] = prompt
        self._fail("prefill")
        self._check_memory()
        self.tokens[slot] = list(generated)
        self.made[slot] = len(generated)
        self.seeds_in_order.append(prompt.sampling.seed)

    def step(self, slots: Sequence[int]) -> list[int]:
        assert slots
        assert len(set(slots)) == len(slots)
        self._fail("step")
        self._check_memory()
        drawn = []
        for slot in slots:
            prompt, tokens = self.prompts[slot], self.tokens[slot]
            assert self.made[slot] == len(tokens), "it has stopped"
            assert len(tokens) < prompt.max_tokens
            drawn.append(token_of(prompt, len(tokens)))
            self.made[slot] += 1
            if drawn[-1] != STOP_TOKEN:
                tokens.append(drawn[-1])
        self.batches.append(len(slots))
        return drawn

    def latents(self, slot: int, start: int, stop: int) -> Hashes:
        self._fail("latents")
        assert 0 <= start < stop <= self.made[slot]
        return _latents(self.prompts[slot], self.tokens[slot])[start:stop]

    def release(self, slot: int) -> None:
        del self.prompts[slot]
        self.tokens.pop(slot, None)
        self.made.pop(slot, None)

    def trim(self) -> None:
        self.trims += 1

    def speak(self, pieces: Sequence[Piece]) -> list[Samples]:
        assert pieces
        self._fail("speak")
        if sum(len(piece.latents) for piece in pieces) > self.free_latents:
            raise DeviceMemoryFull
        self.spoken_pieces.append(len(pieces))
        return [self._spoken(piece) for piece in pieces]

    def _spoken(self, piece: Piece) -> Samples:
        sound = _sound(piece)
        if int(piece.speaker[0]) in self.speakers_of_nan:
            sound[len(sound) // 2] = np.nan
        return sound

    def _fail(self, method: str) -> None:
        if self.failures.get(method):
            raise self.failures[method].pop(0)

    def _check_memory(self) -> None:
        used = len(self.prompts) * max(map(self.columns, self.prompts.values()))
        assert used <= self.cells, "more than the cache may hold"
        if used > self.free_cells:
            raise DeviceMemoryFull
