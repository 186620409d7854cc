"""Which step each report is: a result by OBR-25, a document by its trigger, TXA-17 and TXA-19.

A code that stands in no table is rejected; NOTHING is accepted, and no event is said.
"""

from __future__ import annotations

from collections.abc import Mapping

from producers.hl7.steps import NOTHING, Steps
from schemas.events import (
    AcquisitionCompleted,
    DictationStarted,
    FinalReportPublished,
    PreliminaryReportPublished,
    ReportAddended,
    ReportCancelled,
    ReportCorrected,
    ReportDictated,
)

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
