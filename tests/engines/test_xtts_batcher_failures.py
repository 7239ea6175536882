"""A full memory, a bug and a broken device lose nobody: with a fake device, and mostly without a thread."""

import gc
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.engines.batcher_calls import (
    PATIENCE_S,
    code_of,
    drive,
    make_batcher,
    running,
    submit,
    until,
)
from tests.engines.fake_device import FakeDevice, make_prompt
from voice.audio.waveform import Samples
from voice.engines.xtts import batcher as batcher_module
from voice.engines.xtts.failures import DeviceMemoryFull, EngineFailed, EngineOutOfMemory
from voice.engines.xtts.scheduler import CLEAN_STEPS_TO_RECOVER
from voice.errors import EngineUnavailable

# --- a device without memory


@dataclass
class HeavyDevice(FakeDevice):
    """Works with a large tensor in each call, and knows which of them were alive when it gave memory back."""

    tensors: list[weakref.ref[Samples]] = field(default_factory=list)
    alive_at_trim: list[bool] = field(default_factory=list)

    def _fail(self, method: str) -> None:
        tensor = np.zeros(8, np.float32)
        self.tensors.append(weakref.ref(tensor))
        super()._fail(method)

    def trim(self) -> None:
        super().trim()
        self.alive_at_trim.append(any(one() is not None for one in self.tensors))


@pytest.mark.parametrize("method", ["prefill", "step", "latents", "speak"])
@pytest.mark.parametrize("sentences", [1, 2])
def test_memory_is_given_back_after_what_failed_has_let_go_of_its_own(method: str, sentences: int) -> None:
    device = HeavyDevice(slots=2, failures={method: [DeviceMemoryFull()]})
    batcher = make_batcher(device)
    calls = [submit(batcher, make_prompt(seed), group=seed) for seed in range(sentences)]
    gc.disable()  # only what nobody refers to counts as given back
    try:
        drive(batcher, calls)
    finally:
        gc.enable()
    assert device.alive_at_trim == [False]


@pytest.fixture
def without_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise pytest keeps what is logged, with the frames of its traceback."""
    monkeypatch.setattr(batcher_module.logger, "disabled", True)


@pytest.mark.usefixtures("without_log")
def test_what_a_sentence_failed_with_keeps_no_memory_of_the_device() -> None:
    device = HeavyDevice(failures={"step": [RuntimeError("broken")]})
    batcher = make_batcher(device)
    call = submit(batcher, make_prompt(1))
    gc.disable()
    try:
        batcher.step()
        assert not any(one() is not None for one in device.tensors)
        assert code_of(call) == "engine_failed"
    finally:
        gc.enable()


@pytest.mark.usefixtures("without_log")
def test_a_ticket_whose_error_was_raised_is_freed_at_once() -> None:
    device = FakeDevice(failures={"step": [RuntimeError("broken")]})
    batcher = make_batcher(device)
    call = submit(batcher, make_prompt(1))
    batcher.step()
    gc.disable()
    try:
        for _ in range(2):
            with suppress(EngineFailed):
                call.take()
        ticket = weakref.ref(call.ticket)
        del call
        assert ticket() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("method", ["prefill", "step", "latents", "speak"])
@pytest.mark.parametrize("first_chunk", [None, 12])
def test_a_full_memory_loses_nobody_and_delivers_nothing_twice(method: str, first_chunk: int | None) -> None:
    device = FakeDevice(slots=6)
    batcher = make_batcher(device)
    calls = [
        submit(batcher, make_prompt(seed, length=60 + seed), first_chunk=first_chunk, group=seed) for seed in range(12)
    ]
    for wait in (1, 20, 45):
        for _ in range(wait):
            batcher.step()
            for call in calls:
                call.listen()
        device.failures.setdefault(method, []).append(DeviceMemoryFull())
    drive(batcher, calls)
    for call in calls:
        call.check()
    statistics = batcher.statistics()
    assert statistics.out_of_memory == 3
    assert (statistics.finished, statistics.failed) == (12, 0)
    assert device.trims == 3


def test_the_batch_shrinks_to_what_fits_and_grows_again() -> None:
    device = FakeDevice(slots=8)
    batcher = make_batcher(device)
    calls = [submit(batcher, make_prompt(seed, length=200, max_tokens=300), group=seed) for seed in range(8)]
    for _ in range(5):
        batcher.step()
    assert device.batches[-1] == 8
    device.free_cells = 3 * device.columns(calls[0].prompt)
    for _ in range(3):
        batcher.step()
    assert device.batches[-1] == 2
    assert batcher.statistics().limit == 2
    device.free_cells = 1 << 60
    for _ in range(2 * CLEAN_STEPS_TO_RECOVER):
        batcher.step()
    assert device.batches[-1] == 4
    drive(batcher, calls)
    for call in calls:
        call.check()


def test_one_that_has_no_memory_though_it_is_alone_fails_by_itself() -> None:
    device = FakeDevice(slots=4)
    batcher = make_batcher(device)
    small = [submit(batcher, make_prompt(seed, max_tokens=100), group=seed) for seed in range(3)]
    large = submit(batcher, make_prompt(7, max_tokens=1000), group="large")
    device.free_cells = 500
    for _ in range(500):
        batcher.step()
    with pytest.raises(EngineOutOfMemory) as caught:
        large.ticket.wait(0)
    assert caught.value.retryable
    drive(batcher, small)
    for call in small:
        call.check()
    assert device.prompts == {}


def test_a_vocoder_without_memory_gets_fewer_pieces_at_once() -> None:
    device = FakeDevice(slots=6)
    batcher = make_batcher(device)
    calls = [submit(batcher, make_prompt(seed, length=70), group=seed) for seed in range(6)]
    device.free_latents = 80
    drive(batcher, calls)
    for call in calls:
        call.check()
    assert device.spoken_pieces == [1] * 6
    assert batcher.statistics().preempted == 0


def test_one_piece_that_the_vocoder_has_no_memory_for_fails_alone() -> None:
    device = FakeDevice(slots=4)
    batcher = make_batcher(device)
    long = submit(batcher, make_prompt(1, length=200), group="long")
    others = [submit(batcher, make_prompt(seed, length=150 + 50 * seed), group=seed) for seed in (2, 3)]
    device.free_latents = 200
    for _ in range(206):
        batcher.step()
    assert code_of(long) == "engine_out_of_memory"
    device.free_latents = 1 << 60
    drive(batcher, others)
    for call in others:
        call.check()


# --- a bug, or a broken device


@pytest.mark.parametrize("method", ["columns", "prefill", "step", "latents", "speak"])
def test_what_breaks_fails_those_that_took_part_and_the_rest_goes_on(
    method: str, caplog: pytest.LogCaptureFixture
) -> None:
    device = FakeDevice(slots=4)
    device.failures[method] = [RuntimeError("broken")]
    with running(make_batcher(device)) as batcher:
        call = submit(batcher, make_prompt(1))
        with pytest.raises(EngineFailed) as caught:
            call.ticket.wait(PATIENCE_S)
        assert caught.value.retryable
        assert str(caught.value.__cause__) == "broken"
        after = submit(batcher, make_prompt(2))
        chunk = after.ticket.wait(PATIENCE_S)
        assert chunk is not None
        after.heard.append(chunk)
        after.check()
    assert device.prompts == {}
    assert "broken" in caplog.text


def test_a_prompt_that_breaks_its_prefill_fails_alone() -> None:
    device = FakeDevice(slots=4)
    batcher = make_batcher(device)
    calls = [submit(batcher, make_prompt(seed), group=seed) for seed in range(3)]
    device.failures["prefill"] = [RuntimeError("broken")]
    batcher.step()
    assert code_of(calls[0]) == "engine_failed"
    drive(batcher, calls[1:])
    for call in calls[1:]:
        call.check()


@pytest.mark.parametrize("first_chunk", [None, 12])
def test_sound_that_is_not_numbers_fails_its_sentence_alone(
    first_chunk: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    device = FakeDevice(slots=4, speakers_of_nan=frozenset({2}))
    batcher = make_batcher(device)
    calls = [submit(batcher, make_prompt(seed), group=seed, first_chunk=first_chunk) for seed in range(4)]
    broken = calls.pop(2)
    drive(batcher, calls)
    for call in calls:
        call.check()
    assert code_of(broken) == "engine_failed"
    assert device.prompts == {}
    assert "no numbers" in caplog.text
    assert batcher.statistics().failed == 1


@pytest.mark.parametrize("method", ["prefill", "step", "latents", "speak"])
def test_a_device_that_fails_three_times_in_a_row_is_given_up(method: str, caplog: pytest.LogCaptureFixture) -> None:
    speaks = method in {"latents", "speak"}  # a call for each sentence of 600 latents, after all are decoded
    device = FakeDevice(slots=4 if speaks else 1, failures={method: [RuntimeError("dead") for _ in range(3)]})
    batcher = make_batcher(device)
    calls = [submit(batcher, make_prompt(seed, length=599), group=seed) for seed in range(4)]
    batcher.start()
    until(lambda: not batcher.is_running)
    batcher.close()
    assert [code_of(call) for call in calls] == ["engine_failed"] * 3 + ["engine_stopped"]
    with pytest.raises(EngineUnavailable, match="engine_stopped"):
        submit(batcher, make_prompt(9))
    assert caplog.records[-1].levelname == "CRITICAL"
    assert "3 times in a row" in caplog.text


def test_a_success_between_failures_keeps_the_device() -> None:
    device = FakeDevice(slots=1)
    with running(make_batcher(device)) as batcher:
        for seed in range(4):
            device.failures["step"] = [RuntimeError("broken"), RuntimeError("broken")]
            for _ in range(2):
                failed = submit(batcher, make_prompt(seed))
                with pytest.raises(EngineFailed):
                    failed.ticket.wait(PATIENCE_S)
            call = submit(batcher, make_prompt(seed))
            chunk = call.ticket.wait(PATIENCE_S)
            assert chunk is not None
            call.heard.append(chunk)
            call.check()
        assert batcher.is_running


@dataclass
class DeadDevice(FakeDevice):
    """Nothing works any more, not even what gives back."""

    def step(self, slots: Sequence[int]) -> list[int]:
        raise RuntimeError("dead")

    def release(self, slot: int) -> None:
        raise RuntimeError("dead")


def test_nobody_waits_for_ever_on_a_device_that_cannot_even_let_go() -> None:
    batcher = make_batcher(DeadDevice(slots=2))
    calls = [submit(batcher, make_prompt(seed), group=seed) for seed in range(4)]
    batcher.start()
    until(lambda: all(call.ticket.is_ended for call in calls))
    assert {code_of(call) for call in calls} == {"engine_stopped"}
    batcher.close()


def test_when_the_thread_dies_everybody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    device = FakeDevice(slots=1)
    device.failures["step"] = [SystemExit("died")]
    batcher = make_batcher(device)
    calls = [submit(batcher, make_prompt(seed), group=seed) for seed in range(3)]
    batcher.start()
    for call in calls:
        with pytest.raises(EngineUnavailable) as caught:
            call.ticket.wait(PATIENCE_S)
        assert caught.value.code == "engine_stopped"
        assert isinstance(caught.value.__cause__, SystemExit)
    with pytest.raises(EngineUnavailable, match="engine_stopped"):
        submit(batcher, make_prompt(9))
    assert not batcher.is_running
    batcher.close()
    assert "died" in caplog.text
