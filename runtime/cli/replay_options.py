"""The options of `radstream replay` that say which part of history is wanted."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from runtime.cli.instants import instant_us
from sinks.history.selection import Selection

From = Annotated[
    str | None, typer.Option("--from", help="What was recorded from this instant on (ISO 8601).")
]
Until = Annotated[str | None, typer.Option("--until", help="… and before this instant.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Everything up to this instant, it included.")]
SenseOf = Annotated[str, typer.Option("--sense", help="What the instants mean: recorded (known), occurred.")]
Exam = Annotated[str | None, typer.Option("--exam", help="One exam only: its id, or accession number.")]
Speed = Annotated[float | None, typer.Option("--speed", help="So many times as fast as it was recorded.")]


def selection_of(
    from_: str | None, until: str | None, as_of: str | None, sense: str, exam: str | None
) -> Selection:
    """What the options say together. Raises ValueError, which tells what they take."""
    if sense not in ("recorded", "occurred"):
        raise ValueError("--sense takes recorded or occurred")
    if as_of is not None and (from_ is not None or until is not None):
        raise ValueError(
            "--as-of is everything up to an instant: it goes neither with --from nor with --until"
        )
    try:
        from_us, until_us, as_of_us = (instant_us(one) for one in (from_, until, as_of))
    except ValueError as error:
        raise ValueError(f"{error}: instants as 2026-03-01T08:00, UTC where no zone is named") from error
    return Selection(
        from_us=from_us,
        until_us=until_us if as_of_us is None else as_of_us + 1,
        exam=exam,
        sense="occurred" if sense == "occurred" else "recorded",
    )


class Choice(Enum):
    """What becomes of a new generation."""

    KEEP = "keep"
    SWAP = "swap"
    DISCARD = "discard"


def choice_of(*, swap: bool, keep: bool, discard: bool) -> Choice:
    """What the three options say; nothing is to keep. Raises ValueError where more than one is given."""
    given = [one for one, is_given in zip(Choice, (keep, swap, discard), strict=True) if is_given]
    if len(given) > 1:
        raise ValueError("--swap, --keep and --discard: one of them")
    return given[0] if given else Choice.KEEP
