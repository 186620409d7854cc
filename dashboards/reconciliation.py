"""Reconciling by hand: what is asked, how exams stand to it. The events are another room's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from schemas.views import WorklistRow

MOST_ID = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An exam as far as reconciling it goes. reconciled_into: where its images belong; None: here."""

    exam_id: str
    site: str
    study_instance_uid: str | None
    reconciled_into: str | None
    reconciled_from_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`by`, a user, says that the images of `exam` belong to `into`, or with `undo` that they do not."""

    exam: Standing
    into: Standing
    by: str
    undo: bool


class Impossible(Exception):
    """The exams do not stand so that it could be said; the message says why."""


class NotSaid(Exception):
    """Kafka did not acknowledge it."""


Reconcile = Callable[[Decision], Sequence[str]]
"""Says it, and waits for Kafka: the event_ids. Raises Impossible, NotSaid. It blocks: call it in a thread."""


class Malformed(ValueError):
    """What was sent asks for nothing that could be done; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the body of a request asks for."""

    into: str
    undo: bool


def standing(row: WorklistRow) -> Standing:
    """The exam of `row`."""
    return Standing(
        exam_id=row.exam_id,
        site=row.site,
        study_instance_uid=row.study_instance_uid or None,
        reconciled_into=row.reconciled_into or None,
        reconciled_from_count=row.reconciled_from_count or 0,
    )


def read_asked(body: object, exam_id: str) -> Asked:
    """`{"into": exam_id, "undo": false}` for the exam of the path. Raises Malformed."""
    if not isinstance(body, Mapping):
        raise Malformed('the body is a JSON object: {"into": exam_id}')
    into, undo = body.get("into"), body.get("undo", False)
    if unknown := sorted(set(body) - {"into", "undo"}):
        raise Malformed(f"{', '.join(map(str, unknown))}: only `into` and `undo` are known")
    if not isinstance(into, str) or not 0 < len(into) <= MOST_ID:
        raise Malformed("into must be the exam_id that the images belong to")
    if not isinstance(undo, bool):
        raise Malformed("undo must be true or false")
    if into == exam_id:
        raise Malformed("an exam is not reconciled into itself: name another in `into`")
    return Asked(into, undo)


def reasons(row: WorklistRow, exam: WorklistRow) -> list[str]:
    """Why `row` may be where the images of `exam` belong: study, accession, patient, modality."""
    pairs = (
        ("study", row.study_instance_uid, exam.study_instance_uid),
        ("accession", row.accession_number, exam.accession_number),
        ("patient", row.patient_key, exam.patient_key),
        ("modality", row.modality, exam.modality),
    )
    return [name for name, here, there in pairs if here and here == there]
