"""Times of HL7 v2 and DICOM."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.timestamps import InvalidTimestamp, parse_offset, parse_timestamp, read_timestamp

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("202603", datetime(2026, 3, 1, tzinfo=UTC)),
        ("20260303", datetime(2026, 3, 3, tzinfo=UTC)),
        ("2026030308", datetime(2026, 3, 3, 8, tzinfo=UTC)),
        ("202603030815", datetime(2026, 3, 3, 8, 15, tzinfo=UTC)),
        ("20260303081530", datetime(2026, 3, 3, 8, 15, 30, tzinfo=UTC)),
        ("20260303081530.25", datetime(2026, 3, 3, 8, 15, 30, 250_000, tzinfo=UTC)),
        ("20260303081530250", datetime(2026, 3, 3, 8, 15, 30, 250_000, tzinfo=UTC)),
        ("20260303081530-0530", datetime(2026, 3, 3, 13, 45, 30, tzinfo=UTC)),
        ("2026+0100", datetime(2025, 12, 31, 23, tzinfo=UTC)),
        ("20261231235960", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_every_precision_is_read(text: str, expected: datetime) -> None:
    assert parse_timestamp(text, UTC) == expected


def test_a_time_without_offset_is_in_the_sites_zone_summer_and_winter() -> None:
    assert parse_timestamp("202607011200", BERLIN) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert parse_timestamp("202601011200", BERLIN) == datetime(2026, 1, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "26", "20261", "20261301", "2026030325", "yesterday", "20260303+2500", "٢٠٢٦"]
)
def test_what_is_no_time_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InvalidTimestamp) as refused:
        parse_timestamp(text, UTC)
    assert not text or text not in str(refused.value)


@given(
    st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9998, 12, 30)),  # noqa: DTZ001 - naive is meant
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_a_written_instant_is_read_back(local: datetime, offset_minutes: int) -> None:
    zone = timezone(timedelta(minutes=offset_minutes))
    instant = local.replace(tzinfo=zone)
    assert parse_timestamp(instant.strftime("%Y%m%d%H%M%S.%f%z"), UTC) == instant


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_is_refused(text: str) -> None:
    with contextlib.suppress(InvalidTimestamp):
        assert parse_timestamp(text, BERLIN).tzinfo is UTC


def test_offsets_of_a_day_are_refused() -> None:
    with pytest.raises(InvalidTimestamp):
        parse_offset("+2400")


@pytest.mark.parametrize(
    ("text", "at", "doubt"),
    [
        # Berlin's clock went from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October.
        ("202603290159", "2026-03-29T00:59:00+00:00", ""),
        ("202603290200", "2026-03-29T01:00:00+00:00", "skipped"),
        ("202603290230", "2026-03-29T01:30:00+00:00", "skipped"),
        ("202603290300", "2026-03-29T01:00:00+00:00", ""),
        ("202610250159", "2026-10-24T23:59:00+00:00", ""),
        ("202610250200", "2026-10-25T00:00:00+00:00", "ambiguous"),
        ("202610250259", "2026-10-25T00:59:00+00:00", "ambiguous"),
        ("202610250300", "2026-10-25T02:00:00+00:00", ""),
        ("202603290230+0100", "2026-03-29T01:30:00+00:00", ""),
        ("202610250230+0100", "2026-10-25T01:30:00+00:00", ""),
    ],
)
def test_a_time_that_never_was_or_was_twice_is_flagged(text: str, at: str, doubt: str) -> None:
    read = read_timestamp(text, BERLIN)
    assert read.at == datetime.fromisoformat(at)
    assert (read.is_skipped, read.is_ambiguous) == (doubt == "skipped", doubt == "ambiguous")


def test_what_a_time_leaves_out_is_known() -> None:
    read = [read_timestamp(text, BERLIN) for text in ("20260303", "2026030308", "20260303+0100")]
    assert [(one.has_time_of_day, one.has_offset) for one in read] == [
        (False, False),
        (True, False),
        (False, True),
    ]


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2035, 1, 1)))  # noqa: DTZ001 - local clock
def test_only_a_time_without_doubt_reads_the_same_on_the_clock_again(local: datetime) -> None:
    local = local.replace(microsecond=0)
    read = read_timestamp(local.strftime("%Y%m%d%H%M%S"), BERLIN)
    assert (read.at.astimezone(BERLIN).replace(tzinfo=None) == local) == (not read.is_skipped)
