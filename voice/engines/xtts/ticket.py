"""What a caller holds while the batcher speaks a sentence for it: the audio, its end, and the way to give up."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from voice.audio.waveform import Samples
from voice.errors import EngineError, JobCancelled, VoiceError


class EngineOutOfMemory(EngineError):
    """The device has no memory for this sentence though nothing else runs on it. It may have later."""

    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "engine_out_of_memory", "The device ran out of memory. Try again, or give it less other work."
        )


class EngineFailed(EngineError):
    """Something broke in the model or on the device; the sentence that broke may have been another one."""

    retryable = True

    def __init__(self) -> None:
        super().__init__("engine_failed", "The speech engine broke on this. It is logged. Try again.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How decoding ended. `tokens`: all that were drawn, the stop token not among them.

    `is_stopped`: whether the model ended the sentence itself, by the stop token; if not, `max_tokens` did.
    """

    tokens: tuple[int, ...]
    is_stopped: bool


class Ticket:
    """One sentence that is being spoken. One thread takes its audio; `cancel` may be called from any."""

    def __init__(self, *, on_change: Callable[[], None]) -> None:
        """`on_change` is called without a lock held, whenever the caller took audio or cancelled."""
        self._on_change = on_change
        self._changed = threading.Condition()
        self._chunks: deque[Samples] = deque()
        self._outcome: Outcome | None = None
        self._error: VoiceError | None = None
        self._is_cancelled = False

    def wait(self, timeout_s: float) -> Samples | None:
        """The next chunk of audio, float32 at 24 kHz; None if there is none within `timeout_s`, or no more at all.

        `is_drained` tells these two apart. Raises, when what was made before is taken, what the sentence failed with:
        EngineOutOfMemory, EngineFailed, EngineError `timed_out` or `sentence_too_large`, EngineUnavailable
        `engine_stopped`; and JobCancelled after `cancel`.
        """
        with self._changed:
            self._changed.wait_for(self._has_news, timeout_s)
            if not self._chunks:
                if self._error is not None:
                    raise _like(self._error)
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
            self._is_cancelled = True
            self._error = JobCancelled("cancelled", "This was cancelled.")
            self._changed.notify_all()
        self._on_change()

    @property
    def outcome(self) -> Outcome | None:
        """How decoding ended; None until all audio is made, and if it failed."""
        return self._outcome

    @property
    def is_drained(self) -> bool:
        """Whether all was spoken and taken: true as soon as the last chunk is."""
        return self._outcome is not None and not self._chunks

    @property
    def is_cancelled(self) -> bool:
        """Whether the caller gave up before the end."""
        return self._is_cancelled

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will come: all is made, or it failed."""
        return self._outcome is not None or self._error is not None

    @property
    def unread(self) -> int:
        """Chunks that are made and not taken yet."""
        return len(self._chunks)

    def deliver(self, samples: Samples, *, outcome: Outcome | None = None) -> None:
        """Add a chunk, the last one with the outcome; for the batcher alone. Dropped if the sentence has ended."""
        with self._changed:
            if not self.is_ended:
                self._chunks.append(samples)
                self._outcome = outcome
                self._changed.notify_all()

    def finish(self, outcome: Outcome) -> None:
        """Say that there is nothing more to deliver; for the batcher alone."""
        with self._changed:
            if not self.is_ended:
                self._outcome = outcome
                self._changed.notify_all()

    def fail(self, error: VoiceError) -> None:
        """Say that no more will come; for the batcher alone. What came before can still be taken."""
        with self._changed:
            if not self.is_ended:
                self._error = error
                self._changed.notify_all()

    def _has_news(self) -> bool:
        return bool(self._chunks) or self.is_ended


def _like(error: VoiceError) -> VoiceError:
    """A copy to be raised: its traceback leads to frames that hold the ticket, which must not hold it in turn."""
    like = type(error).__new__(type(error), *error.args)
    like.__dict__.update(error.__dict__)
    like.__cause__ = error.__cause__
    return like
