"""What the simulated readers write. Invented findings on invented patients. Pure."""

from __future__ import annotations

from producers.simulator.draws import Draws
from producers.simulator.exam import SimulatedExam, Step

_FINDINGS = {
    "CR": (
        "No fracture or dislocation. Alignment is preserved.",
        "Mild degenerative change. Soft tissues are unremarkable.",
        "The lungs are clear. The heart is of normal size.",
        "Small effusion; no bony injury is seen.",
    ),
    "US": (
        "Homogeneous echotexture without focal lesion.",
        "No free fluid. The vessels are compressible with normal flow.",
        "A simple cyst of 9 mm, without suspicious features.",
    ),
    "CT": (
        "No acute haemorrhage, mass effect or midline shift.",
        "No filling defect in the pulmonary arteries down to segmental level.",
        "Two nodules < 4 mm in the right lower lobe, unchanged.",
        "No free air & no free fluid. Bowel loops are of normal calibre.",
    ),
    "MR": (
        "No restricted diffusion. Ventricles and sulci are appropriate for age.",
        "Broad-based disc protrusion at L4/L5 without nerve root contact.",
        "Menisci and cruciate ligaments are intact.",
    ),
}
_IMPRESSIONS = (
    "No acute abnormality.",
    "Findings as above; clinical correlation is advised.",
    "Minor findings without need of follow-up.",
    "Follow-up in 6 months is suggested.",
)
_OPENINGS = {
    Step.DICTATED: "DICTATED, NOT YET VERIFIED",
    Step.PRELIMINARY: "PRELIMINARY REPORT",
    Step.FINAL: "FINAL REPORT",
    Step.CORRECTED: "CORRECTED REPORT",
}


def report_lines(exam: SimulatedExam, step: Step) -> tuple[str, ...]:
    """The report as it stands at `step`: one line for each OBX segment."""
    draws = Draws(exam.study_uid, "report")
    findings = draws.one_of(_FINDINGS.get(exam.modality, _FINDINGS["CR"]))
    impression = draws.one_of(_IMPRESSIONS)
    lines = (
        _OPENINGS[step],
        f"Examination: {exam.procedure.name}.",
        f"Findings: {findings}",
        f"Impression: {impression}",
    )
    signature = f"Signed by {exam.reader.given_name} {exam.reader.family_name}."
    if step is Step.FINAL:
        return (*lines, signature)
    if step is Step.CORRECTED:
        return (*lines, "Correction: the side was named wrongly in the report before.", signature)
    return lines
