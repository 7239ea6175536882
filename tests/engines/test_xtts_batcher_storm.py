"""Many callers at once, who come, go and lose patience: nobody is lost, and each hears what was asked for."""

import threading
from collections import Counter

import numpy as np
import pytest

from tests.engines.batcher_calls import PATIENCE_S, Call, make_batcher, running, submit, until
from tests.engines.fake_device import FakeDevice, make_prompt
from voice.engines.xtts.failures import DeviceMemoryFull
from voice.errors import EngineError


class Storm:
    """Callers who come, listen slowly or give up, while the device's memory comes and goes and calls of it fail."""

    def __init__(self, seed: int, *, sentences: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.device = FakeDevice(slots=int(self.rng.integers(1, 9)), cells=int(self.rng.integers(300, 1500)))
        self.batcher = make_batcher(self.device)
        self.sentences = sentences
        self.open: list[Call] = []
        self.ends: Counter[str] = Counter()

    def step(self) -> None:
        if self.sentences and self._happens(0.15):
            self.sentences -= 1
            self._arrive()
        if self._happens(0.02):
            self.device.free_cells = int(self.rng.integers(100, 3000))
            self.device.free_latents = int(self.rng.integers(20, 300))
        if self._happens(0.004):
            self._break()
        self.batcher.step()
        for call in list(self.open):
            if (end := self._attend(call)) is not None:
                self.ends[end] += 1
                self.open.remove(call)

    def _happens(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def _arrive(self) -> None:
        length, most = int(self.rng.integers(1, 120)), int(self.rng.integers(1, 150))
        call = submit(
            self.batcher,
            make_prompt(self.sentences, length=length, text=2, max_tokens=most),
            group=int(self.rng.integers(6)),
            first_chunk=[None, 5, 12, 40][int(self.rng.integers(4))],
            speed=[0.5, 1.0, 1.7][int(self.rng.integers(3))],
        )
        self.open.append(call)

    def _break(self) -> None:
        method = ["prefill", "step", "latents", "speak"][int(self.rng.integers(4))]
        self.device.failures[method] = [RuntimeError("broken") if self._happens(0.2) else DeviceMemoryFull()]

    def _attend(self, call: Call) -> str | None:
        """The outcome of a call, once there is one."""
        if self._happens(0.0002):
            call.ticket.cancel()
            return "cancelled"
        if not self._happens(0.1):
            return None
        try:
            call.take()
        except EngineError as error:
            return error.code
        if not call.ticket.is_drained:
            return None
        call.check()
        return "heard"


@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_lost_in_a_storm(seed: int) -> None:
    storm = Storm(seed, sentences=400)
    while storm.sentences or storm.open:
        storm.step()
    storm.batcher.step()
    assert storm.ends.total() == 400
    assert set(storm.ends) <= {"heard", "cancelled", "engine_failed", "engine_out_of_memory"}
    assert storm.ends["heard"] > 200
    statistics = storm.batcher.statistics()
    assert (statistics.waiting, statistics.running) == (0, 0)
    assert storm.device.prompts == {}
    assert statistics.out_of_memory > 0
    assert statistics.preempted > 0


def test_many_threads_hear_what_they_asked_for() -> None:
    device = FakeDevice(slots=8, cells=8 * 200)
    failures: list[BaseException] = []

    def caller(number: int) -> None:
        try:
            for sentence in range(40):
                prompt = make_prompt(number * 1000 + sentence, length=5 + 3 * sentence, max_tokens=150)
                call = submit(batcher, prompt, group=number, first_chunk=8 if sentence % 2 else None)
                if sentence % 7 == 6:
                    call.ticket.wait(0)
                    call.ticket.cancel()
                    continue
                while not call.ticket.is_drained:
                    chunk = call.ticket.wait(PATIENCE_S)
                    assert chunk is not None
                    call.heard.append(chunk)
                call.check()
        except BaseException as error:
            failures.append(error)

    with running(make_batcher(device)) as batcher:
        threads = [threading.Thread(target=caller, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: batcher.statistics().running == 0)
    assert failures == []
    assert device.prompts == {}
