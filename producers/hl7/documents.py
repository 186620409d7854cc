"""MDM T01 to T11: reports as documents, by trigger, TXA-17 and TXA-19 (HL7 v2.5.1 chapter 9)."""

from __future__ import annotations

from producers.hl7.context import Context, patient_in
from producers.hl7.exams import exams_of
from producers.hl7.order_groups import split_document
from producers.hl7.rejections import MissingSegment, UnknownResultStatus
from producers.hl7.report_steps import AVAILABILITIES, DOCUMENT_TRIGGERS
from producers.hl7.scope import Scope
from producers.hl7.statements import state
from producers.hl7.steps import Steps
from schemas.events import Event


def document_events(context: Context, trigger: str) -> list[Event]:
    """The events of each exam that the document reports on.

    Raises UnknownResultStatus, MissingAccession, MissingSegment or MissingPatient, and then the whole message
    gives none.
    """
    head, groups = split_document(context.message.segments)
    document = context.scope(head)
    if "TXA" not in document.segments:
        raise MissingSegment("no TXA segment", "TXA")
    patient = patient_in(document, context.config)
    steps = steps_of_document(document, trigger)
    if not steps:
        return []
    scopes = [context.scope((*head, *group), position) for position, group in enumerate(groups or [()])]
    return [
        state(step, context, exam, patient)
        for scope in scopes
        for exam in exams_of(context, scope)
        for step in steps
    ]


def steps_of_document(scope: Scope, trigger: str) -> Steps:
    """The steps of a trigger with TXA-17 and TXA-19. Raises UnknownResultStatus."""
    available = AVAILABILITIES.get(scope.value("document_availability"), ("", None))
    meaning, by_status = DOCUMENT_TRIGGERS[trigger]
    status = scope.value("document_status")
    own = scope.profile.steps.get("document_status")
    steps = available[1]
    if steps is None and own and status.upper() in own:
        step = own[status.upper()]
        steps = () if step is None else (step,)
    if steps is None:
        steps = by_status.get(status)
    if steps is None:
        detail = f"no step for MDM^{trigger} with TXA-17 {status[:8]!r}"
        raise UnknownResultStatus(detail, "TXA-17")
    if not steps:
        why = available[0] if available[1] is not None else f"{status} {meaning}"
        scope.trace.silent("no_step", "TXA-17", f"{why}: nobody can read it, or nothing changed")
    return steps
