"""Which events go out, as which message, with which status: HL7 v2.5.1 tables 0038, 0085, 0119 and 0123."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.events import (
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionStarted,
    Event,
    ExamRescheduled,
    ExamScheduled,
    FinalReportPublished,
    OrderCancelled,
    OrderHeld,
    OrderReleased,
    OrderReplaced,
    PreliminaryReportPublished,
    ReportAddended,
    ReportCancelled,
    ReportCorrected,
    ReportDictated,
)


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """result: OBR-25 (table 0123). observation: OBX-11 (table 0085)."""

    result: str
    observation: str


# An addendum is a change of a final report, and so the same as a correction to whoever receives it: neither
# table has a code of its own for it.
REPORT_STATUS: Mapping[type[Event], ReportStatus] = {
    ReportDictated: ReportStatus("R", "R"),
    PreliminaryReportPublished: ReportStatus("P", "P"),
    FinalReportPublished: ReportStatus("F", "F"),
    ReportCorrected: ReportStatus("C", "C"),
    ReportAddended: ReportStatus("C", "C"),
    ReportCancelled: ReportStatus("X", "X"),
}

# ORC-5 (table 0038), with ORC-1 SC, status changed (table 0119).
ORDER_STATUS: Mapping[type[Event], str] = {
    ExamScheduled: "SC",
    ExamRescheduled: "SC",
    AcquisitionStarted: "IP",
    AcquisitionCompleted: "CM",
    AcquisitionDiscontinued: "DC",
    OrderCancelled: "CA",
    OrderHeld: "HD",
    OrderReleased: "IP",
    OrderReplaced: "RP",
}

# ReportDelivered and its like are not among them: a delivery never causes a delivery.
OUTBOUND: Mapping[str, type[Event]] = {cls.__name__: cls for cls in (*REPORT_STATUS, *ORDER_STATUS)}
GROUPS: Mapping[str, frozenset[type[Event]]] = {
    "reports": frozenset(REPORT_STATUS) - {ReportDictated},
    "order-status": frozenset(ORDER_STATUS),
}
