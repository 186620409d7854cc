"""What differs though it stands still: a live view changes while it is looked at. Pure."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Look:
    """One look. moved: exams that were told of since the look before. differing: those that are not alike."""

    moved: Set[str]
    differing: Set[str]


@dataclass(frozen=True, slots=True)
class Settled:
    """differing: exams that differ though they did not move. changing: those of which nobody can say yet."""

    differing: Set[str]
    changing: Set[str]


def settled(look: Callable[[Set[str] | None], Look], pause: Callable[[], None]) -> Settled:
    """Look until every exam that differs has stood still from one look to the next, or for `ROUNDS` looks.

    `look` is told which exams to look at, besides those that moved; None: all.
    """
    found = look(None)
    open_exams, differing = found.differing, frozenset[str]()
    for _ in range(ROUNDS):
        if not open_exams:
            break
        pause()
        found = look(open_exams | differing)
        differing = (differing | open_exams) & found.differing - found.moved
        open_exams = found.differing - differing
    return Settled(differing, open_exams)
