"""The watchdog of the fold: what is a stall, and what is none."""

from __future__ import annotations

import threading

from processors.watchdog import Assigned, Progress, Watch, start_pause_guard


def test_lag_without_movement_is_a_stall_and_movement_or_no_lag_is_none() -> None:
    progress = Progress(stalled_after_s=30)
    assert not progress.stalled(5, lags=True, at_s=0)
    assert not progress.stalled(5, lags=True, at_s=29)
    assert progress.stalled(5, lags=True, at_s=31)
    assert not progress.stalled(6, lags=True, at_s=32)
    assert not progress.stalled(9, lags=False, at_s=99)
    assert not progress.stalled(9, lags=True, at_s=100)


def test_another_workers_stall_is_not_ones_own() -> None:
    watch, mine = Watch(30), Assigned(frozenset({1}))
    for at_s in (0, 40, 80, 400):
        assert not watch.stalled({0: 5, 1: 9}, {0: 9, 1: 9}, mine, at_s)


def test_ones_own_partition_that_stands_still_is_a_stall_while_others_move() -> None:
    watch, mine = Watch(30), Assigned(frozenset({1}))
    assert not watch.stalled({0: 5, 1: 3}, {0: 9, 1: 9}, mine, 0)
    assert watch.stalled({0: 7, 1: 3}, {0: 9, 1: 9}, mine, 31)


def test_a_recovery_that_goes_on_is_no_stall() -> None:
    watch, read = Watch(30), iter(range(10))
    mine = Assigned(frozenset({0}), recovered=lambda: next(read))
    for at_s in (0, 40, 80):
        assert not watch.stalled({0: 5}, {0: 9}, mine, at_s)


def test_new_partitions_have_their_time() -> None:
    watch = Watch(30)
    assert not watch.stalled({0: 5, 1: 5}, {0: 9, 1: 9}, Assigned(frozenset({0})), 0)
    assert not watch.stalled({0: 5, 1: 5}, {0: 9, 1: 9}, Assigned(frozenset({1})), 31)


def test_a_worker_without_partitions_ends_when_the_group_stands_still_for_long() -> None:
    watch, nothing = Watch(30), Assigned()
    assert not watch.stalled({0: 5}, {0: 9}, nothing, 0)
    assert not watch.stalled({0: 5}, {0: 9}, nothing, 119)
    assert watch.stalled({0: 5}, {0: 9}, nothing, 121)


def test_a_process_that_runs_on_is_not_taken_for_a_paused_one() -> None:
    paused = threading.Event()
    start_pause_guard(60.0, lambda _gap_s: paused.set())
    assert not paused.wait(0.05)
