"""Whether a replay's tables hold what the fold of the same events gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from benchmarks.replay_archive import KEYS, Directory
from processors.fold import LogMessage
from schemas.topics import EVENTS
from schemas.views import TurnaroundRow
from sinks.archive.container import messages_in
from sinks.archive.names import Place
from sinks.clickhouse.bulk.filling import TurnaroundTables
from sinks.clickhouse.columnar.reader import INSTANT
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.rows import TURNAROUND, to_arrow
from sinks.history.reading import archived_of

_SAMPLED = Place(EVENTS, 0)
TABLES = TurnaroundTables.generation("bench")
_INTERVAL_SCHEMA = pa.schema(
    [
        ("exam_id", pa.string()),
        ("interval", pa.string()),
        ("start_at", INSTANT),
        ("end_at", INSTANT),
        ("seconds", pa.float64()),
        ("excluded_reason", pa.string()),
    ]
)
_EXAM_COLUMNS = [column.name for column in TURNAROUND.columns if column.name != "version"]
# What v_turnaround reads of a generation's rows.
_INTERVALS = f"""
SELECT exam_id, interval, start_at, end_at, seconds, excluded_reason FROM {TABLES.turnaround} FINAL
WHERE CRC32(exam_id) % {{of:UInt32}} = 0 ORDER BY exam_id, interval
"""  # noqa: S608 - the name is ours
_EXAMS = f"""
SELECT {", ".join(_EXAM_COLUMNS)} FROM {TABLES.turnaround_exams} FINAL
WHERE CRC32(exam_id) % {{of:UInt32}} = 0 ORDER BY exam_id
"""  # noqa: S608 - the names are ours


def _sampled(store: Directory, of: int) -> tuple[int, list[LogMessage]]:
    """How many messages the partition has, and those of the sample."""
    read, sampled = 0, []
    for manifest in archived_of(store, _SAMPLED, KEYS).files:
        for message, _ in messages_in(store.get(manifest.file)):
            read += 1
            if message.key is not None and crc32(message.key) % of == 0:
                sampled.append(LogMessage(0, message.offset, message.key, message.value))
    return read, sampled


def compare(client: Client, rows: Sequence[TurnaroundRow], of: int) -> int:
    """How many intervals the exams have. Raises RuntimeError where a row differs or is not there."""
    ordered = sorted(rows, key=lambda row: row.exam_id)
    wanted = to_arrow(TURNAROUND, [Placed(row, EVENTS, 0, 0) for row in ordered]).drop_columns(["version"])
    _require_equal(wanted, client.query_arrow(_EXAMS, parameters={"of": of}, use_strings=True))
    intervals = pa.Table.from_pylist(list(_intervals(ordered)), _INTERVAL_SCHEMA)
    _require_equal(intervals, client.query_arrow(_INTERVALS, parameters={"of": of}, use_strings=True))
    return len(intervals)


def _intervals(rows: Iterable[TurnaroundRow]) -> Iterator[dict[str, object]]:
    """In the order of exam and name."""
    for row in rows:
        measured = [(one.name, one.start_at, one.end_at, one.seconds, "") for one in row.intervals]
        excluded = [(one.name, one.start_at, one.end_at, 0.0, one.reason) for one in row.excluded or ()]
        for cells in sorted([*measured, *excluded]):
            yield dict(zip(_INTERVAL_SCHEMA.names, (row.exam_id, *cells), strict=True))


def _require_equal(wanted: pa.Table, found: pa.Table) -> None:
    found = found.select(wanted.column_names).cast(wanted.schema)
    if len(found) != len(wanted):
        raise RuntimeError(f"the fold has {len(wanted)} rows, the rebuild {len(found)}")
    for name in wanted.column_names:
        if not found[name].equals(wanted[name]):
            mine, its = found[name].to_pylist(), wanted[name].to_pylist()
            wrong = [row for row, pair in enumerate(zip(mine, its, strict=True)) if pair[0] != pair[1]]
            raise RuntimeError(f"{name} of {len(wrong)} rows differs, such as {wanted.slice(wrong[0], 1)}")
