"""The choice of who decodes next: turns, slots and memory, without a model."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from voice.engines.xtts.scheduler import CLEAN_STEPS_TO_RECOVER, URGENT_IN_A_ROW, ScheduledSequence, Scheduler
from voice.errors import EngineError

COLUMNS = 100


def sequence(group: object = "a", *, columns: int = COLUMNS, is_stream: bool = False) -> ScheduledSequence:
    return ScheduledSequence(group, columns, is_stream)


def make_scheduler(*, slots: int = 4, cells: int = 4 * COLUMNS) -> Scheduler[ScheduledSequence]:
    return Scheduler(slots=slots, cells=cells)


def add(scheduler: Scheduler[ScheduledSequence], *sequences: ScheduledSequence) -> None:
    for one in sequences:
        scheduler.add(one)


def admitted(scheduler: Scheduler[ScheduledSequence]) -> Iterator[ScheduledSequence]:
    """Those that are let in one after the other, each of which leaves at once."""
    while (one := scheduler.admit()) is not None:
        yield one
        scheduler.remove(one)


def running(scheduler: Scheduler[ScheduledSequence], count: int) -> list[ScheduledSequence]:
    """So many sequences that run, the longest-running first."""
    for number in range(count):
        scheduler.add(sequence(("running", number)))
        assert scheduler.admit() is not None
    return list(scheduler.running)


def test_sequences_get_different_slots_until_none_is_left() -> None:
    scheduler = make_scheduler(slots=3)
    waiting = [sequence() for _ in range(5)]
    add(scheduler, *waiting)
    assert [scheduler.admit() for _ in range(4)] == [*waiting[:3], None]
    assert {one.slot for one in scheduler.running} == {0, 1, 2}
    assert scheduler.waiting_count == 2
    scheduler.remove(waiting[1])
    assert scheduler.admit() is waiting[3]
    assert waiting[3].slot == 1
    assert waiting[1].slot is None


def test_the_longest_sequence_decides_how_many_have_room() -> None:
    scheduler = make_scheduler(cells=400)
    short, long, other = sequence(columns=100), sequence(columns=200), sequence(columns=100)
    add(scheduler, short, long, other)
    assert scheduler.admit() is short
    assert scheduler.admit() is long
    assert scheduler.admit() is None
    scheduler.remove(long)
    assert scheduler.admit() is other


def test_nobody_passes_one_that_waits_for_memory() -> None:
    scheduler = make_scheduler(cells=400)
    add(scheduler, sequence("a"), sequence("b"))
    first, second = scheduler.admit(), scheduler.admit()
    add(scheduler, sequence("c", columns=400), sequence("d"))
    assert first is not None
    assert second is not None
    assert scheduler.admit() is None
    scheduler.remove(first)
    assert scheduler.admit() is None
    scheduler.remove(second)
    large = scheduler.admit()
    assert large is not None
    assert large.columns == 400


def test_a_sequence_larger_than_the_whole_memory_is_refused() -> None:
    scheduler = make_scheduler(cells=400)
    with pytest.raises(EngineError) as caught:
        scheduler.add(sequence(columns=401))
    assert caught.value.code == "sentence_too_large"
    assert not caught.value.retryable
    assert scheduler.is_idle
    scheduler.add(sequence(columns=400))
    assert scheduler.admit() is not None


def test_of_one_group_the_longest_come_first_behind_the_very_first_one() -> None:
    scheduler = make_scheduler(slots=1)
    lengths = [20, 30, 80, 30, 100]
    waiting = [sequence(columns=columns) for columns in lengths]
    add(scheduler, *waiting)
    assert list(admitted(scheduler)) == [waiting[i] for i in (0, 4, 2, 1, 3)]


def test_streams_of_one_group_keep_their_order() -> None:
    scheduler = make_scheduler(slots=1)
    waiting = [sequence(columns=columns, is_stream=True) for columns in (20, 30, 80)]
    add(scheduler, *waiting)
    assert list(admitted(scheduler)) == waiting


def test_groups_take_turns() -> None:
    scheduler = make_scheduler(slots=1)
    add(scheduler, *(sequence("a") for _ in range(3)))
    add(scheduler, *(sequence("b") for _ in range(3)))
    add(scheduler, *(sequence("c") for _ in range(2)))
    order = [one.group for one in admitted(scheduler)]
    assert order == ["a", "b", "c", "a", "b", "c", "a", "b"]


def test_a_single_sentence_does_not_wait_for_another_users_hundred() -> None:
    scheduler = make_scheduler(slots=1)
    add(scheduler, *(sequence("book") for _ in range(100)))
    busy = scheduler.admit()
    assert busy is not None
    scheduler.add(sequence("line"))
    scheduler.remove(busy)
    following = scheduler.admit()
    assert following is not None
    assert following.group == "line"


def test_streams_and_first_sentences_are_preferred_but_pass_nobody_for_ever() -> None:
    scheduler = make_scheduler(slots=1)
    book = [sequence("book") for _ in range(6)]
    add(scheduler, *book)
    order = []
    for number in range(20):
        one = scheduler.admit()
        assert one is not None
        order.append(one in book[1:])
        scheduler.add(sequence(("caller", number), is_stream=number % 2 == 0))
        scheduler.remove(one)
    assert order == ([False] * URGENT_IN_A_ROW + [True]) * 4


def test_new_groups_do_not_pass_those_that_wait_already() -> None:
    scheduler = make_scheduler(slots=1)
    first = [sequence(("old", number), is_stream=True) for number in range(5)]
    add(scheduler, *first)
    order = []
    for number in range(5):
        scheduler.add(sequence(("new", number), is_stream=True))
        one = scheduler.admit()
        order.append(one)
        assert one is not None
        scheduler.remove(one)
    assert order == first


def test_a_preempted_sequence_is_the_next_to_get_a_slot() -> None:
    scheduler = make_scheduler()
    oldest, older, young = running(scheduler, 3)
    add(scheduler, sequence("stream", is_stream=True))
    scheduler.preempt(young)
    scheduler.preempt(older)
    assert (older.slot, young.slot) == (None, None)
    assert scheduler.running == (oldest,)
    assert [scheduler.admit(), scheduler.admit()] == [older, young]


def test_a_paused_sequence_keeps_its_slot_until_somebody_wants_it() -> None:
    scheduler = make_scheduler(slots=2)
    first, second = running(scheduler, 2)
    scheduler.pause(first)
    assert scheduler.in_the_way() is None
    newcomer = sequence("new")
    scheduler.add(newcomer)
    assert scheduler.admit() is None
    assert scheduler.in_the_way() is first
    scheduler.preempt(first)
    assert scheduler.in_the_way() is None
    assert scheduler.admit() is newcomer
    scheduler.remove(second)
    assert scheduler.admit() is None
    scheduler.resume(first)
    assert scheduler.admit() is first


def test_a_paused_sequence_is_not_in_the_way_of_one_that_would_have_no_room_anyway() -> None:
    scheduler = make_scheduler(slots=4, cells=400)
    first, second = running(scheduler, 2)
    scheduler.pause(second)
    scheduler.add(sequence("large", columns=400))
    assert scheduler.in_the_way() is None
    scheduler.pause(first)
    assert scheduler.in_the_way() is second


def test_a_resumed_sequence_waits_for_a_turn() -> None:
    """If it were the next, many slow listeners would take turns among themselves and let nobody else in."""
    scheduler = make_scheduler(slots=1)
    (paused,) = running(scheduler, 1)
    scheduler.pause(paused)
    newcomers = [sequence("b", is_stream=True), sequence("c", is_stream=True)]
    add(scheduler, *newcomers)
    scheduler.preempt(paused)
    scheduler.resume(paused)
    assert list(admitted(scheduler)) == [*newcomers, paused]


def test_shrinking_takes_the_paused_first_and_then_the_youngest() -> None:
    scheduler = make_scheduler(slots=8, cells=8 * COLUMNS)
    ran = running(scheduler, 8)
    scheduler.pause(ran[1])
    leaving = scheduler.shrink()
    assert leaving == [ran[1], ran[7], ran[6], ran[5]]
    assert scheduler.limit == 4


def test_shrinking_keeps_the_one_that_must_go_on() -> None:
    scheduler = make_scheduler(slots=4)
    ran = running(scheduler, 2)
    assert scheduler.shrink(keep=ran[1]) == [ran[0]]
    scheduler.preempt(ran[0])
    assert scheduler.shrink(keep=ran[1]) == []
    assert scheduler.limit == 1
    assert scheduler.admit() is None


def test_the_limit_recovers_by_one_after_steps_that_found_memory() -> None:
    scheduler = make_scheduler(slots=4)
    running(scheduler, 4)
    for one in scheduler.shrink():
        scheduler.preempt(one)
    for _ in range(CLEAN_STEPS_TO_RECOVER - 1):
        scheduler.step_succeeded()
    assert (scheduler.limit, scheduler.admit()) == (2, None)
    scheduler.step_succeeded()
    assert scheduler.limit == 3
    assert scheduler.admit() is not None
    assert scheduler.admit() is None
    for _ in range(5 * CLEAN_STEPS_TO_RECOVER):
        scheduler.step_succeeded()
    assert scheduler.limit == 4


def test_it_is_idle_when_nobody_can_go_on() -> None:
    scheduler = make_scheduler()
    assert scheduler.is_idle
    one = sequence(is_stream=True)
    scheduler.add(one)
    assert not scheduler.is_idle
    scheduler.admit()
    assert not scheduler.is_idle
    scheduler.pause(one)
    assert scheduler.is_idle
    scheduler.preempt(one)
    assert scheduler.is_idle
    scheduler.resume(one)
    assert not scheduler.is_idle


class SchedulerMachine(RuleBasedStateMachine):
    """Anything that a batcher may do, in any order."""

    alive: Bundle[ScheduledSequence] = Bundle("alive")

    @initialize(slots=st.integers(1, 6), cells=st.integers(100, 1000))
    def begin(self, slots: int, cells: int) -> None:
        self.slots, self.cells = slots, cells
        self.scheduler = make_scheduler(slots=slots, cells=cells)
        self.members: set[ScheduledSequence] = set()

    @rule(target=alive, group=st.integers(0, 4), columns=st.integers(1, 100), is_stream=st.booleans())
    def add(self, group: int, columns: int, is_stream: bool) -> ScheduledSequence:
        one = sequence(group, columns=columns, is_stream=is_stream)
        self.scheduler.add(one)
        self.members.add(one)
        return one

    @rule(one=consumes(alive))
    def remove(self, one: ScheduledSequence) -> None:
        self.scheduler.remove(one)
        self.members.remove(one)

    @rule()
    def admit(self) -> None:
        while (paused := self.scheduler.in_the_way()) is not None:
            self.scheduler.preempt(paused)
        one = self.scheduler.admit()
        if one is not None:
            assert not one.is_paused

    @rule(one=alive)
    def preempt_pause_or_resume(self, one: ScheduledSequence) -> None:
        if one.is_paused:
            self.scheduler.resume(one)
        elif one.slot is not None:
            self.scheduler.pause(one)

    @rule(one=alive)
    def preempt(self, one: ScheduledSequence) -> None:
        if one.slot is not None:
            self.scheduler.preempt(one)

    @precondition(lambda self: self.scheduler.running)
    @rule()
    def shrink(self) -> None:
        for one in self.scheduler.shrink():
            self.scheduler.preempt(one)
        assert len(self.scheduler.running) <= self.scheduler.limit

    @rule(steps=st.integers(1, 100))
    def succeed(self, steps: int) -> None:
        for _ in range(steps):
            self.scheduler.step_succeeded()

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        held = [*self.scheduler.running, *self.scheduler.waiting]
        assert len(held) == len(set(held))
        assert set(held) == self.members
        assert self.scheduler.waiting_count == len(self.scheduler.waiting)

    @invariant()
    def slots_and_memory_suffice(self) -> None:
        ran = self.scheduler.running
        assert len({one.slot for one in ran}) == len(ran) <= self.slots
        assert all(one.slot is not None and 0 <= one.slot < self.slots for one in ran)
        assert len(ran) * max((one.columns for one in ran), default=0) <= self.cells
        assert 1 <= self.scheduler.limit <= self.slots
        assert all(one.slot is None for one in self.scheduler.waiting)

    def teardown(self) -> None:
        """Whatever happened, those that wait get their turns as soon as they are listened to."""
        if not hasattr(self, "scheduler"):
            return
        for one in self.members:
            if one.is_paused:
                self.scheduler.resume(one)
        for one in self.scheduler.running:
            self.scheduler.remove(one)
        served = list(admitted(self.scheduler))
        assert len(served) == len(set(served))
        assert self.scheduler.is_idle
        assert self.scheduler.waiting == ()


SchedulerMachine.TestCase.settings = settings(
    derandomize=True, database=None, deadline=None, max_examples=60, stateful_step_count=40
)
TestScheduler = SchedulerMachine.TestCase
