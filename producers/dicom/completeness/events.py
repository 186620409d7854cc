"""SeriesStored and StudyStored: pure; the same study with the same images gives the same ids.

What completed it is part of the id: an event never says two things under one id.
"""

from __future__ import annotations

from datetime import datetime

from producers.dicom.completeness.facts import Complete, CompleteSeries, CompleteStudy, StudyExam
from producers.dicom.mapping import EventMaker, Subject
from schemas.errors import KeyNotFound
from schemas.events import Event, SeriesStored, StudyStored
from schemas.parts import Envelope, Phi
from schemas.phi import KeyRing, open_sealed


class CompletenessEvents:
    """Makes them for one site."""

    def __init__(self, events: EventMaker, ring: KeyRing) -> None:
        self._events = events
        self._ring = ring

    def of(self, complete: Complete, recorded_at: datetime) -> Event:
        """What is said of a complete series or study. Raises PhiError.

        It happened when the last image was stored; that we know it is younger.
        """
        if isinstance(complete, CompleteSeries):
            return self._series(complete, recorded_at)
        return self._study(complete, recorded_at)

    def _series(self, complete: CompleteSeries, recorded_at: datetime) -> SeriesStored:
        return SeriesStored(
            envelope=self._envelope(
                SeriesStored,
                (complete.series_instance_uid, complete.exam.exam_id, str(complete.instance_count)),
                complete,
                recorded_at,
            ),
            accession_number=complete.exam.accession_number,
            study_instance_uid=complete.study_instance_uid,
            series_instance_uid=complete.series_instance_uid,
            modality=complete.modality,
            instance_count=complete.instance_count,
            size_bytes=complete.size_bytes,
            completed_by=complete.completed_by,
        )

    def _study(self, complete: CompleteStudy, recorded_at: datetime) -> StudyStored:
        counts = (complete.series_count, complete.instance_count)
        return StudyStored(
            envelope=self._envelope(
                StudyStored,
                (complete.study_instance_uid, complete.exam.exam_id, *(str(count) for count in counts)),
                complete,
                recorded_at,
            ),
            accession_number=complete.exam.accession_number,
            study_instance_uid=complete.study_instance_uid,
            modality=complete.exam.modality,
            series_count=complete.series_count,
            instance_count=complete.instance_count,
            size_bytes=complete.size_bytes,
            completed_by=complete.completed_by,
        )

    def _envelope(
        self, kind: type[Event], identity: tuple[str, ...], complete: Complete, recorded_at: datetime
    ) -> Envelope:
        exam = complete.exam
        return self._events.envelope(
            kind,
            (*identity, str(complete.size_bytes), complete.completed_by),
            Subject(exam.exam_id, exam.patient_key, self._patient(exam)),
            exam.calling_ae_title,
            occurred_at=complete.last_at,
            recorded_at=recorded_at,
        )

    def _patient(self, exam: StudyExam) -> Phi:
        if exam.phi is None:
            return Phi()
        try:
            return open_sealed(self._ring, exam.phi_bound_to, exam.phi)
        except KeyNotFound:
            return Phi()  # the patient was erased meanwhile
