"""How long rows are kept: for ever, unless the installation says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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


def retention_statements(keep_days: int | None, with_ttl: frozenset[str]) -> Iterator[str]:
    """What brings every table to `keep_days`; `with_ttl`: the tables that have a bound already."""
    for table, column in AGED_BY.items():
        if keep_days is not None:
            yield f"ALTER TABLE {table} MODIFY TTL toDateTime({column}) + toIntervalDay({keep_days})"
        elif table in with_ttl:
            yield f"ALTER TABLE {table} REMOVE TTL"


def apply_retention(client: Client, config: ClickHouseSinkConfig) -> None:
    """Change what is not as the settings say. Raises the driver's error."""
    sql = "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase()"
    made = {str(name): str(query) for name, query in client.query(sql).result_rows}
    wanted = "" if config.keep_days is None else f"+ toIntervalDay({config.keep_days})"
    bounded = frozenset(name for name, query in made.items() if " TTL " in query)
    for statement in retention_statements(config.keep_days, bounded):
        if not wanted or wanted not in made[statement.split()[2]]:
            client.command(on_cluster(statement, config.cluster))
