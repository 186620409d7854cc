"""One event from a scope: each field of the event is the profile's field of the same name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from producers.hl7.context import Context, Patient
from producers.hl7.exams import Subject
from producers.hl7.scope import Scope
from schemas.events import (
    EVENT_CLASSES,
    AcquisitionCompleted,
    AcquisitionStarted,
    CriticalNotificationAttempted,
    CriticalResultNotified,
    DictationStarted,
    Event,
    FinalReportPublished,
    PreliminaryReportPublished,
    ReportAddended,
    ReportCancelled,
    ReportCorrected,
    ReportDictated,
)
from schemas.identity import pseudonym

_UNSIGNED: tuple[type[Event], ...] = (DictationStarted, ReportDictated, PreliminaryReportPublished)
_SIGNED: tuple[type[Event], ...] = (FinalReportPublished, ReportCorrected, ReportAddended)
_SAID: tuple[type[Event], ...] = (ReportCancelled, CriticalResultNotified, CriticalNotificationAttempted)
# When a step happened: the first of these that the message has.
_OTHER_TIMES = ("transaction_at", "recorded_at", "written_at")
_TIMES: Mapping[type[Event], tuple[str, ...]] = {
    AcquisitionStarted: ("started_at", *_OTHER_TIMES),
    AcquisitionCompleted: ("completed_at", *_OTHER_TIMES),
    **dict.fromkeys(_UNSIGNED, ("reported_at", "dictated_at", *_OTHER_TIMES)),
    **dict.fromkeys(_SIGNED, ("reported_at", "authenticated_at", *_OTHER_TIMES)),
    **dict.fromkeys(_SAID, ("reported_at", *_OTHER_TIMES)),
}
_WITH_REPORT = frozenset((*_UNSIGNED, *_SIGNED, *_SAID))


def state(step: type[Event], context: Context, subject: Subject, patient: Patient, **known: Any) -> Event:
    """The event `step` of `subject`; `known`: fields that are known better than the profile does."""
    scope = subject.scope
    text = _text(step, scope)
    envelope = context.envelope(
        step,
        subject.exam_id,
        scope.time(*_TIMES.get(step, _OTHER_TIMES)),
        patient,
        position=scope.position,
        text=text,
    )
    values: dict[str, Any] = {
        "accession_number": subject.accession_number,
        "report_sha256": _sha256(text),
        **known,
    }
    make: Callable[..., Event] = step
    return make(envelope=envelope, **{name: _field(name, values, scope, context) for name in _NAMES[step]})


def _field(name: str, known: Mapping[str, Any], scope: Scope, context: Context) -> str | datetime | None:
    if name in known:
        value: str | datetime | None = known[name]
        return value
    if name == "scheduled_at":
        return scope.time("scheduled_at")
    if name == "priority":
        return scope.priority() or None
    if name == "reason":
        reason = scope.value("reason")
        return reason if reason and _is_code(reason) else None
    if name in _PEOPLE:
        field, role = _PEOPLE[name]
        who = scope.value(field)
        return pseudonym(context.config.site_secret, role, who) if who else None
    field = _OTHER_NAMES.get(name, name)
    return (scope.value(field) or None) if field in scope.profile.paths else None


_CODE_LENGTH = 32
# Staff: the profile's field, and the role in the pseudonym. A reader is the same one in all events.
_PEOPLE: Mapping[str, tuple[str, str]] = {
    "reported_by": ("reader", "reader"),
    "read_by": ("reader", "reader"),
    "opened_by": ("opened_by", "reader"),
    "notified_by": ("reader", "reader"),
    "protocolled_by": ("protocolled_by", "reader"),
    "recipient": ("critical_recipient", "recipient"),
}
_OTHER_NAMES: Mapping[str, str] = {"category": "critical_category", "channel": "critical_channel"}


_NAMES: Mapping[type[Event], tuple[str, ...]] = {
    step: tuple(field.name for field in fields(step) if field.name != "envelope") for step in EVENT_CLASSES
}


def _text(step: type[Event], scope: Scope) -> str | None:
    """What is sealed beside the patient: the report, or the reason in words."""
    if step in _WITH_REPORT:
        return scope.text("report_text")
    if "reason" not in _NAMES[step]:
        return None
    said = scope.value("reason")
    return scope.value("reason_text") or (None if _is_code(said) else said) or None


def _is_code(text: str) -> bool:
    """Whether it may stand in clear: senders put sentences, and names, where a code belongs."""
    return len(text) <= _CODE_LENGTH and not any(character.isspace() for character in text)


def _sha256(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
