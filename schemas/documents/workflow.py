"""Where each event stands in the workflow: the order in which the documents tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from schemas.contracts import event_contracts
from schemas.documents.errors import Undocumented

WORKFLOW: Mapping[str, tuple[str, ...]] = {
    "Patient": (
        "PatientRegistered",
        "PatientUpdated",
        "PatientMerged",
        "PatientUnmerged",
        "PatientErased",
        "VisitCancelled",
        "PatientDischarged",
        "DischargeCancelled",
    ),
    "Order": (
        "OrderPlaced",
        "OrderChanged",
        "OrderHeld",
        "OrderReleased",
        "OrderReplaced",
        "OrderCancelled",
        "PriorityChanged",
    ),
    "Scheduling": (
        "ExamScheduled",
        "ExamRescheduled",
        "AppointmentCancelled",
        "ExamProtocolled",
        "ExamAssigned",
    ),
    "Arrival": (
        "PatientArrived",
        "PatientPrepared",
        "PatientEnteredRoom",
        "PatientLeftRoom",
        "PatientMissedAppointment",
        "DelayRecorded",
    ),
    "Acquisition": (
        "AcquisitionStarted",
        "FirstImageAcquired",
        "AcquisitionRepeated",
        "ContrastAdministered",
        "DoseReported",
        "AcquisitionCompleted",
        "AcquisitionDiscontinued",
    ),
    "Storage": (
        "InstanceStored",
        "FirstImageStored",
        "SeriesStored",
        "ImagesStored",
        "StudyStored",
        "StorageCommitted",
        "StorageFailed",
        "InstanceQuarantined",
    ),
    "Distribution": ("StudySent", "StudyRetrieved", "ImagesViewed"),
    "Analysis": ("AnalysisRequested", "AnalysisStarted", "AnalysisCompleted", "AnalysisFailed"),
    "Reading": (
        "ExamOpened",
        "InterpretationStarted",
        "InterpretationSuspended",
        "DictationStarted",
        "ReportDictated",
    ),
    "Report": (
        "PreliminaryReportPublished",
        "FinalReportPublished",
        "ReportCorrected",
        "ReportAddended",
        "ReportCancelled",
        "ReportDelivered",
        "ReportDeliveryFailed",
        "ReportViewed",
        "ReportAcknowledged",
    ),
    "Critical result": (
        "CriticalNotificationAttempted",
        "CriticalResultNotified",
        "CriticalResultAcknowledged",
    ),
    "Identity and correction": (
        "ExamReconciled",
        "ExamUnreconciled",
        "MismatchDetected",
        "EventCorrected",
    ),
    "Governance": (
        "ErasureRequested",
        "ErasureConfirmed",
        "ErasureCertified",
        "LegalHoldSet",
        "LegalHoldReleased",
        "RetentionApplied",
        "ArchiveRepaired",
    ),
    "Operation and audit": ("ResourceWentDown", "ResourceCameUp", "TargetsPublished", "AccessRecorded"),
}


@cache
def step_of_event() -> Mapping[str, str]:
    """The step that each event belongs to, in the order of the workflow.

    Raises Undocumented where an event has no step, has two, or is none.
    """
    places = [(event, step) for step, events in WORKFLOW.items() for event in events]
    known = {contract["name"] for contract in event_contracts()}
    steps = dict(places)
    twice = {event for event, step in places if steps[event] != step}
    for event in sorted(known ^ steps.keys() | twice):
        raise Undocumented(f"{event}: {_wrong(event, known)}; see WORKFLOW in schemas/documents/workflow.py")
    return steps


def _wrong(event: str, known: set[str]) -> str:
    if event not in known:
        return "no contract under schemas/avro/events has this name"
    return (
        "it has two steps" if any(event in events for events in WORKFLOW.values()) else "it has no step yet"
    )
