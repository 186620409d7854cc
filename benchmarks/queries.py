"""How long the dashboard waits for ClickHouse, over a hundred million measured intervals.

The dashboard's own code asks (dashboards/trends, dashboards/turnaround.py), over its own connection, of rows
that `query_rows.py` makes in the engine, a few thousand exams in small inserts that are not merged yet.
Beside each, as the peer, the same statements over the exams' rows with their arrays (ARRAY JOIN), without
interval rows and rollup. Wanted: p95 below 100 ms for rollups, below 1 s for free slices. `--quick`: two
million rows. On a busy machine the engine's processor time tells more than p95 does.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import structlog
from clickhouse_connect.driver.client import Client

from benchmarks.dashboard_questions import Ask, questions
from benchmarks.engine_alone import DATABASE, PASSWORD, USER, cpu_ms, engine_alone
from benchmarks.harness import Result, option_parser, options_of, progress, report
from benchmarks.query_rows import ZONE, fill
from dashboards.access.config import AccessConfig
from dashboards.analytics import Analytics, AnalyticsUnavailable, Row
from dashboards.config import DashboardConfig
from dashboards.listening import ListenerConfig
from dashboards.trends import sql as texts

QUICK_ROWS, FULL_ROWS = 2_000_000, 100_000_000
_ARRAYS = """(
SELECT exam_id, accession_number, interval, start_at, end_at, seconds, seconds / 60 AS minutes,
    '' AS excluded_reason, site, modality, procedure_name, priority, patient_class, location,
    station_ae_title, reader
FROM turnaround_exams FINAL
ARRAY JOIN interval_names AS interval, interval_starts AS start_at, interval_ends AS end_at,
    interval_seconds AS seconds)"""
_ARRAYS_HOURLY = f"""(
SELECT interval, toStartOfHour(end_at) AS hour, modality, priority, patient_class, site, count() AS exams,
    0 AS excluded, sum(seconds) AS seconds_sum,
    quantilesTDigestState(0.25, 0.5, 0.75, 0.9, 0.95)(seconds) AS digest
FROM {_ARRAYS} GROUP BY ALL)"""  # noqa: S608 - made from our own constants
_ARRAYS_DAILY = f"""(
SELECT '{ZONE}' AS zone, interval, toDate(end_at) AS day, modality, priority, patient_class, site,
    count() AS exams, 0 AS excluded, sum(one.seconds) AS seconds_sum,
    groupArray(toFloat32(one.seconds)) AS seconds, groupArray(toHour(end_at)) AS hours_of_day
FROM {_ARRAYS} AS one GROUP BY ALL)"""  # noqa: S608 - as above


class Recording(Analytics):
    """The dashboard's connection, which remembers what it was asked last."""

    def __init__(self, config: DashboardConfig) -> None:
        """Nothing is asked yet."""
        super().__init__(config)
        self.asked: list[tuple[str, Mapping[str, object]]] = []

    async def ask(
        self, sql: str, parameters: Mapping[str, object], settings: Mapping[str, object] | None = None
    ) -> Sequence[Row]:
        """As the dashboard does."""
        self.asked.append((sql, parameters))
        return await super().ask(sql, parameters, settings)


async def measure(
    config: DashboardConfig, client: Client | None, engine: psutil.Process, given: argparse.Namespace
) -> tuple[dict[str, float], dict[str, float]]:
    """p95 by question in ms: of the dashboard, and of the exams' arrays where there is a client for them."""
    analytics = Recording(config)
    ours: dict[str, float] = {}
    peer: dict[str, float] = {}
    times: int = given.times or (20 if given.quick else 40)
    for name, ask in questions(analytics).items():
        if given.only not in name:
            continue
        try:
            await ask()  # connects, and fills the caches, as the page's first figure does
        except AnalyticsUnavailable:
            progress(f"{name}: no answer in the time that the dashboard waits")
            continue
        before_ms = cpu_ms(engine)
        ours[f"{name}_ms"] = _p95([await _took_ms(ask) for _ in range(times)])
        ours[f"{name}_cpu_ms"] = round((cpu_ms(engine) - before_ms) / times, 1)
        progress(f"{name}: {ours[f'{name}_ms']:,.0f} ms, {ours[f'{name}_cpu_ms']:,.0f} of the processor")
        if client is None:
            continue
        analytics.asked.clear()
        await ask()
        again = partial(_of_arrays, client, tuple(analytics.asked))
        peer[f"{name}_ms"] = _p95([await _took_ms(again) for _ in range(max(1, times // 40))])
    analytics.close()
    return ours, peer


async def _took_ms(ask: Ask) -> float:
    began_s = time.monotonic()
    await ask()
    return (time.monotonic() - began_s) * 1000


def _p95(took_ms: Sequence[float]) -> float:
    return round(sorted(took_ms)[min(len(took_ms) - 1, int(len(took_ms) * 0.95))], 1)


async def _of_arrays(client: Client, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    for text, parameters in asked:
        whole = texts.of_days(text, sys.maxsize).replace("v_turnaround_hourly", _ARRAYS_HOURLY)
        whole = whole.replace("v_turnaround_daily", _ARRAYS_DAILY)
        client.query(whole.replace("v_turnaround", _ARRAYS), parameters=dict(parameters))


def dashboard_config(url: str) -> DashboardConfig:
    """Of a dashboard that serves no page and asks the engine at `url`."""
    return DashboardConfig(
        listener=ListenerConfig(host="127.0.0.1", port=0),  # no page is served
        kafka_bootstrap="",
        registry_url="",
        clickhouse_url=url,
        clickhouse_user=USER,
        clickhouse_password=PASSWORD,
        clickhouse_database=DATABASE,
        site="GENERAL",
        access=AccessConfig(database=Path("unused.sqlite")),
        now=lambda: datetime.now(UTC),
    )


@contextmanager
def _place(kept: Path | None) -> Iterator[Path]:
    """A directory for the rows: the given one, or one that is gone afterwards."""
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        yield Path(directory)


def main() -> None:
    """Run."""
    parser = option_parser(__doc__)
    parser.add_argument("--rows", type=int, help="how many rows, instead of a hundred million")
    parser.add_argument(
        "--kept", type=Path, help="where the rows stay; rows that are there are asked as they are"
    )
    parser.add_argument("--minutes", type=float, help="make rows for so long; the next run goes on")
    parser.add_argument("--alone", action="store_true", help="without the peer, which takes long")
    parser.add_argument("--only", default="", help="only the questions that have this in their names")
    parser.add_argument("--times", type=int, help="how often each question is asked")
    given: argparse.Namespace = parser.parse_args()
    options = options_of(given)
    rows = given.rows or (QUICK_ROWS if options.quick else FULL_ROWS)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with _place(given.kept) as directory, engine_alone(directory) as (url, client, engine):
        leave_at_s = time.monotonic() + 60 * given.minutes if given.minutes else float("inf")
        if not fill(client, rows, leave_at_s):
            progress("not all rows are there yet: run it again with the same --kept")
            return
        ours, peer = asyncio.run(
            measure(dashboard_config(url), None if given.alone else client, engine, given)
        )
        sizes = client.query(
            "SELECT table, sum(rows), formatReadableSize(sum(bytes_on_disk)) FROM system.parts"
            " WHERE active AND table LIKE 'turnaround%' GROUP BY table ORDER BY table"
        ).result_rows
    notes = [f"{table}: {int(count):,} rows, {size}" for table, count, size in sizes]
    report(
        Result(
            benchmark="queries",
            ours=ours,
            peers={"arrays of exams": peer} if peer else {},
            notes=("p95; cpu_ms: the engine's own processor time, mean", *notes),
        ),
        options,
    )


if __name__ == "__main__":
    main()
