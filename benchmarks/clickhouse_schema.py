"""What the tables' keys, codecs, granules and partitions cost: bytes of a row, and what questions take.

Each candidate is our table with one thing changed and the same rows (query_rows.py), merged into one part for
each partition; `rows` is turnaround, `hourly` its rollup. By the end of a figure's name: `bytes` of a row on
disk; the engine's processor time, mean in ms, for one interval's month by `readers`, for the sink's `count`
of a day's hours, for one `exam`; for a month's `trend` of the rollup, a month's `stages`, those of a `day`.
Not every candidate would be right: by_end and by_month cannot replace a row of turnaround whose end moves to
another time. `--quick`: a fiftieth of the rows.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import structlog
from clickhouse_connect.driver.client import Client

from benchmarks.engine_alone import cpu_ms, engine_alone
from benchmarks.harness import Result, parse_options, progress, report
from benchmarks.query_rows import fill
from dashboards.trends import rollup_sql
from dashboards.trends import sql as texts
from dashboards.trends.levels import Level
from dashboards.trends.question import read_question
from dashboards.trends.trends import STAGES
from sinks.clickhouse.hourly import bounds_of, counting

_FULL_ROWS, _QUICK_ROWS = 9_000_000, 180_000
_DAY = datetime(2026, 6, 10, tzinfo=UTC)
Change = Callable[[str], str]


def _granules_of(rows: int) -> Change:
    return lambda ddl: re.sub(r"index_granularity = \d+", f"index_granularity = {rows}", ddl)


def _ordered_by(key: str) -> Change:
    return lambda ddl: re.sub(r"ORDER BY \([^)]*\)", f"ORDER BY ({key})", ddl)


def _parted_by(key: str) -> Change:
    def change(ddl: str) -> str:
        whole = re.sub(r"PARTITION BY .*\n", "", ddl)
        return whole.replace("ORDER BY", f"PARTITION BY {key}\nORDER BY", 1) if key else whole

    return change


def _packed_by(codec: str) -> Change:
    return lambda ddl: re.sub(r" CODEC\((?:[^()]|\([^()]*\))*\)", f" CODEC({codec})" if codec else "", ddl)


def _as_it_is(ddl: str) -> str:
    return ddl


_TURNAROUND: Mapping[str, Change] = {
    "ours": _as_it_is,
    "granules_8192": _granules_of(8192),
    "granules_256": _granules_of(256),
    "without_codecs": _packed_by(""),
    "zstd_6": _packed_by("ZSTD(6)"),
    "by_exam": _ordered_by("exam_id, interval"),
    "by_end": _ordered_by("interval, end_at, exam_id"),
    "by_month": _parted_by("toYYYYMM(end_at)"),
}
_HOURLY: Mapping[str, Change] = {
    "ours": _as_it_is,
    "granules_8192": _granules_of(8192),
    "granules_1024": _granules_of(1024),
    "not_parted": _parted_by(""),
    "by_month": _parted_by("toYYYYMM(hour)"),
    "without_codecs": _packed_by(""),
    "by_hour": _ordered_by("hour, interval, modality, priority, patient_class, site"),
}


@dataclass(frozen=True, slots=True)
class Bench:
    """The engine, how to ask it, and how often."""

    client: Client
    engine: psutil.Process
    times: int


def measure(bench: Bench, table: str, candidates: Mapping[str, Change]) -> Iterator[Any]:
    """(figure, value) of each candidate for `table`."""
    client, short = bench.client, table.replace("turnaround_", "").replace("turnaround", "rows")
    ddl = str(client.query(f"SHOW CREATE TABLE {table}").result_rows[0][0])
    for name, change in candidates.items():
        progress(f"{table}: {name}")
        made = f"candidate_{table}"
        client.command(f"DROP TABLE IF EXISTS {made} SYNC")
        client.command(change(ddl).replace(f".{table}\n", f".{made}\n", 1))
        client.command(f"INSERT INTO {made} SELECT * FROM {table}")  # noqa: S608 - our own names
        client.command(f"OPTIMIZE TABLE {made} FINAL")
        yield f"{short}_{name}_bytes", _bytes_per_row(client, made)
        for question, (text, parameters) in _questions(table, made).items():
            yield f"{short}_{name}_{question}", _cpu_of(bench, text, parameters)


def _bytes_per_row(client: Client, table: str) -> float:
    sql = "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND table = {table:String}"
    return round(float(client.query(sql, parameters={"table": table}).result_rows[0][0]), 2)


def _questions(table: str, made: str) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    """The dashboard's and the sink's own, put to the candidate."""
    month = read_question({"from": "2026-06-01", "to": "2026-06-30"}, _DAY.date(), UTC)
    asked = month.parameters(month.period)
    if table == "turnaround_hourly":
        rows = f"(SELECT * EXCEPT (version) FROM {made} FINAL WHERE exams > 0 OR excluded > 0)"  # noqa: S608
        day = {**asked, "start": _DAY, "end": _DAY + timedelta(days=1)}
        stages = {"stages": list(STAGES)}
        trend, of_stages = (
            _put_to(text[Level.HOUR], "v_turnaround_hourly", rows)
            for text in (rollup_sql.TREND, rollup_sql.STAGES)
        )
        return {
            "trend": (trend, {**asked, "by_hour": False}),
            "stages": (of_stages, {**asked, **stages}),
            "day": (of_stages, {**day, **stages}),
        }
    rows = f"(SELECT *, seconds / 60 AS minutes FROM {made} FINAL)"  # noqa: S608 - our own name
    hours = [int(_DAY.timestamp()) + 3600 * number for number in range(24)]
    readers = _put_to(_put_to(texts.READERS, "FROM turnaround ", f"FROM {made} "), "v_turnaround", rows)
    count = re.sub(r"FROM turnaround\b", f"FROM {made}", counting())
    exam = f"SELECT * FROM {made} FINAL WHERE exam_id = 'GENERAL|A000001000'"  # noqa: S608 - our own name
    return {
        "readers": (readers, asked),
        "count": (f"SELECT count() FROM ({count})", bounds_of(hours)),  # noqa: S608
        "exam": (exam, {}),
    }


def _put_to(text: str, name: str, other: str) -> str:
    return text.replace(name, other)


def _cpu_of(bench: Bench, text: str, parameters: Mapping[str, Any]) -> float:
    bench.client.query(text, parameters={**parameters, "version": 1})
    before_ms = cpu_ms(bench.engine)
    for _ in range(bench.times):
        bench.client.query(text, parameters={**parameters, "version": 1})
    return round((cpu_ms(bench.engine) - before_ms) / bench.times, 1)


def main() -> None:
    """Run."""
    options = parse_options(__doc__)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with (
        tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory,
        engine_alone(Path(directory)) as (_, client, engine),
    ):
        fill(client, _QUICK_ROWS if options.quick else _FULL_ROWS)
        bench = Bench(client, engine, 10 if options.quick else 20)
        found = dict(measure(bench, "turnaround", _TURNAROUND)) | dict(
            measure(bench, "turnaround_hourly", _HOURLY)
        )
    columns = ("bytes", "readers", "count", "exam", "trend", "stages", "day")
    report(Result(benchmark="clickhouse_schema", ours=found, peers={}, columns=columns), options)


if __name__ == "__main__":
    main()
