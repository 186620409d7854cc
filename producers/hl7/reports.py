"""ORU^R01, R30, R40: reports, by the result status OBR-25 (HL7 v2.5.1 chapter 7, table 0123)."""

from __future__ import annotations

from producers.hl7.context import Context, Patient, patient_in
from producers.hl7.exams import exams_of
from producers.hl7.order_groups import order_groups, patient_groups
from producers.hl7.rejections import MissingSegment, UnknownResultStatus
from producers.hl7.report_steps import ADDENDUM_OF_RESULT, RESULT_STATUSES
from producers.hl7.scope import Scope
from producers.hl7.statements import state
from producers.hl7.steps import Steps
from schemas.events import CriticalNotificationAttempted, CriticalResultNotified, Event


def report_events(context: Context) -> list[Event]:
    """The events of each OBR, of each patient in the message.

    Raises UnknownResultStatus, MissingAccession, MissingSegment or MissingPatient, and then the whole message
    gives none.
    """
    return [
        event for patient, scope in _reports(context) for event in _report_events(context, patient, scope)
    ]


def alert_events(context: Context) -> list[Event]:
    """ORU^R40: someone is to be told of a result at once. Raises as `report_events`."""
    step = CriticalNotificationAttempted
    return [
        state(step, context, exam, patient)
        for patient, scope in _reports(context)
        for exam in exams_of(context, scope)
    ]


def steps_of_result(scope: Scope) -> Steps:
    """The steps of OBR-25. Raises UnknownResultStatus."""
    status = scope.value("result_status")
    own = scope.profile.steps.get("result_status")
    if own and status.upper() in own:
        step = own[status.upper()]
        return () if step is None else (step,)
    if status not in RESULT_STATUSES:
        raise UnknownResultStatus(f"no step for OBR-25 {status[:8]!r}", "OBR-25")
    if status in ADDENDUM_OF_RESULT and scope.hit("addendum") is not None:
        return ADDENDUM_OF_RESULT[status]
    meaning, steps = RESULT_STATUSES[status]
    if not steps:
        scope.trace.silent("no_step", "OBR-25", f"{status}: {meaning}: there is no report")
    return steps


def _reports(context: Context) -> list[tuple[Patient, Scope]]:
    found: list[tuple[Patient, Scope]] = []
    for segments in patient_groups(context.message):
        head, groups = order_groups(segments)
        patient = patient_in(context.scope(head), context.config)
        found += [(patient, context.scope((*head, *group), len(found) + n)) for n, group in enumerate(groups)]
    if not found:
        raise MissingSegment("no OBR segment", "OBR")
    return found


def _report_events(context: Context, patient: Patient, scope: Scope) -> list[Event]:
    steps = steps_of_result(scope)
    if scope.value("critical_category"):
        steps = (*steps, CriticalResultNotified)
    if not steps:
        return []
    return [state(step, context, exam, patient) for exam in exams_of(context, scope) for step in steps]
