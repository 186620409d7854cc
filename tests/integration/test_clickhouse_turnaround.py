"""Intervals and their rollup in ClickHouse say what the exams say, whatever is replaced, repeated or late."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clickhouse_connect.driver.client import Client

from dashboards.trends import rollup_sql
from dashboards.trends.levels import Level
from dashboards.trends.question import read_question
from schemas.intervals import INTERVALS
from schemas.parts import ExcludedInterval, Interval
from schemas.views import TurnaroundRow
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.daily import count_days, forget_zones
from sinks.clickhouse.hourly import count_hours
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rows import TURNAROUND, to_arrow
from tests.clickhouse_running import ClickHouse, clickhouse_server

# Shortly before the first clocks in _ZONE go back.
_AT = datetime(2026, 4, 4, 8, tzinfo=UTC)
_NAMES = tuple(spec.name for spec in INTERVALS)
_EXAMS = 40

_HOURLY = """
SELECT interval, hour, modality, exams, excluded, round(seconds_sum)
FROM v_turnaround_hourly ORDER BY interval, hour, modality
"""
# By the clock of a zone that is half an hour off, over the night in which it goes an hour back.
_ZONE = "Australia/Adelaide"
_DAILY = f"""
SELECT interval, day, modality, exams, excluded, round(seconds_sum), arraySort(seconds),
    arraySort(hours_of_day)
FROM v_turnaround_daily WHERE zone = '{_ZONE}' ORDER BY interval, day, modality
"""
_EXPECTED_DAILY = f"""
SELECT interval, toDate(toTimeZone(end_at, '{_ZONE}')) AS day, modality, count(seconds),
    countIf(excluded_reason != ''), round(ifNull(sum(seconds), 0)),
    arraySort(groupArrayIf(toFloat32(assumeNotNull(seconds)), seconds IS NOT NULL)),
    arraySort(groupArrayIf(toHour(toTimeZone(end_at, '{_ZONE}')), seconds IS NOT NULL))
FROM v_turnaround GROUP BY interval, day, modality ORDER BY interval, day, modality
"""
_EXPECTED = """
SELECT interval, toStartOfHour(end_at) AS hour, modality, count(seconds), countIf(excluded_reason != ''),
    round(ifNull(sum(seconds), 0))
FROM v_turnaround GROUP BY interval, hour, modality ORDER BY interval, hour, modality
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@pytest.fixture
def client(server: ClickHouse, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client in a database of the test's own."""
    client = server.client()
    migrate(client, f"t_{abs(hash(request.node.name))}")
    yield client
    client.command(f"DROP DATABASE `{client.database}`")
    client.close()


def exam_row(chance: random.Random, number: int) -> TurnaroundRow:
    """Any version of the exam with this number."""
    some = chance.sample(_NAMES, 6)
    ends = {name: _AT + timedelta(minutes=chance.randint(1, 900)) for name in some}
    measured = [
        Interval(name=n, start_at=_AT, end_at=ends[n], seconds=(ends[n] - _AT).total_seconds())
        for n in some[:4]
    ]
    excluded = [
        ExcludedInterval(name=n, reason="clock_fault", start_at=_AT, end_at=ends[n])
        for n in some[4 : chance.randint(4, 6)]
    ]
    return TurnaroundRow(
        exam_id=f"GENERAL|A{number}",
        site="GENERAL",
        modality=chance.choice(("CT", "MR", None)),
        intervals=tuple(measured[: chance.randint(0, 4)]),
        event_count=1,
        last_recorded_at=_AT,
        excluded=tuple(excluded),
    )


def insert(client: Client, rows: Sequence[TurnaroundRow], first_offset: int) -> None:
    placed = [Placed(row, "topic", 0, first_offset + place) for place, row in enumerate(rows)]
    client.insert_arrow("turnaround_exams", to_arrow(TURNAROUND, placed))


def rows_of(client: Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in client.query(sql).result_rows]


def said_by(latest: Sequence[TurnaroundRow]) -> list[tuple[Any, ...]]:
    return sorted(
        [
            (r.exam_id, i.name, i.end_at.replace(tzinfo=None), i.seconds, "")
            for r in latest
            for i in r.intervals
        ]
        + [
            (r.exam_id, i.name, i.end_at.replace(tzinfo=None), None, i.reason)
            for r in latest
            for i in r.excluded or ()
        ]
    )


def assert_counted(client: Client) -> None:
    count_hours(client)
    assert rows_of(client, _HOURLY) == rows_of(client, _EXPECTED)
    count_days(client, _ZONE)
    assert rows_of(client, _DAILY) == rows_of(client, _EXPECTED_DAILY)


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_replaced_repeated_or_late_the_rollup_counts_what_the_exams_say(
    client: Client, seed: int
) -> None:
    chance = random.Random(seed)
    versions = [exam_row(chance, chance.randrange(_EXAMS)) for _ in range(160)]
    batches = [(first, versions[first : first + 20]) for first in range(0, len(versions), 20)]
    shuffled = [*batches, *chance.sample(batches, 4)]
    chance.shuffle(shuffled)
    for first, batch in shuffled:
        insert(client, batch, first)
        if chance.random() < 0.7:
            assert_counted(client)
    assert_counted(client)
    latest = list({row.exam_id: row for row in versions}.values())
    sql = "SELECT exam_id, interval, end_at, seconds, excluded_reason FROM v_turnaround ORDER BY ALL"
    assert rows_of(client, sql) == said_by(latest)
    percentiles = "(0.25, 0.5, 0.75, 0.9, 0.95)"
    digest = rows_of(client, f"SELECT quantilesTDigestMerge{percentiles}(digest) FROM v_turnaround_hourly")
    exact = rows_of(
        client, f"SELECT quantilesInterpolatedWeighted{percentiles}(seconds, 1) FROM v_turnaround"
    )
    assert digest[0][0] == pytest.approx(exact[0][0], rel=0.05)


def test_a_count_that_was_cut_off_is_made_up_for_by_the_next(client: Client) -> None:
    chance = random.Random(3)
    insert(client, [exam_row(chance, number) for number in range(_EXAMS)], 0)
    count_hours(client)
    insert(client, [exam_row(chance, number) for number in range(_EXAMS)], _EXAMS)
    client.command("ALTER TABLE turnaround_counts ADD CONSTRAINT away CHECK version = 0")
    with pytest.raises(Exception, match="VIOLATED_CONSTRAINT"):
        count_hours(client)
    client.command("ALTER TABLE turnaround_counts DROP CONSTRAINT away")
    assert count_hours(client) > 0
    assert rows_of(client, _HOURLY) == rows_of(client, _EXPECTED)


def test_exams_of_before_the_tables_are_in_them_after_the_migration(client: Client) -> None:
    chance = random.Random(4)
    insert(client, [exam_row(chance, number) for number in range(_EXAMS)], 0)
    wanted = rows_of(client, _EXPECTED)
    for table in ("turnaround_from_exams", "turnaround_hours_from_exams", "turnaround", "turnaround_hours"):
        client.command(f"DROP TABLE {table}")
    client.command("ALTER TABLE schema_migrations DELETE WHERE version >= 14 SETTINGS mutations_sync = 2")
    migrate(client, str(client.database))
    count_hours(client)
    assert rows_of(client, _EXPECTED) == wanted
    assert rows_of(client, _HOURLY) == wanted


def figures_of(client: Client, text: str, asked: Mapping[str, object]) -> dict[Any, tuple[int, list[float]]]:
    """Exams and percentiles by whatever else stands in a row."""
    found = client.query(text, parameters=dict(asked)).named_results()
    return {
        tuple(value for name, value in row.items() if name not in {"exams", "quantiles_s", "seconds"}): (
            row["exams"],
            row["quantiles_s"],
        )
        for row in found
    }


def test_days_and_hours_answer_alike_over_the_night_when_the_clocks_go_back(client: Client) -> None:
    chance = random.Random(5)
    insert(client, [exam_row(chance, number) for number in range(4000)], 0)
    count_hours(client)
    count_days(client, "Australia/Sydney")
    zone = ZoneInfo("Australia/Sydney")
    question = read_question({"from": "2026-04-03", "to": "2026-04-06"}, _AT.date(), zone)
    asked = {**question.parameters(question.period), "by_hour": False, "stages": list(_NAMES)}
    for text in (rollup_sql.SUMMARY, rollup_sql.TREND, rollup_sql.HEATMAP, rollup_sql.STAGES):
        hours, days = (figures_of(client, text[level], asked) for level in (Level.HOUR, Level.DAY))
        assert {key: exams for key, (exams, _) in hours.items()} == {
            key: exams for key, (exams, _) in days.items()
        }
        for key, (exams, percentiles_s) in days.items():
            if exams > 100:
                assert hours[key][1] == pytest.approx(percentiles_s, rel=0.05)


def test_days_of_a_zone_that_no_site_has_go_and_are_counted_anew_when_it_is_back(client: Client) -> None:
    chance = random.Random(6)
    insert(client, [exam_row(chance, number) for number in range(_EXAMS)], 0)
    for zone in ("UTC", _ZONE):
        count_days(client, zone)
    counted = rows_of(client, _DAILY)
    client.insert("site_definitions", [["GENERAL", "UTC", 1]], column_names=["site", "zone", "version"])
    forget_zones(client)
    assert rows_of(client, _DAILY) == []
    assert rows_of(client, "SELECT DISTINCT zone FROM v_turnaround_daily") == [("UTC",)]
    assert count_days(client, _ZONE) > 0
    assert rows_of(client, _DAILY) == counted
