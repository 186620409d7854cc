"""Streaming a result out of the engine."""

from __future__ import annotations

import fcntl
import os
import select
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

from runtime.local.clickhouse.connection import Connection, Result
from runtime.local.clickhouse.errors import ClickHouseError
from runtime.local.clickhouse.sql import Statement

PIPE_BYTES: Final = 1 << 20
_GONE_CHECK_MS: Final = 500
_CANCEL_RETRY_S: Final = 0.2


class Reader(Protocol):
    """Where the rows go. Either method raises ConnectionError once the client is gone."""

    def write(self, data: bytes) -> None: ...
    def check(self) -> None: ...


class RowStream:
    """One streamed statement.

    The engine writes its result into a pipe by INTO OUTFILE: one well-formed output in any format, in flat
    memory. chDB's own streaming starts the format anew in every block (several CSV headers, several Parquet
    files). `cancel` is given the output clause, which names the statement among those that run.
    """

    def __init__(self, connection: Connection, cancel: Callable[[str], None]) -> None:
        self._connection = connection
        self._cancel = cancel
        self._outcome: list[Result | ClickHouseError] = []

    def run(
        self, statement: Statement, output_format: str, parameters: Mapping[str, str], reader: Reader
    ) -> Result:
        """Run it to its end. Raises ClickHouseError; ConnectionError if the client goes away meanwhile."""
        reading, writing = os.pipe()
        fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        clause = f"INTO OUTFILE '/dev/fd/{writing}' TRUNCATE"
        after = statement.after or f"FORMAT {output_format}".encode()
        sql = b"%b\n%b\n%b" % (statement.before, clause.encode(), after)
        query = threading.Thread(
            target=self._query, args=(sql, parameters, writing), name="query", daemon=True
        )
        query.start()
        try:
            for piece in _pieces(reading, reader):
                reader.write(piece)
        finally:
            os.close(reading)
            self._end(query, clause)
        result = self._outcome[0]
        if isinstance(result, ClickHouseError):
            raise result
        return result

    def _query(self, sql: bytes, parameters: Mapping[str, str], writing: int) -> None:
        try:
            self._outcome.append(self._connection.query(sql, params=parameters))
        except ClickHouseError as error:
            self._outcome.append(error)
        finally:
            # Last of all: as long as it is open, its number names this statement only.
            os.close(writing)

    def _end(self, query: threading.Thread, clause: str) -> None:
        """Wait for the query. The engine does not end by itself when nobody reads what it writes."""
        query.join(_CANCEL_RETRY_S)
        while query.is_alive():
            self._cancel(clause)
            query.join(_CANCEL_RETRY_S)


def _pieces(reading: int, reader: Reader) -> Iterator[bytes]:
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    while True:
        if not poll.poll(_GONE_CHECK_MS):
            reader.check()
        elif piece := os.read(reading, PIPE_BYTES):
            yield piece
        else:
            return
