"""Which dead letters the commands of `radstream deadletters` mean, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from runtime.cli.output import fail
from runtime.dead_letters.reading import KeptLetter, LettersUnreadable, Wanted, read_letters
from runtime.installation import Installation
from runtime.stack.errors import StackError
from schemas.codec import Codec
from schemas.errors import SchemaError
from schemas.sealed_letters import is_whole

_AGO = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_FEWEST_ID_CHARACTERS = 4


def chosen_letters(installation: Installation, codec: Codec, wanted: Wanted) -> list[KeptLetter]:
    """The latest first. Raises LettersUnreadable."""
    letters = read_letters(installation.kafka_bootstrap, codec).values()
    return sorted(filter(wanted.takes, letters), key=_said_at, reverse=True)


def _said_at(kept: KeptLetter) -> tuple[datetime, int]:
    return kept.letter.recorded_at, kept.offset


def one_letter(installation: Installation, codec: Codec, letter_id: str, *, as_json: bool) -> KeptLetter:
    """The letter whose id begins so; the command ends with an error where there is not just one."""
    letters = read_letters(installation.kafka_bootstrap, codec)
    given = letter_id.lower()
    found = [kept for known, kept in letters.items() if known.startswith(given)]
    if len(found) != 1 or len(given) < _FEWEST_ID_CHARACTERS:
        several = f"{len(found)} dead letters begin with" if found else "there is no dead letter"
        fail(f"{several} {letter_id!r}: `radstream deadletters list --resolved` shows them", as_json=as_json)
    return found[0]


def letter_row(kept: KeptLetter) -> dict[str, Any]:
    """All that is told of a letter without opening it."""
    letter, resolved = kept.letter, kept.resolved
    return {
        "dead_letter_id": letter.dead_letter_id,
        "recorded_at": f"{letter.recorded_at:%Y-%m-%dT%H:%M:%SZ}",
        "origin": letter.origin,
        "reason": letter.reason,
        "detail": letter.detail,
        "source": "|".join(part for part in (letter.source.system, letter.source.facility) if part),
        "source_message_id": letter.source_message_id,
        "destination": letter.destination,
        "content_type": letter.content_type,
        "sealed_bytes": kept.payload_bytes,
        "is_whole": is_whole(letter),
        "count": kept.count,
        "resolution": resolved.resolution if resolved else None,
        "resolved_at": f"{resolved.resolved_at:%Y-%m-%dT%H:%M:%SZ}" if resolved else None,
        "answer": resolved.answer if resolved else None,
        "resolved_by": resolved.resolved_by if resolved else None,
    }


def letter_line(row: dict[str, Any]) -> dict[str, Any]:
    """What a line of a list has of it."""
    names = ("dead_letter_id", "recorded_at", "origin", "reason", "source", "detail", "resolution")
    return {name: row[name] for name in names}


def since_instant(given: str | None, installation: Installation, *, as_json: bool) -> datetime | None:
    """A time as it is given on the command line: an age or an instant; without a zone it is UTC."""
    if given is None:
        return None
    ago = _AGO.fullmatch(given)
    if ago is not None:
        return installation.now()() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        fail(f"--since {given!r}: give 30m, 24h, 7d, or an ISO 8601 time", as_json=as_json)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@contextmanager
def said_plainly(*, as_json: bool) -> Iterator[None]:
    """What may go wrong inside ends the command with what to do."""
    try:
        yield
    except (LettersUnreadable, SchemaError, StackError) as error:
        fail(f"{error}; see that the stack is up: `radstream status`", as_json=as_json)
