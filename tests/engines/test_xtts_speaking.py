"""A whole text on its way through the batcher, which is stood in for: order, look-ahead, seeds, pauses, giving up."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.waveforms import speech_like
from voice.audio.waveform import Samples
from voice.engines.base import SynthesisParams
from voice.engines.xtts.batcher import Batcher
from voice.engines.xtts.profile import XttsVoice
from voice.engines.xtts.sentences import Sentence
from voice.engines.xtts.speaking import SpokenText
from voice.engines.xtts.takes import TakeCounter
from voice.engines.xtts.utterance import Outcome, Prompt, Ticket
from voice.engines.xtts.windows import RATE_HZ
from voice.errors import JobCancelled, OutputRejected

TEXT = "This sentence takes about two seconds."
VOICE = XttsVoice(np.zeros((32, 4), np.float32), np.zeros(512, np.float32))
GOOD = speech_like(2.2, RATE_HZ).samples


@dataclass
class Stage:
    """Takes what is submitted; `finish` ends a ticket when the test wants it."""

    at_once: Samples | None = None
    prompts: list[Prompt] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    groups: set[Hashable] = field(default_factory=set)
    speeds: list[float] = field(default_factory=list)

    def submit(
        self,
        prompt: Prompt,
        speaker: NDArray[np.float32],
        *,
        speed: float,
        group: Hashable,
        first_chunk: int | None,
        deadline_s: float | None,
    ) -> Ticket:
        ticket = Ticket(on_change=lambda: None)
        self.prompts.append(prompt)
        self.tickets.append(ticket)
        self.groups.add(group)
        self.speeds.append(speed)
        if self.at_once is not None:
            finish(ticket, self.at_once)
        return ticket


def finish(ticket: Ticket, *chunks: Samples) -> None:
    for chunk in chunks[:-1]:
        ticket.deliver(chunk)
    ticket.deliver(chunks[-1], outcome=Outcome((1, 2), is_stopped=True))


def spoken_text(
    stage: Stage, *, count: int = 3, most_tokens: int = 602, text: str = TEXT, **params: Any
) -> SpokenText:
    sentences = [Sentence(text, (1, 2, number), 0.1 if number < count - 1 else 0.0) for number in range(count)]
    return SpokenText(
        batcher=cast(Batcher, stage),
        counter=TakeCounter(),
        voice=VOICE,
        sentences=sentences,
        language="en",
        params=SynthesisParams(**params),
        most_tokens=most_tokens,
    )


def test_the_speech_used_here_is_good() -> None:
    stage = Stage(at_once=GOOD)
    assert len(list(spoken_text(stage).judged(ahead=3))) == len(stage.prompts) == 3


def test_sentences_come_in_order_however_they_end() -> None:
    stage = Stage()

    def backwards() -> None:
        for number, ticket in reversed(list(enumerate(stage.tickets))):
            if not ticket.is_ended:
                finish(ticket, GOOD * np.float32(1 - number / 10))

    chunks = spoken_text(stage, heartbeat=backwards).judged(ahead=3)
    heard = list(chunks)
    assert [chunk.sentence for chunk in heard] == [0, 1, 2]
    peaks = [float(np.abs(chunk.waveform.samples).max()) for chunk in heard]
    assert peaks == sorted(peaks, reverse=True)
    assert heard[-1].progress == 1.0


def test_no_more_than_so_many_sentences_are_decoded_ahead() -> None:
    stage = Stage(at_once=GOOD)
    chunks = spoken_text(stage, count=10).judged(ahead=4)
    next(chunks)
    assert len(stage.prompts) == 4
    next(chunks)
    assert len(stage.prompts) == 5


def test_one_text_is_one_group() -> None:
    stage = Stage(at_once=GOOD)
    list(spoken_text(stage).judged(ahead=3))
    assert len(stage.groups) == 1


def test_every_sentence_and_every_take_has_a_seed_of_its_own() -> None:
    stage = Stage(at_once=np.full(1000, 0.5, np.float32))
    list(spoken_text(stage, seed=7).judged(ahead=3))
    seeds = [prompt.sampling.seed for prompt in stage.prompts]
    assert len(seeds) == len(set(seeds)) == 9

    again = Stage(at_once=np.full(1000, 0.5, np.float32))
    list(spoken_text(again, seed=7).judged(ahead=3))
    assert {prompt.sampling.seed for prompt in again.prompts} == set(seeds)


def test_options_reach_the_sampling() -> None:
    stage = Stage(at_once=GOOD)
    options = {"temperature": 0.3, "top_k": 20.0, "top_p": 0.5, "repetition_penalty": 9.0}
    list(spoken_text(stage, count=1, options=options).judged(ahead=1))
    sampling = stage.prompts[0].sampling
    assert (sampling.temperature, sampling.top_k, sampling.top_p, sampling.repetition_penalty) == (0.3, 20, 0.5, 9.0)


def test_a_sentence_has_no_more_tokens_than_the_model_has_positions() -> None:
    stage = Stage(at_once=GOOD)
    list(spoken_text(stage, count=1, text="A very long word and another. " * 30, most_tokens=602).judged(ahead=1))
    assert {prompt.max_tokens for prompt in stage.prompts} == {602}


@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_a_pause_follows_every_sentence_but_the_last(speed: float) -> None:
    stage = Stage(at_once=GOOD)
    first, last = spoken_text(stage, count=2, speed=speed).judged(ahead=2)
    assert len(first.waveform.samples) == len(GOOD) + round(0.1 * RATE_HZ / speed)
    assert len(last.waveform.samples) == len(GOOD)


def test_who_stops_to_listen_cancels_what_is_left() -> None:
    stage = Stage()
    chunks = spoken_text(stage, count=6, heartbeat=lambda: finish_if_open(stage.tickets[0])).judged(ahead=3)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]  # it is a generator
    assert [ticket.is_cancelled for ticket in stage.tickets[1:]] == [True, True]


def finish_if_open(ticket: Ticket) -> None:
    if not ticket.is_ended:
        finish(ticket, GOOD)


def test_what_the_heartbeat_raises_cancels_everything() -> None:
    stage = Stage()

    def cancelled() -> None:
        raise JobCancelled("cancelled", "This was cancelled.")

    with pytest.raises(JobCancelled):
        list(spoken_text(stage, heartbeat=cancelled).judged(ahead=3))
    assert all(ticket.is_cancelled for ticket in stage.tickets)


def test_silence_in_every_take_is_refused_and_the_rest_given_up() -> None:
    stage = Stage(at_once=np.zeros(24_000, np.float32))
    with pytest.raises(OutputRejected):
        list(spoken_text(stage).judged(ahead=3))


def test_a_stream_is_heard_chunk_by_chunk_with_the_next_sentence_on_its_way() -> None:
    stage = Stage()

    def feed() -> None:
        for ticket in stage.tickets:
            if not ticket.is_ended:
                finish(ticket, GOOD[:12_000], GOOD[12_000:])

    streamed = spoken_text(stage, heartbeat=feed).streamed()
    heard = [next(streamed)]
    assert len(stage.tickets) == 2
    heard += list(streamed)
    assert [chunk.sentence for chunk in heard] == [0, 0, 1, 1, 2, 2]
    assert [chunk.progress for chunk in heard] == sorted(chunk.progress for chunk in heard)
    assert heard[-1].progress == 1.0
    assert len(heard[1].waveform.samples) == len(GOOD) - 12_000 + round(0.1 * RATE_HZ)


def test_a_stream_of_nothing_still_ends() -> None:
    stage = Stage()

    def end_empty() -> None:
        for ticket in stage.tickets:
            ticket.deliver(None, outcome=Outcome((), is_stopped=True))

    heard = list(spoken_text(stage, count=2, heartbeat=end_empty).streamed())
    assert [chunk.progress for chunk in heard] == [0.5, 1.0]
    assert [len(chunk.waveform.samples) for chunk in heard] == [round(0.1 * RATE_HZ), 0]


@pytest.mark.parametrize(("speed", "asked"), [(0.99, 1.0), (1.015, 1.0), (0.97, 0.97), (1.5, 1.5)])
def test_a_speed_that_nobody_tells_from_1_is_1(speed: float, asked: float) -> None:
    stage = Stage(at_once=GOOD)
    list(spoken_text(stage, count=1, speed=speed).judged(ahead=1))
    assert stage.speeds == [asked] * len(stage.speeds) != []


def test_the_guards_count_what_a_stream_said() -> None:
    stage = Stage(at_once=GOOD[:2000])
    text = spoken_text(stage)
    list(text.streamed())
    assert text._counter.snapshot()["sentences_faulty"] == 3
    assert len(stage.prompts) == 3
