"""Just enough of ClickHouse's lexical grammar to route a statement: no more is parsed than must be.

The server has to know, before the engine sees a statement: does it answer with rows, in which format,
does it write, and where does inline data begin. Everything else is the engine's to judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final, NamedTuple

from runtime.local.clickhouse.errors import refused

_TOKEN: Final = re.compile(
    rb"""
      (?P<space>  \s+ | --[^\n]* | \#[!\ ][^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<text>   '(?:[^'\\]|\\.|'')*(?:'|\Z) | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z) )
    | (?P<name>   `(?:[^`\\]|\\.|``)*(?:`|\Z) | "(?:[^"\\]|\\.|"")*(?:"|\Z) )
    | (?P<word>   [A-Za-z_][A-Za-z0-9_$]* )
    | (?P<number> [0-9][A-Za-z0-9_.]* )
    | (?P<mark>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
_DATA_START: Final = re.compile(rb"[ \t\f]*(?:\r?\n)?")
_ROWS: Final = frozenset({b"SELECT", b"WITH", b"FROM", b"(", b"VALUES"})
_SMALL_ROWS: Final = frozenset({b"SHOW", b"DESCRIBE", b"DESC", b"EXPLAIN", b"EXISTS", b"CHECK"})
_STATE: Final = frozenset({b"SET", b"USE"})
_ANSWERING: Final = frozenset({b"KILL", b"BACKUP", b"RESTORE"})
# A word before FORMAT that makes it a column's or an alias's name instead of a clause.
_OPERATORS: Final = frozenset({b"SELECT", b"DISTINCT", b"AS", b"BY", b"WHERE", b"AND", b"OR", b"NOT"})
_OPERATOR_MARKS: Final = frozenset(b",.(+-*/%=<>|")


class Token(NamedTuple):
    """One token. `value` is in upper case for a bare word, as written for the rest."""

    kind: str
    value: bytes
    start: int
    end: int


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


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT with data: the statement without its format, the format, and where the data begins."""

    text: bytes
    input_format: str | None
    data_at: int


class NeedMoreError(Exception):
    """The text read so far ends inside the statement."""


def tokens(sql: bytes) -> Iterator[Token]:
    """The statement's tokens, without spaces and comments."""
    for found in _TOKEN.finditer(sql):
        kind = found.lastgroup or "mark"
        if found.group("space") is not None:
            continue
        if found.group("text") is not None:
            kind = "text"
        value = found.group()
        yield Token(kind, value.upper() if kind == "word" else value, found.start(), found.end())


def is_insert(sql: bytes) -> bool:
    """Whether the first word is INSERT."""
    first = next(tokens(sql), None)
    return first is not None and first.value == b"INSERT"


def parse_statement(sql: bytes) -> Statement:
    """Route one statement. Raises ClickHouseError for none, for several, and for client-side clauses."""
    items = _without_semicolon(list(tokens(sql)))
    if not items:
        raise refused(62, "SYNTAX_ERROR", "Empty query")
    _refuse_client_clauses(items)
    kind = _kind(items)
    clause = _format_clause(items)
    end = items[-1].end
    if clause is None:
        return Statement(kind, sql[:end], b"", None, _answers(kind, items))
    name = items[clause + 1]
    output_format = sql[name.start : name.end].decode(errors="replace")
    at = items[clause].start
    return Statement(kind, sql[:at], sql[at:end], output_format, _answers(kind, items))


def parse_insert(head: bytes, *, complete: bool) -> Insert | None:
    """Find where the data of an INSERT begins; None if it has none (INSERT ... SELECT).

    `head` is the beginning of the request, `complete` says whether it is all of it.
    Raises NeedMoreError if `head` ends too early, ClickHouseError for FROM INFILE.
    """
    depth = 0
    items = list(_after_target(head))
    for position, token in enumerate(items):
        if token.end == len(head) and not complete:
            raise NeedMoreError
        if token.value == b"(" and depth == 0 and _starts_select(items, position):
            return None
        depth += {b"(": 1, b")": -1}.get(token.value, 0)
        if depth or token.kind != "word":
            continue
        if token.value in (b"SELECT", b"WITH", b"WATCH", b"EXPLAIN"):
            return None
        if token.value == b"FROM":
            raise refused(48, "NOT_IMPLEMENTED", "FROM INFILE works in the command line client only")
        if token.value == b"VALUES":
            return Insert(head[: token.start], "Values", token.end)
        if token.value == b"FORMAT":
            return _formatted(head, token, items[position + 1 : position + 2], complete=complete)
    if not complete:
        raise NeedMoreError
    last = items[-1] if items else None
    end = last.start if last is not None and last.value == b";" else len(head)
    return Insert(head[:end], None, len(head))


def _formatted(head: bytes, clause: Token, names: list[Token], *, complete: bool) -> Insert:
    if not names or (names[0].end == len(head) and not complete):
        if complete:
            raise refused(62, "SYNTAX_ERROR", "Syntax error: FORMAT without a name")
        raise NeedMoreError
    name = names[0]
    found = _DATA_START.match(head, name.end)
    data_at = found.end() if found else name.end
    return Insert(head[: clause.start], head[name.start : name.end].decode(errors="replace"), data_at)


def _after_target(head: bytes) -> Iterator[Token]:
    """The tokens after INSERT [INTO] [TABLE | FUNCTION] target, so that a table may be called what it likes.

    Lazy up to the first word that ends the statement, so that data are never tokenized.
    """
    stream = tokens(head)
    next(stream, None)
    name_ended = False
    previous: Token | None = None
    stop = frozenset({b"SELECT", b"WITH", b"WATCH", b"EXPLAIN", b"FROM", b"VALUES"})
    depth = 0
    for token in stream:
        if not name_ended and token.value in (b"INTO", b"TABLE", b"FUNCTION"):
            continue
        if not name_ended and _is_name_part(previous, token):
            previous = token
            continue
        name_ended = True
        yield token
        depth += {b"(": 1, b")": -1}.get(token.value, 0)
        if depth == 0 and token.kind == "word" and token.value in stop:
            return
        if depth == 0 and token.value == b"FORMAT":
            name = next(stream, None)
            if name is not None:
                yield name
            return


def _is_name_part(previous: Token | None, token: Token) -> bool:
    if previous is None or previous.value == b".":
        return token.kind in ("word", "name", "mark") and token.value not in (b"(", b")")
    return token.value == b"."


def _starts_select(items: list[Token], position: int) -> bool:
    following = items[position + 1 : position + 2]
    return bool(following) and following[0].value in (b"SELECT", b"WITH", b"(")


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
        depth += {b"(": 1, b")": -1}.get(token.value, 0)
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
        depth += {b")": 1, b"(": -1}.get(token.value, 0)
        if depth == 0 and token.value == b"FORMAT" and at + 1 < len(items):
            before, after = items[at - 1], items[at + 2 : at + 3]
            ends = not after or after[0].value == b"SETTINGS"
            names_a_column = before.value in _OPERATORS or (
                before.kind == "mark" and before.value[0] in _OPERATOR_MARKS
            )
            return at if ends and not names_a_column and items[at + 1].kind in ("word", "name") else None
    return None
