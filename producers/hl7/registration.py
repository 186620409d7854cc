"""ADT: the patient is registered (HL7 v2.5.1 chapter 3)."""

from __future__ import annotations

from producers.hl7.context import Context
from schemas.events import Event, PatientRegistered
from schemas.identity import subject_of_patient


def patient_registered(context: Context) -> list[Event]:
    """ADT^A04. It occurred at EVN-6, else at EVN-2, when it was recorded there."""
    message = context.message
    occurred_at = context.first_time(message.segments, "EVN-6", "EVN-2")
    subject = subject_of_patient(context.patient.key)
    return [
        PatientRegistered(
            envelope=context.envelope(PatientRegistered, subject, occurred_at),
            patient_class=message.get("PV1-2") or None,
            location=message.get("PV1-3") or None,
            visit_number=message.get("PV1-19") or None,
        )
    ]
