"""ADT: patients and visits (HL7 v2.5.1 chapter 3)."""

from __future__ import annotations

from producers.hl7.context import Context, patient_in
from producers.hl7.exams import Subject
from producers.hl7.order_groups import patient_groups
from producers.hl7.statements import state
from producers.hl7.visit_steps import REGISTRATION_TRIGGERS
from schemas.events import Event
from schemas.identity import subject_of_patient


def registration_events(context: Context, trigger: str) -> list[Event]:
    """What happened to the patient's record or visit. It occurred at EVN-6, else at EVN-2.

    Raises MissingPatient.
    """
    scope = context.scope(patient_groups(context.message)[0])
    patient = patient_in(scope, context.config)
    subject = Subject(subject_of_patient(patient.key), scope)
    return [state(step, context, subject, patient) for step in REGISTRATION_TRIGGERS[trigger][1]]
