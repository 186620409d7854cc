"""Which step each message of a visit is: an appointment by SIU trigger, a registration by ADT trigger."""

from __future__ import annotations

from collections.abc import Mapping

from producers.hl7.steps import Steps
from schemas.events import (
    AppointmentCancelled,
    DischargeCancelled,
    ExamRescheduled,
    ExamScheduled,
    PatientDischarged,
    PatientMissedAppointment,
    PatientRegistered,
    PatientUpdated,
    VisitCancelled,
)

# SIU triggers. SCH-25 (table 0278) decides with S14 only, where it is one of these.
APPOINTMENT_TRIGGERS: Mapping[str, tuple[str, Steps]] = {
    "S12": ("new appointment", (ExamScheduled,)),
    "S13": ("rescheduled", (ExamRescheduled,)),
    "S14": ("modified", (ExamScheduled,)),
    "S15": ("cancelled", (AppointmentCancelled,)),
    "S16": ("discontinued", (AppointmentCancelled,)),
    "S17": ("deleted", (AppointmentCancelled,)),
    "S26": ("patient did not show up", (PatientMissedAppointment,)),
}
APPOINTMENT_STATUSES: Mapping[str, Steps] = {
    "CANCELLED": (AppointmentCancelled,),
    "DC": (AppointmentCancelled,),
    "DELETED": (AppointmentCancelled,),
    "NOSHOW": (PatientMissedAppointment,),
}

# ADT triggers that are about one patient. The others are in `merges`.
REGISTRATION_TRIGGERS: Mapping[str, tuple[str, Steps]] = {
    "A01": ("admitted", (PatientRegistered,)),
    "A02": ("transferred", (PatientUpdated,)),
    "A03": ("discharged", (PatientDischarged,)),
    "A04": ("registered", (PatientRegistered,)),
    "A05": ("pre-admitted", (PatientRegistered,)),
    "A06": ("outpatient became inpatient", (PatientUpdated,)),
    "A07": ("inpatient became outpatient", (PatientUpdated,)),
    "A08": ("information updated", (PatientUpdated,)),
    "A11": ("admission cancelled", (VisitCancelled,)),
    "A13": ("discharge cancelled", (DischargeCancelled,)),
    "A23": ("visit deleted", (VisitCancelled,)),
    "A28": ("person added", (PatientRegistered,)),
    "A31": ("person updated", (PatientUpdated,)),
    "A38": ("pre-admission cancelled", (VisitCancelled,)),
}
