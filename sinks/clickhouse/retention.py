"""How long rows are kept: for ever, unless the installation says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.cluster import on_cluster
from sinks.clickhouse.config import ClickHouseSinkConfig

# By table the column that tells a row's age: when it was recorded, not when it happened, so that what is old
# but came today is not gone tonight. The hours and days of the rollups go by themselves.
AGED_BY: Mapping[str, str] = {
    "events": "recorded_at",
    "instances": "recorded_at",
    "worklist": "last_recorded_at",
    "turnaround_exams": "last_recorded_at",
    "turnaround": "last_recorded_at",
    "turnaround_hours": "touched_at",
    "turnaround_hourly": "hour",
    "turnaround_daily": "day",
    "alerts": "said_at",
    "predictions": "made_at",
    "deadletters": "recorded_at",
    "deadletter_resolutions": "resolved_at",
    "deliveries": "recorded_at",
}


# What legal holds keep back: by table the columns that say what a row is about. Others have figures alone.
_EXAM, _PATIENT = "exam_id", "patient_key"
HELD_BY: Mapping[str, tuple[str, ...]] = {
    "events": (_EXAM, _PATIENT),
    "instances": (_EXAM, _PATIENT),
    "worklist": (_EXAM, _PATIENT),
    "turnaround_exams": (_EXAM,),
    "turnaround": (_EXAM,),
    "alerts": (_EXAM,),
    "predictions": (_EXAM,),
    "deliveries": (_EXAM,),
}
_STANDING = """
WITH standing AS (
    SELECT exam_id, patient_key FROM events FINAL
    WHERE event_type = 'LegalHoldSet' AND JSONExtractString(payload, 'hold_id') NOT IN (
        SELECT JSONExtractString(payload, 'hold_id') FROM events FINAL WHERE event_type = 'LegalHoldReleased'
    )
)
SELECT exam_id, patient_key FROM standing
UNION DISTINCT
SELECT exam_id, patient_key FROM worklist FINAL
WHERE patient_key IN (
    SELECT patient_key FROM standing WHERE startsWith(exam_id, 'patient|') AND patient_key != ''
)
"""


@dataclass(frozen=True, slots=True)
class HeldRows:
    """What legal holds keep: rows about any of the exams, or of the patients that are held as a whole."""

    exams: frozenset[str] = frozenset()
    patients: frozenset[str] = frozenset()

    def condition(self, table: str) -> str:
        """SQL that is true for rows that may go; empty where no hold concerns the table."""
        held = {_EXAM: self.exams, _PATIENT: self.patients}
        return " AND ".join(
            f"{column} NOT IN ({', '.join(map(_quoted, sorted(held[column])))})"
            for column in HELD_BY.get(table, ())
            if held[column]
        )


NOTHING_HELD = HeldRows()


def held_in(client: Client) -> HeldRows:
    """The holds that ClickHouse knows of, with every exam of the patients. Raises the driver's error."""
    rows = client.query(_STANDING).result_rows
    whole = frozenset(str(key) for exam, key in rows if str(exam).startswith("patient|") and key)
    return HeldRows(frozenset(str(exam) for exam, _ in rows), whole)


def retention_statements(
    keep_days: int | None, with_ttl: frozenset[str], held: HeldRows = NOTHING_HELD
) -> Iterator[str]:
    """What brings every table to `keep_days`; `with_ttl`: the tables that have a bound already."""
    for table, column in AGED_BY.items():
        if keep_days is not None:
            condition = held.condition(table)
            only = f" DELETE WHERE {condition}" if condition else ""
            yield f"ALTER TABLE {table} MODIFY TTL toDateTime({column}) + toIntervalDay({keep_days}){only}"
        elif table in with_ttl:
            yield f"ALTER TABLE {table} REMOVE TTL"


def apply_retention(client: Client, config: ClickHouseSinkConfig) -> None:
    """Change what is not as the settings and the holds say. Raises the driver's error.

    A hold that was set a moment ago may not be in ClickHouse yet: who set it brings it into the bounds
    (`hold_rows`), and what is held there stays so here.
    """
    sql = "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase()"
    made = {str(name): str(query) for name, query in client.query(sql).result_rows}
    wanted = "" if config.keep_days is None else f"+ toIntervalDay({config.keep_days})"
    bounded = frozenset(name for name, query in made.items() if " TTL " in query)
    for statement in retention_statements(config.keep_days, bounded, held_in(client)):
        if not wanted or wanted not in made[statement.split()[2]]:
            client.command(on_cluster(statement, config.cluster))


def hold_rows(client: Client, keep_days: int | None, cluster: str | None, held: HeldRows) -> None:
    """Bring these holds into the bounds of the tables, where there are any. Raises the driver's error."""
    if keep_days is not None:
        for statement in retention_statements(keep_days, frozenset(), held):
            client.command(on_cluster(statement, cluster))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
