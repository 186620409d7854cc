"""Figures of the day: percentiles of groups against their targets, and hours beside those of weeks before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.groups import Group, day_turnaround, inclusive
from dashboards.today import series_of, weekdays

MONDAY = date(2026, 3, 9)
seconds = st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=40)


@given(seconds, st.floats(0, 1))
def test_a_percentile_is_that_of_the_inclusive_method(values: list[float], share: float) -> None:
    expected = float(np.quantile(np.array(values), share))
    assert inclusive(sorted(values), share) == pytest.approx(expected, rel=1e-6, abs=1e-6)


groups = st.lists(
    st.builds(
        Group,
        st.sampled_from(["CT", "MR"]),
        st.sampled_from(["STAT", "ROUTINE"]),
        seconds.map(tuple),
        st.sampled_from([None, 600.0, 3600.0]),
    ),
    max_size=8,
)


@given(groups)
def test_each_way_to_put_groups_together_counts_every_exam_once(found: list[Group]) -> None:
    day = day_turnaround(MONDAY, "report_turnaround", found)
    exams = sum(len(group.seconds) for group in found)
    for part in (day.modalities, day.priorities, day.cells):
        assert sum(one.exams for one in part) == exams
        assert sum(one.judged for one in part) == sum(
            len(group.seconds) for group in found if group.target_s is not None
        )
        assert all(0 <= one.kept <= one.judged <= one.exams for one in part)
    assert (day.all is None) == (exams == 0)


def test_a_target_is_told_where_all_of_a_group_have_it_and_kept_by_who_took_no_longer() -> None:
    stat = Group("CT", "STAT", (600.0, 3600.0, 3601.0), 3600.0)
    routine = Group("CT", "ROUTINE", (9000.0,), None)
    day = day_turnaround(MONDAY, "report_turnaround", [stat, routine])
    by_priority = {one.priority: one for one in day.priorities}
    assert (by_priority["STAT"].target_s, by_priority["STAT"].judged, by_priority["STAT"].kept) == (
        3600.0,
        3,
        2,
    )
    assert (by_priority["ROUTINE"].target_s, by_priority["ROUTINE"].judged) == (None, 0)
    (modality,) = day.modalities
    assert (modality.target_s, modality.exams, modality.judged) == (None, 4, 3)


def test_hours_are_the_departments_and_the_usual_day_is_the_mean_of_those_with_exams() -> None:
    zone = ZoneInfo("Europe/Berlin")
    days = weekdays(MONDAY)
    assert days[1] == MONDAY - timedelta(days=7)
    rows = [
        {"interval": "order_to_final", "hour": datetime(2026, 3, 9, 7, tzinfo=UTC), "exams": 4},
        {"interval": "order_to_final", "hour": datetime(2026, 3, 9, 11, tzinfo=UTC), "exams": 2},
        {"interval": "order_to_final", "hour": datetime(2026, 3, 2, 7, tzinfo=UTC), "exams": 6},
        {"interval": "order_to_final", "hour": datetime(2026, 2, 23, 7, tzinfo=UTC), "exams": 2},
        {"interval": "order_to_arrival", "hour": datetime(2026, 3, 8, 23, 30, tzinfo=UTC), "exams": 1},
    ]
    series, weeks = series_of(rows, days, 9, zone)
    reported = series["reported"]
    assert weeks == 2
    assert (reported.today[8], reported.today[12]) == (4, 2)
    assert reported.usual is not None
    assert reported.usual[8] == 4.0
    assert (reported.today_so_far, reported.usual_so_far) == (4, 4.0)
    assert series["arrived"].today[0] == 1


def test_without_a_week_before_there_is_nothing_usual() -> None:
    series, weeks = series_of([], weekdays(MONDAY), 9, UTC)
    assert weeks == 0
    assert series["acquired"].usual is None
    assert series["acquired"].usual_so_far is None
