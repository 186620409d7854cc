"""The segments that messages about an exam are made of (HL7 v2.5.1, chapters 3 and 4). Pure."""

from __future__ import annotations

from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.hl7_segments import components, escaped, segment, timestamp
from producers.simulator.people import StaffMember
from schemas.synthetic import SYNTHETIC_FACILITY


def instant_of(exam: SimulatedExam, step: Step) -> str:
    """When the exam came to `step`, as a timestamp (TS); empty where it does not."""
    at = exam.at(step)
    return "" if at is None else timestamp(at)


def _reached(exam: SimulatedExam, step: Step, now: Step) -> bool:
    """Whether `step` has happened by the time that `now` does."""
    at, until = exam.at(step), exam.at(now)
    return at is not None and until is not None and at <= until


def msh(exam: SimulatedExam, step: Step, application: str, message_type: str) -> str:
    """MSH: `application` says it, when `step` happens."""
    return segment(
        "MSH",
        {
            2: "^~\\&",
            3: application,
            4: SYNTHETIC_FACILITY,
            5: "RADSTREAM",
            6: escaped(exam.site),
            7: instant_of(exam, step),
            9: message_type,
            10: exam.control_id(step),
            11: "P",
            12: "2.5.1",
            18: "UNICODE UTF-8",
        },
    )


def pid(exam: SimulatedExam) -> str:
    """PID: who the patient is."""
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


def pv1(exam: SimulatedExam) -> str:
    """PV1: the visit."""
    return segment(
        "PV1",
        {1: "1", 2: exam.patient_class, 3: components(exam.location), 19: components(exam.visit_number)},
    )


def orc(exam: SimulatedExam, step: Step, control: str, status: str) -> str:
    """ORC: what becomes of the order."""
    return segment(
        "ORC",
        {
            1: control,
            2: components(exam.placer_order_number),
            3: components(exam.accession_number),
            5: status,
            7: _timing(exam, step),
            9: instant_of(exam, step),
            12: components(exam.referrer.code, exam.referrer.family_name, exam.referrer.given_name),
        },
    )


def _timing(exam: SimulatedExam, step: Step) -> str:
    """TQ (HL7 v2.5.1, 4.3): start in component 4 once it is known, priority in component 6."""
    is_known = exam.scheduled_with_order or _reached(exam, Step.SCHEDULED, step)
    start = timestamp(exam.scheduled_for) if is_known and step is not Step.CANCELLED else ""
    return components("", "", "", start, "", exam.priority)


def obr(exam: SimulatedExam, step: Step) -> dict[int, str]:
    """OBR, by field: what was ordered, and what of it is done by `step`."""
    started = instant_of(exam, Step.STARTED) if _reached(exam, Step.STARTED, step) else ""
    completed = instant_of(exam, Step.COMPLETED) if _reached(exam, Step.COMPLETED, step) else ""
    technologist = name_and_date(exam.technologist, exam.scanner) if started else ""
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


def ipc(exam: SimulatedExam, step: Step) -> tuple[str, ...]:
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


def name_and_date(who: StaffMember, room: str) -> str:
    """NDL: number, family and given name as subcomponents of the first component; the room is the fifth."""
    name = "&".join((escaped(who.code), escaped(who.family_name), escaped(who.given_name)))
    return f"{name}^^^^{escaped(room)}".rstrip("^")


def zds(exam: SimulatedExam) -> str:
    """ZDS: the study's UID, as in IHE Radiology's scheduled workflow."""
    return segment("ZDS", {1: components(exam.study_uid, "RADSTREAM", "Application", "DICOM")})
