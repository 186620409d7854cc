"""A long log of made-up exams in ClickHouse, for questions about the past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client

from benchmarks.department_events import department_events
from benchmarks.forecasts_made import forecasts_made
from benchmarks.harness import progress
from processors.fold import fold
from processors.worklist import worklist_row
from schemas.codec import Record
from sinks.clickhouse import rows as tables
from sinks.clickhouse.columns import Placed

# From the first that is known of an exam to the last.
_FORECASTS = forecasts_made(
    "SELECT exam_id, min(recorded_at) AS first_at, max(recorded_at) AS last_at FROM events GROUP BY exam_id"
)


def fill(client: Client, days: int) -> int:
    """The year; how many events it has. What the last days have not finished yet stays open."""
    progress(f"{EXAMS_A_DAY} exams of one day")
    events = [event for exam in department_events(EXAMS_A_DAY) for event in exam]
    first = min(event.envelope.recorded_at for event in events).replace(hour=0, minute=0, second=0)
    rows = [worklist_row(state) for state in fold(events).values()]
    _insert(client, tables.EVENTS, events)
    _insert(client, tables.WORKLIST, rows)
    progress(f"{days} days of them")
    for table in ("events", "worklist"):
        client.command(_repeated(client, table, days, (FIRST_DAY - first).days))
        client.command(f"DELETE FROM {table} WHERE NOT startsWith(exam_id, 'D')")  # noqa: S608 - our own
    client.command(_FORECASTS)
    return int(client.query("SELECT count() FROM events").result_rows[0][0])


def _insert(client: Client, table: tables.Table, records: Sequence[Record]) -> None:
    placed = [Placed(record, "topic", 0, offset) for offset, record in enumerate(records)]
    client.insert_arrow(table.name, tables.to_arrow(table, placed))


def _repeated(client: Client, table: str, days: int, offset: int) -> str:
    """Each row once for each day, the last of them on the first day."""
    columns = client.query(f"DESCRIBE TABLE {table}").result_rows
    values = [_value(str(name), str(kind), offset) for name, kind, *_ in columns]
    return (
        f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table} AS t "  # noqa: S608 - our own columns
        f"CROSS JOIN (SELECT number AS back FROM numbers({days})) AS d"
    )


def _value(name: str, kind: str, offset: int) -> str:
    if name == "exam_id":
        return "concat('D', leftPad(toString(1000 - back), 4, '0'), '|', t.exam_id)"
    if "DateTime" in kind:
        return f"addDays(t.{name}, {offset} - toInt32(back))"
    if name == "event_id":
        return "reinterpretAsUUID(sipHash128(t.event_id, back))"
    return f"t.{name}"


EXAMS_A_DAY = 420
FIRST_DAY = datetime(2026, 11, 24, tzinfo=UTC)
