"""Streaming a result out of the engine."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Mapping
from typing import Final

from runtime.local.clickhouse.connection import Connection, Result
from runtime.local.clickhouse.errors import ClickHouseError
from runtime.local.clickhouse.sql import Statement

PIPE_BYTES: Final = 1 << 20


def stream_rows(
    connection: Connection,
    statement: Statement,
    output_format: str,
    parameters: Mapping[str, str],
    write: Callable[[bytes], None],
) -> Result:
    """Let the engine write the result into a pipe: one well-formed output in any format, in flat memory.

    chDB's own streaming starts the format anew in every block (several CSV headers, several Parquet files).
    A client that goes away closes the pipe, which ends the query.
    """
    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    clause = f"\nINTO OUTFILE '/dev/fd/{writing}' TRUNCATE\n".encode()
    after = statement.after or f"FORMAT {output_format}".encode()
    outcome: list[Result | ClickHouseError] = []

    def run() -> None:
        try:
            outcome.append(connection.query(statement.before + clause + after, output_format, parameters))
        except ClickHouseError as error:
            outcome.append(error)
        finally:
            os.close(writing)

    query = threading.Thread(target=run, name="query", daemon=True)
    query.start()
    try:
        while piece := os.read(reading, PIPE_BYTES):
            write(piece)
    finally:
        os.close(reading)
        query.join()
    result = outcome[0]
    if isinstance(result, ClickHouseError):
        raise result
    return result
