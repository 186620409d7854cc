"""The instant that a question is about, and in which of two senses. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from dashboards.questions import BadQuestion

_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_DATE_DIGITS = 10
# What was recorded is in ClickHouse within seconds; after so long nothing more comes of that time.
SETTLED_AFTER = timedelta(minutes=5)
# So long it is not looked for anew. Not for ever: a history may be loaded that tells of long ago.
KEPT_FOR = timedelta(minutes=10)


class Sense(StrEnum):
    """recorded: what we knew then. occurred: what was true then, by all that we know now."""

    RECORDED = "recorded"
    OCCURRED = "occurred"


MEANINGS = {Sense.RECORDED: "what we knew then", Sense.OCCURRED: "what was true then"}


@dataclass(frozen=True, slots=True)
class AsOf:
    """`at`: the instant, UTC."""

    at: datetime
    sense: Sense = Sense.RECORDED

    def told(self) -> str:
        """As the audit topic and answers name it."""
        return f"as of {self.at:%Y-%m-%dT%H:%M:%SZ} ({self.sense})"

    def reading(self) -> dict[str, object]:
        """As answers repeat it."""
        return {"at": self.at, "sense": self.sense, "meaning": MEANINGS[self.sense]}

    def is_settled(self, now: datetime) -> bool:
        """Whether nothing that comes in after `now` changes an answer."""
        return self.sense is Sense.RECORDED and self.at + SETTLED_AFTER < now


def read_as_of(asked: Mapping[str, str], now: datetime) -> AsOf | None:
    """The instant that the parameters name; None where there is none: then it is now. Raises BadQuestion."""
    sense = read_sense(asked)
    text = asked.get("as_of")
    return AsOf(_instant(text, now), sense) if text else None


def read_sense(asked: Mapping[str, str]) -> Sense:
    """`recorded` where it is missing. Raises BadQuestion."""
    try:
        return Sense(asked.get("sense") or Sense.RECORDED)
    except ValueError:
        raise BadQuestion(
            "sense must be recorded (what we knew then) or occurred (what was true then)"
        ) from None


def _instant(text: str, now: datetime) -> datetime:
    # A + that was not written as %2B comes as a space.
    text = text[:_DATE_DIGITS] + text[_DATE_DIGITS:].replace(" ", "+")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuestion("as_of must be an instant as 2026-11-03T14:20:00Z") from None
    if at.tzinfo is None:
        raise BadQuestion(
            "as_of must say its zone: 2026-11-03T14:20:00Z, or with an offset as +01:00 (the + as %2B)"
        )
    if not _FIRST_YEAR < at.year < _LAST_YEAR:
        raise BadQuestion(f"as_of must be from {_FIRST_YEAR + 1} to {_LAST_YEAR - 1}")
    if at > now:
        is_now = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        raise BadQuestion(f"as_of is in the future: by the department's clock it is {is_now}")
    return at.astimezone(UTC)
