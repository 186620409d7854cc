"""Whether forecasts can be trusted, in words, and the figures that it is said by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.forecast import record_sql
from dashboards.forecast.counts import by_day, figures, reliability, share_of
from dashboards.forecast.held_out import HeldOut, NoModel
from dashboards.forecast.question import OfForecasts
from dashboards.forecast.verdict import Trust, verdict
from processors.predictions.exam import PREDICTED
from processors.predictions.quantiles import LEVELS
from runtime.predictions.held_out import held_out_of
from runtime.predictions.store import Promotion
from schemas.forecast_record import DAY_COUNTS, DAYS, FORECAST, TENTH_COUNTS

AT = datetime(2026, 3, 1, tzinfo=UTC)
MODEL = HeldOut(
    "v1", AT, "no model was in use", AT, AT, 1000, first_day=date(2026, 2, 1), last_day=date(2026, 2, 14)
)
NONE = NoModel("No model was trained yet.", "`radstream train` makes one.")


def of(forecasts: int, inside: int) -> dict[str, Any]:
    day = dict.fromkeys(DAY_COUNTS, 0) | {"forecasts": forecasts, "inside_80": inside}
    return figures([day], [])


@pytest.mark.parametrize(
    ("inside", "trust", "width"),
    [
        (3340, Trust.WELL, ""),
        (3150, Trust.NEARLY, "narrow"),
        (2000, Trust.POOR, "narrow"),
        (4100, Trust.POOR, "wide"),
    ],
)
def test_enough_live_forecasts_are_judged_by_how_many_came_within_their_range(
    inside: int, trust: Trust, width: str
) -> None:
    found = verdict(of(4120, inside), 7, MODEL, of(9000, 7200))
    assert found.trust is trust
    share = f"{inside / 4120 * 100:.0f}\u202f%"
    assert found.says == (
        f"Of 4,120 forecasts of the last 7 days {share} came true "
        "within their range, which promises 80\u202f%."
    )
    assert width in found.next_step
    assert bool(found.next_step) == (trust is not Trust.WELL)


def test_of_few_live_forecasts_only_their_number_is_said_beside_the_held_out_days() -> None:
    found = verdict(of(1, 1), 7, MODEL, of(9000, 7200))
    assert found.trust is Trust.WELL
    assert "of the days held out at training (2026-02-01 to 2026-02-14) 80\u202f%" in found.says
    assert found.says.endswith("Live is 1 so far: too few to judge.")
    assert verdict(of(0, 0), 7, MODEL, None).trust is Trust.UNKNOWN
    narrower = verdict(of(1, 1), 7, MODEL, of(9000, 7200), OfForecasts("final", "CT", "STAT").words())
    assert narrower.says.startswith("Of 9,000 forecasts (final report, CT, STAT) of the days held out")


def test_without_a_model_it_is_said_why_and_what_to_do() -> None:
    found = verdict(of(0, 0), 7, NONE, None)
    assert (found.trust, found.next_step) == (Trust.UNKNOWN, NONE.next_step)
    assert found.says == "No model was trained yet. No live forecast has come true or false yet."
    # What exams like these took may hold its promise as well; a model is still the next step.
    median = verdict(of(4120, 3300), 7, NONE, None)
    assert (median.trust, median.next_step) == (Trust.WELL, NONE.next_step)


@given(st.integers(0, 5000), st.integers(1, 5000))
def test_a_share_lies_in_its_interval_and_more_forecasts_make_it_narrower(part: int, whole: int) -> None:
    part = min(part, whole)
    found, more = share_of(part, whole), share_of(part * 4, whole * 4)
    assert found is not None
    assert more is not None
    assert 0 <= found["low"] <= found["share"] + 1e-12
    assert found["share"] - 1e-12 <= found["high"] <= 1
    assert more["high"] - more["low"] < found["high"] - found["low"]


def test_of_nothing_nothing_is_said() -> None:
    found = figures([], [])
    assert (found["forecasts"], found["is_too_few"]) == (0, True)
    assert {found[name] for name in ("coverage_80", "pinball_min", "pinball_min_less", "brier")} == {None}
    assert by_day([]) == reliability([]) == []


def test_what_the_store_of_models_keeps_comes_to_the_page_and_older_versions_have_no_record() -> None:
    about = {
        "made_at": AT.isoformat(),
        "data_from": AT.isoformat(),
        "data_until": AT.isoformat(),
        "exams": 7,
        "milestones": {"final": "model", "started": "12 examples"},
    }
    days = [["final", "CT", "STAT", day, *range(len(DAY_COUNTS))] for day in ("2026-02-14", "2026-02-01")]
    empty = {"columns": list(TENTH_COUNTS), "rows": []}
    record = {"days": {"columns": list(DAYS), "rows": days}, "tenths": empty, "warnings": empty}
    found = held_out_of(Promotion("v1", AT.isoformat(), "by hand"), about, record)
    assert (found.first_day, found.last_day, found.is_kept) == (date(2026, 2, 1), date(2026, 2, 14), True)
    assert found.days[0]["inside_80"] == DAY_COUNTS.index("inside_80")
    assert found.without_model == {"started": "12 examples"}
    old = held_out_of(Promotion("v1", AT.isoformat(), "by hand"), about, None)
    assert old == replace(found, first_day=None, last_day=None, days=(), tenths=(), warnings=())
    assert not old.is_kept


def test_the_record_counts_what_is_forecast() -> None:
    assert FORECAST == PREDICTED
    assert record_sql.LEVELS == LEVELS
