"""Requests of the batcher's tests: sentences of callers, spoken by the fake device."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.engines.fake_device import FakeDevice, audio_of, tokens_of
from voice.audio.waveform import Samples
from voice.engines.xtts.batcher import Batcher
from voice.engines.xtts.utterance import Prompt, Ticket
from voice.errors import EngineError

SPEAKER = np.array([5.0], np.float32)
MOST_STEPS = 20_000
PATIENCE_S = 20


@dataclass(eq=False)
class Call:
    """One sentence that somebody wants, and what they got of it so far."""

    prompt: Prompt
    ticket: Ticket
    speed: float = 1.0
    speaker: Samples = field(default_factory=lambda: SPEAKER)
    heard: list[Samples] = field(default_factory=list)

    def take(self) -> bool:
        """Take a chunk that is there already."""
        chunk = self.ticket.wait(0)
        if chunk is not None:
            self.heard.append(chunk)
        return chunk is not None

    def listen(self) -> None:
        """Take all that is there already."""
        while self.take():
            pass

    def check(self) -> None:
        """It was heard from its beginning to its end, once, and nobody else in it."""
        assert self.ticket.outcome is not None
        assert self.ticket.outcome.tokens == tokens_of(self.prompt)
        expected = audio_of(self.prompt, self.speaker, speed=self.speed)
        np.testing.assert_array_equal(np.concatenate([np.zeros(0, np.float32), *self.heard]), expected)


def make_batcher(device: FakeDevice, **options: object) -> Batcher:
    return Batcher(device, device, **options)  # type: ignore[arg-type]


@contextmanager
def running(batcher: Batcher) -> Iterator[Batcher]:
    batcher.start()
    try:
        yield batcher
    finally:
        batcher.close()


def submit(
    batcher: Batcher,
    prompt: Prompt,
    *,
    group: object = "a",
    first_chunk: int | None = None,
    speed: float = 1.0,
    deadline_s: float | None = None,
) -> Call:
    speaker = np.array([prompt.sampling.seed % 7], np.float32)
    ticket = batcher.submit(prompt, speaker, speed=speed, group=group, first_chunk=first_chunk, deadline_s=deadline_s)
    return Call(prompt, ticket, speed, speaker)


def drive(batcher: Batcher, calls: Sequence[Call]) -> None:
    """Step until all `calls` are heard to their end."""
    for _ in range(MOST_STEPS):
        batcher.step()
        for call in calls:
            call.listen()
        if all(call.ticket.is_drained for call in calls):
            return
    raise AssertionError("somebody waits for ever")


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def code_of(call: Call) -> str:
    with pytest.raises(EngineError) as caught:
        call.ticket.wait(0)
    return caught.value.code
