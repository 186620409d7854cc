"""What each figure of the quality page means: one table for the API, the page and the questions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.intervals import CLOCK_BOUND_S

_CLOCK_BOUND_MIN = CLOCK_BOUND_S // 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can be wrong with an exam.

    condition: SQL over a row of `v_exams` AS e; true where it is so.
    """

    name: str
    label: str
    meaning: str
    condition: str


# What an exam with a final report ought to have. Appointments are none of it: emergencies have none.
MISSING: tuple[Fault, ...] = (
    Fault("ordered", "Order", "Reported, and no order was ever said", "isNull(e.ordered_at)"),
    Fault("arrived", "Arrival", "Reported, and no arrival of the patient was said", "isNull(e.arrived_at)"),
    Fault("started", "Start", "Reported, and no start of imaging was said", "isNull(e.started_at)"),
    Fault("completed", "End", "Reported, and no end of imaging was said", "isNull(e.completed_at)"),
    Fault("stored", "Images", "Reported, and no image is in the archive", "isNull(e.first_image_at)"),
    Fault(
        "some_images",
        "Some images",
        "Fewer images are in the archive than the studies were said to have",
        "e.images_expected > e.instance_count",
    ),
    Fault(
        "reading",
        "Reading",
        "Signed, and neither the start of reading, nor dictation, nor a preliminary report was said",
        "isNull(e.interpretation_started_at) AND isNull(e.dictated_at) AND isNull(e.preliminary_at)",
    ),
    Fault("patient", "Patient", "No event names the patient", "e.patient_key = ''"),
    Fault("modality", "Modality", "No event names the modality", "e.modality = ''"),
    Fault("procedure", "Procedure", "No event names the procedure", "e.procedure_code = ''"),
)

_EXCLUDED = "e.exam_id IN (SELECT exam_id FROM v_turnaround_excluded WHERE reason = '{}')"
CONTRADICTIONS: tuple[Fault, ...] = (
    Fault(
        "clock_fault",
        "Clock fault",
        f"Two of its times contradict each other by more than {_CLOCK_BOUND_MIN} minutes, or one lies after "
        "its own recording or decades before",
        "notEmpty(e.clock_faults)",
    ),
    Fault(
        "end_before_start",
        "End before start",
        "An interval is not measured because its end was said to be before its start",
        _EXCLUDED.format("end_before_start"),
    ),
    Fault(
        "interval_excluded",
        "Not measured",
        "An interval is not measured because one of its ends is in doubt",
        _EXCLUDED.format("clock_fault"),
    ),
    Fault(
        "final_before_completed",
        "Final before end",
        "The final report was said to be signed before imaging had ended",
        "ifNull(e.final_at < e.completed_at, false)",
    ),
    Fault(
        "patient_mismatch",
        "Patient mismatch",
        "Images and order name two patients: the study may be mislabelled",
        "e.patient_mismatch",
    ),
    Fault(
        "accession_reused",
        "Accession reused",
        "One accession number was given to two patients",
        "e.accession_reused",
    ),
    Fault(
        "unmatched",
        "Unmatched",
        "Images stand here without an order",
        "e.unmatched AND e.reconciled_into = ''",
    ),
)

FAULTS: Mapping[str, Mapping[str, Fault]] = {
    "missing": {fault.name: fault for fault in MISSING},
    "contradictions": {fault.name: fault for fault in CONTRADICTIONS},
}

PARTS: Mapping[str, str] = {
    "missing": "Exams whose final report was signed in the period and that lack something that each exam "
    "has. The source is who sent the order, else who spoke of the exam first.",
    "late": "How long after it happened an event reached us, of the events that came in the period. Late is "
    "what took longer than the bound. What radstream itself derives is left out.",
    "duplicates": "Events that came again in the period: the same message, image or step a second time. They "
    "change nothing, and tell of a sender that repeats itself. What the HL7 listener recognises at once as "
    "the same message stands under Health.",
    "contradictions": "Exams that an event of the period is about, and whose events cannot all be true.",
    "clocks": "When a source says that something happened, less when we learned of it, by our clock. On its "
    "way an event falls behind: the nearest shows the clock best. Above zero a clock is ahead of ours. A "
    f"fault is more than {_CLOCK_BOUND_MIN} minutes ahead.",
    "scanners": "Exams that an event of the period is about, by scanner, and those of them whose times "
    "contradict each other.",
}
