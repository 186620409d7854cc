"""Doing something with many rows where some may be refused: pure, with the deed handed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self, TypeVar

from sinks.clickhouse.errors import DataRefused, Unavailable

# More bad rows than this in one batch are no bad rows but a fault of ours, a column that does not fit:
# wait for a human instead of burying the log in dead letters.
_MOST_REFUSED = 20
_MOST_REFUSED_SHARE = 0.1


class Divisible(Protocol):
    """Some rows, in an order."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> Self: ...


Some = TypeVar("Some", bound=Divisible)


def around_refused(rows: Some, attempt: Callable[[Some], None]) -> list[tuple[Some, str]]:
    """`attempt` with `rows`, halving where they are refused; each row that is refused alone, with the reason.

    Raises Unavailable, also where so many are refused that the fault must be ours.
    """
    most = max(_MOST_REFUSED, int(len(rows) * _MOST_REFUSED_SHARE))
    refused: list[tuple[Some, str]] = []
    parts = [rows]
    while parts:
        part = parts.pop()
        try:
            attempt(part)
        except DataRefused as error:
            if len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                continue
            refused.append((part, error.reason))
            if len(refused) > most:
                raise Unavailable(f"{len(refused)} rows of one batch refused: {error.reason}") from error
    return refused
