"""Whatever was touched is counted, however late it was seen; and together only what lies together."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sinks.clickhouse.rollup import portions, touched_windows

_SETTLED_US = 600_000_000
_YEAR_US = 365 * 86_400_000_000
_FIRST_US = 1_800_000_000_000_000


@given(
    st.lists(st.integers(1, _YEAR_US), min_size=1, max_size=20),
    st.integers(0, _YEAR_US),
    st.integers(0, _SETTLED_US - 1),
)
def test_what_is_seen_ten_minutes_late_is_counted_after_that(
    pauses_us: list[int], touched_us: int, late_us: int
) -> None:
    at_us = _FIRST_US + touched_us
    counts_us = [_FIRST_US]
    for pause_us in pauses_us:
        counts_us.append(counts_us[-1] + pause_us)
    counted = False
    for last_us, now_us in pairwise([0, *counts_us]):
        windows = touched_windows(now_us, last_us)
        is_asked_for = at_us >= windows["fresh_us"] or windows["from_us"] <= at_us < windows["settled_us"]
        counted |= is_asked_for and now_us >= at_us + late_us
    assert counted or counts_us[-1] <= at_us + _SETTLED_US


def test_a_clock_that_was_set_back_hides_nothing() -> None:
    hour_us = 3_600_000_000
    windows = touched_windows(_FIRST_US - hour_us, _FIRST_US)
    assert windows["fresh_us"] < _FIRST_US - hour_us


@given(st.sets(st.integers(0, 2_000)), st.integers(1, 50), st.integers(1, 50))
def test_portions_are_all_periods_in_their_order_and_none_spans_a_gap(
    some: set[int], at_once: int, gap: int
) -> None:
    periods = sorted(some)
    found = list(portions(periods, at_once, gap))
    assert [period for portion in found for period in portion] == periods
    assert all(1 <= len(portion) <= at_once for portion in found)
    assert all(after - before <= gap for portion in found for before, after in pairwise(portion))
