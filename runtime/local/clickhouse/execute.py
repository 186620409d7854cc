"""Running one request's statement on one connection."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson

from runtime.local.clickhouse.analyst import as_analyst, check_reads, settings_of
from runtime.local.clickhouse.connection import Connection, Result, quoted_name
from runtime.local.clickhouse.errors import refused
from runtime.local.clickhouse.formats import DEFAULT_OUTPUT
from runtime.local.clickhouse.insert_sql import Insert
from runtime.local.clickhouse.native import NativeBlocks
from runtime.local.clickhouse.pool import Pool
from runtime.local.clickhouse.request import Access, ExternalTable, Request
from runtime.local.clickhouse.response import Response
from runtime.local.clickhouse.rows import RowStream
from runtime.local.clickhouse.sql import Kind, Statement
from runtime.local.clickhouse.work import Work


def execute(pool: Pool, request: Request, work: Work, response: Response, access: Access) -> None:
    """Run it and write the answer. Raises ClickHouseError; a failed or cut-off insert leaves nothing."""
    started_s = time.perf_counter()
    reads_only = isinstance(work.statement, Statement) and work.statement.reads_only
    if request.readonly and not reads_only:
        raise refused(
            164, "READONLY", "Cannot execute query in readonly mode. Use POST for statements that write."
        )
    if access is Access.ANALYST:
        summary = _run_for_analyst(pool, as_analyst(request, work), work, response)
    else:
        summary = _run_in_full(pool, request, work, response)
    response.finish(_summary_text(summary, time.perf_counter() - started_s))


def _run_in_full(pool: Pool, request: Request, work: Work, response: Response) -> dict[str, int]:
    with pool.lend(
        request.session_id, request.session_timeout_s, must_exist=request.session_must_exist
    ) as connection:
        if request.session_id is None and _leaves_traces(request, work.statement):
            connection.reusable = False
        with _external_tables(connection, request, pool.spool):
            return _run(pool, connection, request, work, response)


def _run_for_analyst(pool: Pool, request: Request, work: Work, response: Response) -> dict[str, int]:
    with pool.lend_to_analyst() as connection:
        assert isinstance(work.statement, Statement)  # noqa: S101 as_analyst refuses the rest
        settings = settings_of(connection, request.settings)
        check_reads(connection, work.statement, request.database)
        # What is read-only cannot be changed back: the connection is not lent again.
        connection.reusable = False
        return _run(pool, connection, replace(request, settings=settings), work, response)


def _run(
    pool: Pool, connection: Connection, request: Request, work: Work, response: Response
) -> dict[str, int]:
    statement = work.statement
    if isinstance(statement, Insert):
        bound = {f"param_{name}": value for name, value in request.parameters.items()}
        with connection.scope({**request.settings, **bound}, request.database):
            return _insert(connection, statement, request.default_format or "Values", work.data, pool.spool)
    with connection.scope(request.settings, request.database):
        output_format = statement.output_format or request.default_format or DEFAULT_OUTPUT
        if statement.answers:
            response.describe(output_format)
        receiver = _receiver(response, request, output_format)
        if statement.kind is Kind.ROWS:
            result = RowStream(connection, pool.cancel).run(
                statement, output_format, request.parameters, receiver
            )
        else:
            result = connection.query(statement.text, output_format, request.parameters)
            receiver.write(result.bytes())
        if statement.kind is Kind.STATE:
            connection.user_changed_state()
    if isinstance(receiver, NativeBlocks):
        receiver.end()
    return _summary(result)


def _receiver(response: Response, request: Request, output_format: str) -> NativeBlocks | Response:
    wants_newer = request.newer_native and output_format == "Native"
    return NativeBlocks(response) if wants_newer else response


def _insert(
    connection: Connection, insert: Insert, default_format: str, data: Iterator[bytes], spool: Path
) -> dict[str, int]:
    """Spool the data, then have the engine read them: nothing of them stays if engine or client fails.

    Not the engine's streaming insert: that one reports no error of the writing stage (a violated constraint,
    too many parts, a failing materialized view), so such an insert would be acknowledged and lost.
    """
    with tempfile.TemporaryFile(dir=spool) as held:
        for piece in data:
            held.write(piece)
        held.flush()
        # By its descriptor: the name of a directory may hold what the engine takes for a pattern.
        statement = insert.from_file(f"/proc/self/fd/{held.fileno()}", default_format)
        result = connection.query(statement)
    return {"written_rows": result.rows_written(), "written_bytes": result.bytes_written()}


@contextlib.contextmanager
def _external_tables(connection: Connection, request: Request, spool: Path) -> Iterator[None]:
    made: list[ExternalTable] = []
    try:
        for table in request.external:
            name = quoted_name(table.name)
            connection.query(f"CREATE TEMPORARY TABLE {name} ({table.structure})")
            made.append(table)
            insert = Insert(f"INSERT INTO {name}".encode(), table.input_format, 0)
            _insert(connection, insert, table.input_format, iter((table.data,)), spool)
        yield
    finally:
        for table in made:
            connection.query(f"DROP TEMPORARY TABLE IF EXISTS {quoted_name(table.name)}")


def _leaves_traces(request: Request, statement: Statement | Insert) -> bool:
    """Whether something of the request would stay in the connection for a stranger to find."""
    if isinstance(statement, Insert):
        return bool(request.parameters)
    return statement.kind in (Kind.STATE, Kind.WRITE)


def _summary(result: Result) -> dict[str, int]:
    return {
        "read_rows": result.storage_rows_read(),
        "read_bytes": result.storage_bytes_read(),
        "written_rows": result.rows_written(),
        "written_bytes": result.bytes_written(),
        "result_rows": result.rows_read(),
        "result_bytes": result.bytes_read(),
    }


def _summary_text(counts: dict[str, int], elapsed_s: float) -> str:
    names = ("read_rows", "read_bytes", "written_rows", "written_bytes", "result_rows", "result_bytes")
    # ClickHouse writes the numbers as strings.
    summary = {name: str(counts.get(name, 0)) for name in names}
    return orjson.dumps({**summary, "elapsed_ns": str(int(elapsed_s * 1e9))}).decode()
