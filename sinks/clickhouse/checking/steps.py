"""Which step states which milestone, and which take others back, as the documents have it.

A room does not import another, and what is checked must not be what it is checked by: the fold has its own.
"""

from __future__ import annotations

from collections.abc import Mapping

# Cancellation ends no interval.
MILESTONE_OF_STEP: Mapping[str, str] = {
    "OrderPlaced": "ordered",
    "ExamProtocolled": "protocolled",
    "ExamScheduled": "scheduled",
    "ExamRescheduled": "scheduled",
    "PatientArrived": "arrived",
    "PatientPrepared": "prepared",
    "PatientEnteredRoom": "entered_room",
    "PatientLeftRoom": "left_room",
    "AcquisitionStarted": "started",
    "FirstImageAcquired": "first_acquired",
    "AcquisitionCompleted": "completed",
    "FirstImageStored": "first_image",
    "ImagesStored": "stored",
    "StudyStored": "study_stored",
    "StorageCommitted": "committed",
    "AnalysisStarted": "analysis_started",
    "AnalysisCompleted": "analysed",
    "ExamOpened": "opened",
    "InterpretationStarted": "interpretation_started",
    "DictationStarted": "dictation_started",
    "ReportDictated": "dictated",
    "PreliminaryReportPublished": "preliminary",
    "FinalReportPublished": "final",
    "ReportCorrected": "corrected",
    "ReportDelivered": "delivered",
    "ReportViewed": "viewed",
    "ReportAcknowledged": "acknowledged",
    "CriticalNotificationAttempted": "critical_attempted",
    "CriticalResultNotified": "critical_notified",
    "CriticalResultAcknowledged": "critical_acknowledged",
}
# Said of identities and patients: they are no steps of the exam.
ASIDE = frozenset(
    {
        "ExamReconciled",
        "ExamUnreconciled",
        "PatientErased",
        "PatientMerged",
        "PatientUnmerged",
    }
)
CANCELS = frozenset(
    {
        "AcquisitionDiscontinued",
        "OrderCancelled",
        "OrderReplaced",
    }
)
# Whoever does one of these with a cancelled exam means that it takes place.
GOES_ON = frozenset(
    {
        "AcquisitionCompleted",
        "AcquisitionStarted",
        "ExamRescheduled",
        "ExamScheduled",
        "OrderPlaced",
        "OrderReleased",
        "PatientArrived",
    }
)
# Milestones of an attempt that came to nothing, once there is another.
OF_ATTEMPT = frozenset(
    {
        "arrived",
        "completed",
        "entered_room",
        "first_acquired",
        "first_image",
        "left_room",
        "prepared",
        "scheduled",
        "started",
        "stored",
        "study_stored",
    }
)
# What a withdrawn report takes with it.
OF_REPORT = frozenset(
    {
        "corrected",
        "dictated",
        "final",
        "preliminary",
    }
)
