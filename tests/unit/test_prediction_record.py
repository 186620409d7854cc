"""The track record of held-out days: its sums are the scores, its warnings those that would have been."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from processors.predictions.contest import contested
from processors.predictions.judged import judged
from processors.predictions.record import scores_of
from processors.predictions.training import DAY_US
from schemas.forecast_record import LEAD_FROM_MIN, THRESHOLDS
from tests.forecast_examples import FINAL, PLAN, department

_MINUTE_US = 60_000_000
ZONE = ZoneInfo("America/New_York")


@cache
def found() -> tuple[Any, dict[str, list[dict[str, Any]]]]:
    """The held-out forecasts of a department, and the rows of their record by column."""
    contest = contested(department(8_000), 60 * DAY_US, None, held_days=10, plan=PLAN)
    record = json.loads(json.dumps(judged(contest.held, ZONE), allow_nan=False))
    rows = {
        name: [dict(zip(part["columns"], row, strict=True)) for row in part["rows"]]
        for name, part in record.items()
    }
    return contest, rows


def total(rows: list[dict[str, Any]], name: str) -> float:
    return float(sum(row[name] for row in rows))


def test_the_sums_of_the_days_and_tenths_are_the_scores() -> None:
    contest, rows = found()
    (score,) = (one for one in scores_of(contest.held) if one.milestone == "final" and one.modality is None)
    days, tenths = rows["days"], rows["tenths"]
    assert total(days, "forecasts") == score.forecasts > 1000
    assert len({row["day"] for row in days}) in (10, 11)
    for share, inside, of in ((80, "inside_80", "forecasts"), (90, "inside_90", "judged_90")):
        assert total(days, inside) / total(days, of) == pytest.approx(getattr(score, f"coverage_{share}"))
    for name, mean in (
        ("loss_min", score.pinball),
        ("baseline_loss_min", score.pinball_baseline),
        ("error_min", score.median_error),
        ("baseline_error_min", score.median_error_baseline),
    ):
        assert total(days, name) / total(days, "scored") == pytest.approx(mean, rel=1e-4)
    assert total(tenths, "scored") == score.judged_breaches
    assert total(tenths, "squared") / total(tenths, "scored") == pytest.approx(score.brier, rel=1e-3)
    assert total(tenths, "baseline_squared") / total(tenths, "scored") == pytest.approx(
        score.brier_baseline, rel=1e-3
    )
    for row in tenths:
        assert row["tenth"] / 10 <= row["said"] / row["forecasts"] <= (row["tenth"] + 1) / 10 + 1e-6


def test_a_warning_counts_from_the_first_forecast_over_the_threshold_before_it_was_due() -> None:
    contest, rows = found()
    (held,) = (one for one in contest.held if one.milestone == "final")
    seen: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for number, at_us in enumerate(held.examples.at_us):
        key = (int(held.examples.due_us[number, FINAL]), int(held.examples.end_us[number, FINAL]))
        seen.setdefault(key, []).append((int(at_us), float(held.chance[number])))
    for row in (one for one in rows["warnings"] if one["milestone"] == "final"):
        leads, warned = [], 0
        for (due_us, end_us), forecasts in seen.items():
            over = [at for at, chance in forecasts if chance >= row["threshold"] and at < min(due_us, end_us)]
            warned += bool(over)
            if over and end_us > due_us:
                leads.append((due_us - min(over)) / _MINUTE_US)
        assert (row["intervals"], row["warned"], row["came_true"]) == (len(seen), warned, len(leads))
        assert row["breaches"] == sum(end_us > due_us for due_us, end_us in seen)
        assert sum(row["leads"]) == len(leads)
        assert row["lead_p50_min"] == (pytest.approx(median(leads), abs=0.06) if leads else None)
    assert [row["threshold"] for row in rows["warnings"] if row["milestone"] == ""] == list(THRESHOLDS)
    assert {len(row["leads"]) for row in rows["warnings"]} == {len(LEAD_FROM_MIN)}


def test_without_a_forecast_there_is_a_record_of_nothing() -> None:
    contest, _ = found()
    nothing = [one.take(np.zeros(len(one.minutes), dtype=np.bool_)) for one in contest.held]
    for score in scores_of(nothing):
        assert (score.forecasts, score.pinball, score.coverage_80, score.coverage_90) == (0, None, None, None)
        assert (score.judged_breaches, score.brier, score.brier_baseline) == (0, None, None), "and no NaN"
    assert {name: part["rows"] for name, part in judged(nothing, ZONE).items()} == {
        "days": [],
        "tenths": [],
        "warnings": [],
    }


def test_a_day_begins_where_the_department_s_does_also_half_an_hour_off() -> None:
    contest, _ = found()
    (held,) = (one for one in contest.held if one.milestone == "final")
    zone = ZoneInfo("Asia/Kolkata")  # days begin at half past six in the evening, UTC
    record = judged([held], zone)["days"]
    columns = record["columns"]
    counted: Counter[str] = Counter()
    for row in record["rows"]:
        counted[row[columns.index("day")]] += row[columns.index("forecasts")]
    days = (datetime.fromtimestamp(at_us / 1e6, UTC).astimezone(zone).date() for at_us in held.examples.at_us)
    assert counted == Counter(f"{day}" for day in days)
