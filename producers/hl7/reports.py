"""ORU^R01: reports, by the result status OBR-25 (HL7 v2.5.1 chapter 7, table 0123)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from producers.hl7.context import Context
from producers.hl7.order_groups import OrderGroup, exam_of, order_groups
from producers.hl7.rejections import UnknownResultStatus
from schemas.events import (
    Event,
    FinalReportPublished,
    PreliminaryReportPublished,
    ReportCorrected,
    ReportDictated,
)
from schemas.identity import pseudonym

ReportStep = (
    type[ReportDictated]
    | type[PreliminaryReportPublished]
    | type[FinalReportPublished]
    | type[ReportCorrected]
)

STEP_OF_RESULT: Mapping[str, ReportStep] = {
    "R": ReportDictated,
    "P": PreliminaryReportPublished,
    "F": FinalReportPublished,
    "C": ReportCorrected,
}
_TEXT_TYPES = frozenset({"TX", "FT", "ST"})


def report_events(context: Context) -> list[Event]:
    """One event for each OBR.

    Raises UnknownResultStatus, MissingAccession or MissingSegment, and then the whole message gives none.
    """
    return [_report_event(context, group) for group in order_groups(context.message)]


def step_of_result(status: str) -> ReportStep:
    """The step of OBR-25. Raises UnknownResultStatus."""
    step = STEP_OF_RESULT.get(status)
    if step is None:
        raise UnknownResultStatus(f"no step for OBR-25 {status[:4]!r}", "OBR-25")
    return step


def _report_event(context: Context, group: OrderGroup) -> Event:
    step = step_of_result(group.value("OBR-25") or "")
    exam = exam_of(group, context.config)
    text = report_text(group)
    reader = group.value("OBR-32.1")
    return step(
        envelope=context.envelope(
            step,
            exam.exam_id,
            context.first_time(group.segments, "OBR-22"),
            position=group.position,
            text=text,
        ),
        accession_number=exam.accession_number,
        reported_by=pseudonym(context.config.site_secret, "reader", reader) if reader else None,
        report_sha256=None if text is None else hashlib.sha256(text.encode()).hexdigest(),
    )


def report_text(group: OrderGroup) -> str | None:
    """The text of the group's OBX segments, a line each; None where it has none."""
    lines = [obx.text(5) for obx in group.all("OBX") if obx.value(2) in _TEXT_TYPES]
    return "\n".join(lines) if lines else None
