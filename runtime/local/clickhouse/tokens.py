"""ClickHouse's lexical grammar, as far as a statement's shape depends on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

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


class Token(NamedTuple):
    """One token. `value` is in upper case for a bare word, as written for the rest."""

    kind: str
    value: bytes
    start: int
    end: int


def depth_change(token: Token) -> int:
    """1 for an opening parenthesis, -1 for a closing one."""
    return {b"(": 1, b")": -1}.get(token.value, 0)


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
