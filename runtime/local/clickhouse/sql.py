"""Just enough of ClickHouse's grammar to route a statement: no more is parsed than must be.

The server has to know, before the engine sees a statement: does it answer with rows, in which format, and
does it write. Everything else is the engine's to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

from runtime.local.clickhouse.errors import refused
from runtime.local.clickhouse.tokens import Token, depth_change, tokens

_ROWS: Final = frozenset({b"SELECT", b"WITH", b"FROM", b"(", b"VALUES"})
_SMALL_ROWS: Final = frozenset({b"SHOW", b"DESCRIBE", b"DESC", b"EXPLAIN", b"EXISTS", b"CHECK"})
_STATE: Final = frozenset({b"SET", b"USE"})
_ANSWERING: Final = frozenset({b"KILL", b"BACKUP", b"RESTORE"})
# A word before FORMAT that makes it a column's or an alias's name instead of a clause.
_OPERATORS: Final = frozenset({b"SELECT", b"DISTINCT", b"AS", b"BY", b"WHERE", b"AND", b"OR", b"NOT"})
_OPERATOR_MARKS: Final = frozenset(b",.(+-*/%=<>|")


class Kind(Enum):
    """How a statement runs."""

    ROWS = "rows"  # any number of rows: streamed
    SMALL_ROWS = "small rows"  # a description: answered whole
    STATE = "state"  # changes the session (SET, USE)
    WRITE = "write"  # changes data or structure


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: `before` + output clause + `after` is the text for the engine."""

    kind: Kind
    before: bytes
    after: bytes
    output_format: str | None
    answers: bool

    @property
    def text(self) -> bytes:
        """The statement as it was given."""
        return self.before + self.after

    @property
    def reads_only(self) -> bool:
        """Whether a read-only request may run it."""
        return self.kind is not Kind.WRITE


def parse_statement(sql: bytes) -> Statement:
    """Route one statement. Raises ClickHouseError for none, for several, and for client-side clauses."""
    items = _without_semicolon(list(tokens(sql)))
    if not items:
        raise refused(62, "SYNTAX_ERROR", "Empty query")
    _refuse_client_clauses(items)
    _refuse_kafka_tables(items)
    kind = _kind(items)
    clause = _format_clause(items)
    end = items[-1].end
    if clause is None:
        return Statement(kind, sql[:end], b"", None, _answers(kind, items))
    name = items[clause + 1]
    output_format = sql[name.start : name.end].decode(errors="replace")
    at = items[clause].start
    return Statement(kind, sql[:at], sql[at:end], output_format, _answers(kind, items))


def _without_semicolon(items: list[Token]) -> list[Token]:
    while items and items[-1].value == b";":
        items.pop()
    if any(token.value == b";" for token in items):
        raise refused(62, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)")
    return items


def _refuse_client_clauses(items: list[Token]) -> None:
    for first, second in pairwise(items):
        if first.value == b"INTO" and second.value == b"OUTFILE":
            raise refused(48, "NOT_IMPLEMENTED", "INTO OUTFILE works in the command line client only")


def _refuse_kafka_tables(items: list[Token]) -> None:
    """The embedded engine fails to make such a table, yet keeps it, and cannot open its data again."""
    words = [token.value for token in items if token.value != b"="]
    if words[0] in (b"CREATE", b"ATTACH", b"REPLACE") and (b"ENGINE", b"KAFKA") in pairwise(words):
        raise refused(48, "NOT_IMPLEMENTED", "The Kafka table engine does not work in the embedded engine")


def _kind(items: list[Token]) -> Kind:
    first = items[0].value
    if first in _ROWS:
        return Kind.WRITE if first == b"WITH" and _writes_inside(items) else Kind.ROWS
    if first in _SMALL_ROWS:
        return Kind.SMALL_ROWS
    return Kind.STATE if first in _STATE else Kind.WRITE


def _writes_inside(items: list[Token]) -> bool:
    depth = 0
    for token, following in pairwise(items):
        depth += depth_change(token)
        if depth == 0 and token.value == b"INSERT" and following.value == b"INTO":
            return True
    return False


def _answers(kind: Kind, items: list[Token]) -> bool:
    return kind in (Kind.ROWS, Kind.SMALL_ROWS) or items[0].value in _ANSWERING


def _format_clause(items: list[Token]) -> int | None:
    """Index of the FORMAT that ends the statement (a SETTINGS clause may follow), or None."""
    depth = 0
    for at in range(len(items) - 1, 0, -1):
        token = items[at]
        depth -= depth_change(token)
        if depth == 0 and token.value == b"FORMAT" and at + 1 < len(items):
            before, after = items[at - 1], items[at + 2 : at + 3]
            ends = not after or after[0].value == b"SETTINGS"
            names_a_column = before.value in _OPERATORS or (
                before.kind == "mark" and before.value[0] in _OPERATOR_MARKS
            )
            return at if ends and not names_a_column and items[at + 1].kind in ("word", "name") else None
    return None
