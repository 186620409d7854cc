"""What registration, RIS and reporting system say about an exam: ADT^A04, ORM^O01, ORU^R01. Pure.

HL7 v2.5.1, chapters 3, 4 and 7; ZDS as in IHE Radiology's scheduled workflow. The same exam and step always
give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.hl7_exam_segments import instant_of, ipc, msh, name_and_date, obr, orc, pid, pv1, zds
from producers.simulator.hl7_segments import components, escaped, message, segment
from producers.simulator.report_text import report_lines

# ORC-1 and ORC-5 (table 0038). AR, arrived, is local: the table has no value for it.
_ORDER_CONTROL = {
    Step.ORDERED: ("NW", ""),
    Step.SCHEDULED: ("SC", "SC"),
    Step.ARRIVED: ("SC", "AR"),
    Step.STARTED: ("SC", "IP"),
    Step.COMPLETED: ("SC", "CM"),
    Step.CANCELLED: ("CA", "CA"),
}
# OBR-25 (table 0123).
_RESULT_STATUS = {Step.DICTATED: "R", Step.PRELIMINARY: "P", Step.FINAL: "F", Step.CORRECTED: "C"}
_FINDINGS_CODE = components("18782-3", "Radiology Study observation", "LN")


@dataclass(frozen=True, slots=True)
class Hl7Message:
    """One message to send; `events`: how many workflow events it tells of."""

    step: Step
    trigger: str
    control_id: str
    content: bytes
    events: int


def message_of(exam: SimulatedExam, step: Step) -> Hl7Message | None:
    """The message that tells of `step`; None for images, which travel by DICOM.

    Raises KeyError where the exam does not come to `step`.
    """
    if step is Step.REGISTERED:
        return _registration(exam)
    if step in _ORDER_CONTROL:
        return _order(exam, step)
    if step in _RESULT_STATUS:
        return _report(exam, step)
    return None


def _registration(exam: SimulatedExam) -> Hl7Message:
    step = Step.REGISTERED
    event = segment("EVN", {1: "A04", 2: instant_of(exam, step)})
    content = message(msh(exam, step, "ADT", "ADT^A04^ADT_A01"), event, pid(exam), pv1(exam))
    return Hl7Message(step, "ADT^A04", exam.control_id(step), content, events=1)


def _order(exam: SimulatedExam, step: Step) -> Hl7Message:
    control, status = _ORDER_CONTROL[step]
    names_start = step is Step.ORDERED and exam.scheduled_with_order
    content = message(
        msh(exam, step, "RIS", "ORM^O01^ORM_O01"),
        pid(exam),
        pv1(exam),
        orc(exam, step, control, status),
        segment("OBR", obr(exam, step)),
        *ipc(exam, step),
        zds(exam),
    )
    trigger = f"ORM^O01 {control}" + (f" {status}" if status and status != control else "")
    return Hl7Message(step, trigger, exam.control_id(step), content, events=2 if names_start else 1)


def _report(exam: SimulatedExam, step: Step) -> Hl7Message:
    status = _RESULT_STATUS[step]
    request = obr(exam, step) | {
        22: instant_of(exam, step),
        25: status,
        32: name_and_date(exam.reader, ""),
    }
    content = message(
        msh(exam, step, "REPORTING", "ORU^R01^ORU_R01"),
        pid(exam),
        pv1(exam),
        orc(exam, step, "RE", ""),
        segment("OBR", request),
        *(
            segment("OBX", {1: str(n), 2: "TX", 3: _FINDINGS_CODE, 4: "1", 5: escaped(line), 11: status})
            for n, line in enumerate(report_lines(exam, step), start=1)
        ),
        zds(exam),
    )
    return Hl7Message(step, f"ORU^R01 {status}", exam.control_id(step), content, events=1)
