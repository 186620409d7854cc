"""Targets for the what-if page: those in force, and a reader of proposed ones."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.questions import BadQuestion
from dashboards.what_if.targets import TargetsDesk
from processors.alerts.targets import JUDGED
from processors.alerts.targets_file import PATIENT_CLASSES, PRIORITIES, InvalidTargets, parse_targets
from runtime.exam_targets import TargetsInFile
from schemas.parts import Target


def targets_desk(in_file: TargetsInFile) -> TargetsDesk:
    """What the page is told of targets; `in_file` has those in force."""
    return TargetsDesk(
        in_force=in_file.targets,
        read=_read,
        intervals=tuple(JUDGED),
        priorities=PRIORITIES,
        patient_classes=PATIENT_CLASSES,
    )


def _read(text: str) -> Sequence[Target]:
    try:
        return parse_targets(text)
    except InvalidTargets as error:
        raise BadQuestion(f"targets: {error}") from None
