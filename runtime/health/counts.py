"""What is counted: by the ends of the topics, and by the parts themselves. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.health.report import Sender
from runtime.health.looks import Place
from schemas.topics import AUDIT, DEADLETTERS, EVENTS, INSTANCES, WORKLIST

Metrics = Mapping[str, Mapping[str, Any]]
"""What each part says of itself, by part."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Something that is counted: name, label and meaning, and how to find the count."""

    name: str
    label: str
    meaning: str
    count: Callable[[Mapping[Place, int], Metrics], int | None]


def _written(*topics: str) -> Callable[[Mapping[Place, int], Metrics], int | None]:
    def count(ends: Mapping[Place, int], _: Metrics) -> int | None:
        return sum(end for (topic, _), end in ends.items() if topic in topics) if ends else None

    return count


def _said(
    role: str, figure: Callable[[Mapping[str, Any]], int]
) -> Callable[[Mapping[Place, int], Metrics], int | None]:
    def count(_: Mapping[Place, int], metrics: Metrics) -> int | None:
        own = list(_of_role(role, metrics))
        return sum(map(figure, own)) if own else None

    return count


def _of_role(role: str, metrics: Metrics) -> Iterator[Mapping[str, Any]]:
    for part, said in metrics.items():
        of, _, number = part.rpartition("-")
        if part == role or (of == role and number.isdigit()):
            yield said


def _rows(said: Mapping[str, Any]) -> int:
    return sum(said.get("rows", {}).values())


COUNTED: tuple[Counted, ...] = (
    Counted(
        "hl7",
        "HL7 messages",
        "Taken in by the HL7 listener",
        _said("hl7", lambda said: int(said["received"])),
    ),
    Counted("images", "Images", "Written to the log of images", _written(INSTANCES)),
    Counted("events", "Events", "Written to the log", _written(EVENTS)),
    Counted(
        "folded",
        "Folded",
        "Events that became worklist and turnaround",
        _said("fold", lambda said: int(said["events"])),
    ),
    Counted("worklist", "Worklist rows", "Exams whose row changed", _written(WORKLIST)),
    Counted(
        "forecasts",
        "Forecasts",
        "Open exams that were forecast",
        _said("predictions", lambda said: int(said["exams_forecast"])),
    ),
    Counted("rows", "Rows", "Rows that ClickHouse acknowledged", _said("sink", _rows)),
    Counted("audit", "Audit events", "Views of patients' data and sign-ins", _written(AUDIT)),
    Counted(
        "deadletters",
        "Dead letters",
        "What could not be processed, and what became of it",
        _written(DEADLETTERS),
    ),
)
WATCHED_TOPICS = (EVENTS, INSTANCES, WORKLIST, AUDIT, DEADLETTERS)


def counts(ends: Mapping[Place, int], metrics: Metrics) -> dict[str, int]:
    """Each count that is known."""
    found = {counted.name: counted.count(ends, metrics) for counted in COUNTED}
    return {name: count for name, count in found.items() if count is not None}


def senders(metrics: Metrics) -> tuple[Sender, ...]:
    """What the HL7 listeners say of each sender, the one that repeats most first."""
    repeated, rejected = Counter[str](), Counter[str]()
    for said in _of_role("hl7", metrics):
        repeated.update(said.get("repeated_by", {}))
        rejected.update(said.get("rejected_by", {}))
    names = sorted({*repeated, *rejected}, key=lambda name: (-repeated[name] - rejected[name], name))
    return tuple(Sender(sender=name, repeated=repeated[name], rejected=rejected[name]) for name in names)
