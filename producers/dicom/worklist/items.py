"""One exam of the worklist view as a Modality Worklist item (DICOM PS3.4 table K.6-1): pure.

One exam is one requested procedure with one scheduled procedure step.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from uuid import UUID

from producers.dicom.query.identifiers import plain
from producers.dicom.query.matching import Item
from schemas.identity import event_id
from schemas.parts import Phi
from schemas.views import WorklistRow

# The stages of an exam that a modality has still to do, and what Scheduled Procedure Step Status says then.
STEP_STATUS = {
    "ordered": "SCHEDULED",
    "scheduled": "SCHEDULED",
    "arrived": "ARRIVED",
    "in_progress": "STARTED",
}
_PRIORITIES = {"STAT": "STAT", "ASAP": "HIGH", "PREOP": "HIGH", "CALLBACK": "HIGH", "ROUTINE": "ROUTINE"}
_UNKNOWN_MODALITY = "OT"
# PS3.3 section 8.2: a site's own codes. Designators that begin with 99 are local.
_LOCAL_CODES = "99LOCAL"
_BIRTH_DATE = re.compile(r"\d{8}", re.ASCII)
# What table K.6-1 lists and the log does not know; of these, type 2 attributes are answered without value.
_EMPTY = (
    "ReferringPhysicianName",
    "RequestingPhysician",
    "NamesOfIntendedRecipientsOfResults",
    "PatientTransportArrangements",
    "AdmissionID",
    "PatientWeight",
    "PatientSize",
    "PatientState",
    "PregnancyStatus",
    "MedicalAlerts",
    "Allergies",
    "SpecialNeeds",
    "ConfidentialityConstraintOnPatientDataDescription",
    "RequestedProcedureComments",
    "ReasonForTheRequestedProcedure",
)


def study_instance_uid(row: WorklistRow) -> str:
    """The study's UID: the order's, else one that follows from the exam, the same in every answer.

    PS3.5 section B.2: a UUID under 2.25. Its images are filed by the accession number, which they have too.
    """
    return row.study_instance_uid or f"2.25.{UUID(event_id('dicom', 'study of', row.exam_id)).int}"


def exam_item(row: WorklistRow, zone: tzinfo, any_station: str) -> Item:
    """What is known of the exam, without its patient.

    zone: where the site's clock stands. any_station: the AE title that an exam is for which no scanner was
    named; any of them may do it.
    """
    number = plain(row.accession_number)
    return {
        **dict.fromkeys(_EMPTY, ""),
        "AccessionNumber": number,
        "IssuerOfAccessionNumberSequence": ({"LocalNamespaceEntityID": issuer_in(row.exam_id)},),
        "StudyInstanceUID": study_instance_uid(row),
        "RequestedProcedureID": number,
        "RequestedProcedureDescription": _description(row),
        "RequestedProcedureCodeSequence": _codes(row),
        "RequestedProcedurePriority": _PRIORITIES.get(row.priority or "", ""),
        "ReferencedStudySequence": (),
        "ReferencedPatientSequence": (),
        "CurrentPatientLocation": plain(row.location),
        "ScheduledProcedureStepSequence": (_step(row, zone, any_station),),
    }


def start_of(row: WorklistRow) -> datetime:
    """When the step is to begin, UTC: an order that got no time is to be done from when it was placed."""
    return row.scheduled_at or row.ordered_at or row.last_occurred_at


def _step(row: WorklistRow, zone: tzinfo, any_station: str) -> Item:
    start = start_of(row).astimezone(zone)
    return {
        "ScheduledStationAETitle": plain(row.station_ae_title, 16) or any_station,
        "ScheduledProcedureStepStartDate": f"{start:%Y%m%d}",
        "ScheduledProcedureStepStartTime": f"{start:%H%M%S}",
        "Modality": plain(row.modality, 16) or _UNKNOWN_MODALITY,
        "ScheduledPerformingPhysicianName": "",
        "ScheduledProcedureStepDescription": _description(row),
        "ScheduledProtocolCodeSequence": _codes(row),
        "ScheduledProcedureStepID": plain(row.accession_number),
        "ScheduledProcedureStepStatus": STEP_STATUS.get(row.stage, ""),
        "ScheduledStationName": "",
        "ScheduledProcedureStepLocation": "",
        "PreMedication": "",
        "RequestedContrastAgent": "",
        "CommentsOnTheScheduledProcedureStep": "",
    }


def _description(row: WorklistRow) -> str:
    return plain(row.procedure_name or row.procedure_code)


def _codes(row: WorklistRow) -> tuple[Item, ...]:
    code = plain(row.procedure_code, 16)
    if not code:
        return ()
    return ({"CodeValue": code, "CodingSchemeDesignator": _LOCAL_CODES, "CodeMeaning": _description(row)},)


def issuer_in(exam_id: str) -> str:
    """The first part of an exam's id, as it was before it was escaped."""
    return exam_id.partition("|")[0].replace("%7C", "|").replace("%70", "p").replace("%25", "%")


def patient_item(phi: Phi) -> Item:
    """Who the patient is."""
    return {
        "PatientName": plain(phi.patient_name, 5 * 64),
        "PatientID": plain(phi.patient_id),
        "IssuerOfPatientID": plain(phi.issuer_of_patient_id),
        "PatientBirthDate": _birth_date(phi.birth_date),
        "PatientSex": phi.sex if phi.sex in {"M", "F", "O"} else "",
    }


def _birth_date(text: str | None) -> str:
    """A date that is known in part only is none that DICOM could write."""
    day = (text or "")[:8]
    return day if _BIRTH_DATE.fullmatch(day) else ""
