"""The account of a run: each kind of loss and of doubling is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.demo.account import Acknowledged, Observed, account

ACKNOWLEDGED = Acknowledged(
    exam_ids=frozenset({"G|1"}), control_ids=frozenset({"M1"}), instances=frozenset({"1.2"})
)
ALL_THERE = Observed(
    logged={"e1": "M1", "e2": "1.2"},
    deliveries=3,
    analysed={"e1": 1, "e2": 1},
    worklist={"G|1": ("final",)},
    objects={"1.2": 1},
)


def test_nothing_is_lost_or_doubled_when_all_is_there_once() -> None:
    accounted = account(ACKNOWLEDGED, ALL_THERE)
    assert (accounted.lost, accounted.duplicated, accounted.complete) == (0, 0, True)


@pytest.mark.parametrize(
    ("observed", "lost"),
    [
        (replace(ALL_THERE, logged={"e2": "1.2"}), 1),
        (replace(ALL_THERE, logged={"e1": "M1"}), 1),
        (replace(ALL_THERE, analysed={"e1": 1}), 1),
        (replace(ALL_THERE, objects={}), 1),
        (replace(ALL_THERE, worklist={}), 1),
        (Observed(), 4),
    ],
)
def test_what_was_acknowledged_and_is_not_there_is_lost(observed: Observed, lost: int) -> None:
    accounted = account(ACKNOWLEDGED, observed)
    assert accounted.lost == lost
    assert not accounted.complete


@pytest.mark.parametrize(
    "observed",
    [
        replace(ALL_THERE, analysed={"e1": 2, "e2": 1}),
        replace(ALL_THERE, worklist={"G|1": ("final", "final")}),
        replace(ALL_THERE, objects={"1.2": 1, "9.9": 1}),
    ],
)
def test_what_is_there_twice_or_was_never_sent_is_doubled(observed: Observed) -> None:
    accounted = account(ACKNOWLEDGED, observed)
    assert accounted.duplicated == 1
    assert not accounted.complete


def test_an_exam_without_its_final_report_is_not_complete() -> None:
    accounted = account(ACKNOWLEDGED, replace(ALL_THERE, worklist={"G|1": ("preliminary",)}))
    assert (accounted.lost, accounted.complete) == (0, False)
