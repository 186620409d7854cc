"""Forecasts on the board: by exam, with their range, and gone when the topic takes them out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dashboards.board import Board
from dashboards.cards import card
from dashboards.department import Clock
from dashboards.forecasts import Forecasts, still_coming, told
from dashboards.live import Live, PredictionChange
from dashboards.patients import Patients
from schemas.intervals import BY_NAME
from schemas.views import DueRow, PredictionRow
from tests.dashboard_rows import row
from tests.histories import MORNING

EXAM = row(1).exam_id


def forecast(milestone: str = "final", minutes: float = 60, late: float | None = 0.4) -> PredictionRow:
    return PredictionRow(
        prediction_id=f"{EXAM}|{milestone}",
        exam_id=EXAM,
        site="GENERAL",
        milestone=milestone,
        made_at=MORNING,
        p10_at=MORNING + timedelta(minutes=minutes / 2),
        p50_at=MORNING + timedelta(minutes=minutes),
        p90_at=MORNING + timedelta(minutes=minutes * 2),
        interval="report_turnaround" if late is not None else None,
        due_at=MORNING + timedelta(minutes=90) if late is not None else None,
        breach_probability=late,
        reasons=("unread_ahead", "a_name_of_tomorrow"),
        model="baseline",
    )


def due_row(minutes: float) -> DueRow:
    return DueRow(
        exam_id=EXAM,
        site="GENERAL",
        interval="report_turnaround",
        start_at=MORNING,
        warn_at=MORNING,
        due_at=MORNING + timedelta(minutes=minutes),
        targets_sha256="0" * 64,
        due_s=int(minutes * 60),
        said_at=MORNING,
    )


def test_a_line_has_the_range_of_the_final_report_and_the_chance_of_what_is_due() -> None:
    due = due_row(minutes=90)
    shown = card(row(1), Patients(None), due, {"final": forecast()})
    assert shown["expected_from_at"] < shown["expected_at"] < shown["expected_until_at"]
    assert shown["late_probability"] == 0.4
    other = card(row(1), Patients(None), due, {"started": forecast("started", late=None)})
    assert not {"expected_at", "late_probability"} & other.keys()


def test_an_exam_is_shown_again_when_a_forecast_of_it_comes_or_goes() -> None:
    live = Live(Board(), Clock(lambda: MORNING, 1.0))
    live.board.put(row(1))
    before = live.board.revision
    live.apply_predictions([PredictionChange(f"{EXAM}|final", forecast())])
    assert live.board.revision > before
    assert live.forecasts.of(EXAM)["final"] == forecast()
    live.apply_predictions([PredictionChange(f"{EXAM}|final", None)])
    assert live.forecasts.of(EXAM) == {}


def test_what_the_topic_no_longer_holds_is_no_longer_forecast() -> None:
    forecasts = Forecasts()
    forecasts.put(f"{EXAM}|final", forecast())
    forecasts.put(f"{EXAM}|started", forecast("started"))
    assert forecasts.retain(frozenset({f"{EXAM}|final"})) == [EXAM]
    assert set(forecasts.of(EXAM)) == {"final"}
    forecasts.put("ANOTHER|exam|final", None)  # of an exam that nothing was said of


def test_an_exams_page_is_told_each_milestone_in_words_the_soonest_first() -> None:
    first, last = told({"final": forecast(), "started": forecast("started", 10, None)})
    assert (first["milestone"], last["milestone"]) == ("started", "final")
    assert (first["interval"], first["breach_probability"]) == (None, None)
    assert last["interval_label"] == BY_NAME["report_turnaround"].label
    assert last["reasons"] == ["exams to be read before this one", "a_name_of_tomorrow"]


def test_what_came_is_no_longer_shown_as_forecast_though_the_topic_still_has_it() -> None:
    rows = {name: forecast(name) for name in ("started", "final")}
    assert still_coming(rows, row(1)) == rows
    assert set(still_coming(rows, replace(row(1), started_at=MORNING))) == {"final"}
    for over in ({"final_at": MORNING}, {"stage": "cancelled"}, {"stage": "reconciled"}):
        assert not still_coming(rows, replace(row(1), **over))
    shown = card(replace(row(1), stage="final", final_at=MORNING), Patients(None), None, rows)
    assert "expected_at" not in shown


def test_a_probability_by_other_targets_than_an_exam_is_judged_by_is_not_shown() -> None:
    due = due_row(minutes=90)
    assert card(row(1), Patients(None), due, {"final": forecast()})["late_probability"] == 0.4
    assert "late_probability" not in card(row(1), Patients(None), due_row(minutes=60), {"final": forecast()})


def test_where_no_model_speaks_the_line_and_the_exams_page_say_why() -> None:
    why = "the model was never shown XA"
    by_medians = replace(forecast(), fallback_reason=why)
    assert card(row(1), Patients(None), None, {"final": by_medians})["forecast_fallback"] == why
    assert told({"final": by_medians})[0]["fallback_reason"] == why
    assert "forecast_fallback" not in card(row(1), Patients(None), None, {"final": forecast()})
