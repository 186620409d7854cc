"""What waits to be folded: bounded, taken in order, and forgotten when a rebalance begins."""

from __future__ import annotations

import asyncio
from pathlib import Path

import faust
import pytest

from processors.exam_state import ExamState
from processors.exam_table import ExamTable, StoreClosed
from processors.fold import LogMessage
from processors.intake import Fetched, Intake
from processors.recent_states import RecentStates


def _fetched(partition: int, offsets: range, value: bytes = b"1234567") -> Fetched:
    return Fetched(1, partition, [LogMessage(partition, offset, b"key", value) for offset in offsets])


def test_fetches_come_out_in_order_as_many_as_hold_the_events_asked_for() -> None:
    intake = Intake(max_events=100, max_bytes=10_000)
    fetches = [_fetched(0, range(5)), _fetched(1, range(3)), _fetched(0, range(5, 9))]
    for fetched in fetches:
        intake.put(fetched)
    assert intake.take(6) == fetches[:2]
    assert intake.events == 4
    assert intake.take(6) == fetches[2:]
    assert intake.take(6) == []


def test_a_fetch_that_is_larger_than_asked_for_comes_out_whole() -> None:
    intake = Intake(max_events=10, max_bytes=10_000)
    intake.put(_fetched(0, range(50)))
    assert [len(fetched.records) for fetched in intake.take(1)] == [50]


@pytest.mark.parametrize(("max_events", "max_bytes"), [(6, 10_000), (100, 60)])
def test_there_is_no_room_from_either_bound_on_until_something_was_taken(
    max_events: int, max_bytes: int
) -> None:
    async def scene() -> list[bool]:
        intake = Intake(max_events, max_bytes)
        intake.put(_fetched(0, range(5)))
        room = [await intake.wait_for_room(0.01)]
        intake.put(_fetched(0, range(5, 6)))
        room.append(await intake.wait_for_room(0.01))
        waiting = asyncio.create_task(intake.wait_for_room(5.0))
        await asyncio.sleep(0)
        intake.take(1)
        room.append(await waiting)
        return room

    assert asyncio.run(scene()) == [True, False, True]


def test_what_was_cleared_is_gone_and_leaves_room() -> None:
    async def scene() -> tuple[bool, list[Fetched]]:
        intake = Intake(max_events=3, max_bytes=10_000)
        intake.put(_fetched(0, range(5)))
        intake.clear()
        return await intake.wait_for_room(0.01), intake.take(10)

    assert asyncio.run(scene()) == (True, [])


def test_the_offset_to_commit_is_the_one_after_the_last_though_offsets_have_gaps() -> None:
    fetched = Fetched(1, 0, [LogMessage(0, offset, b"k", b"v") for offset in (3, 9)])
    assert fetched.next_offset == 10


def _lent(recent: RecentStates, *keys: bytes) -> dict[tuple[int, bytes], ExamState]:
    borrowed: dict[tuple[int, bytes], ExamState] = {}
    recent.lend([LogMessage(0, 0, key, b"v") for key in keys], borrowed)
    return borrowed


def test_a_state_is_lent_once_and_is_known_again_only_when_it_was_given_back() -> None:
    recent = RecentStates(2)
    recent.begin(1)
    state = ExamState("A")
    recent.give_back({(0, b"A"): state})
    assert _lent(recent, b"A", b"B") == {(0, b"A"): state}
    assert _lent(recent, b"A") == {}


def test_a_rebalance_forgets_every_state() -> None:
    recent = RecentStates(2)
    recent.begin(1)
    recent.give_back({(0, b"A"): ExamState("A")})
    recent.begin(2)
    assert _lent(recent, b"A") == {}


def test_the_states_that_were_folded_longest_ago_are_forgotten_first() -> None:
    recent = RecentStates(2)
    recent.begin(1)
    for key in (b"A", b"B", b"C"):
        recent.give_back({(0, key): ExamState(key.decode())})
    assert len(recent) == 2
    assert _lent(recent, b"A", b"B", b"C").keys() == {(0, b"B"), (0, b"C")}


def test_a_store_that_a_rebalance_closed_is_neither_read_nor_written(tmp_path: Path) -> None:
    app = faust.App("closed", store="rocksdb://", datadir=tmp_path)
    exams = ExamTable(app.Table("exams", partitions=2))
    with pytest.raises(StoreClosed):
        exams.read(0, b"k")
    with pytest.raises(StoreClosed):
        exams.write(0, [(b"k", b"v")], 7)
