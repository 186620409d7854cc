"""Which step each message is: every table of codes of the mapping, in this one place.

`docs/hl7.md` shows the same tables; they are written from these by `python -m producers.hl7.tables`.
A pair that stands in no table is rejected; NOTHING is accepted, and no event is said.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.events import (
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionStarted,
    AppointmentCancelled,
    DictationStarted,
    DischargeCancelled,
    Event,
    ExamRescheduled,
    ExamScheduled,
    FinalReportPublished,
    OrderCancelled,
    OrderChanged,
    OrderHeld,
    OrderPlaced,
    OrderReleased,
    OrderReplaced,
    PatientDischarged,
    PatientMissedAppointment,
    PatientRegistered,
    PatientUpdated,
    PreliminaryReportPublished,
    ReportAddended,
    ReportCancelled,
    ReportCorrected,
    ReportDictated,
    VisitCancelled,
)

Steps = tuple[type[Event], ...]
NOTHING: Steps = ()

# ORC-5, order status (table 0038); "" stands for an empty field.
ORDER_STATUSES: Mapping[str, str] = {
    "": "empty",
    "SC": "in process, scheduled",
    "IP": "in process, unspecified",
    "A": "some results available",
    "CM": "completed",
    "HD": "on hold",
    "RP": "replaced",
    "CA": "cancelled",
    "DC": "discontinued",
    "ER": "error, order not found",
}

# What a status says once the order is known.
_OF_STATUS: Mapping[str, Steps] = {
    "SC": (ExamScheduled,),
    "IP": (AcquisitionStarted,),
    "A": (AcquisitionCompleted,),
    "CM": (AcquisitionCompleted,),
    "HD": (OrderHeld,),
    "RP": (OrderReplaced,),
    "CA": (OrderCancelled,),
    "DC": (AcquisitionDiscontinued,),
    "ER": NOTHING,
}
# A new order. NW_IP is scheduled, not begun (IHE): "in process, unspecified".
_NEW: Mapping[str, Steps] = {
    "": (OrderPlaced,),
    **{status: (OrderPlaced, *steps) for status, steps in _OF_STATUS.items()},
    "SC": (OrderPlaced,),
    "IP": (OrderPlaced,),
    "ER": NOTHING,
}
# A changed order. XO_SC is how IHE's procedure update moves an exam.
_CHANGED: Mapping[str, Steps] = {
    "": (OrderChanged,),
    **_OF_STATUS,
    "SC": (OrderChanged, ExamRescheduled),
}


def _always(*steps: type[Event]) -> Mapping[str, Steps]:
    return dict.fromkeys(ORDER_STATUSES, steps)


# ORC-1, order control (table 0119): its meaning, and the steps by status.
ORDER_CONTROLS: Mapping[str, tuple[str, Mapping[str, Steps]]] = {
    "NW": ("new order", _NEW),
    "RO": ("replacement order", _NEW),
    "CH": ("child order", _NEW),
    "XO": ("change order request", _CHANGED),
    "XX": ("order changed, unsolicited", _CHANGED),
    "XR": ("changed as requested", _CHANGED),
    "SC": ("status changed", _OF_STATUS),
    "SR": ("response to send order status request", {"": NOTHING, **_OF_STATUS}),
    "RE": ("observations to follow", {"": NOTHING, **_OF_STATUS}),
    "CN": ("combined result", {"": NOTHING, **_OF_STATUS}),
    "CA": ("cancel order request", _always(OrderCancelled)),
    "OC": ("order cancelled", _always(OrderCancelled)),
    "CR": ("cancelled as requested", _always(OrderCancelled)),
    "DC": ("discontinue order request", _always(AcquisitionDiscontinued)),
    "OD": ("order discontinued", _always(AcquisitionDiscontinued)),
    "DR": ("discontinued as requested", _always(AcquisitionDiscontinued)),
    "HD": ("hold order request", _always(OrderHeld)),
    "OH": ("order held", _always(OrderHeld)),
    "HR": ("on hold as requested", _always(OrderHeld)),
    "RL": ("release previous hold", _always(OrderReleased)),
    "OE": ("order released", _always(OrderReleased)),
    "OR": ("released as requested", _always(OrderReleased)),
    "RP": ("order replace request", _always(OrderReplaced)),
    "RU": ("replaced, unsolicited", _always(OrderReplaced)),
    "RQ": ("replaced as requested", _always(OrderReplaced)),
    "SQ": ("superseded", _always(OrderReplaced)),
    "PA": ("parent order: its children are the exams", _always()),
    "OK": ("order accepted", _always()),
    "RR": ("request received", _always()),
    "NR": ("notification received", _always()),
    "NA": ("number assigned", _always()),
    "SN": ("send order number", _always()),
    "SS": ("send order status request", _always()),
    "LI": ("link order to patient care problem", _always()),
    "UN": ("unlink order from patient care problem", _always()),
    "PR": ("previous results with new order", _always()),
    "MC": ("miscellaneous charge", _always()),
    "CP": ("cancel process step", _always()),
    "DE": ("data errors", _always()),
    "UA": ("unable to accept order", _always()),
    "UC": ("unable to cancel", _always()),
    "UD": ("unable to discontinue", _always()),
    "UH": ("unable to put on hold", _always()),
    "UM": ("unable to replace", _always()),
    "UR": ("unable to release", _always()),
    "UX": ("unable to change", _always()),
    "AF": ("refill request approval", _always()),
    "DF": ("refill request denied", _always()),
    "FU": ("refilled, unsolicited", _always()),
    "OF": ("refilled as requested", _always()),
    "RF": ("refill request", _always()),
    "UF": ("unable to refill", _always()),
    "OP": ("order for outside dispense", _always()),
    "PY": ("replacement order for outside dispense", _always()),
}
STEPS_OF_ORDER: Mapping[tuple[str, str], Steps] = {
    (control, status): steps
    for control, (_, by_status) in ORDER_CONTROLS.items()
    for status, steps in by_status.items()
}

# OBR-25, result status (table 0123).
RESULT_STATUSES: Mapping[str, tuple[str, Steps]] = {
    "O": ("order received, no results yet", NOTHING),
    "I": ("no results available, procedure incomplete", NOTHING),
    "S": ("no results available, procedure scheduled", NOTHING),
    "N": ("procedure completed, results pending", (AcquisitionCompleted,)),
    "R": ("results stored, not yet verified", (ReportDictated,)),
    "A": ("some, not all, results available", (PreliminaryReportPublished,)),
    "P": ("preliminary", (PreliminaryReportPublished,)),
    "M": ("corrected, not final", (PreliminaryReportPublished,)),
    "F": ("final", (FinalReportPublished,)),
    "C": ("correction of results", (ReportCorrected,)),
    "X": ("no results, cancelled", (ReportCancelled,)),
    "Y": ("no order on record for this test", NOTHING),
    "Z": ("no record of this patient", NOTHING),
}
# The same where the message carries an addendum; a first final report may bring its addendum with it.
ADDENDUM_OF_RESULT: Mapping[str, Steps] = {
    "F": (FinalReportPublished, ReportAddended),
    "C": (ReportAddended,),
}

# TXA-17, completion status (table 0271), by what the trigger says of the document.
DOCUMENT_STATUSES: Mapping[str, str] = {
    "LA": "legally authenticated",
    "AU": "authenticated",
    "PA": "pre-authenticated",
    "DO": "documented",
    "DI": "dictated",
    "IP": "in progress",
    "IN": "incomplete",
}
_UNSIGNED: Mapping[str, Steps] = {
    "PA": (PreliminaryReportPublished,),
    "DO": (PreliminaryReportPublished,),
    "DI": (ReportDictated,),
    "IP": (DictationStarted,),
    "IN": NOTHING,
}
_SIGNED = ("LA", "AU")
_ORIGINAL: Mapping[str, Steps] = {**dict.fromkeys(_SIGNED, (FinalReportPublished,)), **_UNSIGNED}
_ADDENDUM: Mapping[str, Steps] = {
    **dict.fromkeys(DOCUMENT_STATUSES, NOTHING),
    **dict.fromkeys(_SIGNED, (ReportAddended,)),
}
_REVISED: Mapping[str, Steps] = {
    **dict.fromkeys(_SIGNED, (ReportCorrected,)),
    **_UNSIGNED,
    "IP": NOTHING,
}
_WITHDRAWN: Mapping[str, Steps] = dict.fromkeys(("", *DOCUMENT_STATUSES), (ReportCancelled,))
DOCUMENT_TRIGGERS: Mapping[str, tuple[str, Mapping[str, Steps]]] = {
    "T01": ("original document", _ORIGINAL),
    "T02": ("original document and content", _ORIGINAL),
    "T03": ("status change", _ORIGINAL),
    "T04": ("status change and content", _ORIGINAL),
    "T05": ("addendum", _ADDENDUM),
    "T06": ("addendum and content", _ADDENDUM),
    "T07": ("edit", _REVISED),
    "T08": ("edit and content", _REVISED),
    "T09": ("replacement", _REVISED),
    "T10": ("replacement and content", _REVISED),
    "T11": ("cancel", _WITHDRAWN),
}
# TXA-19, availability (table 0273): where it stands here it decides, else TXA-17.
AVAILABILITIES: Mapping[str, tuple[str, Steps | None]] = {
    "": ("empty", None),
    "AV": ("available for patient care", None),
    "CA": ("deleted", (ReportCancelled,)),
    "OB": ("obsolete: another document took its place", NOTHING),
    "UN": ("unavailable for patient care", NOTHING),
}

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
