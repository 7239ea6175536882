"""XTTS's GPT: from a voice and a text to audio tokens, many sequences in one batch.

A GPT-2 without positions of its own reads 32 conditioning vectors, the text between its start and stop tokens, and the
audio tokens that it has drawn; text and audio have learned positions. It is computed here by itself, with the keys and
values of every sequence kept, and the hidden states of decoding kept for the vocoder: they are what Coqui's code
computes again in a second pass.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (its name everywhere)
from numpy.typing import NDArray
from torch import Tensor

from voice.engines.xtts.cache import Attention, CacheShape, cache_for, rounded_up
from voice.engines.xtts.device import device_memory
from voice.engines.xtts.graphs import StepGraph
from voice.engines.xtts.sampling import Draw, controls_of, draw_tokens, uniforms
from voice.engines.xtts.shape import CONDITIONING_LATENTS, XttsShape
from voice.engines.xtts.utterance import Prompt
from voice.engines.xtts.weights import gpt_weights

FILLER_TOKEN = 1  # stands for the prefix in the ids that Coqui hands to Hugging Face, so it counts as repeated
VOICES_KEPT = 16
_LENGTH = 3  # the row of `GptDecoder._rows` that holds it


@dataclass(slots=True)
class _Sequence:
    """One slot's progress. `length`: positions in the cache; the last of `tokens`, or the start, is not yet there."""

    prompt: Prompt
    uniforms: NDArray[np.float64]
    length: int
    tokens: list[int] = field(default_factory=list)


class GptDecoder:
    """Decodes up to `slots` sequences at once, each at its own length, with its own sampling. One thread drives it.

    `stop_token` ends a sequence. `cells`: positions that the cache may hold, running sequences times the longest's.
    In bfloat16 on an x86-64 CPU with AVX-512, latents and tokens are bit for bit the same whatever else is in the
    batch. In float32 and float64 logits of a sequence alone and in company differ by rounding (2e-6 of latents near 4,
    in float32), which moves a draw only where it falls that close to an edge; more often so in bfloat16 on a CPU that
    has to emulate it. So may a sequence that is prefilled again in its middle round differently from there on, in
    every precision.
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
        self.cells = cache_bytes // (2 * shape.layers * shape.channels * dtype.itemsize)
        self._shape = shape
        self._device = torch.device(device)
        self._dtype = dtype
        self._head_size = shape.channels // shape.heads
        with torch.inference_mode(), device_memory():
            self._weights = gpt_weights(weights, layers=shape.layers, device=self._device, dtype=dtype)
            kept = CacheShape(
                shape.layers, shape.heads, self._head_size, slots, self.cells, device=self._device, dtype=dtype
            )
            self._cache = cache_for(kept)
            steps = self._weights.audio_positions.shape[0]
            exact = self._weights.audio_positions.dtype
            self._latents = torch.empty((slots + 1, steps, shape.channels), dtype=exact, device=self._device)
            self._seen = torch.zeros((slots + 1, shape.audio_tokens), dtype=torch.bool, device=self._device)
        self._spare = slots  # behind all slots: rows that only fill the batch up write there
        self._graph = StepGraph(self._graph_step, self._device) if self._device.type == "cuda" else None
        self._sequences: dict[int, _Sequence] = {}
        self._voices: OrderedDict[bytes, Tensor] = OrderedDict()

    def columns(self, prompt: Prompt) -> int:
        """Positions that the sequence may come to hold: conditioning, text, its two ends, the start, audio tokens."""
        return rounded_up(
            CONDITIONING_LATENTS + len(prompt.text_ids) + 2 + 1 + prompt.max_tokens, self._cache.column_step
        )

    def prefill(self, slot: int, prompt: Prompt, generated: Sequence[int] = ()) -> None:
        """Begin a sequence in a free slot, or go on behind the `generated` tokens of one that was preempted.

        There is a latent for each of `generated` afterwards. Raises DeviceMemoryFull, ValueError for a slot in use.
        """
        if slot in self._sequences:
            raise ValueError(f"slot {slot} is in use")
        try:
            with torch.inference_mode(), device_memory():
                self._prefill(slot, prompt, list(generated))
        except BaseException:
            self.release(slot)
            raise

    def step(self, slots: Sequence[int]) -> list[int]:
        """Draw a token for each of `slots`, in order. Raises DeviceMemoryFull, and ValueError behind `max_tokens`."""
        sequences = [self._sequences[slot] for slot in slots]
        if any(len(sequence.tokens) >= sequence.prompt.max_tokens for sequence in sequences):
            raise ValueError("a sequence is longer than its prompt allows")
        with torch.inference_mode(), device_memory():
            tokens = self._step(slots, sequences)
        for sequence, token in zip(sequences, tokens, strict=True):
            sequence.tokens.append(token)
            sequence.length += 1
        return tokens

    def latents(self, slot: int, start: int, stop: int) -> Tensor:
        """The latents of steps `start` to `stop`, also of that which drew the stop token: (stop - start, channels).

        float32, or float64 in float64; a copy. NaN from where the sequence's numbers overflowed, and so is the sound
        that is made of it; other sequences are not touched by it.
        """
        return self._latents[slot, start:stop].clone()

    def release(self, slot: int) -> None:
        """Free a slot, whatever state it is in."""
        self._sequences.pop(slot, None)
        self._cache.release(slot)

    def trim(self) -> None:
        """Give memory back to the device that no sequence uses."""
        self._voices.clear()
        self._cache.trim()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _prefill(self, slot: int, prompt: Prompt, generated: list[int]) -> None:
        voice = self._voice(prompt.conditioning)
        text = self._text(prompt.text_ids)
        ids = torch.tensor([self._shape.start_audio, *generated], dtype=torch.long, device=self._device)[:-1]
        spoken = self._weights.audio_embedding[ids] + self._weights.audio_positions[: len(ids)]
        length = CONDITIONING_LATENTS + len(text) + len(spoken)
        self._cache.take(slot, length, self.columns(prompt))
        kept = self._cache.keys_values(slot)
        for layer, of_voice in zip(kept, voice, strict=True):
            layer[:, :, :CONDITIONING_LATENTS] = of_voice
        inputs = torch.cat([text, spoken])
        hidden = self._blocks(inputs, _PromptAttention(kept, start=CONDITIONING_LATENTS, count=len(inputs)))
        self._latents[slot, : len(generated)] = self._final(hidden[len(text) :])
        self._seen[slot] = False
        self._seen[slot, [FILLER_TOKEN, self._shape.start_audio, *generated]] = True
        drawn = uniforms(prompt.sampling.seed, prompt.max_tokens)
        self._sequences[slot] = _Sequence(prompt, drawn, length, generated)

    def _voice(self, conditioning: NDArray[np.float32]) -> Tensor:
        """Keys and values of a voice's positions: nothing comes before them, so they are the same for every text."""
        values = np.ascontiguousarray(conditioning, dtype=np.float32)
        key = hashlib.sha256(values.tobytes()).digest()
        kept = self._voices.get(key)
        if kept is None:
            inputs = torch.from_numpy(values).to(self._device, self._latents.dtype)
            shape = (self._shape.layers, 2, self._shape.heads, CONDITIONING_LATENTS, self._head_size)
            kept = torch.empty(shape, dtype=self._dtype, device=self._device)
            self._blocks(inputs, _PromptAttention(kept.unbind(0), start=0, count=len(inputs)))
            self._voices[key] = kept
            if len(self._voices) > VOICES_KEPT:
                self._voices.popitem(last=False)
        self._voices.move_to_end(key)
        return kept

    def _step(self, slots: Sequence[int], sequences: Sequence[_Sequence]) -> list[int]:
        self._cache.reserve(1 + max(sequence.length for sequence in self._sequences.values()))
        batch = self._cache.batch(slots)
        rows = self._rows(batch, set(slots))
        draws = {slot: _draw(sequence) for slot, sequence in zip(slots, sequences, strict=True)}
        controls = controls_of([None if slot is None else draws.get(slot) for slot in batch])
        if self._graph is None:
            attention = self._cache.attention(batch, rows[_LENGTH].tolist(), rows[_LENGTH])
            tokens = self._forward(rows.to(self._device), controls.to(self._device), attention)
        else:
            tokens = self._graph(self._cache.version, self._rows(batch, ()), (rows, controls))
        drawn = dict(zip(batch, tokens.tolist(), strict=True))
        return [drawn[slot] for slot in slots]

    def _rows(self, batch: Sequence[int | None], asked: Collection[int]) -> Tensor:
        """Integers for each row of a decode step, shape (4, rows): slot, step, pending token, length.

        A row that is not asked for writes into the spare slot, and behind the end of its sequence in the cache.
        """
        rows = []
        for slot in batch:
            sequence = None if slot is None else self._sequences[slot]
            if slot is None or sequence is None or slot not in asked:
                rows.append((self._spare, 0, self._shape.start_audio, sequence.length if sequence else 0))
            else:
                pending = sequence.tokens[-1] if sequence.tokens else self._shape.start_audio
                rows.append((slot, len(sequence.tokens), pending, sequence.length))
        return torch.tensor(rows, dtype=torch.long).t().contiguous()

    def _graph_step(self, rows: Tensor, controls: Tensor) -> Tensor:
        return self._forward(rows, controls, self._cache.attention((), (), rows[_LENGTH]))

    def _forward(self, rows: Tensor, controls: Tensor, attention: Attention) -> Tensor:
        """One decode step on the device: a token for each row. Static shapes, no word to the host."""
        slots, steps, pending, _ = rows.unbind(0)
        inputs = self._weights.audio_embedding[pending] + self._weights.audio_positions[steps]
        latents = self._final(self._blocks(inputs, attention))
        self._latents[slots, steps] = latents
        tokens = draw_tokens(self._weights.head(latents), self._seen[slots], controls, self.stop_token)
        self._seen[slots, tokens] = True
        return tokens

    def _text(self, ids: Sequence[int]) -> Tensor:
        framed = torch.tensor([self._shape.start_text, *ids, self._shape.stop_text], device=self._device)
        return self._weights.text_embedding[framed] + self._weights.text_positions[: len(framed)]

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

    def __init__(self, kept: Sequence[Tensor], *, start: int, count: int) -> None:
        self._kept = kept
        self._start = start
        self._stop = start + count
        self._mask = torch.ones(count, self._stop, dtype=torch.bool, device=kept[0].device).tril_(start)

    def __call__(self, layer: int, projected: Tensor) -> Tensor:
        _, heads, _, head_size = self._kept[layer].shape
        count = len(projected)
        new = projected.view(count, 3, heads, head_size).permute(1, 2, 0, 3)
        kept = self._kept[layer][:, :, : self._stop]
        kept[:, :, self._start :].copy_(new[1:])
        attended = F.scaled_dot_product_attention(new[:1], kept[:1], kept[1:], attn_mask=self._mask)
        return attended[0].transpose(0, 1).reshape(count, heads * head_size)
