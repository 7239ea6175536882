"""One sentence: its prompt, the ticket that its caller holds, and what the batcher knows of it. No torch."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voice.audio.waveform import Samples
from voice.engines.xtts.failures import copied
from voice.engines.xtts.scheduler import ScheduledSequence
from voice.engines.xtts.windows import Window, window_next
from voice.errors import JobCancelled, VoiceError

CHUNK_TOKENS_MAX = 80
UNREAD_CHUNKS_MAX = 2


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of decoding. `tokens`: all that were drawn, the stop token not among them.

    `is_stopped`: whether the model ended the sentence itself, by the stop token; if not, `max_tokens` did.
    """

    tokens: tuple[int, ...]
    is_stopped: bool


class Ticket:
    """One sentence that is being spoken. One thread takes its audio; `cancel` may be called from any.

    `outcome`: the end of decoding; None until all audio is made, and if it failed. `is_cancelled`: the caller gave up
    before the end. Both are for others to read.
    """

    def __init__(self, *, on_change: Callable[[], None]) -> None:
        """`on_change` is called without a lock held, whenever the caller took audio or cancelled."""
        self._on_change = on_change
        self._changed = threading.Condition()
        self._chunks: deque[Samples] = deque()
        self.outcome: Outcome | None = None
        self._error: VoiceError | None = None
        self.is_cancelled = False

    def wait(self, timeout_s: float) -> Samples | None:
        """The next chunk of audio, float32 at 24 kHz; None if there is none within `timeout_s`, or no more at all.

        `is_drained` distinguishes the two. Raises, when what was made before is taken, the error of the sentence:
        EngineOutOfMemory, EngineFailed, EngineError `timed_out` or `sentence_too_large`, EngineUnavailable
        `engine_stopped`; and JobCancelled after `cancel`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._chunks or self.is_ended, timeout_s)
            if not self._chunks:
                if self._error is not None:
                    raise copied(self._error)
                return None
            chunk = self._chunks.popleft()
        self._on_change()
        return chunk

    def cancel(self) -> None:
        """Give up. Audio that is not taken yet is dropped; the batch goes on without it from its next step."""
        with self._changed:
            self._chunks.clear()
            if self.is_ended:
                return
            self.is_cancelled = True
            self._error = JobCancelled("cancelled", "This was cancelled.")
            self._changed.notify_all()
        self._on_change()

    @property
    def is_drained(self) -> bool:
        """True when all was spoken and taken: as soon as the last chunk is."""
        return self.outcome is not None and not self._chunks

    @property
    def is_ended(self) -> bool:
        """True when nothing more will come: all is made, or it failed."""
        return self.outcome is not None or self._error is not None

    @property
    def unread(self) -> int:
        """Chunks that are made and not taken yet."""
        return len(self._chunks)

    def deliver(self, samples: Samples | None, *, outcome: Outcome | None = None) -> None:
        """Add a chunk if there is one, and end with the outcome; only for the batcher. Does nothing after the end."""
        with self._changed:
            if not self.is_ended:
                if samples is not None:
                    self._chunks.append(samples)
                self.outcome = outcome
                self._changed.notify_all()

    def fail(self, error: VoiceError) -> None:
        """End with an error; only for the batcher. What came before can still be taken."""
        with self._changed:
            if not self.is_ended:
                self._error = error
                self._changed.notify_all()


@dataclass(eq=False, slots=True)
class Utterance(ScheduledSequence):
    """A sentence on its way from prompt to sound.

    `deadline_s`: of the batcher's clock. `chunk_tokens`: how many tokens the next chunk waits for; it doubles with
    each up to 80, some 4 s, so that the first comes early and few pay for the context that each needs.
    `out_of_memory_at`: how many latents it had when the device had no memory for it though nothing else ran.
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
        """True when all its tokens are drawn."""
        return self.is_stopped or len(self.tokens) >= self.prompt.max_tokens

    @property
    def is_due(self) -> bool:
        """True if there may be something to speak: its end, or for a stream enough for a chunk."""
        return self.is_complete or (self.is_stream and self.latents >= self._due_at)

    @property
    def is_unheard(self) -> bool:
        """True if its listener is so far behind that decoding more can wait."""
        return self.is_stream and not self.is_complete and self.ticket.unread >= UNREAD_CHUNKS_MAX

    @property
    def latents(self) -> int:
        """The number that the decoder has: one for each step made."""
        return len(self.tokens) + self.is_stopped

    def draw(self, token: int, *, stop_token: int) -> None:
        """Take the token of one step."""
        if token == stop_token:
            self.is_stopped = True
        else:
            self.tokens.append(token)

    def window(self) -> Window | None:
        """The window to be spoken next; None if nothing is left, or if more tokens are needed, which it waits for."""
        window = window_next(spoken=self._spoken, latents=self.latents, is_last=self.is_complete, speed=self.speed)
        if window is None:
            self._due_at = self.latents + self.chunk_tokens
        return window

    def deliver(self, window: Window) -> None:
        """Note that `window` was delivered."""
        self._spoken = window.sample_stop
        self.chunk_tokens = min(2 * self.chunk_tokens, max(CHUNK_TOKENS_MAX, self.chunk_tokens))
        self._due_at = self.latents + self.chunk_tokens
