"""Finding the statement of a request, in its URL, its body, or both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime.local.clickhouse.body import MAX_QUERY_BYTES, Body
from runtime.local.clickhouse.errors import ClickHouseError, refused
from runtime.local.clickhouse.insert_sql import Insert, NeedMoreError, is_insert, parse_insert
from runtime.local.clickhouse.request import Request
from runtime.local.clickhouse.sql import Statement, parse_statement

HEAD_BYTES: Final = 1 << 18


@dataclass(slots=True)
class Work:
    """A request's statement, and the data that follow it."""

    statement: Statement | Insert
    data: Iterator[bytes]


def read_work(request: Request, body: Body) -> Work:
    """Find the statement in the URL, the body, or both; its data stay unread. Raises ClickHouseError."""
    pieces = iter(body.pieces)
    head = request.query.encode(errors="surrogateescape")
    head += b"\n" if head else b""
    head, complete = _extend(head, pieces, HEAD_BYTES)
    if not is_insert(head):
        head, complete = _extend(head, pieces, MAX_QUERY_BYTES)
        if not complete:
            raise _too_large()
        return Work(parse_statement(head), iter(()))
    while True:
        try:
            insert = parse_insert(head, complete=complete)
        except NeedMoreError:
            if len(head) > MAX_QUERY_BYTES:
                raise _too_large() from None
            head, complete = _extend(head, pieces, 2 * len(head) + HEAD_BYTES)
            continue
        if insert is not None:
            return Work(insert, _after(head[insert.data_at :], pieces))
        head, complete = _extend(head, pieces, MAX_QUERY_BYTES)
        if not complete:
            raise _too_large()
        return Work(parse_statement(head), iter(()))


def _extend(head: bytes, pieces: Iterator[bytes], size: int) -> tuple[bytes, bool]:
    whole = bytearray(head)
    while len(whole) < size:
        piece = next(pieces, None)
        if piece is None:
            return bytes(whole), True
        whole += piece
    return bytes(whole), False


def _after(rest: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    if rest:
        yield rest
    yield from pieces


def _too_large() -> ClickHouseError:
    return refused(223, "QUERY_IS_TOO_LARGE", f"The statement is larger than {MAX_QUERY_BYTES} bytes")
