"""XTTS's GPT: from a voice and a text to audio tokens, many sequences in one batch.

A GPT-2 without positions of its own reads 32 conditioning vectors, the text between its start and stop tokens, and the
audio tokens that it has drawn; text and audio have learned positions. It is computed here by itself, with the keys and
values of every sequence kept, and the hidden states of decoding kept for the vocoder: they are what Coqui's code
computes again in a second pass.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (its name everywhere)
from numpy.typing import NDArray
from torch import Tensor

from voice.engines.xtts.cache import SlotCache
from voice.engines.xtts.sampling import Draw, controls_of, draw_tokens, uniforms
from voice.engines.xtts.sequence import DeviceMemoryFull, Prompt
from voice.engines.xtts.shape import XttsShape
from voice.engines.xtts.weights import gpt_weights

CONDITIONING = 32  # vectors that a voice is to the GPT
FILLER_TOKEN = 1  # stands for the prefix in the ids that Coqui hands to Hugging Face, so it counts as repeated
VOICES_KEPT = 16

Attention = Callable[[int, Tensor], Tensor]
"""Layer and projected queries, keys and values, (rows, 3 x channels), to what was attended to, (rows, channels)."""


@dataclass(slots=True)
class _Sequence:
    """One slot's progress. `length`: positions in the cache; the last of `tokens`, or the start, is not yet there."""

    prompt: Prompt
    uniforms: NDArray[np.float64]
    length: int
    tokens: list[int] = field(default_factory=list)


class GptDecoder:
    """Decodes up to `slots` sequences at once, each at its own length, with its own sampling. One thread drives it.

    What a sequence draws does not depend on what else is in the batch.
    A method that raises DeviceMemoryFull leaves all slots as they were; the one that was being prefilled is free.
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        shape: XttsShape,
        *,
        device: torch.device | str,
        dtype: torch.dtype,
        slots: int,
        cache_bytes: int,
    ) -> None:
        self.slots = slots
        self.stop_token = shape.stop_audio
        self._shape = shape
        self._device = torch.device(device)
        self._dtype = dtype
        self._head_size = shape.channels // shape.heads
        self.cells = cache_bytes // (2 * shape.layers * shape.channels * dtype.itemsize)
        with torch.inference_mode(), device_memory():
            self._weights = gpt_weights(weights, layers=shape.layers, device=self._device, dtype=dtype)
            self._cache = SlotCache(
                layers=shape.layers, heads=shape.heads, head_size=self._head_size, device=self._device, dtype=dtype
            )
            exact = self._weights.audio_embedding.dtype
            steps = self._weights.audio_positions.shape[0]
            self._latents = torch.empty((slots, steps, shape.channels), dtype=exact, device=self._device)
            self._seen = torch.zeros((slots, shape.audio_tokens), dtype=torch.bool, device=self._device)
        self._sequences: dict[int, _Sequence] = {}
        self._voices: OrderedDict[bytes, Tensor] = OrderedDict()

    def columns(self, prompt: Prompt) -> int:
        """Positions that the sequence may come to hold: conditioning, text, its two ends, the start, audio tokens."""
        return CONDITIONING + len(prompt.text_ids) + 2 + 1 + prompt.max_tokens

    @torch.inference_mode()
    def prefill(self, slot: int, prompt: Prompt, generated: Sequence[int] = ()) -> None:
        """Begin a sequence in a free slot, or go on behind the `generated` tokens of one that was preempted.

        There is a latent for each of `generated` afterwards. Raises DeviceMemoryFull, ValueError for a slot in use.
        """
        if slot in self._sequences:
            raise ValueError(f"slot {slot} is in use")
        try:
            with device_memory():
                self._prefill(slot, prompt, list(generated))
        except BaseException:
            self.release(slot)
            raise

    @torch.inference_mode()
    def step(self, slots: Sequence[int]) -> list[int]:
        """Draw the next token of each of `slots`, any of those in use, in their order.

        `stop_token` ends a sequence: release it. Raises DeviceMemoryFull, ValueError behind a sequence's `max_tokens`.
        """
        sequences = [self._sequences[slot] for slot in slots]
        if any(len(sequence.tokens) >= sequence.prompt.max_tokens for sequence in sequences):
            raise ValueError("a sequence is longer than its prompt allows")
        with device_memory():
            tokens = self._step(slots, sequences)
        for sequence, token in zip(sequences, tokens, strict=True):
            sequence.tokens.append(token)
            sequence.length += 1
        return tokens

    def latents(self, slot: int, start: int, stop: int) -> Tensor:
        """The latents of steps `start` to `stop`, also of that which drew the stop token: (stop - start, channels).

        float32, or float64 in float64; a copy.
        """
        latents: Tensor = self._latents[slot, start:stop].clone()
        return latents

    def release(self, slot: int) -> None:
        """Free a slot, whatever state it is in."""
        self._sequences.pop(slot, None)
        self._cache.release(slot)

    def trim(self) -> None:
        """Give memory back to the device that no sequence uses."""
        self._voices.clear()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _prefill(self, slot: int, prompt: Prompt, generated: list[int]) -> None:
        voice = self._voice(prompt.conditioning)
        self._cache.take(slot, self.columns(prompt))
        kept = self._cache.keys_values(slot)
        kept[:, :, :, :CONDITIONING].copy_(voice)
        text = self._text(prompt.text_ids)
        inputs = torch.cat([text, self._audio([self._shape.start_audio, *generated][: len(generated)], 0)])
        hidden = self._blocks(inputs, _PromptAttention(kept, CONDITIONING))
        self._latents[slot, : len(generated)] = self._final(hidden[len(text) :])
        seen = [FILLER_TOKEN, self._shape.start_audio, *generated]
        self._seen[slot] = False
        self._seen[slot, seen] = True
        drawn = uniforms(prompt.sampling.seed, prompt.max_tokens)
        self._sequences[slot] = _Sequence(prompt, drawn, CONDITIONING + len(inputs), generated)

    def _voice(self, conditioning: NDArray[np.float32]) -> Tensor:
        """Keys and values of a voice's positions: nothing comes before them, so they are the same for every text."""
        values = np.ascontiguousarray(conditioning, dtype=np.float32)
        key = hashlib.sha256(values.tobytes()).digest()
        kept = self._voices.get(key)
        if kept is None:
            inputs = torch.from_numpy(values).to(self._device, self._latents.dtype)
            shape = (self._shape.layers, 2, self._shape.heads, CONDITIONING, self._head_size)
            kept = torch.empty(shape, dtype=self._dtype, device=self._device)
            self._blocks(inputs, _PromptAttention(kept, 0))
            self._voices[key] = kept
            if len(self._voices) > VOICES_KEPT:
                self._voices.popitem(last=False)
        self._voices.move_to_end(key)
        return kept

    def _step(self, slots: Sequence[int], sequences: Sequence[_Sequence]) -> list[int]:
        width = len(slots)
        places = torch.tensor(slots, device=self._device)
        steps = [len(sequence.tokens) for sequence in sequences]
        pending = [sequence.tokens[-1] if sequence.tokens else self._shape.start_audio for sequence in sequences]
        inputs = self._audio(pending, steps)
        attention = self._cache.step(slots, [sequence.length for sequence in sequences], width)
        latents = self._final(self._blocks(inputs, attention))
        self._latents[places, torch.tensor(steps, device=self._device)] = latents
        controls = controls_of([_draw(sequence) for sequence in sequences], width).to(self._device)
        tokens = draw_tokens(self._weights.head(latents), self._seen[places], controls, self.stop_token)
        self._seen[places, tokens] = True
        drawn: list[int] = tokens.tolist()
        return drawn

    def _text(self, ids: Sequence[int]) -> Tensor:
        framed = torch.tensor([self._shape.start_text, *ids, self._shape.stop_text], device=self._device)
        embedded: Tensor = self._weights.text_embedding[framed] + self._weights.text_positions[: len(framed)]
        return embedded

    def _audio(self, tokens: Sequence[int], positions: Sequence[int] | int) -> Tensor:
        """Embeddings of audio tokens at `positions`, or at those from one position on."""
        if isinstance(positions, int):
            positions = range(positions, positions + len(tokens))
        places = torch.tensor(list(positions), dtype=torch.long, device=self._device)
        ids = torch.tensor(tokens, dtype=torch.long, device=self._device)
        embedded: Tensor = self._weights.audio_embedding[ids] + self._weights.audio_positions[places]
        return embedded

    def _blocks(self, hidden: Tensor, attention: Attention) -> Tensor:
        """The transformer, (rows, channels) to (rows, channels); what it adds up stays in at least float32."""
        for layer, block in enumerate(self._weights.blocks):
            attended = attention(layer, block.attention_in(block.attention_norm(hidden).to(self._dtype)))
            hidden = hidden + block.attention_out(attended)
            hidden += block.mlp_out(block.mlp_in.gelu(block.mlp_norm(hidden).to(self._dtype)))
        return hidden

    def _final(self, hidden: Tensor) -> Tensor:
        return self._weights.final_norm(self._weights.last_norm(hidden))


def _draw(sequence: _Sequence) -> Draw:
    step = len(sequence.tokens)
    return Draw(sequence.prompt.sampling, sequence.uniforms[step], step >= sequence.prompt.min_tokens)


class _PromptAttention:
    """Causal attention of many positions of one sequence, from `start` on, that writes them into `kept`."""

    def __init__(self, kept: Tensor, start: int) -> None:
        self._kept = kept
        self._start = start

    def __call__(self, layer: int, projected: Tensor) -> Tensor:
        """See `Attention`."""
        _, heads, _, head_size = self._kept[layer].shape
        count = len(projected)
        stop = self._start + count
        new = projected.view(count, 3, heads, head_size).permute(1, 2, 0, 3)
        kept = self._kept[layer][:, :, :stop]
        kept[:, :, self._start :].copy_(new[1:])
        mask = torch.ones(count, stop, dtype=torch.bool, device=projected.device).tril_(self._start)
        attended = F.scaled_dot_product_attention(new[:1], kept[:1], kept[1:], attn_mask=mask)
        rows: Tensor = attended[0].transpose(0, 1).reshape(count, heads * head_size)
        return rows


@contextmanager
def device_memory() -> Iterator[None]:
    """Raises DeviceMemoryFull for what torch says of a full memory, of a GPU or of the CPU."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise DeviceMemoryFull(str(error)) from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        raise DeviceMemoryFull(str(error)) from error
