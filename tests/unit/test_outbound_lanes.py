"""Lanes: order per exam holds under retries, nobody waits for another exam, nothing is lost."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sinks.delivering.lanes import Lanes
from sinks.delivering.progress import Progress

EXAMS = st.sampled_from("abcd")


class Deliveries(RuleBasedStateMachine):
    """Jobs come, are taken, fail, succeed, in any order; a model keeps what each exam still has to get."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: Lanes[str, int] = Lanes()
        self.expected: dict[str, list[int]] = defaultdict(list)
        self.under_way: dict[str, int] = {}
        self.not_before: dict[str, float] = {}
        self.now_s = 0.0
        self.number = 0

    @rule(exam=EXAMS)
    def add(self, exam: str) -> None:
        self.number += 1
        self.lanes.add(exam, self.number)
        self.expected[exam].append(self.number)

    @rule()
    def take(self) -> None:
        taken = self.lanes.take(self.now_s)
        free = {
            exam
            for exam, jobs in self.expected.items()
            if jobs and exam not in self.under_way and self.not_before.get(exam, 0) <= self.now_s
        }
        if taken is None:
            assert not free
            return
        exam, job = taken
        assert exam in free
        assert job == self.expected[exam][0]
        self.under_way[exam] = job

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        exam = data.draw(st.sampled_from(sorted(self.under_way)))
        del self.under_way[exam]
        self.not_before.pop(exam, None)
        self.expected[exam].pop(0)
        self.lanes.done(exam)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), pause_s=st.integers(0, 5))
    def fail(self, data: st.DataObject, pause_s: int) -> None:
        exam = data.draw(st.sampled_from(sorted(self.under_way)))
        del self.under_way[exam]
        self.not_before[exam] = self.now_s + pause_s
        self.lanes.again(exam, self.now_s + pause_s)

    @rule(seconds=st.integers(1, 5))
    def time_passes(self, seconds: int) -> None:
        self.now_s += seconds

    @invariant()
    def nothing_is_lost(self) -> None:
        assert len(self.lanes) == sum(map(len, self.expected.values()))


TestDeliveries = Deliveries.TestCase


def test_a_lane_that_was_lost_under_way_and_came_back_begins_again_only_after_the_end_of_the_first() -> None:
    lanes: Lanes[str, int] = Lanes()
    lanes.add("a", 1)
    lanes.add("b", 9)
    assert lanes.take(0) == ("a", 1)
    lanes.drop(lambda job: job < 9)
    lanes.add("a", 1)
    assert lanes.take(0) == ("b", 9)
    assert lanes.take(0) is None
    lanes.again("a", 5)
    assert lanes.take(0) == ("a", 1)
    lanes.done("a")
    lanes.done("b")
    assert (len(lanes), lanes.take(9), lanes.next_at_s()) == (0, None, None)


@given(order=st.permutations(range(8)), first=st.integers(0, 100))
def test_an_offset_is_committed_only_when_all_before_it_have_come_to_an_end(
    order: list[int], first: int
) -> None:
    progress = Progress()
    for offset in range(8):
        progress.take(3, first + offset)
    finished: set[int] = set()
    for offset in order:
        progress.finish(3, first + offset)
        finished.add(offset)
        expected = next((n for n in range(8) if n not in finished), 8)
        assert progress.to_commit() == {3: first + expected}
    progress.committed(progress.to_commit())
    assert progress.to_commit() == {}
    progress.forget(3)
    progress.finish(3, first)
    assert progress.to_commit() == {}
