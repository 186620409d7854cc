"""The reconciler's decisions: rows and events about patients in, events to say out. No I/O but its index.

Studies. An exam with an accession number that names a study's UID has the study's images, whichever was known
first. The first that does so has them (of several at once, the one with the least exam_id): more than one
order for one study is for people to settle. So is everything that someone has taken back.

Patients. What is said of a patient is said again under every exam of the patient, also when the exam becomes
known later. Which merges stand is the fold's business: here all that were ever said tie patients together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from processors.reconciler.derived import (
    PatientEvent,
    images_came,
    keys_of,
    left,
    under_exam,
)
from processors.reconciler.index import Index
from processors.reconciler.known_exam import KnownExam, known_exam
from schemas.codec import Codec
from schemas.events import Event
from schemas.views import WorklistRow


class Reconciler:
    """Takes one input after the other. What it returns must be in the log before the index is committed."""

    def __init__(self, index: Index, codec: Codec) -> None:
        """`codec` writes and reads the events that the index keeps."""
        self._index = index
        self._codec = codec

    def take_row(self, row: WorklistRow) -> list[Event]:
        """An exam's row is new or other."""
        exam = known_exam(row)
        self._index.put(exam)
        said = [*self._of_patient(exam.patient_key, exam), *self._of_studies(exam)]
        return [event for event in said if self._index.note_said(event.envelope.event_id)]

    def take_patient_event(self, event: PatientEvent) -> list[Event]:
        """Something was said of a patient, under the patient's key."""
        keys = keys_of(event)
        if not keys:
            return []
        self._index.add_patient_event(event.envelope.event_id, keys, self._codec.encode(event))
        # One of the keys stands for all: the event itself ties them.
        exams = map(self._index.exam, self._index.exams_of_person(keys[0]))
        said = [told for exam in exams if exam is not None for told in self._told(keys[0], exam)]
        return [told for told in said if self._index.note_said(told.envelope.event_id)]

    def note_said(self, event_id: str) -> None:
        """The log has this event of ours: it need not be said again."""
        self._index.note_said(event_id)

    def _of_patient(self, patient_key: str | None, exam: KnownExam) -> Iterator[Event]:
        if patient_key is not None and self._index.add_patient(patient_key, exam.exam_id):
            yield from self._told(patient_key, exam)

    def _told(self, patient_key: str, exam: KnownExam) -> Iterator[Event]:
        for value in self._index.events_of_person(patient_key):
            cause = self._decoded(value)
            corrects = cause.envelope.corrects
            corrected = None if corrects is None else self._index.patient_event(corrects)
            yield under_exam(
                cause, exam.exam_id, exam.site, None if corrected is None else self._decoded(corrected)
            )

    def _decoded(self, value: bytes) -> PatientEvent:
        return cast("PatientEvent", self._codec.decode(value))  # only such events are kept

    def _of_studies(self, exam: KnownExam) -> Iterator[Event]:
        if exam.reconciled_into is not None:
            yield from self._images(exam, exam.reconciled_into, exam.recorded_us)
        elif exam.is_study:
            yield from self._matched(exam)
        elif exam.study_instance_uid is not None:
            for study in self._index.exams_of_study(exam.study_instance_uid):
                if study.is_study and study.reconciled_into is None:
                    yield from self._matched(study)

    def _matched(self, study: KnownExam) -> Iterator[Event]:
        """The study goes to the exam that names it, unless people have said otherwise."""
        into = None if study.unreconciled else self._exam_of(study)
        if into is None or not study.has_images:
            return
        self._index.choose(study.exam_id, into.exam_id)
        recorded_us = max(study.recorded_us, into.recorded_us)
        yield left(study, into, recorded_us)
        yield from self._images(study, into.exam_id, recorded_us)

    def _exam_of(self, study: KnownExam) -> KnownExam | None:
        chosen = self._index.chosen(study.exam_id)
        if chosen is not None:
            return self._index.exam(chosen)
        if study.study_instance_uid is None:
            return None
        named = self._index.exams_of_study(study.study_instance_uid)
        return next((e for e in named if not e.is_study and e.reconciled_into is None), None)

    def _images(self, exam: KnownExam, into_exam_id: str, recorded_us: int) -> Iterator[Event]:
        if not exam.has_images:
            return
        into = self._index.exam(into_exam_id)
        yield images_came(exam, into_exam_id, exam.site if into is None else into.site, recorded_us)
