"""Takes of one sentence: retried while faulty, the best one kept. Ready-made tickets stand in for the batcher."""

import numpy as np
import pytest

from tests.engines.references import LOW_VOICE, reference
from voice.audio.waveform import Samples, Waveform
from voice.engines.xtts.failures import EngineFailed
from voice.engines.xtts.takes import MOST_TAKES, Fault, SentenceTakes, TakeCounter
from voice.engines.xtts.utterance import Outcome, Ticket
from voice.engines.xtts.windows import RATE_HZ

TEXT = "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow."


@pytest.fixture(scope="module")
def good() -> Samples:
    spoken = reference(LOW_VOICE, (TEXT,))
    positions = np.arange(0, len(spoken.samples), spoken.rate_hz / RATE_HZ)
    return np.interp(positions, np.arange(len(spoken.samples)), spoken.samples).astype(np.float32)


class Studio:
    """Hands out a finished ticket for each take, and remembers which were asked for."""

    def __init__(self, *takes: Samples | EngineFailed, is_stopped: bool = True) -> None:
        self.takes = takes
        self.is_stopped = is_stopped
        self.asked: list[int] = []
        self.counter = TakeCounter()

    def submit(self, number: int) -> Ticket:
        self.asked.append(number)
        ticket = Ticket(on_change=lambda: None)
        take = self.takes[number]
        if isinstance(take, EngineFailed):
            ticket.fail(take)
        else:
            ticket.deliver(take)
            ticket.deliver(None, outcome=Outcome((1, 2, 3), self.is_stopped))
        return ticket

    def record(self) -> SentenceTakes:
        takes = SentenceTakes(text=TEXT, language="en", speed=1.0, submit=self.submit, counter=self.counter)
        for _ in range(20):
            if takes.advance(0):
                return takes
        raise AssertionError("the takes do not settle")


def test_a_good_first_take_is_the_only_one(good: Samples) -> None:
    studio = Studio(good, good, good)
    np.testing.assert_array_equal(studio.record().best.waveform.samples, good)
    assert studio.asked == [0]
    assert studio.counter.snapshot() == {"takes": 1, "sentences": 1, "sentences_faulty": 0}


def test_a_faulty_take_is_followed_by_another(good: Samples) -> None:
    studio = Studio(good[: len(good) // 4], good, good)
    np.testing.assert_array_equal(studio.record().best.waveform.samples, good)
    assert studio.asked == [0, 1]
    assert studio.counter.snapshot()[f"takes_{Fault.TOO_SHORT}"] == 1


def test_the_best_of_faulty_takes_is_kept_and_counted(good: Samples) -> None:
    silence = np.zeros_like(good)
    short = good[: len(good) // 4]
    studio = Studio(silence, short, silence)
    best = studio.record().best
    assert Fault.TOO_SHORT in best.verdict.faults
    np.testing.assert_array_equal(best.waveform.samples, short)
    assert studio.asked == list(range(MOST_TAKES))
    assert studio.counter.snapshot()["sentences_faulty"] == 1


def test_of_equal_takes_the_first_is_kept(good: Samples) -> None:
    studio = Studio(good, good, good, is_stopped=False)
    takes = studio.record()
    assert takes.best.verdict.faults == (Fault.RUNAWAY,)
    assert studio.asked == [0, 1, 2]


def test_a_take_without_a_sample_is_silent(good: Samples) -> None:
    studio = Studio(np.zeros(0, np.float32), good)
    assert studio.record().best.verdict.faults == ()


def test_what_a_take_fails_with_is_raised(good: Samples) -> None:
    with pytest.raises(EngineFailed):
        Studio(EngineFailed()).record()


def test_a_take_is_joined_from_its_chunks(good: Samples) -> None:
    ticket = Ticket(on_change=lambda: None)
    takes = SentenceTakes(text=TEXT, language="en", speed=1.0, submit=lambda _: ticket, counter=TakeCounter())
    ticket.deliver(good[:1000])
    assert not takes.advance(0)
    ticket.deliver(good[1000:])
    assert not takes.advance(0)
    ticket.deliver(None, outcome=Outcome((1,), is_stopped=True))
    assert takes.advance(0)
    assert isinstance(takes.best.waveform, Waveform)
    np.testing.assert_array_equal(takes.best.waveform.samples, good)


def test_cancelling_gives_the_ticket_up(good: Samples) -> None:
    ticket = Ticket(on_change=lambda: None)
    SentenceTakes(text=TEXT, language="en", speed=1.0, submit=lambda _: ticket, counter=TakeCounter()).cancel()
    assert ticket.is_cancelled
