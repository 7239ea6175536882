"""One sentence on its way through the decoder: what is asked for, and the error of a full device. No torch."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next audio token is drawn, with the meanings that Hugging Face transformers and Coqui give these names.

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
    """What the GPT reads before it speaks.

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
