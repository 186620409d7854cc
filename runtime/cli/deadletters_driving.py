"""Drives the dead letters that a command names, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.cli.deadletters_choosing import (
    chosen_letters,
    letter_line,
    letter_row,
    one_letter,
    said_plainly,
)
from runtime.cli.output import fail
from runtime.cli.settings_of import running_installation
from runtime.dead_letters.outcome import CannotRetry, Outcome
from runtime.dead_letters.reading import KeptLetter, Wanted
from runtime.dead_letters.retrying import Retrying
from schemas.registry import connect_codec

Act = Callable[[Retrying, KeptLetter], Outcome]


@dataclass(frozen=True, slots=True)
class Asked:
    """One letter by its id, or every open one that is wanted; what to do with it, and who asks."""

    letter_id: str | None
    everything: bool
    wanted: Wanted
    dry_run: bool
    by: str | None
    act: Act


def drive(asked: Asked, data: Path | None, *, as_json: bool) -> list[dict[str, Any]]:
    """What came of each, the oldest first; a dry run only tells which."""
    if (asked.letter_id is None) != asked.everything:
        fail("name one letter, or say --all (with --origin and --reason to choose)", as_json=as_json)
    installation, _ = running_installation(data, as_json=as_json)
    with said_plainly(as_json=as_json):
        codec = connect_codec(installation.registry_url)
        if asked.letter_id is not None:
            letters = [one_letter(installation, codec, asked.letter_id, as_json=as_json)]
        else:
            letters = chosen_letters(installation, codec, asked.wanted)[::-1]
        if asked.dry_run:
            return [letter_line(letter_row(kept)) for kept in letters]
        with Retrying(installation, codec, asked.by) as retrying:
            return [_driven(retrying, asked.act, kept) for kept in letters]


def _driven(retrying: Retrying, act: Act, kept: KeptLetter) -> dict[str, Any]:
    try:
        outcome, why = act(retrying, kept), None
    except CannotRetry as error:
        outcome, why = Outcome(None, ""), str(error)
    return {
        "dead_letter_id": kept.letter.dead_letter_id,
        "origin": kept.letter.origin,
        "reason": kept.letter.reason,
        "taken": outcome.resolution is not None,
        "resolution": outcome.resolution,
        "answer": outcome.answer,
        "why_not": why,
    }
