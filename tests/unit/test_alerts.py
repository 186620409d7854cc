"""Alerts: warned before, breached when due, closed; each said once, whatever comes again or late."""

from __future__ import annotations

from datetime import timedelta

from processors.alerts.judging import alert_id_of
from tests.alert_rows import EXAM, TARGETS, Desk, at, row, us, version

COMPLETED = row(2, completed_at=0, priority="STAT", modality="CT")
TWO_VERSIONS = (version(-600), version(30, TARGETS.replace("due_min = 60", "due_min = 45")))


def test_a_breach_is_warned_of_before_and_said_when_it_is_there_though_nothing_comes() -> None:
    desk = Desk()
    desk.take(COMPLETED)
    assert desk.settle(0) == []
    assert desk.desk.next_us() == us(45)
    assert desk.settle(44.9) == []
    assert desk.settle(45) == ["warned"]
    assert desk.desk.next_us() == us(60)
    assert desk.settle(60) == ["breached"]
    (alert,) = desk.topic.values()
    assert (alert.warn_at, alert.due_at, alert.breached_at) == (at(45), at(60), at(60))
    assert alert.alert_id == alert_id_of(EXAM, "report_turnaround", version().targets_sha256)


def test_what_ends_in_time_without_a_warning_is_never_said() -> None:
    desk = Desk()
    desk.take(COMPLETED, row(3, completed_at=0, final_at=40, priority="STAT", stage="final"))
    assert desk.settle(40) == []
    assert desk.settle(500) == []


def test_what_ends_in_time_after_a_warning_is_met() -> None:
    desk = Desk()
    desk.take(COMPLETED)
    desk.settle(50)
    desk.take(row(3, completed_at=0, final_at=55, priority="STAT", stage="final"))
    assert desk.settle(56) == ["met"]
    (alert,) = desk.topic.values()
    assert (alert.closed_at, alert.closed_by, alert.breached_at) == (at(55), "final", None)


def test_what_ends_too_late_is_resolved_and_stays_a_breach() -> None:
    desk = Desk()
    desk.take(COMPLETED)
    desk.settle(70)
    desk.take(row(3, completed_at=0, final_at=75, priority="STAT", stage="final"))
    assert desk.settle(76) == ["resolved"]
    (alert,) = desk.topic.values()
    assert (alert.breached_at, alert.closed_at) == (at(60), at(75))


def test_a_breach_that_nobody_saw_is_said_once_with_its_end() -> None:
    """The process was away from before the warning until after the end."""
    desk = Desk()
    desk.take(row(3, completed_at=0, final_at=75, priority="STAT", stage="final"), minutes=90)
    assert desk.settle(90) == ["resolved"]
    assert desk.settle(95) == []


def test_an_end_that_is_said_late_takes_the_breach_back() -> None:
    desk = Desk()
    desk.take(COMPLETED)
    assert desk.settle(61) == ["breached"]
    desk.take(row(3, completed_at=0, final_at=58, priority="STAT", stage="final"))
    assert desk.settle(62) == ["met"]
    assert not desk.missed()


def test_a_row_that_comes_again_or_late_says_nothing() -> None:
    desk = Desk()
    desk.take(COMPLETED)
    desk.settle(61)
    desk.take(COMPLETED, row(1, ordered_at=-30, priority="STAT"))
    assert desk.settle(62) == []


def test_a_step_that_was_never_said_is_over_with_the_next_later_one() -> None:
    desk = Desk()
    desk.take(row(2, ordered_at=0))
    assert desk.settle(121) == ["breached"]
    desk.take(row(3, ordered_at=0, completed_at=130))
    assert desk.settle(131) == ["resolved"]
    (alert,) = desk.topic.values()
    assert (alert.closed_by, alert.closed_at) == ("completed", at(130))


def test_what_is_called_off_is_over_and_no_breach() -> None:
    desk = Desk()
    desk.take(row(1, ordered_at=0))
    desk.settle(100)
    desk.take(row(2, ordered_at=0, cancelled_at=110, stage="cancelled"))
    assert desk.settle(111) == ["met"]
    assert desk.settle(500) == []


def test_an_end_before_its_start_is_not_judged() -> None:
    desk = Desk()
    desk.take(row(3, completed_at=100, final_at=90, priority="STAT", stage="final"))
    assert desk.settle(900) == []


def test_an_exam_that_belongs_to_another_is_not_judged_any_more() -> None:
    desk = Desk()
    desk.take(COMPLETED)
    desk.settle(61)
    desk.take(row(3, completed_at=0, priority="STAT", stage="reconciled", reconciled_into="GENERAL|A2"))
    assert desk.settle(62) == ["withdrawn"]
    assert desk.settle(900) == []
    assert not desk.missed()


def test_a_higher_priority_brings_the_due_time_forward_and_a_lower_one_takes_the_warning_back() -> None:
    desk = Desk()
    desk.take(row(2, completed_at=0))
    assert desk.settle(50) == []
    desk.take(row(3, completed_at=0, priority="STAT"))
    assert desk.settle(50) == ["warned"]
    desk.take(row(4, completed_at=0, priority="ROUTINE"))
    assert desk.settle(51) == ["open"]
    assert desk.settle(180) == ["warned"]
    assert len(desk.topic) == 1


def test_history_is_judged_by_the_targets_of_its_time() -> None:
    desk = Desk(*TWO_VERSIONS)
    desk.take(COMPLETED, row(2, "GENERAL|A2", completed_at=31, priority="STAT"))
    desk.settle(60)
    due = {alert.exam_id: alert.due_at for alert in desk.topic.values()}
    assert due[EXAM] == at(60)
    desk.settle(76)
    due = {alert.exam_id: alert.due_at for alert in desk.topic.values()}
    assert due == {EXAM: at(60), "GENERAL|A2": at(76)}


def test_the_first_targets_ever_judge_what_is_under_way_and_nothing_that_was_over() -> None:
    desk = Desk(version(30))
    over = row(3, "GENERAL|A2", completed_at=-200, final_at=20, priority="STAT", stage="final")
    desk.take(COMPLETED, over)
    assert desk.settle(61) == ["breached"]
    assert {alert.exam_id for alert in desk.topic.values()} == {EXAM}


def test_a_start_that_moves_to_the_time_of_other_targets_is_judged_by_those() -> None:
    desk = Desk(*TWO_VERSIONS)
    desk.take(row(2, completed_at=40, priority="STAT"))
    assert desk.settle(90) == ["breached"]
    desk.take(row(3, completed_at=25, priority="STAT"))
    assert sorted(desk.settle(91)) == ["breached", "withdrawn"]
    assert len(desk.live()) == 1


def test_a_desk_that_was_killed_says_nothing_twice_and_loses_nothing() -> None:
    desk = Desk()
    other = row(2, "GENERAL|A2", completed_at=10, priority="STAT")
    desk.take(COMPLETED, other)
    desk.settle(50)
    again = desk.restarted([COMPLETED, other], minutes=50)
    assert again.settle(50) == []
    assert again.settle(55) == ["warned"]
    assert again.settle(80) == ["breached", "breached"]


def test_an_alert_whose_exam_has_no_row_stays_as_it_is() -> None:
    """The worklist is being rebuilt: that says nothing of the exam."""
    desk = Desk()
    desk.take(COMPLETED)
    desk.settle(61)
    assert desk.restarted([], minutes=61).settle(70) == []


def test_after_thirty_days_an_alert_leaves_the_topic_and_does_not_come_back() -> None:
    desk = Desk()
    final = row(3, completed_at=0, final_at=75, priority="STAT", stage="final")
    desk.take(final, minutes=80)
    assert desk.settle(80) == ["resolved"]
    later = 75 + timedelta(days=30) / timedelta(minutes=1)
    assert desk.desk.next_us() == us(later)
    assert desk.settle(later) == ["forgotten"]
    assert desk.topic == {}
    assert desk.desk.next_us() is None
    assert desk.restarted([final], minutes=later).settle(later + 1) == []


def test_what_is_due_next_is_said_from_the_start_and_taken_out_when_it_is_reached() -> None:
    desk = Desk()
    desk.take(COMPLETED)
    assert desk.settle(0) == []
    assert desk.dues() == {EXAM: ("report_turnaround", at(60))}
    (due,) = desk.due.values()
    assert (due.start_at, due.warn_at, due.due_s) == (at(0), at(45), 3600)
    desk.settle(70)
    assert desk.dues() == {EXAM: ("report_turnaround", at(60))}, "it is still to be reached, late"
    desk.take(row(3, completed_at=0, final_at=75, priority="STAT", stage="final"))
    desk.settle(76)
    assert desk.dues() == {}


def test_of_several_intervals_under_way_the_one_that_is_due_first_is_said() -> None:
    targets = (
        TARGETS
        + """
[[target]]
interval = "completion_to_preliminary"
due_min = 10
"""
    )
    desk = Desk(version(-600, targets))
    desk.take(COMPLETED)
    desk.settle(0)
    first = desk.dues()[EXAM]
    assert first[1] == at(10)
    desk.take(row(3, completed_at=0, preliminary_at=8, priority="STAT", stage="preliminary"))
    desk.settle(8)
    assert desk.dues() == {EXAM: ("report_turnaround", at(60))}
