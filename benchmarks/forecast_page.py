"""How long the page of forecasts waits for volume, record and backlog, none of it remembered.

A department's exams of a year and a bit lie in the engine, busy by day; the dashboard's own code asks and
forecasts (dashboards/volume, dashboards/backlog). Figures are medians in ms, but `_cpu_ms`: processor time of
the engine, and of this process.

    volume        exams of twelve weeks and days of two years read, counted, and forecast
    backlog       the courses of every queue, from the same counts
    record        two weeks of forecasts made anew, and which is told of queues; the dashboard makes it ahead,
                  once a day
    track_record  what came of the live forecasts of 30 days, made anew every quarter of an hour

The peer is what anybody would ask: one question for each milestone by the hour, and one for each by the day.
Wanted: volume and backlog below 300 ms. `--quick`: a fifth of the exams.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import psutil
import structlog
from clickhouse_connect.driver.client import Client

from benchmarks.engine_alone import cpu_ms, engine_alone
from benchmarks.forecasts_made import forecasts_made
from benchmarks.harness import Options, Result, option_parser, options_of, progress, report
from benchmarks.queries import dashboard_config
from dashboards.analytics import Analytics
from dashboards.backlog.records import Records
from dashboards.backlog.told import told_of
from dashboards.choice import ALL_EXAMS
from dashboards.department import Clock
from dashboards.forecast.live_record import LiveRecords
from dashboards.volume.sql import MILESTONES
from dashboards.volume.volumes import Known, Volumes

EXAMS_A_YEAR, DAYS, TIMES = 150_000, 400, 11
_NOW = datetime(2026, 6, 30, 9, 20, tzinfo=UTC)
_BERLIN = ZoneInfo("Europe/Berlin")
# Twice as many are made, and those at night and on Sundays mostly left out.
_FILL = """
INSERT INTO worklist (exam_id, accession_number, site, modality, priority, patient_class, stage, ordered_at,
    scheduled_at, arrived_at, started_at, completed_at, study_stored_at, dictated_at, preliminary_at,
    final_at, station_ae_title, reader, event_count, last_occurred_at, last_recorded_at, version)
SELECT concat('GENERAL|A', toString(number)), concat('A', toString(number)), 'GENERAL',
    multiIf(h % 100 < 62, 'CR', h % 100 < 83, 'US', h % 100 < 93, 'CT', 'MR') AS kind,
    'ROUTINE', 'O', 'final',
    at, at + toIntervalSecond(3600 + h % 7200) AS due, due + toIntervalSecond(h % 1200) AS came,
    came + toIntervalSecond(300 + intDiv(h, 7) % 1500) AS began, began + toIntervalSecond(600) AS ended,
    ended + toIntervalSecond(60), ended + toIntervalSecond(600 + intDiv(h, 11) % 9000) AS told,
    told + toIntervalSecond(300) AS drafted,
    drafted + toIntervalSecond(intDiv(h, 13) % 3600) AS signed, concat(kind, toString(h % 3)),
    concat('reader', toString(intDiv(h, 17) % 12)), 8, signed, signed, number
FROM (
    SELECT number, cityHash64(number) AS h, {first:DateTime64(6, 'UTC')} + toIntervalMillisecond(
               toInt64(number * {step_ms:Float64})) AS at,
           toHour(at, 'Europe/Berlin') AS hour, toDayOfWeek(at, 0, 'Europe/Berlin') AS weekday
    FROM numbers({count:UInt64})
    WHERE intDiv(h, 1000) % 100 < if(hour BETWEEN 7 AND 17, 95, 15) * if(weekday > 5, 0.3, 1)
)
"""

_FORECASTS = forecasts_made(
    "SELECT exam_id, assumeNotNull(ordered_at) AS first_at, assumeNotNull(final_at) AS last_at FROM v_exams "
    "WHERE ordered_at >= {since:DateTime64(6, 'UTC')}"
)


def filled(client: Client, exams_a_year: int) -> int:
    """How many exams there are then."""
    count = int(2 * exams_a_year * DAYS / 365)
    step_ms = DAYS * 86_400_000 / count
    asked = {"first": _NOW - timedelta(days=DAYS), "step_ms": step_ms, "count": count}
    client.command(_FILL, parameters=asked)
    # As they lie there after a while: in some parts, the latest restated.
    client.command("OPTIMIZE TABLE worklist FINAL")
    client.command(_FILL, parameters={**asked, "first": _NOW - timedelta(days=2), "count": count // 200})
    client.command(_FORECASTS, parameters={"since": _NOW - timedelta(days=35)})
    return int(client.query("SELECT count() FROM v_exams").result_rows[0][0])


async def measured(url: str, engine: psutil.Process) -> tuple[dict[str, float], dict[str, float]]:
    """Ours and the peer's."""
    analytics, clock = Analytics(dashboard_config(url)), Clock(lambda: _NOW, 1.0)
    ours: dict[str, float] = {}
    peer: dict[str, float] = {}

    async def asks() -> Analytics:
        return analytics

    async def volume() -> Known:
        return await Volumes(lambda: _BERLIN).known(_NOW, ALL_EXAMS, asks, instant=None)

    known = await volume()
    assert known.volume is not None, known.missing  # noqa: S101 - there are more than two weeks
    forecast = known.volume
    found = await Records().of(known, ALL_EXAMS, {})

    async def backlog() -> object:
        return told_of(known, forecast, {}, found.closer)

    await _add(ours, "volume", volume, engine, TIMES)
    await _add(ours, "backlog", backlog, engine, TIMES)
    await _add(ours, "record", lambda: Records().of(known, ALL_EXAMS, {}), engine, 3)
    await _add(ours, "track_record", lambda: LiveRecords(analytics, clock).now(), engine, TIMES)
    await _add(peer, "volume", lambda: _each_milestone(analytics, known), engine, 3)
    analytics.close()
    return ours, peer


async def _add(
    found: dict[str, float],
    name: str,
    ask: Callable[[], Awaitable[object]],
    engine: psutil.Process,
    times: int,
) -> None:
    engine_ms, own_s, took = cpu_ms(engine), time.process_time(), []
    for _ in range(times):
        began_s = time.monotonic()
        await ask()
        took.append((time.monotonic() - began_s) * 1000)
    found[f"{name}_ms"] = round(median(took), 1)
    found[f"{name}_engine_cpu_ms"] = round((cpu_ms(engine) - engine_ms) / times, 1)
    found[f"{name}_own_cpu_ms"] = round((time.process_time() - own_s) * 1000 / times, 1)
    progress(f"{name}: {found[f'{name}_ms']:,.0f} ms")


async def _each_milestone(analytics: Analytics, known: Known) -> None:
    asked = {"start": known.counts.hours.first, "first": _NOW - timedelta(days=DAYS)}
    texts = [
        f"SELECT modality, {by}({name}_at) AS place, count() AS exams FROM v_exams"  # noqa: S608
        f" WHERE {name}_at >= {{{since}:DateTime64(6, 'UTC')}} GROUP BY modality, place"
        for by, since in (("toStartOfHour", "start"), ("toDate", "first"))
        for name in MILESTONES
    ]
    await asyncio.gather(*(analytics.ask(text, asked) for text in texts))


def run(options: Options) -> Result:
    """Everything. Progress goes to standard error."""
    wanted = EXAMS_A_YEAR // 5 if options.quick else EXAMS_A_YEAR
    with (
        tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory,
        engine_alone(Path(directory)) as (url, client, engine),
    ):
        exams = filled(client, wanted)
        progress(f"{exams:,} exams")
        ours, peer = asyncio.run(measured(url, engine))
    return Result(
        benchmark="forecast_page",
        ours=ours,
        peers={"each milestone": peer},
        notes=(f"{exams:,} exams in {DAYS} days",),
    )


def main(arguments: list[str] | None = None) -> None:
    """Run and report."""
    options = options_of(option_parser(__doc__).parse_args(arguments))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    report(run(options), options)


if __name__ == "__main__":
    main(sys.argv[1:])
