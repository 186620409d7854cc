"""Tables of turnaround made beside the live ones, and filled as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.cluster import on_cluster
from sinks.clickhouse.inserting import INSERT_SETTINGS
from sinks.clickhouse.intervals_select import intervals_select

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
# Every exam is there once: blocks need not be merged before they are written.
_BULK_SETTINGS = {**INSERT_SETTINGS, "optimize_on_insert": 0}


@dataclass(frozen=True, slots=True)
class TurnaroundTables:
    """The names of the tables to fill: exams, and their intervals."""

    turnaround_exams: str
    turnaround: str

    @classmethod
    def generation(cls, name: str) -> TurnaroundTables:
        """Those of a generation, beside the live ones. Raises ValueError where `name` is no name."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a generation: small letters, digits and _ only")
        return cls(*(f"{field.name}__{name}" for field in fields(cls)))

    def names(self) -> Iterator[tuple[str, str]]:
        """The live table that each is made like, and its name."""
        for field in fields(self):
            yield field.name, getattr(self, field.name)


class BulkFill:
    """Makes and fills them. What it raises is the driver's error."""

    def __init__(self, client: Client, tables: TurnaroundTables, cluster: str | None = None) -> None:
        """Makes nothing yet. `client`: in the database of the live tables, which are as migrated."""
        self._client = client
        self._tables = tables
        self._cluster = cluster

    def make(self) -> None:
        """Empty tables, as the live ones are now; what was there under these names is dropped."""
        self.drop()
        for like, name in self._tables.names():
            made = on_cluster(f"CREATE TABLE IF NOT EXISTS {name}", self._cluster)
            self._client.command(f"{made} AS {like}")

    def drop(self) -> None:
        """Away with the tables."""
        for _, name in self._tables.names():
            self._client.command(on_cluster(f"DROP TABLE IF EXISTS {name}", self._cluster))

    def insert_exams(self, rows: pa.Table) -> None:
        """Rows of exams. Each exam is inserted once: what is made of them later takes all as they are."""
        self._client.insert_arrow(self._tables.turnaround_exams, rows, settings=dict(_BULK_SETTINGS))

    def fill_intervals(self) -> None:
        """The intervals of all exams, by the select of the live tables' own view.

        A new table has no row that an interval that is not there would have to take out.
        """
        select = intervals_select(self._client, self._tables.turnaround_exams)
        self._client.command(
            f"INSERT INTO {self._tables.turnaround} SELECT * FROM ({select}) WHERE is_deleted = 0",  # noqa: S608 - ours
            settings=dict(_BULK_SETTINGS),
        )
