"""Rows into ClickHouse over HTTP, as Arrow."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error
from urllib3.exceptions import HTTPError

from sinks.clickhouse.errors import Unavailable, explained
from sinks.clickhouse.table import Table

INSERT_SETTINGS = {"async_insert": 0, "deduplicate_blocks_in_dependent_materialized_views": 1}


class Inserter(Protocol):
    """Puts rows into a table, all or none."""

    def insert(self, table: Table, rows: pa.Table, token: str) -> None:
        """Return when they are durable; the same token twice inserts once. DataRefused or Unavailable."""

    def remove(self, table: Table, exam_id: str, offset: int) -> None:
        """Return when no row of the exam up to `offset` is left. Unavailable."""


class ClickHouseInserter:
    """Inserts as Arrow over HTTP."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def insert(self, table: Table, rows: pa.Table, token: str) -> None:
        """Return when they are durable; the same token twice inserts once. DataRefused or Unavailable."""
        settings = {**INSERT_SETTINGS, "insert_deduplication_token": token}
        try:
            self._client.insert_arrow(table.name, rows, settings=settings)
        except Error as error:
            raise explained(error) from error
        except (HTTPError, OSError) as error:
            raise Unavailable(f"ClickHouse: {type(error).__name__}") from error

    def remove(self, table: Table, exam_id: str, offset: int) -> None:
        """Return when no row of the exam up to `offset` is left. Unavailable."""
        # A row that was written again later has a higher offset, however often this is delivered.
        sql = f"DELETE FROM {table.name} WHERE exam_id = {{exam_id:String}} AND version <= {{offset:UInt64}}"  # noqa: S608 - the name is ours
        try:
            self._client.command(sql, parameters={"exam_id": exam_id, "offset": offset})
        except Error as error:
            raise Unavailable(f"ClickHouse did not remove a row: {explained(error)}") from error
        except (HTTPError, OSError) as error:
            raise Unavailable(f"ClickHouse: {type(error).__name__}") from error
