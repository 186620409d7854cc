"""Where the data of an INSERT begin.

Data never reach the engine as a part of the statement: they are split off here, and read from a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime.local.clickhouse.errors import refused
from runtime.local.clickhouse.tokens import Token, depth_change, tokens

_DATA_START: Final = re.compile(rb"[ \t\f]*(?:\r?\n)?")
_SELECTS: Final = frozenset({b"SELECT", b"WITH", b"WATCH", b"EXPLAIN"})
_LAST_WORDS: Final = _SELECTS | {b"FROM", b"VALUES"}


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT with data: the statement without its format, the format, and where the data begins."""

    text: bytes
    input_format: str | None
    data_at: int

    def from_file(self, path: str, default_format: str) -> bytes:
        """The statement that reads the data from `path`, which holds no quote.

        Its own SETTINGS must follow the file (ClickHouse's grammar of INSERT ... FROM INFILE).
        """
        at = self._settings_at()
        input_format = self.input_format or default_format
        clause = f"\nFROM INFILE '{path}'\n".encode()
        return self.text[:at] + clause + self.text[at:] + f"\nFORMAT {input_format}".encode()

    def _settings_at(self) -> int:
        depth = 0
        for token in _after_target(self.text):
            depth += depth_change(token)
            if depth == 0 and token.kind == "word" and token.value == b"SETTINGS":
                return token.start
        return len(self.text)


class NeedMoreError(Exception):
    """The text read so far ends inside the statement."""


def is_insert(sql: bytes) -> bool:
    """Whether the first word is INSERT."""
    first = next(tokens(sql), None)
    return first is not None and first.value == b"INSERT"


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
        depth += depth_change(token)
        if depth or token.kind != "word":
            continue
        if token.value in _SELECTS:
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
    if not names:
        if complete:
            raise refused(62, "SYNTAX_ERROR", "Syntax error: FORMAT without a name")
        raise NeedMoreError
    name = names[0]
    found = _DATA_START.match(head, name.end)
    data_at = found.end() if found else name.end
    if not complete and head[data_at:] in (b"", b"\r"):
        raise NeedMoreError
    return Insert(head[: clause.start], head[name.start : name.end].decode(errors="replace"), data_at)


def _after_target(head: bytes) -> Iterator[Token]:
    """The tokens after INSERT [INTO] [TABLE | FUNCTION] target, so that a table may be called what it likes.

    Lazy up to the first word that ends the statement, so that data are never tokenized.
    """
    stream = tokens(head)
    next(stream, None)
    name_ended = False
    previous: Token | None = None
    depth = 0
    for token in stream:
        if not name_ended and token.value in (b"INTO", b"TABLE", b"FUNCTION"):
            continue
        if not name_ended and _is_name_part(previous, token):
            previous = token
            continue
        name_ended = True
        yield token
        depth += depth_change(token)
        if depth == 0 and token.kind == "word" and token.value in _LAST_WORDS:
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
