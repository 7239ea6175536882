"""One sentence while the batcher speaks it: its tokens so far, how much of it is sound, and what is due next."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voice.engines.xtts.scheduler import ScheduledSequence
from voice.engines.xtts.sequence import Prompt
from voice.engines.xtts.ticket import Outcome, Ticket
from voice.engines.xtts.windows import Window, window_next

CHUNK_TOKENS_MAX = 80
UNREAD_CHUNKS_MAX = 2


@dataclass(eq=False, slots=True)
class Utterance(ScheduledSequence):
    """A sentence on its way from prompt to sound.

    `deadline_s`: of the batcher's clock. `chunk_tokens`: how many tokens the next chunk waits for; it doubles with
    each up to 80, some 4 s, so that the first comes early and few pay for the context that each needs.
    `out_of_memory_at`: how many latents it had when the device had no memory for it though it was alone.
    """

    prompt: Prompt
    speaker: NDArray[np.float32]
    speed: float
    ticket: Ticket
    deadline_s: float | None
    chunk_tokens: int
    tokens: list[int] = field(default_factory=list, init=False)
    is_stopped: bool = field(default=False, init=False)
    out_of_memory_at: int | None = field(default=None, init=False)
    _spoken: int = field(default=0, init=False)
    _due_at: int = field(init=False)

    def __post_init__(self) -> None:
        self._due_at = self.chunk_tokens

    @property
    def is_complete(self) -> bool:
        """Whether all its tokens are drawn."""
        return self.is_stopped or len(self.tokens) >= self.prompt.max_tokens

    @property
    def is_decodable(self) -> bool:
        """Whether the next step draws a token for it."""
        return not (self.is_paused or self.is_complete)

    @property
    def is_due(self) -> bool:
        """Whether there may be something to speak: its end, or for a stream enough for a chunk."""
        return self.is_complete or (self.is_stream and self.latents >= self._due_at)

    @property
    def is_unheard(self) -> bool:
        """Whether its listener is so far behind that decoding more can wait."""
        return self.is_stream and not self.is_complete and self.ticket.unread >= UNREAD_CHUNKS_MAX

    @property
    def latents(self) -> int:
        """How many the decoder has: one for each step made."""
        return len(self.tokens) + self.is_stopped

    @property
    def outcome(self) -> Outcome:
        """How decoding ended, once it is complete."""
        return Outcome(tuple(self.tokens), self.is_stopped)

    def draw(self, token: int, *, stop_token: int) -> None:
        """Take the token of one step."""
        if token == stop_token:
            self.is_stopped = True
        else:
            self.tokens.append(token)

    def lose_slot(self) -> None:
        """The decoder forgets it; prefilled again with `tokens`, it must draw its stop token again for its latent."""
        self.is_stopped = False

    def window(self) -> Window | None:
        """What is to be spoken next; None if nothing is left, or more tokens are needed, which it then waits for."""
        window = window_next(spoken=self._spoken, latents=self.latents, is_last=self.is_complete, speed=self.speed)
        if window is None:
            self._due_at = self.latents + self.chunk_tokens
        return window

    def hear(self, window: Window) -> None:
        """Note that `window` was delivered."""
        self._spoken = window.sample_stop
        self.chunk_tokens = min(2 * self.chunk_tokens, max(CHUNK_TOKENS_MAX, self.chunk_tokens))
        self._due_at = self.latents + self.chunk_tokens
