"""The tables of a generation: made like the live ones, exchanged with them, dropped.

EXCHANGE TABLES is one step for whoever reads: they see the one table or the other. What it moves is the name:
a table keeps its UUID, so whoever was interrupted sees by it what was exchanged already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from clickhouse_connect.driver.client import Client

from schemas.topics import TURNAROUND, WORKLIST
from sinks.clickhouse.cluster import on_cluster
from sinks.clickhouse.intervals_select import INTERVALS_VIEW, intervals_select

TABLES_OF_TOPIC: Mapping[str, Sequence[str]] = {
    WORKLIST: ("worklist",),
    TURNAROUND: ("turnaround_exams", "turnaround"),
}
"""By the topic of a view the tables that its rows are in: the first takes them, a view makes the others."""

_MARK = "__gen_"
_NUMBER = re.compile(rf"{_MARK}(\d+)$")


def name_in(table: str, number: int) -> str:
    """The table's name in a generation."""
    return f"{table}{_MARK}{number}"


def numbers(client: Client) -> set[int]:
    """The generations that have tables. Raises the driver's error."""
    names = client.query("SELECT name FROM system.tables WHERE database = currentDatabase()").result_rows
    return {int(found[1]) for (name,) in names if (found := _NUMBER.search(str(name)))}


def create(client: Client, topic: str, number: int, cluster: str | None) -> None:
    """Make the tables, empty, where they are not there. Raises the driver's error."""
    for table in TABLES_OF_TOPIC[topic]:
        made = f"CREATE TABLE IF NOT EXISTS {name_in(table, number)}"
        client.command(f"{on_cluster(made, cluster)} AS {table}")
    if topic == TURNAROUND:
        client.command(on_cluster(_derived(client, number), cluster))


def uuids(client: Client, topic: str, number: int) -> dict[str, str]:
    """By the name of a live table, the UUID of its generation's. Raises the driver's error."""
    return {table: _uuid(client, name_in(table, number)) for table in TABLES_OF_TOPIC[topic]}


def exchange(client: Client, topic: str, number: int, made: Mapping[str, str], cluster: str | None) -> None:
    """Put the generation's tables, whose UUIDs are `made`, in the place of the live ones; safe to repeat.

    From then on the generation's names are those of the tables that were live. Raises the driver's error.
    """
    if topic == TURNAROUND:
        client.command(on_cluster(f"DROP TABLE IF EXISTS {name_in(INTERVALS_VIEW, number)}", cluster))
    for table in TABLES_OF_TOPIC[topic]:
        if _uuid(client, table) != made[table]:
            client.command(on_cluster(f"EXCHANGE TABLES {table} AND {name_in(table, number)}", cluster))


def drop(client: Client, topic: str, number: int, cluster: str | None) -> None:
    """Drop what has the generation's names. Raises the driver's error."""
    for statement in _drops(topic, number):
        client.command(on_cluster(statement, cluster))


def _drops(topic: str, number: int) -> Iterator[str]:
    if topic == TURNAROUND:
        yield f"DROP TABLE IF EXISTS {name_in(INTERVALS_VIEW, number)}"
    for table in TABLES_OF_TOPIC[topic]:
        yield f"DROP TABLE IF EXISTS {name_in(table, number)}"


def _derived(client: Client, number: int) -> str:
    """The statement that makes the intervals' rows from the exams' rows, as the live one does."""
    source, target = (name_in(table, number) for table in TABLES_OF_TOPIC[TURNAROUND])
    name, select = name_in(INTERVALS_VIEW, number), intervals_select(client, source)
    return f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name} TO {target} AS {select}"


def _uuid(client: Client, table: str) -> str:
    sql = "SELECT uuid FROM system.tables WHERE database = currentDatabase() AND name = {name:String}"
    ((found,),) = client.query(sql, parameters={"name": table}).result_rows
    return str(found)
