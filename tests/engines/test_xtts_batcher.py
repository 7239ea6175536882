"""Every sentence gets its own audio, whatever happens around it: with a fake device, and mostly without a thread."""

import threading
import time
from itertools import pairwise

import numpy as np
import pytest

from tests.engines.batcher_calls import PATIENCE_S, Call, code_of, drive, make_batcher, running, submit, until
from tests.engines.fake_device import FakeDevice, audio_of, make_prompt
from voice.engines.xtts import batcher as batcher_module
from voice.engines.xtts.batcher import PREFILLS_PER_STEP
from voice.engines.xtts.utterance import CHUNK_TOKENS_MAX, UNREAD_CHUNKS_MAX
from voice.errors import EngineError, EngineUnavailable, JobCancelled

# --- what is spoken


def test_every_sentence_gets_its_own_audio_in_one_piece() -> None:
    device = FakeDevice(slots=4)
    batcher = make_batcher(device)
    calls = [submit(batcher, make_prompt(seed, length=10 + 7 * seed), group=seed % 3) for seed in range(20)]
    drive(batcher, calls)
    for call in calls:
        call.check()
        assert len(call.heard) == 1
    assert device.prompts == {}
    assert max(device.batches) == 4


@pytest.mark.parametrize("speed", [0.5, 1.0, 1.3, 2.0])
def test_a_streams_chunks_join_to_the_audio_of_the_whole_sentence(speed: float) -> None:
    batcher = make_batcher(FakeDevice())
    calls = [
        submit(batcher, make_prompt(seed, length=300 - seed), first_chunk=12, speed=speed, group=seed)
        for seed in range(4)
    ]
    drive(batcher, calls)
    for call in calls:
        call.check()
        assert len(call.heard) > 4


def test_a_stream_begins_early_and_its_chunks_grow_to_a_bound() -> None:
    batcher = make_batcher(FakeDevice())
    call = submit(batcher, make_prompt(1, length=500), first_chunk=12)
    steps_at = []
    while not call.ticket.is_drained:
        batcher.step()
        if call.take():
            steps_at.append(batcher.statistics().steps)
    assert steps_at[0] == 12
    widths = [after - before for before, after in pairwise(steps_at)]
    assert widths[:3] == [24, 48, CHUNK_TOKENS_MAX]
    assert set(widths[3:-1]) == {CHUNK_TOKENS_MAX}
    call.check()


def test_a_first_chunk_that_is_shorter_than_the_context_waits_for_more() -> None:
    batcher = make_batcher(FakeDevice())
    call = submit(batcher, make_prompt(1, length=50), first_chunk=1)
    drive(batcher, [call])
    call.check()


def test_the_outcome_says_whether_the_model_stopped_by_itself() -> None:
    batcher = make_batcher(FakeDevice())
    stopped = submit(batcher, make_prompt(1, length=20, max_tokens=21))
    cut = submit(batcher, make_prompt(2, length=20, max_tokens=20))
    assert stopped.ticket.outcome is None
    drive(batcher, [stopped, cut])
    for call, is_stopped in ((stopped, True), (cut, False)):
        call.check()
        assert call.ticket.outcome is not None
        assert call.ticket.outcome.is_stopped is is_stopped
        assert len(call.ticket.outcome.tokens) == 20


def test_a_stream_is_drained_as_soon_as_its_last_chunk_is_taken() -> None:
    with running(make_batcher(FakeDevice())) as batcher:
        call = submit(batcher, make_prompt(1, length=60), first_chunk=12)
        heard = 0
        while not call.ticket.is_drained:
            chunk = call.ticket.wait(PATIENCE_S)
            assert chunk is not None
            heard += len(chunk)
        assert heard == len(audio_of(call.prompt, call.speaker))
        assert call.ticket.wait(0) is None


# --- who is next


def test_sequences_join_and_leave_between_steps() -> None:
    device = FakeDevice(slots=8)
    batcher = make_batcher(device)
    long = submit(batcher, make_prompt(1, length=40))
    for _ in range(5):
        batcher.step()
    short = submit(batcher, make_prompt(2, length=4))
    drive(batcher, [long, short])
    assert device.batches == [1] * 5 + [2] * 5 + [1] * 31


def test_few_are_let_in_at_a_time_so_that_those_that_run_go_on() -> None:
    device = FakeDevice(slots=32, cells=1 << 20)
    batcher = make_batcher(device)
    calls = [submit(batcher, make_prompt(seed), group=seed) for seed in range(16)]
    for step in range(1, 5):
        batcher.step()
        assert batcher.statistics().prefills == step * PREFILLS_PER_STEP
        assert len(device.batches) == step
    drive(batcher, calls)


def test_no_stream_of_sixteen_starves() -> None:
    batcher = make_batcher(FakeDevice(slots=16, cells=1 << 20))
    calls = [submit(batcher, make_prompt(seed, length=200), first_chunk=12, group=seed) for seed in range(16)]
    for _ in range(16):
        batcher.step()
    assert [call.take() for call in calls] == [True] * 16
    drive(batcher, calls)
    for call in calls:
        call.check()


def test_a_single_sentence_does_not_wait_for_a_book() -> None:
    batcher = make_batcher(FakeDevice(slots=2))
    book = [submit(batcher, make_prompt(seed, length=20), group="book") for seed in range(100)]
    for _ in range(10):
        batcher.step()
    line = submit(batcher, make_prompt(1000, length=20), group="line")
    drive(batcher, [line])
    assert sum(call.ticket.is_ended for call in book) <= 4
    drive(batcher, book)
    for call in (*book, line):
        call.check()


def test_a_book_goes_on_though_streams_keep_coming() -> None:
    batcher = make_batcher(FakeDevice(slots=2))
    book = [submit(batcher, make_prompt(seed, length=5), group="book") for seed in range(5)]
    streams: list[Call] = []
    for step in range(200):
        if step % 2 == 0:
            streams.append(submit(batcher, make_prompt(1000 + step, length=8), group=step, first_chunk=4))
        batcher.step()
        for call in (*book, *streams):
            call.listen()
    for call in book:
        call.check()
    drive(batcher, streams)


def test_memory_is_kept_within_the_cache_for_sentences_of_any_length() -> None:
    """The fake device asserts it."""
    device = FakeDevice(slots=16, cells=700)
    batcher = make_batcher(device)
    rng = np.random.default_rng(3)
    prompts = [
        make_prompt(seed, length=20, text=1, max_tokens=int(most))
        for seed, most in enumerate(rng.choice([20, 60, 300, 690], size=60))
    ]
    calls = [submit(batcher, prompt, group=prompt.sampling.seed % 5) for prompt in prompts]
    drive(batcher, calls)
    for call in calls:
        call.check()
    assert max(device.batches) > 3


def test_a_sentence_larger_than_the_cache_fails_at_once() -> None:
    batcher = make_batcher(FakeDevice(cells=500))
    large, small = submit(batcher, make_prompt(1, max_tokens=600)), submit(batcher, make_prompt(2, max_tokens=100))
    batcher.step()
    assert code_of(large) == "sentence_too_large"
    drive(batcher, [small])
    small.check()


def test_too_many_that_wait_are_sent_away() -> None:
    batcher = make_batcher(FakeDevice(slots=1), waiting_max=3)
    calls = [submit(batcher, make_prompt(seed)) for seed in range(3)]
    with pytest.raises(EngineUnavailable) as caught:
        submit(batcher, make_prompt(9))
    assert caught.value.code == "engine_busy"
    assert caught.value.retryable
    batcher.step()
    calls.append(submit(batcher, make_prompt(9)))
    drive(batcher, calls)
    for call in calls:
        call.check()


# --- slow listeners


def test_a_stream_that_nobody_takes_is_not_decoded_further() -> None:
    batcher = make_batcher(FakeDevice())
    call = submit(batcher, make_prompt(1, length=500), first_chunk=12)
    for _ in range(400):
        is_busy = batcher.step()
    assert not is_busy
    assert call.ticket.unread == UNREAD_CHUNKS_MAX
    assert batcher.statistics().steps == 12 + 24
    drive(batcher, [call])
    call.check()
    assert batcher.statistics().preempted == 0


def test_a_stream_that_nobody_takes_makes_room_and_goes_on_where_it_was() -> None:
    device = FakeDevice(slots=2)
    batcher = make_batcher(device)
    slow = [submit(batcher, make_prompt(seed, length=300), first_chunk=12, group=seed) for seed in range(2)]
    for _ in range(100):
        batcher.step()
    others = [submit(batcher, make_prompt(seed, length=50), group=seed) for seed in range(2, 6)]
    drive(batcher, others)
    assert batcher.statistics().preempted == 2
    assert device.prompts == {}
    drive(batcher, slow)
    for call in (*slow, *others):
        call.check()


def test_a_listener_who_comes_back_wakes_the_thread() -> None:
    with running(make_batcher(FakeDevice())) as batcher:
        call = submit(batcher, make_prompt(1, length=400), first_chunk=12)
        until(lambda: call.ticket.unread == UNREAD_CHUNKS_MAX)
        while not call.ticket.is_drained:
            chunk = call.ticket.wait(PATIENCE_S)
            assert chunk is not None
            call.heard.append(chunk)
        call.check()


# --- giving up


@pytest.mark.parametrize("steps", [0, 1, 5, 200])
@pytest.mark.parametrize("first_chunk", [None, 12])
def test_a_cancelled_sentence_leaves_the_others_unchanged(steps: int, first_chunk: int | None) -> None:
    """Waiting in the inbox or in the queue, running, and as a stream paused."""
    device = FakeDevice(slots=2)
    batcher = make_batcher(device)
    calls = [submit(batcher, make_prompt(seed, length=500), first_chunk=first_chunk, group=seed) for seed in range(4)]
    for _ in range(steps):
        batcher.step()
    for call in (calls[0], calls[3]):
        call.ticket.cancel()
        assert call.ticket.unread == 0
        with pytest.raises(JobCancelled):
            call.ticket.wait(0)
    batcher.step()
    assert batcher.statistics().cancelled == 2
    assert {prompt.sampling.seed for prompt in device.prompts.values()} <= {1, 2}
    drive(batcher, calls[1:3])
    for call in calls[1:3]:
        call.check()
    assert device.prompts == {}


def test_cancelling_after_the_end_changes_nothing() -> None:
    batcher = make_batcher(FakeDevice())
    call = submit(batcher, make_prompt(1))
    drive(batcher, [call])
    call.ticket.cancel()
    batcher.step()
    assert call.ticket.wait(0) is None
    assert call.ticket.is_drained
    assert (batcher.statistics().finished, batcher.statistics().cancelled) == (1, 0)


def test_cancelling_from_another_thread_ends_a_wait() -> None:
    with running(make_batcher(FakeDevice())) as batcher:
        call = submit(batcher, make_prompt(1, length=1_000_000, max_tokens=9_000))
        threading.Timer(0.02, call.ticket.cancel).start()
        with pytest.raises(JobCancelled):
            call.ticket.wait(PATIENCE_S)
        until(lambda: batcher.statistics().running == 0)


@pytest.mark.parametrize("steps", [0, 1, 5, 200])
def test_a_deadline_ends_a_sentence_wherever_it_is(steps: int) -> None:
    device = FakeDevice(slots=2)
    now = [100.0]
    batcher = make_batcher(device, clock=lambda: now[0])
    late = [
        submit(batcher, make_prompt(seed, length=500), first_chunk=12, group=seed, deadline_s=110) for seed in range(4)
    ]
    for _ in range(steps):
        batcher.step()
    now[0] = 109.9
    batcher.step()
    assert not any(call.ticket.is_ended for call in late)
    now[0] = 110.0
    batcher.step()
    for call in late:
        assert call.ticket.is_ended
        with pytest.raises(EngineError, match="timed_out"):
            call.listen()
    assert device.prompts == {}
    assert not batcher.step()


def test_a_deadline_passes_though_the_thread_rests() -> None:
    with running(make_batcher(FakeDevice())) as batcher:
        call = submit(batcher, make_prompt(1, length=500), first_chunk=12, deadline_s=time.monotonic() + 0.2)
        until(lambda: call.ticket.is_ended)
        with pytest.raises(EngineError, match="timed_out"):
            call.listen()


# --- beginning, resting, ending


def test_closing_fails_what_is_open_and_takes_no_more() -> None:
    device = FakeDevice(slots=1)
    batcher = make_batcher(device)
    batcher.start()
    calls = [submit(batcher, make_prompt(seed, length=500), first_chunk=12, group=seed) for seed in range(3)]
    until(lambda: calls[0].ticket.unread > 0)
    assert batcher.is_running
    batcher.close()
    batcher.close()
    for call in calls:
        with pytest.raises(EngineUnavailable, match="engine_stopped"):
            call.listen()
    with pytest.raises(EngineUnavailable, match="engine_stopped"):
        submit(batcher, make_prompt(9))
    assert not batcher.is_running
    assert device.prompts == {}
    assert (batcher.statistics().waiting, batcher.statistics().running) == (0, 0)


def test_closing_just_before_the_thread_forgets_its_calls_still_ends_it() -> None:
    closers: list[threading.Thread] = []

    class LateEvent(threading.Event):
        """Somebody closes at the last moment before it is cleared for the first time."""

        def clear(self) -> None:
            if not closers:
                closers.append(threading.Thread(target=batcher.close, daemon=True))
                closers[0].start()
                until(self.is_set)
            super().clear()

    batcher = make_batcher(FakeDevice())
    batcher._wake = LateEvent()
    batcher.start()
    until(lambda: not batcher.is_running)
    closers[0].join(PATIENCE_S)
    assert not closers[0].is_alive()


def test_it_can_be_closed_before_it_was_started() -> None:
    batcher = make_batcher(FakeDevice())
    call = submit(batcher, make_prompt(1))
    batcher.close()
    assert code_of(call) == "engine_stopped"


def test_an_idle_thread_rests_and_gives_memory_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batcher_module, "IDLE_TRIM_S", 0.02)
    device = FakeDevice()
    asked: list[None] = []

    def clock() -> float:
        asked.append(None)
        return time.monotonic()

    with running(make_batcher(device, clock=clock)) as batcher:
        call = submit(batcher, make_prompt(1))
        until(lambda: device.trims == 1)
        before = len(asked)
        time.sleep(0.2)
        assert len(asked) - before <= 2
        assert device.trims == 1
        call.listen()
        call.check()


def test_statistics_count_what_was_done() -> None:
    batcher = make_batcher(FakeDevice(slots=2))
    calls = [submit(batcher, make_prompt(seed, length=9), group=seed) for seed in range(3)]
    batcher.step()
    now = batcher.statistics()
    assert (now.waiting, now.running, now.limit, now.mean_batch) == (1, 2, 2, 2.0)
    drive(batcher, calls)
    end = batcher.statistics()
    assert (end.waiting, end.running, end.finished) == (0, 0, 3)
    assert (end.tokens, end.steps, end.prefills, end.vocoder_calls) == (30, 20, 3, 2)
    assert end.mean_batch == 1.5
    assert end.samples == sum(len(call.heard[0]) for call in calls)
