"""What else is said of an exam: critical results, algorithms, delays, holds, priorities, people. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from processors.facts import Fact, Value
from processors.own_facts import Own

_ANALYSIS: Mapping[str, str] = {
    "AnalysisRequested": "requested",
    "AnalysisStarted": "started",
    "AnalysisCompleted": "completed",
    "AnalysisFailed": "failed",
}
_ANALYSIS_STEPS = frozenset(_ANALYSIS)
_CRITICAL = frozenset(
    {"CriticalNotificationAttempted", "CriticalResultNotified", "CriticalResultAcknowledged"}
)
# Who reads or reported it, by the step that says so.
READER_OF_STEP: Mapping[str, str] = {
    "ExamOpened": "opened_by",
    "InterpretationStarted": "read_by",
    "ReportDictated": "reported_by",
    "PreliminaryReportPublished": "reported_by",
    "FinalReportPublished": "reported_by",
}
# Who did or does something, by the steps and the attribute that name them; the latest that was said.
_PEOPLE: Mapping[str, Mapping[str, str]] = {
    "reader": READER_OF_STEP,
    "room": {
        "ExamRescheduled": "room",
        "ExamAssigned": "room",
        "PatientEnteredRoom": "room",
    },
}
_HOLDING = frozenset({"OrderHeld", "OrderReleased", "AcquisitionStarted"})


class Remarks(NamedTuple):
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


def remarks(own: Own) -> Remarks:
    """What the exam's own facts say."""
    first_priority, changed_us = _priority(own)
    delay = own.of("DelayRecorded")
    assigned = {str(f.attributes.get("role")): f for f in own.of("ExamAssigned")}
    analysis = own.among(_ANALYSIS_STEPS)
    finding = _last(analysis, "finding_present")
    category = _last(own.among(_CRITICAL), "category")
    return Remarks(
        first_priority,
        changed_us,
        _held_us(own),
        _text(delay[-1], "delay_code") if delay else None,
        delay[-1].occurred_us if delay else None,
        None if category is None else str(category),
        _ANALYSIS[analysis[-1].step] if analysis else None,
        None if finding is None else bool(finding),
        _text(assigned.get("reader"), "assigned_to"),
        _text(assigned.get("technologist"), "assigned_to"),
        _named(own, "reader"),
        _named(own, "room"),
    )


def _priority(own: Own) -> tuple[str | None, int | None]:
    """The first priority, and when it last became another one."""
    first: str | None = None
    now: str | None = None
    changed_us: int | None = None
    for fact in own.happened:
        found = fact.attributes.get("priority")
        if found is not None and found != now:
            first, changed_us = (str(found), None) if now is None else (first, fact.occurred_us)
            now = str(found)
    return first, changed_us


def _held_us(own: Own) -> int | None:
    """Since when the order is on hold."""
    if "OrderHeld" not in own.by_step:
        return None
    held_us: int | None = None
    for fact in own.among(_HOLDING):
        if fact.step != "OrderHeld":
            held_us = None
        elif held_us is None:
            held_us = fact.occurred_us
    return held_us


def _last(said: Sequence[Fact], name: str) -> Value | None:
    """The attribute `name` as the last of `said` that has it states it."""
    return next((fact.attributes[name] for fact in reversed(said) if name in fact.attributes), None)


def _named(own: Own, who: str) -> str | None:
    places = _PEOPLE[who]
    if places.keys().isdisjoint(own.by_step):
        return None
    found = (_text(fact, places[fact.step]) for fact in reversed(own.happened) if fact.step in places)
    return next((name for name in found if name is not None), None)


def _text(fact: Fact | None, name: str) -> str | None:
    value = None if fact is None else fact.attributes.get(name)
    return None if value is None else str(value)
