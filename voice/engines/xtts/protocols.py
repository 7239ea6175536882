"""The two models as the batcher sees them: a decoder and a vocoder, which one thread calls. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from voice.audio.waveform import Samples
from voice.engines.xtts.windows import Latents, Piece


@dataclass(frozen=True, slots=True)
class Sampling:
    """Settings of the draw of the next audio token, with the meanings that transformers and Coqui give these names.

    `is_greedy` takes the likeliest token and ignores temperature, top_k and top_p. The same `seed` draws the same
    tokens from the same logits, whoever else is in the batch, also when a sequence is prefilled again in its middle.
    """

    temperature: float = 0.75
    top_k: int = 50
    top_p: float = 0.85
    repetition_penalty: float = 5.0
    is_greedy: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that the GPT reads before it speaks.

    `conditioning`: float32, shape (32, channels), the voice. `text_ids`: token ids of one sentence, the language tag
    first, without the start and stop tokens of the text. Between `min_tokens` and `max_tokens` audio tokens are
    drawn, the stop token not counted: it cannot come earlier, and decoding ends without it at `max_tokens`.
    """

    conditioning: NDArray[np.float32]
    text_ids: tuple[int, ...]
    sampling: Sampling = field(default_factory=Sampling)
    min_tokens: int = 1
    max_tokens: int = 600


class DeviceMemoryFull(Exception):
    """The device has no memory for this; whoever asked shrinks the batch and asks again."""


LatentsOut = TypeVar("LatentsOut", covariant=True)


class Decoder(Protocol[LatentsOut]):
    """The GPT: a batch of slots, each with a sequence that grows by a token a step.

    Its memory for keys and values is bounded as if it were dense: running sequences times the columns of the longest
    stay within `cells`. Where a method raises DeviceMemoryFull, every slot is as it was before the call, but for one
    that was being prefilled: release it.
    """

    slots: int
    """The most sequences at once."""

    cells: int
    """Positions that the cache may hold: slots in use times the columns of the longest sequence."""

    stop_token: int
    """The token by which a sequence ends."""

    def columns(self, prompt: Prompt) -> int:
        """Positions that the sequence may come to hold."""

    def prefill(self, slot: int, prompt: Prompt, generated: Sequence[int] = ()) -> None:
        """Begin a sequence in a free slot, or go on behind the `generated` tokens of one that was preempted.

        There is a latent for each of `generated` afterwards. Raises DeviceMemoryFull.
        """

    def step(self, slots: Sequence[int]) -> list[int]:
        """Draw a token for each of `slots`, in their order; `stop_token` ends a sequence. Raises DeviceMemoryFull."""

    def latents(self, slot: int, start: int, stop: int) -> LatentsOut:
        """Latents `start` to `stop`: one for each step made, also for the one that drew the stop token.

        Not finite where the sequence's numbers overflowed.
        """

    def release(self, slot: int) -> None:
        """Free a slot, whatever state it is in."""

    def trim(self) -> None:
        """Give memory back to the device that no sequence uses."""


class Vocoder(Protocol[Latents]):
    """Makes sound of latents."""

    def speak(self, pieces: Sequence[Piece[Latents]]) -> list[Samples]:
        """The samples `window.sample_start` to `window.sample_stop` of each piece.

        They are not finite where the latents are not. Raises DeviceMemoryFull.
        """
