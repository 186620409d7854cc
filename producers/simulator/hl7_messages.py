"""What registration, RIS and reporting system say about an exam: ADT^A04, ORM^O01, ORU^R01. Pure.

HL7 v2.5.1, chapters 3, 4 and 7; ZDS as in IHE Radiology's scheduled workflow. The same exam and step always
give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.hl7_segments import components, escaped, message, segment, timestamp
from producers.simulator.people import StaffMember
from producers.simulator.report_text import report_lines
from schemas.synthetic import SYNTHETIC_FACILITY

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
    event = segment("EVN", {1: "A04", 2: _at(exam, step)})
    content = message(_msh(exam, step, "ADT", "ADT^A04^ADT_A01"), event, _pid(exam), _pv1(exam))
    return Hl7Message(step, "ADT^A04", exam.control_id(step), content, events=1)


def _order(exam: SimulatedExam, step: Step) -> Hl7Message:
    control, status = _ORDER_CONTROL[step]
    names_start = step is Step.ORDERED and exam.scheduled_with_order
    content = message(
        _msh(exam, step, "RIS", "ORM^O01^ORM_O01"),
        _pid(exam),
        _pv1(exam),
        _orc(exam, step, control, status),
        segment("OBR", _obr(exam, step)),
        *_ipc(exam, step),
        _zds(exam),
    )
    trigger = f"ORM^O01 {control}" + (f" {status}" if status and status != control else "")
    return Hl7Message(step, trigger, exam.control_id(step), content, events=2 if names_start else 1)


def _report(exam: SimulatedExam, step: Step) -> Hl7Message:
    status = _RESULT_STATUS[step]
    request = _obr(exam, step) | {
        22: _at(exam, step),
        25: status,
        32: _name_and_date(exam.reader, ""),
    }
    content = message(
        _msh(exam, step, "REPORTING", "ORU^R01^ORU_R01"),
        _pid(exam),
        _pv1(exam),
        _orc(exam, step, "RE", ""),
        segment("OBR", request),
        *(
            segment("OBX", {1: str(n), 2: "TX", 3: _FINDINGS_CODE, 4: "1", 5: escaped(line), 11: status})
            for n, line in enumerate(report_lines(exam, step), start=1)
        ),
        _zds(exam),
    )
    return Hl7Message(step, f"ORU^R01 {status}", exam.control_id(step), content, events=1)


def _at(exam: SimulatedExam, step: Step) -> str:
    at = exam.at(step)
    return "" if at is None else timestamp(at)


def _reached(exam: SimulatedExam, step: Step, now: Step) -> bool:
    """Whether `step` has happened by the time that `now` does."""
    at, until = exam.at(step), exam.at(now)
    return at is not None and until is not None and at <= until


def _msh(exam: SimulatedExam, step: Step, application: str, message_type: str) -> str:
    return segment(
        "MSH",
        {
            2: "^~\\&",
            3: application,
            4: SYNTHETIC_FACILITY,
            5: "RADSTREAM",
            6: escaped(exam.site),
            7: _at(exam, step),
            9: message_type,
            10: exam.control_id(step),
            11: "P",
            12: "2.5.1",
            18: "UNICODE UTF-8",
        },
    )


def _pid(exam: SimulatedExam) -> str:
    patient = exam.patient
    return segment(
        "PID",
        {
            1: "1",
            3: components(patient.mrn, "", "", "", "MR"),
            5: components(patient.family_name, patient.given_name, "", "", "", "", "L"),
            7: patient.birth_date.strftime("%Y%m%d"),
            8: patient.sex,
        },
    )


def _pv1(exam: SimulatedExam) -> str:
    return segment(
        "PV1",
        {1: "1", 2: exam.patient_class, 3: components(exam.location), 19: components(exam.visit_number)},
    )


def _orc(exam: SimulatedExam, step: Step, control: str, status: str) -> str:
    return segment(
        "ORC",
        {
            1: control,
            2: components(exam.placer_order_number),
            3: components(exam.accession_number),
            5: status,
            7: _timing(exam, step),
            9: _at(exam, step),
            12: components(exam.referrer.code, exam.referrer.family_name, exam.referrer.given_name),
        },
    )


def _timing(exam: SimulatedExam, step: Step) -> str:
    """TQ (HL7 v2.5.1, 4.3): start in component 4 once it is known, priority in component 6."""
    is_known = exam.scheduled_with_order or _reached(exam, Step.SCHEDULED, step)
    start = timestamp(exam.scheduled_for) if is_known and step is not Step.CANCELLED else ""
    return components("", "", "", start, "", exam.priority)


def _obr(exam: SimulatedExam, step: Step) -> dict[int, str]:
    started = _at(exam, Step.STARTED) if _reached(exam, Step.STARTED, step) else ""
    completed = _at(exam, Step.COMPLETED) if _reached(exam, Step.COMPLETED, step) else ""
    technologist = _name_and_date(exam.technologist, exam.scanner) if started else ""
    return {
        1: "1",
        2: components(exam.placer_order_number),
        3: components(exam.accession_number),
        4: components(exam.procedure.code, exam.procedure.name, "L"),
        7: started,
        8: completed,
        16: components(exam.referrer.code, exam.referrer.family_name, exam.referrer.given_name),
        18: exam.accession_number,
        24: exam.modality,
        27: _timing(exam, step),
        34: technologist,
    }


def _ipc(exam: SimulatedExam, step: Step) -> tuple[str, ...]:
    """On which scanner, once it is known: IPC (HL7 v2.5.1, 4.5.6), its AE title in field 9."""
    if not _reached(exam, Step.STARTED, step) and not _reached(exam, Step.COMPLETED, step):
        return ()
    fields = {
        1: components(exam.accession_number),
        3: components(exam.study_uid, "RADSTREAM", "Application", "DICOM"),
        5: exam.modality,
        9: exam.scanner,
    }
    return (segment("IPC", fields),)


def _name_and_date(who: StaffMember, room: str) -> str:
    """NDL: number, family and given name as subcomponents of the first component; the room is the fifth."""
    name = "&".join((escaped(who.code), escaped(who.family_name), escaped(who.given_name)))
    return f"{name}^^^^{escaped(room)}".rstrip("^")


def _zds(exam: SimulatedExam) -> str:
    return segment("ZDS", {1: components(exam.study_uid, "RADSTREAM", "Application", "DICOM")})
