"""The board holds what the topic says, in whatever order it is said of different exams."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dashboards.board import STAGES, Board, since
from schemas.views import WorklistRow
from tests.dashboard_rows import NOON, row

rows = st.builds(
    lambda number, stage, minutes: row(number, stage, since=NOON - timedelta(minutes=minutes)),
    st.integers(0, 12),
    st.sampled_from(STAGES),
    st.integers(0, 2_000),
)
histories = st.lists(rows, max_size=40)


def shown(board: Board) -> dict[str, WorklistRow]:
    return {item.exam_id: item for item in board}


def filled(history: list[WorklistRow], board: Board | None = None) -> Board:
    board = Board() if board is None else board
    for item in history:
        board.put(item)
    return board


@given(histories)
def test_the_last_row_of_each_exam_counts(history: list[WorklistRow]) -> None:
    assert shown(filled(history)) == {item.exam_id: item for item in history}


@given(histories)
def test_a_reconciled_exam_leaves_the_board_and_comes_back_when_it_is_undone(
    history: list[WorklistRow],
) -> None:
    board = filled(history)
    board.put(row(1, "reconciled", reconciled_into="GENERAL|A00002"))
    assert board.get(row(1).exam_id) is None
    board.put(row(1, "unmatched"))
    assert board.get(row(1).exam_id) == row(1, "unmatched")


@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_different_exams_is_irrelevant(history: list[WorklistRow], chance: Random) -> None:
    by_exam: dict[str, list[WorklistRow]] = {}
    for item in history:
        by_exam.setdefault(item.exam_id, []).append(item)
    exams = list(by_exam)
    chance.shuffle(exams)
    assert shown(filled([item for exam in exams for item in by_exam[exam]])) == shown(filled(history))


@given(histories, st.integers(0, 2_000), st.integers(0, 40))
def test_it_does_not_matter_when_the_day_changes(history: list[WorklistRow], minutes: int, at: int) -> None:
    horizon = NOON - timedelta(minutes=minutes)
    board = filled(history[:at])
    board.advance(horizon)
    filled(history[at:], board)
    latest = {item.exam_id: item for item in history}
    stays = {
        exam_id: item
        for exam_id, item in latest.items()
        if item.stage not in {"final", "cancelled"} or since(item) >= horizon
    }
    assert shown(board) == stays


@given(histories, histories)
def test_who_takes_the_changes_since_a_revision_knows_the_whole_board(
    before: list[WorklistRow], after: list[WorklistRow]
) -> None:
    board = filled(before)
    known, seen = shown(board), board.revision
    filled(after, board)
    if after:
        board.remove(after[0].exam_id)
    changes = board.changes_since(seen, at_most=1_000)
    assert changes is not None
    known |= {item.exam_id: item for item in changes.rows}
    for exam_id in changes.gone:
        known.pop(exam_id, None)
    assert known == shown(board)
    assert changes.revision == board.revision


def test_the_same_row_again_is_no_change() -> None:
    board = filled([row(1)])
    revision = board.revision
    board.put(row(1))
    assert board.revision == revision


def test_many_changes_of_one_exam_are_one() -> None:
    board = Board()
    for stage in STAGES:
        board.put(row(1, stage))
    changes = board.changes_since(0, at_most=10)
    assert changes is not None
    assert [item.stage for item in changes.rows] == [STAGES[-1]]


def test_more_changes_than_wanted_are_no_changes_but_a_reason_for_a_snapshot() -> None:
    board = filled([row(number) for number in range(5)])
    assert board.changes_since(0, at_most=4) is None
    assert board.changes_since(0, at_most=5) is not None


def test_changes_that_are_forgotten_are_a_reason_for_a_snapshot_and_memory_stays_bounded() -> None:
    board = Board(remembered_changes=3)
    for number in range(10):
        board.put(row(number))
    assert board.changes_since(6, at_most=100) is None
    assert board.changes_since(7, at_most=100) is not None
    assert len(board._changed_at) == 3


def test_a_revision_of_the_future_is_a_reason_for_a_snapshot() -> None:
    assert filled([row(1)]).changes_since(99, at_most=10) is None


def test_what_the_topic_no_longer_holds_leaves_the_board() -> None:
    board = filled([row(1), row(2)])
    board.retain({row(2).exam_id})
    assert list(shown(board)) == [row(2).exam_id]


def test_stages_stand_in_the_order_of_the_workflow_with_the_oldest_exam_first() -> None:
    board = filled([row(1, since=NOON), row(2, since=NOON - timedelta(hours=1)), row(3, "final")])
    columns = board.by_stage()
    assert tuple(columns) == STAGES
    assert [item.exam_id for item in columns["ordered"]] == [row(2).exam_id, row(1).exam_id]
