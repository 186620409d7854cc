"""What else is said of an exam: critical results, algorithms, delays, holds, priorities, people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from processors.cancellation import When, when
from processors.facts import Fact
from processors.patients import Said

_ANALYSIS: Mapping[str, str] = {
    "AnalysisRequested": "requested",
    "AnalysisStarted": "started",
    "AnalysisCompleted": "completed",
    "AnalysisFailed": "failed",
}
_CRITICAL = frozenset(
    {"CriticalNotificationAttempted", "CriticalResultNotified", "CriticalResultAcknowledged"}
)
# Who did or does something, by the steps and the attribute that name them; the latest that was said.
_PEOPLE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "reader": (
        ("ExamOpened", "opened_by"),
        ("InterpretationStarted", "read_by"),
        ("ReportDictated", "reported_by"),
        ("PreliminaryReportPublished", "reported_by"),
        ("FinalReportPublished", "reported_by"),
    ),
    "room": (
        ("ExamRescheduled", "room"),
        ("ExamAssigned", "room"),
        ("PatientEnteredRoom", "room"),
    ),
}


@dataclass(frozen=True, slots=True)
class Remarks:
    """Pseudonyms and codes as they were last said; instants in microseconds since the epoch."""

    first_priority: str | None = None
    priority_changed_us: int | None = None
    held_us: int | None = None
    delay_code: str | None = None
    delayed_us: int | None = None
    critical_category: str | None = None
    analysis_status: str | None = None
    finding_present: bool | None = None
    assigned_reader: str | None = None
    technologist: str | None = None
    reader: str | None = None
    room: str | None = None


def remarks(own: Iterable[Said]) -> Remarks:
    """What the exam's own facts say."""
    said = [fact for *_, fact in sorted(((when(f), event_id, f) for event_id, f in own), key=_place)]
    first_priority, changed_us = _priority(said)
    delay = _last(said, "DelayRecorded")
    assigned = {str(f.attributes.get("role")): f for f in said if f.step == "ExamAssigned"}
    analysis = [f for f in said if f.step in _ANALYSIS]
    findings = [f.attributes["finding_present"] for f in analysis if "finding_present" in f.attributes]
    categories = [
        str(f.attributes["category"]) for f in said if f.step in _CRITICAL and "category" in f.attributes
    ]
    return Remarks(
        first_priority=first_priority,
        priority_changed_us=changed_us,
        held_us=_held_us(said),
        delay_code=None if delay is None else _text(delay, "delay_code"),
        delayed_us=None if delay is None else delay.occurred_us,
        critical_category=categories[-1] if categories else None,
        analysis_status=_ANALYSIS[analysis[-1].step] if analysis else None,
        finding_present=bool(findings[-1]) if findings else None,
        assigned_reader=_text(assigned.get("reader"), "assigned_to"),
        technologist=_text(assigned.get("technologist"), "assigned_to"),
        reader=_named(said, "reader"),
        room=_named(said, "room"),
    )


def reader_of(own: Iterable[Said]) -> str | None:
    """Who opened, read or reported the exam last, as `remarks` says it."""
    places = _PEOPLE["reader"]
    steps = {step for step, _ in places}
    named = sorted(((when(f), event_id, f) for event_id, f in own if f.step in steps), key=_place)
    return _named([fact for *_, fact in named], "reader")


def _place(item: tuple[When, str, Fact]) -> tuple[When, str]:
    return item[:2]


def _priority(said: Iterable[Fact]) -> tuple[str | None, int | None]:
    """The first priority, and when it last became another one."""
    first: str | None = None
    now: str | None = None
    changed_us: int | None = None
    for fact in said:
        found = _text(fact, "priority")
        if found is not None and found != now:
            first, changed_us = (found, None) if now is None else (first, fact.occurred_us)
            now = found
    return first, changed_us


def _held_us(said: Iterable[Fact]) -> int | None:
    """Since when the order is on hold."""
    held_us: int | None = None
    for fact in said:
        if fact.step == "OrderHeld":
            held_us = fact.occurred_us if held_us is None else held_us
        elif fact.step in ("OrderReleased", "AcquisitionStarted"):
            held_us = None
    return held_us


def _last(said: Iterable[Fact], step: str) -> Fact | None:
    found = [fact for fact in said if fact.step == step]
    return found[-1] if found else None


def _named(said: Iterable[Fact], who: str) -> str | None:
    places = dict(_PEOPLE[who])
    found = [_text(fact, places[fact.step]) for fact in said if fact.step in places]
    return next((name for name in reversed(found) if name is not None), None)


def _text(fact: Fact | None, name: str) -> str | None:
    value = None if fact is None else fact.attributes.get(name)
    return None if value is None else str(value)
