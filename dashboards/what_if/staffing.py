"""Other staffing: the exams that came, and what is asked of the model that knows what would have become."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from dashboards.cards import Json
from dashboards.questions import BadQuestion
from dashboards.trends.question import Period

MEMBERS = ("from", "to", "site", "scanners", "readers", "hours")
_SCANNER = re.compile(r"([A-Z][A-Z0-9]{1,15})([+-]\d{1,2})")
_READERS = re.compile(r"[+-]?\d{1,2}")
_HOURS = re.compile(r"(\d{1,2})-(\d{1,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One exam as it went; None where a step was not said. station, reader: empty where nobody knows."""

    modality: str
    priority: str
    patient_class: str
    site: str
    station: str
    reader: str
    arrived_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    stored_at: datetime | None
    dictated_at: datetime | None
    final_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """More or fewer than there were: scanners by modality; readers on duty from_h to to_h each day."""

    scanners: Mapping[str, int]
    readers: int
    from_h: int
    to_h: int


Model = Callable[[Sequence[Course], Change, Period, tzinfo], Json]
"""What there was, what the model makes of it, and of the change. Raises BadQuestion where it cannot tell."""


def read_change(asked: Mapping[str, str | None]) -> Change:
    """`scanners` as `CT+1 MR-1`, `readers` as `+1`, `hours` as `8-17`. Raises BadQuestion."""
    scanners: dict[str, int] = {}
    for word in (asked.get("scanners") or "").replace(",", " ").split():
        found = _SCANNER.fullmatch(word)
        if found is None:
            raise BadQuestion("scanners is a list of modality and number, as CT+1 MR-1")
        scanners[found[1]] = int(found[2])
    readers = (asked.get("readers") or "0").strip()
    if not _READERS.fullmatch(readers):
        raise BadQuestion("readers is how many more or fewer there are, as +1 or -1")
    hours = _HOURS.fullmatch((asked.get("hours") or "0-24").strip())
    if hours is None or not 0 <= int(hours[1]) < int(hours[2]) <= 24:
        raise BadQuestion("hours is from when to when of each day, as 8-17")
    return Change(scanners=scanners, readers=int(readers), from_h=int(hours[1]), to_h=int(hours[2]))
