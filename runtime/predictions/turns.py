"""Turns: which version of the models is in use, and which had their turn before it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from runtime.predictions.store import Promotion

_ROLLBACK = "rollback from "


def versions_in_turn(promotions: Sequence[Promotion]) -> list[str]:
    """The version in use, then those that were in use before it, the latest first.

    What was rolled back from is not among them: it was no good.
    """
    turns: list[str] = []
    for one in promotions:
        if one.why.startswith(_ROLLBACK) and one.version in turns:
            del turns[turns.index(one.version) + 1 :]
            continue
        if one.version in turns:
            turns.remove(one.version)
        turns.append(one.version)
    return turns[::-1]


def rollback(promotions: Sequence[Promotion], at: datetime) -> Promotion | None:
    """Back to the version before the one in use; None where there was none."""
    turns = versions_in_turn(promotions)
    if len(turns) < 2:
        return None
    return Promotion(turns[1], at.isoformat(), f"{_ROLLBACK}{turns[0]}")
