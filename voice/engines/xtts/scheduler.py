"""The order of decoding: slots, memory and turns. No torch, no threads.

Sequences join and leave the batch between steps, as in Orca (Yu et al., OSDI 2022). What bounds the batch, besides the
number of slots, is `running x columns <= cells`, with the columns that the longest running sequence may come to hold:
what one dense cache takes for all of them, and the most that a cache of one tensor a slot can take.
"""

import heapq
from collections import Counter, OrderedDict, deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from voice.errors import EngineError

URGENT_IN_A_ROW = 4
CLEAN_STEPS_TO_RECOVER = 32


@dataclass(eq=False, slots=True)
class ScheduledSequence:
    """One sequence as the scheduler knows it. `slot` and `is_paused` are the scheduler's to write.

    `group`: whom it belongs to; groups take turns. `columns`: positions of the cache that it may come to hold.
    `is_stream`: somebody listens while it is made.
    """

    group: Hashable
    columns: int
    is_stream: bool
    slot: int | None = field(default=None, init=False)
    is_paused: bool = field(default=False, init=False)


S = TypeVar("S", bound=ScheduledSequence)


class Scheduler(Generic[S]):
    """Gives slots to sequences and takes them back. Pure bookkeeping: not thread-safe, raises only where it says so.

    Every sequence is in one place: waiting in the queue of its turn, returned (it lost its slot and is the next to get
    one), parked (it lost its slot while nobody listened, and waits for `resume`), or running.

    The next one: those that were returned; then streams and first sequences of groups, so that time to first audio
    stays short; after four of these in a row one of the others. In each of the two queues the groups take turns, one
    sequence a turn, and a new group goes behind those that wait: whoever waits is passed by so many of others.
    Of one group's own the longest comes first, so that none runs alone at the end; its streams keep their order.
    Nobody passes the next one: if it is too large for the memory that is left, those that run end first.

    `limit`: the most that may run, all slots, or less for a while after `shrink`.
    """

    def __init__(self, *, slots: int, cells: int) -> None:
        self._slots = slots
        self._cells = cells
        self.limit = slots
        self._clean_steps = 0
        self._free = list(range(slots))
        self._running: list[S] = []
        self._returned: deque[S] = deque()
        self._parked: dict[S, None] = {}
        self._urgent: _Turns[S] = _Turns()
        self._others: _Turns[S] = _Turns()
        self._urgent_in_a_row = 0
        self._members: Counter[Hashable] = Counter()
        self._count = 0

    @property
    def running(self) -> tuple[S, ...]:
        """Those that have a slot, the longest-running first."""
        return tuple(self._running)

    @property
    def waiting(self) -> tuple[S, ...]:
        """Those that have none, in no particular order."""
        return (*self._returned, *self._parked, *self._urgent, *self._others)

    @property
    def waiting_count(self) -> int:
        """The number of those without a slot. May be asked from any thread."""
        return self._count - len(self._running)

    @property
    def is_idle(self) -> bool:
        """True when nothing can be done: nobody is next, and those that run are paused."""
        return self._next() is None and all(one.is_paused for one in self._running)

    def add(self, sequence: S) -> None:
        """Let `sequence` wait for its turn. Raises EngineError `sentence_too_large` if no turn could ever come."""
        if sequence.columns > self._cells:
            raise EngineError(
                "sentence_too_large",
                "One sentence needs more memory than the engine may use for all. Split it, or raise XTTS_CACHE_MB.",
                details={"columns": sequence.columns, "cells": self._cells},
            )
        is_first = not self._members[sequence.group]
        self._members[sequence.group] += 1
        self._count += 1
        (self._urgent if is_first or sequence.is_stream else self._others).append(sequence)

    def in_the_way(self) -> S | None:
        """A paused sequence that must be preempted for the next one to be admitted, the youngest first."""
        sequence = self._next()
        paused = [one for one in self._running if one.is_paused]
        if sequence is None or not paused or self._has_room(sequence, self._running):
            return None
        active = [one for one in self._running if not one.is_paused]
        return paused[-1] if self._has_room(sequence, active) else None

    def admit(self) -> S | None:
        """Give the next sequence a slot and return it; None if nobody waits, or the next one has no room yet."""
        sequence = self._next()
        if sequence is None or not self._has_room(sequence, self._running):
            return None
        self._leave_queue(sequence, is_turn=True)
        sequence.slot = heapq.heappop(self._free)
        self._running.append(sequence)
        return sequence

    def preempt(self, sequence: S) -> None:
        """Take its slot; it is the next to get one again, or if it is paused, one that waits for `resume`."""
        self._take_slot(sequence)
        if sequence.is_paused:
            self._parked[sequence] = None
        else:
            self._returned.appendleft(sequence)

    def pause(self, sequence: S) -> None:
        """Keep a running sequence's slot only as long as nobody else wants it."""
        sequence.is_paused = True

    def resume(self, sequence: S) -> None:
        """End a pause. One that lost the slot meanwhile waits for its group's turn, and is the first of it."""
        sequence.is_paused = False
        if sequence in self._parked:
            del self._parked[sequence]
            self._urgent.prepend(sequence)

    def remove(self, sequence: S) -> None:
        """Forget a sequence, wherever it is."""
        if sequence.slot is None:
            self._leave_queue(sequence, is_turn=False)
        else:
            self._take_slot(sequence)
        self._count -= 1
        self._members[sequence.group] -= 1
        if not self._members[sequence.group]:
            del self._members[sequence.group]

    def shrink(self, *, keep: S | None = None) -> list[S]:
        """Halve the most that may run, after the device had no memory; return those that must be preempted.

        Paused ones first, then the youngest; never `keep`. Empty if nothing else runs.
        """
        self.limit = max(1, len(self._running) // 2)
        self._clean_steps = 0
        youngest_first = [one for one in reversed(self._running) if one is not keep]
        youngest_first.sort(key=lambda one: not one.is_paused)
        return youngest_first[: len(self._running) - self.limit]

    def step_succeeded(self) -> None:
        """After 32 steps that found memory, one more may run, up to all slots."""
        self._clean_steps += 1
        if self._clean_steps >= CLEAN_STEPS_TO_RECOVER and self.limit < self._slots:
            self._clean_steps = 0
            self.limit += 1

    def _has_room(self, sequence: S, running: list[S]) -> bool:
        columns = max([sequence.columns, *(one.columns for one in running)])
        return len(running) < self.limit and (len(running) + 1) * columns <= self._cells

    def _next(self) -> S | None:
        if self._returned:
            return self._returned[0]
        urgent, other = self._urgent.first(), self._others.first()
        if urgent is None or (other is not None and self._urgent_in_a_row >= URGENT_IN_A_ROW):
            return other
        return urgent

    def _leave_queue(self, sequence: S, *, is_turn: bool) -> None:
        if sequence in self._parked:
            del self._parked[sequence]
        elif sequence in self._returned:
            self._returned.remove(sequence)
        elif self._urgent.remove(sequence, is_turn=is_turn):
            self._urgent_in_a_row += is_turn and self._others.first() is not None
        else:
            self._others.remove(sequence, is_turn=is_turn)
            self._urgent_in_a_row = 0 if is_turn else self._urgent_in_a_row

    def _take_slot(self, sequence: S) -> None:
        assert sequence.slot is not None
        self._running.remove(sequence)
        heapq.heappush(self._free, sequence.slot)
        sequence.slot = None


class _Turns(Generic[S]):
    """A queue in which groups take turns: one sequence of each, then the next of each."""

    def __init__(self) -> None:
        self._groups: OrderedDict[Hashable, deque[S]] = OrderedDict()

    def __iter__(self) -> Iterator[S]:
        for group in self._groups.values():
            yield from group

    def append(self, sequence: S) -> None:
        """Into its group, a stream to the end, others before those that are shorter; a new group to the end of all."""
        group = self._groups.setdefault(sequence.group, deque())
        place = len(group)
        if not sequence.is_stream:
            place = next((i for i, one in enumerate(group) if one.columns < sequence.columns), place)
        group.insert(place, sequence)

    def prepend(self, sequence: S) -> None:
        """To the beginning of its group; a new group goes to the end of all."""
        self._groups.setdefault(sequence.group, deque()).appendleft(sequence)

    def first(self) -> S | None:
        """The sequence whose turn it is."""
        return next(iter(self), None)

    def remove(self, sequence: S, *, is_turn: bool) -> bool:
        """True if it was here. If this was its turn, its group goes to the end of all."""
        group = self._groups.get(sequence.group)
        if group is None or sequence not in group:
            return False
        group.remove(sequence)
        if not group:
            del self._groups[sequence.group]
        elif is_turn:
            self._groups.move_to_end(sequence.group)
        return True
