"""How long ClickHouse takes for what the dashboard asks, over a hundred million turnaround rows.

The rows are made in the engine: departments of three sites over ten years, half a million exams a year, each
with 20 of the 33 intervals (the others stand in the table as deleted, as they do in life). Then a few
thousand exams are stated again, in small inserts that are not merged yet. Rollups are asked of
v_turnaround_hourly, free slices of v_turnaround; beside each, as the peer, the same question to the exams'
rows with their arrays (ARRAY JOIN). Wanted: p95 below 100 ms for rollups, below 1 s for free slices.
`--quick`: two million rows.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import clickhouse_connect
import clickhouse_connect.driver.exceptions
import structlog
from clickhouse_connect.driver.client import Client

from benchmarks.harness import Result, option_parser, options_of, progress, report
from runtime.stack.ports import allocate_free_ports
from schemas.intervals import INTERVALS
from sinks.clickhouse.hourly import count_hours
from sinks.clickhouse.migrate import migrate

QUICK_ROWS, FULL_ROWS = 2_000_000, 100_000_000
_KNOWN = 20  # of an exam's intervals
_EXAMS_AT_ONCE = 20_000
_YEARS = 10
_RESTATED_INSERTS, _RESTATED_EXAMS = 20, 200
_USER, _PASSWORD, _DATABASE = "benchmark", "benchmark", "radstream"
_SERVE = """
import sys
from pathlib import Path
from runtime.local.clickhouse.config import ClickHouseConfig
from runtime.local.clickhouse.server import serve
port, directory, user, password, database = sys.argv[1:]
serve(ClickHouseConfig(host="127.0.0.1", port=int(port), directory=Path(directory), user=user,
                       password=password, database=database, max_memory_mb=3072))
"""

# One exam: its number gives all else. XR 60 %, US 21, CT 9, MR 7, fluoroscopy 3 (England 2012).
_EXAMS = """
SELECT
    concat('GENERAL|A', leftPad(toString(n), 9, '0')) AS exam_id,
    concat('A', leftPad(toString(n), 9, '0')) AS accession_number,
    ['GENERAL', 'GENERAL', 'NORTH', 'SOUTH'][h % 4 + 1] AS site,
    '' AS patient_key,
    multiIf(m < 60, 'CR', m < 81, 'US', m < 90, 'CT', m < 97, 'MR', 'XA') AS modality,
    concat(modality, toString(intDiv(h, 400) % 30)) AS procedure_code,
    concat('Procedure ', procedure_code) AS procedure_name,
    multiIf(p < 70, 'ROUTINE', p < 90, 'ASAP', 'STAT') AS priority,
    multiIf(k < 65, 'O', k < 85, 'I', 'E') AS patient_class,
    concat('W', toString(intDiv(h, 48000) % 40)) AS location,
    arrayFilter((name, place) -> (place * 7 + h) % {intervals} < {known},
        {names}, range({intervals})) AS interval_names,
    arrayMap(name -> at, interval_names) AS interval_starts,
    arrayMap(s -> at + toIntervalMicrosecond(toInt64(s * 1000000)), interval_seconds) AS interval_ends,
    arrayMap(name -> round(exp(5 + (cityHash64(name, n) % 10000) / 2500), 3),
        interval_names) AS interval_seconds,
    concat(modality, toString(intDiv(h, 7000000) % 6)) AS station_ae_title,
    concat('reader', toString(intDiv(h, 90000000) % 60)) AS reader,
    1 AS event_count,
    at AS last_recorded_at,
    {version} AS version
FROM (
    SELECT number AS n, cityHash64(n) AS h, intDiv(h, 4) % 100 AS m, intDiv(h, 40000) % 100 AS p,
        intDiv(h, 4000000) % 100 AS k,
        toDateTime64('2017-01-01 00:00:00', 6, 'UTC') + toIntervalMillisecond(toInt64(n * {step_ms})) AS at
    FROM numbers({first}, {count})
)
"""
_COLUMNS = (
    "exam_id, accession_number, site, patient_key, modality, procedure_code, procedure_name, priority,"
    " patient_class, location, interval_names, interval_starts, interval_ends, interval_seconds,"
    " station_ae_title, reader, event_count, last_recorded_at, version"
)
_DIGEST = "quantilesTDigestMerge(0.25, 0.5, 0.75, 0.9, 0.95)(digest)"
_PERCENTILES = "quantilesTDigest(0.25, 0.5, 0.75, 0.9, 0.95)(seconds)"
_ONE = "interval = 'report_turnaround'"
_DAY, _MONTH, _YEAR = (
    "{at} >= '2026-06-10' AND {at} < '2026-06-11'",
    "{at} >= '2026-06-01' AND {at} < '2026-07-01'",
    "{at} >= '2026-01-01' AND {at} < '2027-01-01'",
)
# By name: what is selected, where, and by what it is grouped.
ROLLUPS: Mapping[str, tuple[str, str]] = {
    "day_by_modality": ("modality", f"{_ONE} AND {_DAY}"),
    "month_by_modality_and_priority": ("modality, priority", f"{_ONE} AND {_MONTH}"),
    "month_trend_by_day": ("toDate({at})", f"{_ONE} AND {_MONTH}"),
    "month_hour_by_weekday": ("toHour({at}), toDayOfWeek({at})", f"{_ONE} AND {_MONTH}"),
    "month_ct_stat_of_a_site": (
        "toDate({at})",
        f"{_ONE} AND {_MONTH} AND modality = 'CT' AND priority = 'STAT' AND site = 'NORTH'",
    ),
    "day_slowest_interval": ("interval", _DAY),
    "year_trend_by_month": ("toStartOfMonth({at})", f"{_ONE} AND {_YEAR}"),
}
SLICES: Mapping[str, tuple[str, str]] = {
    "month_by_reader": ("reader", f"{_ONE} AND {_MONTH}"),
    "month_by_scanner": ("station_ae_title", f"{_ONE} AND {_MONTH}"),
    "month_by_procedure_of_a_ward": ("procedure_name", f"{_ONE} AND {_MONTH} AND location = 'W7'"),
    "year_by_reader_of_ct": ("reader", f"{_ONE} AND {_YEAR} AND modality = 'CT'"),
    "year_by_weekday": ("toDayOfWeek({at})", f"{_ONE} AND {_YEAR}"),
    "ten_years_by_year_and_modality": ("toYear({at}), modality", _ONE),
}
_OF_ARRAYS = (
    "(SELECT interval, end_at, seconds, modality, priority, site, reader, station_ae_title, procedure_name,"
    " location FROM turnaround_exams FINAL ARRAY JOIN interval_names AS interval, interval_ends AS end_at,"
    " interval_seconds AS seconds)"
)


def fill(client: Client, rows: int) -> None:
    """Exams with `rows` measured intervals, merged as far as the server has come, and some stated again."""
    exams = rows // _KNOWN
    for first in range(0, exams, _EXAMS_AT_ONCE):
        _state(client, exams, first, min(_EXAMS_AT_ONCE, exams - first), version=1)
        if first % (25 * _EXAMS_AT_ONCE) == 0:
            progress(f"{first:,} of {exams:,} exams")
    progress("merging")
    _merged(client)
    progress("counting the hours")
    _counted(client)
    _merged(client)
    for number in range(_RESTATED_INSERTS):
        _state(client, exams, exams - (number + 1) * _RESTATED_EXAMS, _RESTATED_EXAMS, version=2)
    _counted(client)


def _state(client: Client, exams: int, first: int, count: int, version: int) -> None:
    sql = _EXAMS.format(
        intervals=len(INTERVALS),
        known=_KNOWN,
        names=[spec.name for spec in INTERVALS],
        step_ms=_YEARS * 365.25 * 86_400_000 / exams,
        first=max(first, 0),
        count=count,
        version=version,
    )
    client.command(f"INSERT INTO turnaround_exams ({_COLUMNS}) {sql}")


def _merged(client: Client) -> None:
    """Wait for the merges that the server makes by itself: as a table is after a while, not as one part."""
    while client.query("SELECT count() FROM system.merges").result_rows[0][0]:
        time.sleep(0.5)


def _counted(client: Client) -> None:
    began_s = time.monotonic()
    hours = count_hours(client)
    progress(f"counted {hours:,} hours in {time.monotonic() - began_s:.1f} s")


def asked(client: Client, sql: str, times: int) -> float:
    """Milliseconds within which 95 of 100 answers came."""
    client.query(sql)
    took = sorted(_once(client, sql) for _ in range(times))
    return round(took[min(len(took) - 1, int(len(took) * 0.95))], 1)


def _once(client: Client, sql: str) -> float:
    began_s = time.monotonic()
    client.query(sql)
    return (time.monotonic() - began_s) * 1000


def measure(client: Client, times: int) -> tuple[dict[str, float], dict[str, float]]:
    """p95 by question: of our views, and of the exams' arrays."""
    ours: dict[str, float] = {}
    peer: dict[str, float] = {}
    for name, (by, where) in ROLLUPS.items():
        ours[f"rollup_{name}_ms"] = asked(client, _of_rollup(by, where), times)
        peer[f"rollup_{name}_ms"] = asked(client, _of_rows(by, where, _OF_ARRAYS), max(3, times // 10))
    for name, (by, where) in SLICES.items():
        ours[f"slice_{name}_ms"] = asked(client, _of_rows(by, where, "v_turnaround"), times)
        peer[f"slice_{name}_ms"] = asked(client, _of_rows(by, where, _OF_ARRAYS), max(3, times // 10))
    return ours, peer


def _of_rollup(by: str, where: str) -> str:
    sql = "SELECT {by}, sum(exams), {digest} FROM v_turnaround_hourly WHERE {where} GROUP BY ALL"
    return sql.format(by=by, digest=_DIGEST, where=where).format(at="hour")


def _of_rows(by: str, where: str, source: str) -> str:
    sql = "SELECT {by}, count(seconds), {percentiles} FROM {source} WHERE {where} GROUP BY ALL"
    return sql.format(by=by, percentiles=_PERCENTILES, source=source, where=where).format(at="end_at")


@contextmanager
def server(directory: Path) -> Iterator[Client]:
    """A client of a ClickHouse of its own."""
    (port,) = allocate_free_ports(1)
    command: Sequence[str] = [sys.executable, "-c", _SERVE, str(port), str(directory), _USER, _PASSWORD]
    with subprocess.Popen([*command, _DATABASE], stdout=subprocess.DEVNULL) as process:
        try:
            client = _awaited(port)
            migrate(client, _DATABASE)
            yield client
            client.close()
        finally:
            process.kill()


def _awaited(port: int) -> Client:
    for _ in range(600):
        with contextlib.suppress(clickhouse_connect.driver.exceptions.Error):
            return clickhouse_connect.get_client(
                host="127.0.0.1",
                port=port,
                username=_USER,
                password=_PASSWORD,
                database=_DATABASE,
                # To make a hundred million rows takes longer than any question may.
                send_receive_timeout=7200,
                autogenerate_session_id=False,
            )
        time.sleep(0.1)
    raise RuntimeError("ClickHouse did not start")


def main() -> None:
    """Run."""
    parser = option_parser(__doc__)
    parser.add_argument("--rows", type=int, help="how many rows, instead of a hundred million")
    given: argparse.Namespace = parser.parse_args()
    options = options_of(given)
    rows = given.rows or (QUICK_ROWS if options.quick else FULL_ROWS)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with (
        tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory,
        server(Path(directory)) as client,
    ):
        fill(client, rows)
        ours, peer = measure(client, 20 if options.quick else 40)
        sizes = client.query(
            "SELECT table, sum(rows), formatReadableSize(sum(bytes_on_disk)) FROM system.parts"
            " WHERE active AND table LIKE 'turnaround%' GROUP BY table ORDER BY table"
        ).result_rows
    notes = [f"{table}: {int(count):,} rows, {size}" for table, count, size in sizes]
    report(
        Result(benchmark="queries", ours=ours, peers={"arrays of exams": peer}, notes=("p95", *notes)),
        options,
    )


if __name__ == "__main__":
    main()
