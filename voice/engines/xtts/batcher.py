"""Continuous batching: one thread owns the device and speaks the sentences of all callers in one batch. No torch."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voice.audio.waveform import Samples
from voice.engines.xtts.failures import (
    DEVICE_FAILURES_MAX,
    DeviceBroken,
    DeviceMemoryFull,
    EngineFailed,
    EngineOutOfMemory,
    caused,
    engine_stopped,
    forget_frames,
)
from voice.engines.xtts.scheduler import Scheduler
from voice.engines.xtts.utterance import Outcome, Prompt, Ticket, Utterance
from voice.engines.xtts.windows import Piece, Window
from voice.errors import EngineError, EngineUnavailable, VoiceError

if TYPE_CHECKING:
    from voice.engines.xtts.gpt import GptDecoder
    from voice.engines.xtts.vocoder import Vocoder

PREFILLS_PER_STEP = 4
LATENTS_PER_CALL = 600  # the longest sentence; a call on a CPU stays within seconds, so that cancels are noticed
WAITING_MAX = 2_000
IDLE_TRIM_S = 30.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class BatcherStatistics:
    """Sequences now, the most that may run now, and counts since the start, which the batcher's thread writes.

    `finished`, `cancelled`, `failed`: how sentences ended. `preempted`: how often one lost its slot, to get another
    later. `out_of_memory`: how often the device had no memory. `tokens`: all that were drawn, stop tokens included.
    `prefills`, `steps`, `vocoder_calls`: how often the models ran.
    """

    waiting: int = 0
    running: int = 0
    limit: int = 0
    finished: int = 0
    cancelled: int = 0
    failed: int = 0
    preempted: int = 0
    out_of_memory: int = 0
    prefills: int = 0
    steps: int = 0
    tokens: int = 0
    vocoder_calls: int = 0
    samples: int = 0

    @property
    def mean_batch(self) -> float:
        """Tokens a step, 0 before the first."""
        return self.tokens / self.steps if self.steps else 0.0


class Batcher:
    """Speaks many sentences at once. `submit`, `statistics` and `close` are safe to call from any thread.

    `start` begins the thread, and only it calls `decoder` and `vocoder`. Between its steps sequences join and leave,
    cancels and deadlines take effect, and streams whose listeners are behind pause. What fails, fails the sentences
    that took part in it; the thread goes on, until the device fails three times in a row: then it ends. A device
    without memory gets a smaller batch, and the sentences that must leave it go on later where they were, from the
    tokens that they have.
    """

    def __init__(
        self,
        decoder: "GptDecoder",
        vocoder: "Vocoder",
        *,
        waiting_max: int = WAITING_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`waiting_max`: sentences that may wait for a slot. `clock`: seconds, what deadlines are compared with."""
        self._decoder = decoder
        self._vocoder = vocoder
        self._waiting_max = waiting_max
        self._clock = clock
        self._scheduler: Scheduler[Utterance] = Scheduler(slots=decoder.slots, cells=decoder.cells)
        self._inbox: deque[Utterance] = deque()
        self._totals = BatcherStatistics()
        self._failures_in_a_row = 0  # of the device
        self._latents_per_call = LATENTS_PER_CALL
        self._lock = threading.Lock()  # of the inbox's bound, and of whether it is still emptied
        self._wake = threading.Event()
        self._is_closing = False
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="xtts-batcher", daemon=True)

    def start(self) -> None:
        """Begin the thread, once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread after its current step; what is open fails with EngineUnavailable. May be called again."""
        self._is_closing = True
        self._wake.set()
        if self._thread.ident is None:
            self._end()
        else:
            self._thread.join()

    @property
    def is_running(self) -> bool:
        """True while sentences are being spoken: started, not closed, and the thread has not died."""
        return self._thread.is_alive() and not self._is_over

    def submit(
        self,
        prompt: Prompt,
        speaker: NDArray[np.float32],
        *,
        speed: float,
        group: Hashable,
        first_chunk: int | None = None,
        deadline_s: float | None = None,
    ) -> Ticket:
        """Have one sentence spoken.

        `speaker`: the speaker embedding, 512 values. `speed`: 0.5..2.0. `group`: sentences of one caller share it, and
        take turns with those of other groups. `first_chunk`: how many tokens the first chunk of a stream waits for;
        without it the sentence is delivered whole. A stream that is not taken is not decoded further: do not submit
        more of them at once than are listened to. `deadline_s`: when, by `time.monotonic`, it fails with `timed_out`.
        Raises EngineUnavailable `engine_busy` or `engine_stopped`.
        """
        assert first_chunk is None or first_chunk > 0
        ticket = Ticket(on_change=self._wake.set)
        utterance = Utterance(
            group=group,
            columns=0,
            is_stream=first_chunk is not None,
            prompt=prompt,
            speaker=speaker,
            speed=speed,
            ticket=ticket,
            deadline_s=deadline_s,
            chunk_tokens=first_chunk or 0,
        )
        with self._lock:
            if self._is_over or self._is_closing:
                raise engine_stopped()
            if self._scheduler.waiting_count + len(self._inbox) >= self._waiting_max:
                raise EngineUnavailable("engine_busy", "Too many sentences wait for the engine. Try again later.")
            self._inbox.append(utterance)
        self._wake.set()
        return ticket

    def statistics(self) -> BatcherStatistics:
        """Figures of this moment; a step that is under way may be counted in part."""
        return replace(
            self._totals,
            waiting=self._scheduler.waiting_count + len(self._inbox),
            running=len(self._scheduler.running),
            limit=self._scheduler.limit,
        )

    def step(self) -> bool:
        """Do one step; for the thread, and for tests that run none. Whether there is more to do at once."""
        self._attend()
        self._admit()
        self._decode()
        self._speak()
        return not self._scheduler.is_idle

    # --- what callers want

    def _attend(self) -> None:
        while self._inbox:
            self._receive(self._inbox[0])
            self._inbox.popleft()
        now = self._clock()
        for utterance in (*self._scheduler.running, *self._scheduler.waiting):
            if utterance.ticket.is_cancelled:
                self._totals.cancelled += 1
                self._leave(utterance)
            elif utterance.deadline_s is not None and now >= utterance.deadline_s:
                self._drop(utterance, EngineError("timed_out", "This was not spoken in time and was stopped."))
            elif utterance.is_paused and not utterance.is_unheard:
                self._scheduler.resume(utterance)
            elif utterance.slot is not None and utterance.is_unheard:
                self._scheduler.pause(utterance)

    def _receive(self, utterance: Utterance) -> None:
        try:
            utterance.columns = self._decoder.columns(utterance.prompt)
            self._scheduler.add(utterance)
        except EngineError as error:
            self._totals.failed += 1
            utterance.ticket.fail(error)
        except Exception as cause:
            logger.exception("the decoder broke on a prompt")
            self._totals.failed += 1
            utterance.ticket.fail(caused(EngineFailed(), cause))

    # --- admit

    def _admit(self) -> None:
        for _ in range(PREFILLS_PER_STEP):
            while (paused := self._scheduler.in_the_way()) is not None:
                self._preempt(paused)
            utterance = self._scheduler.admit()
            if utterance is None or not self._prefill(utterance):
                return

    def _prefill(self, utterance: Utterance) -> bool:
        assert utterance.slot is not None
        is_full = False
        try:
            self._decoder.prefill(utterance.slot, utterance.prompt, tuple(utterance.tokens))
        except DeviceMemoryFull:
            is_full = True  # memory is given back below, where no traceback holds the tensors that it was short of
        except Exception as error:
            self._fail([utterance], error)
        else:
            self._totals.prefills += 1
        if is_full:
            self._shrink()
            if utterance.slot is not None:
                self._preempt(utterance)
        return not is_full

    # --- decode

    def _decode(self) -> None:
        batch = [one for one in self._scheduler.running if not (one.is_paused or one.is_complete)]
        if not batch:
            return
        tokens = None
        try:
            tokens = self._decoder.step([one.slot for one in batch if one.slot is not None])
        except DeviceMemoryFull:
            pass  # as in _prefill
        except Exception as error:
            self._fail(batch, error)
            return
        if tokens is None:
            self._shrink()
            return
        self._failures_in_a_row = 0
        for utterance, token in zip(batch, tokens, strict=True):
            utterance.draw(token, stop_token=self._decoder.stop_token)
        self._scheduler.step_succeeded()
        self._totals.steps += 1
        self._totals.tokens += len(batch)

    # --- speak

    def _speak(self) -> None:
        """Streams first: somebody waits for them."""
        for is_stream in (True, False):
            due = self._due(is_stream=is_stream)
            if due:
                self._speak_batch(due)

    def _due(self, *, is_stream: bool) -> list[tuple[Utterance, Window]]:
        """The windows that are ready, the longest-running first, as much as one call of the vocoder takes."""
        due: list[tuple[Utterance, Window]] = []
        room = self._latents_per_call
        for utterance in self._scheduler.running:
            if utterance.is_stream is not is_stream or not utterance.is_due:
                continue
            window = utterance.window()
            if window is None:
                if utterance.is_complete:
                    self._finish(utterance, last=None)
                continue
            room -= window.latent_stop - window.latent_start
            if room < 0 and due:
                break
            due.append((utterance, window))
        return due

    def _speak_batch(self, due: list[tuple[Utterance, Window]]) -> None:
        waveforms = None
        try:
            waveforms = self._vocoder.speak([self._piece(utterance, window) for utterance, window in due])
        except DeviceMemoryFull:
            pass  # as in _prefill
        except Exception as error:
            self._fail([utterance for utterance, _ in due], error)
            return
        if waveforms is None:
            self._speak_less(due)
            return
        self._failures_in_a_row = 0
        self._latents_per_call = min(LATENTS_PER_CALL, self._latents_per_call * 9 // 8 + 1)
        self._totals.vocoder_calls += 1
        for (utterance, window), samples in zip(due, waveforms, strict=True):
            self._deliver(utterance, window, samples)

    def _deliver(self, utterance: Utterance, window: Window, samples: Samples) -> None:
        if not np.isfinite(samples).all():
            logger.error("the models made samples that are no numbers, of seed %d", utterance.prompt.sampling.seed)
            self._drop(utterance, EngineFailed())
            return
        self._totals.samples += len(samples)
        utterance.deliver(window)
        if utterance.is_complete:
            self._finish(utterance, last=samples)
        else:
            utterance.ticket.deliver(samples)

    def _piece(self, utterance: Utterance, window: Window) -> Piece:
        assert utterance.slot is not None
        latents = self._decoder.latents(utterance.slot, window.latent_start, window.latent_stop)
        return Piece(latents, utterance.speaker, window, utterance.speed)

    def _speak_less(self, due: list[tuple[Utterance, Window]]) -> None:
        """Halve the next calls, or if it was a single piece, have others leave. It stays due."""
        if len(due) == 1:
            self._shrink(keep=due[0][0])
            return
        self._totals.out_of_memory += 1
        self._latents_per_call = max(1, sum(window.latent_stop - window.latent_start for _, window in due) // 2)
        self._decoder.trim()

    # --- leaving

    def _shrink(self, *, keep: Utterance | None = None) -> None:
        """The device had no memory: go on with half of the batch. One that runs by itself may try each step twice."""
        self._totals.out_of_memory += 1
        leaving = self._scheduler.shrink(keep=keep)
        logger.warning("no memory on the device: %d leave, %d may run", len(leaving), self._scheduler.limit)
        for utterance in leaving:
            self._preempt(utterance)
        if not leaving:
            (alone,) = self._scheduler.running
            if alone.out_of_memory_at == alone.latents:
                self._drop(alone, EngineOutOfMemory())
            alone.out_of_memory_at = alone.latents
        self._decoder.trim()

    def _preempt(self, utterance: Utterance) -> None:
        slot = utterance.slot
        assert slot is not None
        self._totals.preempted += 1
        self._decoder.release(slot)
        self._scheduler.preempt(utterance)
        utterance.is_stopped = False  # prefilled again, it must draw its stop token again for its latent

    def _finish(self, utterance: Utterance, *, last: Samples | None) -> None:
        self._totals.finished += 1
        self._leave(utterance)
        utterance.ticket.deliver(last, outcome=Outcome(tuple(utterance.tokens), utterance.is_stopped))

    def _fail(self, utterances: Sequence[Utterance], cause: Exception) -> None:
        logger.error("the models broke on %d sentences", len(utterances), exc_info=cause)
        forget_frames(cause)
        for utterance in utterances:
            self._drop(utterance, caused(EngineFailed(), cause))
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= DEVICE_FAILURES_MAX:
            raise DeviceBroken(f"the device failed {self._failures_in_a_row} times in a row") from cause

    def _drop(self, utterance: Utterance, error: VoiceError) -> None:
        self._totals.failed += 1
        self._leave(utterance)
        utterance.ticket.fail(error)

    def _leave(self, utterance: Utterance) -> None:
        """Give back what it has, before its caller learns of the end. If the decoder breaks on it, `_end` finds it."""
        if utterance.slot is not None:
            self._decoder.release(utterance.slot)
        self._scheduler.remove(utterance)

    # --- the thread

    def _run(self) -> None:
        try:
            while self._goes_on():
                if not self.step():
                    self._rest()
        except BaseException as error:
            logger.critical("the engine's thread died", exc_info=error)
            forget_frames(error)
            self._end(cause=error)
        else:
            self._end()

    def _goes_on(self) -> bool:
        """Clears first, then looks: a close that comes meanwhile is either seen, or wakes the rest that follows."""
        self._wake.clear()
        return not self._is_closing

    def _rest(self) -> None:
        """Wait for a caller or the next deadline. After half a minute the device gets its spare memory back."""
        if not self._wake.wait(min(IDLE_TRIM_S, self._until_deadline_s())) and self._until_deadline_s() > 0:
            self._decoder.trim()
            self._wake.wait(self._until_deadline_s())

    def _until_deadline_s(self) -> float:
        sequences = (*self._scheduler.running, *self._scheduler.waiting)
        deadlines = [one.deadline_s for one in sequences if one.deadline_s is not None]
        left_s = min(deadlines, default=math.inf) - self._clock()
        return min(max(0.0, left_s), threading.TIMEOUT_MAX)

    def _end(self, *, cause: BaseException | None = None) -> None:
        """Take no more, and fail all that is open. After a death the models are not touched: they may be broken."""
        with self._lock:
            self._is_over = True
        scheduled = (*self._scheduler.running, *self._scheduler.waiting)
        for utterance in (*self._inbox, *scheduled):
            utterance.ticket.fail(caused(engine_stopped(), cause))
        self._inbox.clear()
        if cause is None:
            for utterance in scheduled:
                self._leave(utterance)
