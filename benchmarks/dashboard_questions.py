"""The questions of `benchmarks/queries.py`: those of the dashboard's pages, through its own code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date
from functools import partial

from dashboards.analytics import Analytics
from dashboards.trends.question import TrendQuestion, read_question
from dashboards.trends.trends import Trends
from dashboards.turnaround import Turnaround

Ask = Callable[[], Awaitable[object]]

_TODAY = date(2026, 6, 30)
_WEEK = {"from": "2026-06-10", "to": "2026-06-16"}
_MONTH = {"from": "2026-06-01", "to": "2026-06-30"}
_QUARTER = {"from": "2026-04-01", "to": "2026-06-30"}
_YEAR = {"from": "2026-01-01", "to": "2026-12-31"}
_ALL = {"from": "2017-01-01", "to": "2026-12-31"}
_CT_STAT = {"modality": "CT", "priority": "STAT", "site": "NORTH"}
# By name: which figure of the page, of what.
ROLLUPS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "week_summary": ("summary", _WEEK),
    "week_trend": ("trend", _WEEK),
    "week_heatmap": ("heatmap", _WEEK),
    "week_stages": ("stages", _WEEK),
    "month_summary": ("summary", _MONTH),
    "month_trend": ("trend", _MONTH),
    "month_heatmap": ("heatmap", _MONTH),
    "month_stages": ("stages", _MONTH),
    "month_trend_of_ct_stat_of_a_site": ("trend", _MONTH | _CT_STAT),
    "quarter_trend": ("trend", _QUARTER),
    "quarter_stages": ("stages", _QUARTER),
    "year_summary": ("summary", _YEAR),
    "year_trend": ("trend", _YEAR),
    "year_heatmap": ("heatmap", _YEAR),
    "year_stages": ("stages", _YEAR),
    "ten_years_summary": ("summary", _ALL),
    "ten_years_trend": ("trend", _ALL),
    "ten_years_heatmap": ("heatmap", _ALL),
    "ten_years_stages": ("stages", _ALL),
}
SLICES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "month_distribution": ("distribution", _MONTH),
    "month_readers": ("readers", _MONTH),
    "month_scanners_of_ct_stat_of_a_site": ("scanners", _MONTH | _CT_STAT),
    "month_first_exams": ("exams", _MONTH),
    "year_distribution": ("distribution", _YEAR),
    "year_readers": ("readers", _YEAR),
    "ten_years_scanners": ("scanners", _ALL),
}
_BOARD = "slice_day_of_the_board"


def questions(analytics: Analytics) -> dict[str, Ask]:
    """What is measured, by name."""
    trends = Trends(analytics)
    asks = {f"rollup_{name}": _ask(trends, *what) for name, what in ROLLUPS.items()}
    asks[_BOARD] = lambda: Turnaround.of(analytics, UTC, None).of_day(_TODAY, "report_turnaround")
    return asks | {f"slice_{name}": _ask(trends, *what) for name, what in SLICES.items()}


def _ask(trends: Trends, part: str, asked: Mapping[str, str]) -> Ask:
    question: TrendQuestion = read_question(asked, _TODAY, UTC)
    if part == "exams":
        return lambda: trends.exams(question, None, 101)
    return partial(getattr(trends, part), question)
