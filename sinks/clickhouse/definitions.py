"""What the names of sites, intervals and targets mean, as rows and as dictionaries.

Written at every start of the sink: they follow the code and the settings, not the log. The dictionary of
targets follows v_targets, and so the targets that were published last.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from clickhouse_connect.driver.client import Client

from schemas.intervals import INTERVALS
from sinks.clickhouse.cluster import on_cluster
from sinks.clickhouse.config import ClickHouseSinkConfig

_LIFETIME = "LIFETIME(MIN 30 MAX 60)"
# By name: its columns, its key, and the question that fills it.
_DICTIONARIES = {
    "sites": (
        "site String, zone String DEFAULT 'UTC'",
        "site",
        "SELECT site, zone FROM {database}.v_sites",
    ),
    "intervals": (
        (
            "interval String, place UInt16, phase String, label String, meaning String,"
            " start_milestone String, end_milestone String, swim_code String"
        ),
        "interval",
        (
            "SELECT interval, place, phase, label, meaning, start_milestone, end_milestone, swim_code"
            " FROM {database}.v_intervals"
        ),
    ),
    # The targets of an interval in their order, as arrays: which of them counts depends on the exam.
    "targets": (
        (
            "interval String, modalities Array(String), priorities Array(String),"
            " patient_classes Array(String), sites Array(String), due_s Array(UInt64),"
            " warn_before_s Array(UInt64)"
        ),
        "interval",
        (
            "SELECT interval, groupArray(modality), groupArray(priority), groupArray(patient_class),"
            " groupArray(site), groupArray(due_s), groupArray(warn_before_s)"
            " FROM (SELECT * FROM {database}.v_targets ORDER BY place) GROUP BY interval"
        ),
    ),
}


def define(client: Client, config: ClickHouseSinkConfig) -> None:
    """Write the definitions and make the dictionaries. Raises the driver's error."""
    version = time.time_ns() // 1000
    client.insert(
        "site_definitions", [[config.site, config.zone, version]], column_names=["site", "zone", "version"]
    )
    client.insert("interval_definitions", [[*row, version] for row in _intervals()])
    for statement in _dictionaries(client, config):
        client.command(statement)


def _intervals() -> Iterator[list[object]]:
    for place, one in enumerate(INTERVALS, 1):
        ends = [one.start, one.end, one.to_last]
        yield [
            one.name,
            place,
            one.phase,
            one.label,
            one.meaning,
            *ends,
            one.priority or "",
            one.swim_code or "",
        ]


def _dictionaries(client: Client, config: ClickHouseSinkConfig) -> Iterator[str]:
    credentials = _credentials(client, config)
    for name, (columns, key, question) in _DICTIONARIES.items():
        query = _quoted(question.format(database=f"`{config.database}`"))
        yield on_cluster(
            f"CREATE OR REPLACE DICTIONARY {name} ({columns}) PRIMARY KEY {key}"
            f" SOURCE(CLICKHOUSE({credentials}QUERY {query})) LAYOUT(COMPLEX_KEY_HASHED()) {_LIFETIME}",
            config.cluster,
        )


def _credentials(client: Client, config: ClickHouseSinkConfig) -> str:
    """A server reads its own tables for a dictionary as one of its users; the local engine has none."""
    (who,) = client.query("SELECT currentUser()").result_rows[0]
    if who != config.clickhouse_user:
        return ""
    return f"USER {_quoted(config.clickhouse_user)} PASSWORD {_quoted(config.clickhouse_password)} "


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
