"""The rows of `benchmarks/queries.py`, made in the engine: departments of three sites over ten years.

With less than ten million rows it is one year.
Each exam's number gives all else: modality as in England 2012 (XR 60 %, US 21, CT 9, MR 7, fluoroscopy 3),
priority, class, ward, procedure, scanner, reader, and 20 of the 33 intervals; the others stand in the table
as deleted, as they do in life. The intervals' rows of all exams are made at once (the sink's view would
take hours to make them), some exams are stated again through the view.
"""

from __future__ import annotations

import time
from functools import partial

from clickhouse_connect.driver.client import Client

from benchmarks.harness import progress
from schemas.intervals import INTERVALS
from sinks.clickhouse.daily import count_days
from sinks.clickhouse.hourly import count_hours

ZONE = "UTC"
KNOWN = 20  # of an exam's intervals
_MANY_ROWS = 10_000_000
_EXAMS_AT_ONCE = 100_000
_RESTATED_INSERTS, _RESTATED_EXAMS = 20, 200

# h gives what an exam is, i the number of the interval.
_EXAM = """
    concat('GENERAL|A', leftPad(toString(n), 9, '0')) AS exam_id,
    concat('A', leftPad(toString(n), 9, '0')) AS accession_number,
    ['GENERAL', 'GENERAL', 'NORTH', 'SOUTH'][h % 4 + 1] AS site,
    multiIf(m < 60, 'CR', m < 81, 'US', m < 90, 'CT', m < 97, 'MR', 'XA') AS modality,
    concat(modality, toString(intDiv(h, 400) % 30)) AS procedure_code,
    concat('Procedure ', procedure_code) AS procedure_name,
    multiIf(p < 70, 'ROUTINE', p < 90, 'ASAP', 'STAT') AS priority,
    multiIf(k < 65, 'O', k < 85, 'I', 'E') AS patient_class,
    concat('W', toString(intDiv(h, 48000) % 40)) AS location,
    concat(modality, toString(intDiv(h, 7000000) % 6)) AS station_ae_title,
    concat('reader', toString(intDiv(h, 90000000) % 60)) AS reader,
    at AS last_recorded_at,
    {version} AS version"""
_NUMBERS = """
    cityHash64(n) AS h, intDiv(h, 4) % 100 AS m, intDiv(h, 40000) % 100 AS p, intDiv(h, 4000000) % 100 AS k,
    toDateTime64('{from_year}-01-01 00:00:00', 6, 'UTC')
        + toIntervalMillisecond(toInt64(n * {step_ms})) AS at"""
_SECONDS = "round(exp(5 + (cityHash64({i}, n) % 10000) / 2500), 3)"
_EXAM_COLUMNS = (
    "exam_id, accession_number, site, modality, procedure_code, procedure_name, priority,"
    " patient_class, location, station_ae_title, reader, last_recorded_at, version"
)
_EXAMS = f"""
INSERT INTO turnaround_exams
    ({_EXAM_COLUMNS}, interval_names, interval_starts, interval_ends, interval_seconds)
SELECT {_EXAM},
    arrayMap(i -> {{names}}[i + 1], known), arrayMap(i -> at, known),
    arrayMap(s -> at + toIntervalMicrosecond(toInt64(s * 1000000)), lengths),
    arrayMap(i -> {_SECONDS.format(i="i")}, known) AS lengths
FROM (
    SELECT number AS n, {_NUMBERS}, arrayFilter(i -> (i * 7 + h) % {{of}} < {{known}}, range({{of}})) AS known
    FROM numbers({{first}}, {{count}})
)
"""  # noqa: S608 - made from our own constants
_INTERVALS = f"""
INSERT INTO turnaround ({_EXAM_COLUMNS}, interval, start_at, end_at, seconds, is_deleted)
SELECT {_EXAM},
    {{names}}[i + 1], at, at + toIntervalMicrosecond(toInt64(length * 1000000)),
    if(is_missing, 0, {_SECONDS.format(i="i")}) AS length, is_missing
FROM (
    SELECT {{first}} + number % {{count}} AS n, intDiv(number, {{count}}) AS i, {_NUMBERS},
        (i * 7 + h) % {{of}} >= {{known}} AS is_missing
    FROM numbers({{count}} * {{of}})
)
"""  # noqa: S608 - made from our own constants


def fill(client: Client, rows: int, leave_at_s: float = float("inf")) -> bool:
    """Exams with `rows` measured intervals, merged as far as the server has come, and some stated again.

    Goes on with what is there, and leaves off at `leave_at_s` by the monotonic clock; whether all are there.
    """
    exams = rows // KNOWN
    there = int(client.query("SELECT uniqExact(exam_id) FROM turnaround_exams").result_rows[0][0])
    if client.query("SELECT count() FROM turnaround_exams WHERE version = 2").result_rows[0][0]:
        return True
    for first in range(there, exams, _EXAMS_AT_ONCE):
        if time.monotonic() > leave_at_s:
            return False
        progress(f"{first:,} of {exams:,} exams")
        _stated(client, exams, range(first, min(first + _EXAMS_AT_ONCE, exams)))
        _counted(client)
    progress("merging")
    merged(client)
    for table in ("turnaround_daily", "turnaround_hourly"):
        # As the server does with years that are at rest, after an hour.
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    for number in range(_RESTATED_INSERTS):
        first = max(0, exams - (number + 1) * _RESTATED_EXAMS)
        _state(client, _EXAMS, exams, range(first, first + _RESTATED_EXAMS), version=2)
    _counted(client)
    return True


def _stated(client: Client, exams: int, some: range) -> None:
    # The view is back after this, and where this is killed, with the next start of the engine.
    client.command("DETACH TABLE turnaround_from_exams")
    for sql in (_INTERVALS, _EXAMS):
        _state(client, sql, exams, some, version=1)
    client.command("ATTACH TABLE turnaround_from_exams")


def merged(client: Client) -> None:
    """Wait for the merges that the server makes by itself: as a table is after a while, not as one part."""
    while client.query("SELECT count() FROM system.merges").result_rows[0][0]:
        time.sleep(0.5)


def _state(client: Client, sql: str, exams: int, some: range, *, version: int) -> None:
    years = 10 if exams * KNOWN >= _MANY_ROWS else 1
    client.command(
        sql.format(
            names=[spec.name for spec in INTERVALS],
            of=len(INTERVALS),
            known=KNOWN,
            from_year=2027 - years,
            step_ms=years * 365.25 * 86_400_000 / exams,
            first=some.start,
            count=len(some),
            version=version,
        )
    )


def _counted(client: Client) -> None:
    for unit, count in (("hours", count_hours), ("days", partial(count_days, zone=ZONE))):
        began_s = time.monotonic()
        counted = count(client)
        progress(f"counted {counted:,} {unit} in {time.monotonic() - began_s:.1f} s")
