"""What a statement of the analyst may do: read the views. The engine has no users, so it is held here.

The engine parses the statement to a tree (`parseQueryToJSON`), which is walked: a kind of statement, a table
or a function that is not known to be harmless is refused before anything runs. The statement itself then runs
with `readonly = 1`. What a server of ClickHouse would do with grants: deploy/clickhouse/analyst.sql.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from runtime.local.clickhouse.analyst_tree import Catalogue, check_tree
from runtime.local.clickhouse.config import MEBIBYTE
from runtime.local.clickhouse.connection import Connection, quoted
from runtime.local.clickhouse.errors import ClickHouseError, refused
from runtime.local.clickhouse.request import Request
from runtime.local.clickhouse.sql import Statement
from runtime.local.clickhouse.tokens import tokens
from runtime.local.clickhouse.work import Work

READONLY: Final[Mapping[str, str]] = {"allow_introspection_functions": "0", "readonly": "1"}
# An analyst's statement must leave room for the pipeline's.
LIMITS: Final[Mapping[str, str]] = {"max_execution_time": "60", "max_memory_usage": str(512 * MEBIBYTE)}
_LONGEST_S: Final = 300
_CHANGEABLE: Final = frozenset(
    {
        "max_execution_time", "max_threads", "max_block_size", "max_result_rows", "max_result_bytes",
        "max_rows_to_read", "max_bytes_to_read", "result_overflow_mode", "timeout_overflow_mode",
        "read_overflow_mode", "extremes", "limit", "offset", "join_use_nulls", "session_timezone",
        "date_time_output_format", "date_time_input_format",
        "cancel_http_readonly_queries_on_client_close", "log_comment",
    }
)  # fmt: skip
_OUTPUT: Final = "output_format_"
_WRITES_A_FILE: Final = "output_format_schema"
# A description of one named table, which the engine gives no tree of.
_DESCRIPTIONS: Final = ((b"DESCRIBE",), (b"DESC",), (b"SHOW", b"CREATE"), (b"EXISTS",))
_KINDS: Final = (b"TABLE", b"VIEW")
SEALED: Final = ("phi_key_id", "phi_nonce", "phi_ciphertext")


def as_analyst(request: Request, work: Work) -> Request:
    """The request as it may run. Raises ClickHouseError 164 for what no analyst may ask for."""
    if not isinstance(work.statement, Statement) or not work.statement.reads_only or request.external:
        raise refused(164, "READONLY", "The analyst reads only: SELECT, SHOW, DESCRIBE, EXPLAIN")
    return replace(request, session_id=None)


def settings_of(connection: Connection, asked: Mapping[str, str]) -> Mapping[str, str]:
    """The settings that the statement runs with.

    As in ClickHouse, one that would change nothing is no change: drivers send their defaults. Raises
    ClickHouseError 164 for one that may not be changed.
    """
    fixed = {name: value for name, value in asked.items() if not _is_changeable(name)}
    known = _current(connection, fixed) if fixed else {}
    for name, value in fixed.items():
        if known.get(name) != value:
            raise refused(164, "READONLY", f"Cannot modify '{name}' setting in readonly mode")
    changed = {name: value for name, value in asked.items() if name not in fixed}
    longest_s = changed.get("max_execution_time", "1")
    if not longest_s.isdecimal() or not 1 <= int(longest_s) <= _LONGEST_S:
        raise refused(452, "SETTING_CONSTRAINT_VIOLATION", f"max_execution_time is from 1 to {_LONGEST_S}")
    return {**LIMITS, **changed, **READONLY}


def _is_changeable(name: str) -> bool:
    return name in _CHANGEABLE or (name.startswith(_OUTPUT) and name != _WRITES_A_FILE)


def _current(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    listed = ", ".join(map(quoted, names))
    sql = f"SELECT name, value FROM system.settings WHERE name IN ({listed})"  # noqa: S608 quoted
    rows = connection.query(sql, "JSONCompactEachRow").bytes()
    return dict(orjson.loads(row) for row in rows.splitlines())


def check_reads(connection: Connection, statement: Statement, database: str | None) -> None:
    """Raises ClickHouseError 497 where the statement reads what the analyst may not, 62 where it is none."""
    text = _text(statement)
    catalogue = _catalogue(connection, database)
    described = _described(text)
    if described is not None:
        catalogue.check_table(described)
        return
    sql = f"SELECT parseQueryToJSON({quoted(text)})"
    try:
        tree: dict[str, Any] = orjson.loads(connection.query(sql, "TabSeparatedRaw").bytes())
    except ClickHouseError as error:
        if error.code == 36:
            raise refused(497, "ACCESS_DENIED", "The analyst may not run this kind of statement") from error
        raise
    check_tree(tree, catalogue)


def _text(statement: Statement) -> str:
    try:
        return statement.before.decode()
    except UnicodeDecodeError as error:
        raise refused(62, "SYNTAX_ERROR", "Syntax error: the statement is not UTF-8") from error


def _catalogue(connection: Connection, database: str | None) -> Catalogue:
    home = connection.home
    sql = f"""
        SELECT (SELECT groupArray(name) FROM system.databases) AS databases,
            (SELECT groupArray(name) FROM system.tables WHERE database = {quoted(home)}) AS tables,
            (SELECT groupUniqArray(table) FROM system.columns
             WHERE database = {quoted(home)} AND has([{", ".join(map(quoted, SEALED))}], name)) AS sealed
    """  # noqa: S608 quoted
    row = orjson.loads(connection.query(sql, "JSONEachRow").bytes())
    return Catalogue(
        home=home,
        current=database or home,
        databases=frozenset(row["databases"]),
        tables=frozenset(row["tables"]),
        sealed_tables=frozenset(row["sealed"]),
        sealed_columns=frozenset(SEALED),
    )


def _described(text: str) -> list[str] | None:
    """The parts of the name in DESCRIBE, SHOW CREATE and EXISTS; None for another statement."""
    items = list(tokens(text.encode()))
    words = [item.value for item in items]
    for start in _DESCRIPTIONS:
        if tuple(words[: len(start)]) == start:
            rest = items[len(start) :]
            named = rest[1:] if rest and rest[0].value in _KINDS else rest
            if not named or len(named) % 2 == 0 or any(item.value != b"." for item in named[1::2]):
                return None
            return [text.encode()[item.start : item.end].decode().strip('`"') for item in named[::2]]
    return None
