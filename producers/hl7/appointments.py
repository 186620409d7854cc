"""SIU: appointments (HL7 v2.5.1 chapter 10)."""

from __future__ import annotations

from producers.hl7.context import Context, patient_in
from producers.hl7.exams import exams_of
from producers.hl7.rejections import MissingSegment
from producers.hl7.scope import Scope
from producers.hl7.statements import state
from producers.hl7.steps import Steps
from producers.hl7.visit_steps import APPOINTMENT_STATUSES, APPOINTMENT_TRIGGERS
from schemas.events import Event

# A message that says how an appointment stands now; the others say what was done with it.
_MODIFIED = "S14"


def appointment_events(context: Context, trigger: str) -> list[Event]:
    """The events of every exam that the appointment is for.

    Raises MissingAccession, MissingSegment or MissingPatient, and then the whole message gives none.
    """
    scope = context.scope(context.message.segments)
    if "SCH" not in scope.segments:
        raise MissingSegment("no SCH segment", "SCH")
    patient = patient_in(scope, context.config)
    steps = steps_of_appointment(scope, trigger)
    if not steps:
        scope.trace.silent("no_step", "SCH-25", "this status gives no event, by the profile")
        return []
    return [state(step, context, exam, patient) for exam in exams_of(context, scope) for step in steps]


def steps_of_appointment(scope: Scope, trigger: str) -> Steps:
    """The steps of a trigger, and of SCH-25 where the appointment was modified."""
    if trigger == _MODIFIED:
        status = scope.value("appointment_status").upper()
        own = scope.profile.steps.get("appointment_status", {})
        if status in own:
            step = own[status]
            return () if step is None else (step,)
        if status in APPOINTMENT_STATUSES:
            return APPOINTMENT_STATUSES[status]
    return APPOINTMENT_TRIGGERS[trigger][1]
